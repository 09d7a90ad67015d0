"""What a fault study takes for granted, a sentence each."""

from __future__ import annotations

from collections.abc import Sequence

from ....backends.program import Program
from .encodings import AS_DEPLOYED
from .packets import Scope
from .stored_weights import shared_by_all_cores
from .tasks import CORES, DROPPED, DUPLICATED, NEURONS
from .weight_cells import Rounding
from .weights import FLIPPED, NOISY, STUCK, WEIGHT_KINDS


def fault_assumptions(
    program: Program,
    kinds: Sequence[str],
    encodings: Sequence[str],
    *,
    beyond: Sequence[int],
    labelled: bool,
    scope: Scope,
    rounding: Rounding,
) -> tuple[str, ...]:
    """Say how faults of these kinds come about.

    Parameters
    ----------
    kinds : of faults that happened.
    encodings : of the data.
    beyond : see `findings.conclude_faults`.
    labelled : whether the data has labels.
    scope, rounding : options of the study.
    """
    chips = "chips: a repeat is one chip that gets worse; what is broken at a rate is so at every higher one, though "
    notes = [chips + "packets fail anew at each rate, and dead cores are drawn anew for each number of them."]
    if NEURONS in kinds:
        notes.append(
            "dead neurons: each by itself is silent for ever; those of the input are not on the chip, and stay alive."
        )
    if CORES in kinds:
        notes.append(
            "dead cores: drawn among those in use; all of their neurons are silent. Mapping again takes the same "
            "integer network, cuts it anew and leaves these cores out."
        )
    if CORES in kinds and beyond:
        notes.append(
            f"dead cores: {', '.join(map(str, beyond))} were asked for, too, and are more than the "
            f"{program.mapping.cores} in use."
        )
    if any(kind in STUCK or kind in (FLIPPED, NOISY) for kind in kinds):
        notes.append(
            "cells: each weight of a projection has a cell of the narrowest width that holds all of them. Largest and "
            "smallest are the ends of what such a cell holds."
        )
    if NOISY in kinds:
        hidden = "which hides noise of less than half a step" if rounding == "nearest" else "so that means stay right"
        text = (
            "noisy weights: each is multiplied by 1 + deviation times a number of its own from a normal distribution, "
        )
        notes.append(f"{text}and rounded ({rounding}, {hidden}); zeros stay zeros.")
    if any(kind in WEIGHT_KINDS for kind in kinds):
        notes.append("kernels: each core that uses a shared kernel has a copy, faulty for all of its neurons there.")
        shared = shared_by_all_cores(program)
        if shared:
            notes.append(f"kernels: of {', '.join(shared)}, too large to list, all cores are taken to have one copy.")
    if DROPPED in kinds or DUPLICATED in kinds:
        reach = "spikes on their way to a core" if scope == "all" else "spikes that leave their core, and the input"
        notes.append(f"packets: {reach}, each by itself; one that arrives twice adds its weights twice (--packets).")
    if len(encodings) > 1 or AS_DEPLOYED not in encodings:
        notes.append(
            "encodings: the network was trained for one of them; the others show what it is worth under them, not "
            "what a network trained for them would be (spikeloom study encodings)."
        )
    if not labelled:
        notes.append("labels: the data has none; accuracy is agreement with the network as it was deployed.")
    return tuple(notes)
