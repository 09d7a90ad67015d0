"""What belongs to a system beside its chips: the host, and bringing input onto the chip; the user knows it, no chip."""

from __future__ import annotations

from dataclasses import dataclass

from ..mapping.constant import Bounds
from ..mapping.costs import JOULES_PER_PICOJOULE, PowerCosts
from .energy import StaticTerm, scaled
from .run import Counters

GIVEN = "given by the user"


@dataclass(frozen=True)
class SystemCosts:
    """What the user says of the system.

    Attributes
    ----------
    host_power : W, while a sample runs; None where it is not known.
    transfer_energy : pJ for each message that enters from off the chip; None where it is not known.
    """

    host_power: float | None = None
    transfer_energy: float | None = None

    @property
    def known(self) -> bool:
        """Whether the user said anything."""
        return self.host_power is not None or self.transfer_energy is not None


@dataclass(frozen=True)
class SystemEnergy:
    """What a system takes on top of the dynamic energy.

    Attributes
    ----------
    terms : the powers over the time of a sample.
    transfer : J a sample for bringing input in.
    """

    terms: tuple[StaticTerm, ...]
    transfer: Bounds


def system_energy(
    system: SystemCosts, power: PowerCosts, chips: tuple[StaticTerm, ...], counters: Counters, time: Bounds
) -> SystemEnergy | None:
    """What the system takes; None where nothing beyond its chips is known.

    Parameters
    ----------
    power : of the target. The power of the whole board, where it is known, takes the place of that of the chips in use.
    chips : the static energy of the chips in use.
    time : s a sample.
    """
    board = power.board
    if not system.known and not board.high:
        return None
    terms = list(chips)
    if board.high:
        terms = [StaticTerm("board", 1, board.bounds, time, board.kind, board.source)]
    if system.host_power is not None:
        host = Bounds(system.host_power, system.host_power, system.host_power)
        terms.append(StaticTerm("host", 1, host, time, "assumed", GIVEN))
    entering = _entering(counters) / counters.samples
    each = (system.transfer_energy or 0.0) * JOULES_PER_PICOJOULE
    return SystemEnergy(tuple(terms), scaled(Bounds(each, each, each), entering))


def _entering(counters: Counters) -> int:
    """Messages from off the chip, over all samples: those of layers that have no neurons on it."""
    by_layer = counters.by_layer
    outside = by_layer.neurons.sum(axis=1) == 0
    return int(by_layer.counts["packet_in"][outside].sum())
