"""What ends a deployment that nobody would want: silent or saturated layers, lost accuracy, overflows in calibration.

Each guard but the minimum of accuracy, which is asked for, can be waived; what it found is a warning then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..models.errors import GuardError
from ..models.execution.overflow_counts import losses
from .attribution import Attribution
from .configuration.configuration import Configuration, GuardName
from .ledger import Entry
from .report.blame import blame

FEWEST_SPIKES = 10  # in float, over all samples, of a layer that may not fall silent
SATURATED, BUSY = 0.99, 0.9  # spikes per neuron and step: of a layer that says nothing more, and of one that did before
SLACK = 1e-9  # of a difference of shares, for rounding
MORE_BITS = "try more --bits, --split yes, more --calibration-samples"
LONGEST_LIST = 4  # layers that a message gives figures of

Overflows = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Failure:
    """What a guard found.

    Attributes
    ----------
    guard : its name, by which it is waived; None for the minimum of accuracy.
    finding : what is wrong, and the limit.
    advice : the likely cause and the way out.
    """

    guard: GuardName | None
    finding: str
    advice: str

    @property
    def message(self) -> str:
        """Both in one sentence."""
        waiver = f", or waive it by --allow {self.guard}" if self.guard else ""
        return f"{self.finding}: {self.advice}{waiver}."


def guard(
    entries: Sequence[Entry], overflows: Overflows, attribution: Attribution | None, config: Configuration
) -> tuple[str, ...]:
    """Look at a deployment before it is written.

    Parameters
    ----------
    entries : stages from the first to the simulator.
    overflows : per layer, of the calibration samples in a network that was quantized (see `OverflowCounts.layers`).
    attribution : which layer costs how much; None for a network that was not quantized.

    Returns
    -------
    What was found and waived, a sentence each.

    Raises
    ------
    GuardError : lists everything that was found and not waived.
    """
    found = [
        failure
        for failure in (
            _silent(entries),
            _saturated(entries),
            _overflow(overflows),
            _loss(entries, attribution, config.max_loss),
            _minimum(entries, config.min_accuracy),
        )
        if failure is not None
    ]
    failed = [failure.message for failure in found if failure.guard not in config.allow]
    if len(failed) == 1:
        raise GuardError(failed[0])
    if failed:
        raise GuardError("\n".join([f"{len(failed)} guards stop the deployment:", *(f"  {text}" for text in failed)]))
    return tuple(f"Waived ({failure.guard}): {failure.finding}." for failure in found)


def _silent(entries: Sequence[Entry]) -> Failure | None:
    before, after = _stage(entries, "network"), _stage(entries, "simulator")
    silent = {
        name: before.layers[name]
        for name, spikes in after.layers.items()
        if spikes == 0 and before.layers.get(name, 0.0) * before.samples >= FEWEST_SPIKES
    }
    if not silent:
        return None
    figures = {name: f"{spikes:.3g} spikes a sample in float, none in integers" for name, spikes in silent.items()}
    return Failure(
        "silent",
        f"Quantization silenced {_listed(figures)}, no layer may fall silent",
        "the weights or thresholds of the first of them may span more than its bits hold, or the calibration samples "
        f"do not show it at work; {MORE_BITS}",
    )


def _saturated(entries: Sequence[Entry]) -> Failure | None:
    before, after = _rates(_stage(entries, "network")), _rates(_stage(entries, "simulator"))
    saturated = {name: rate for name, rate in after.items() if rate >= SATURATED and before.get(name, 1.0) < BUSY}
    if not saturated:
        return None
    figures = {
        name: f"{rate:.1%} of neurons and steps, in float {before[name]:.1%}" for name, rate in saturated.items()
    }
    return Failure(
        "saturated",
        f"After quantization nearly all neurons of {_listed(figures)} fire at every step, at most {SATURATED:.0%} may",
        f"its threshold or its negative weights may have been rounded away; {MORE_BITS}",
    )


def _overflow(overflows: Overflows) -> Failure | None:
    lost = {layer: losses(counts) for layer, counts in overflows.items() if losses(counts)}
    if not lost:
        return None
    figures = {
        layer: ", ".join(f"{name} {count:,} times" for name, count in overflows[layer].items() if count)
        for layer in lost
    }
    return Failure(
        "overflow",
        f"On the calibration samples {_listed(figures)} left the chip's widths, none may",
        "sums there are larger than the quantizer foresaw; try more --calibration-samples or a smaller --input-scale",
    )


def _loss(entries: Sequence[Entry], attribution: Attribution | None, limit: float) -> Failure | None:
    first, last = entries[0], _stage(entries, "simulator")
    if first.accuracy is None or last.accuracy is None:
        return None
    loss = first.accuracy - last.accuracy
    if loss <= limit + SLACK or loss * last.samples <= 1 + SLACK:  # one sample is no evidence
        return None
    return Failure(
        "loss",
        f"The accuracy falls by {100 * loss:.1f} points, from {first.accuracy:.1%} ({first.stage}) to "
        f"{last.accuracy:.1%} (simulator) on {last.samples} samples, at most {100 * limit:g} may go (--max-loss)",
        _cause(entries, attribution),
    )


def _cause(entries: Sequence[Entry], attribution: Attribution | None) -> str:
    """Where most of the accuracy goes, and what may keep it."""
    falls = {
        after.stage: before.accuracy - after.accuracy
        for before, after in pairwise(entries)
        if before.accuracy is not None and after.accuracy is not None
    }
    stage = max(falls, key=lambda name: falls[name])
    if stage == "converted":
        return "most of it goes where the network is made to spike; try more --steps or another --convert"
    if stage != "integer":
        return f"most of it goes in the step to the stage {stage!r}"
    found = blame(attribution.as_dict()) if attribution else None
    what = f"{found[0].lower()}{found[1:].rstrip('.')}" if found else "most of it goes in quantization"
    return f"{what}; {MORE_BITS}"


def _minimum(entries: Sequence[Entry], minimum: float | None) -> Failure | None:
    before, after = _stage(entries, "network").accuracy or 0.0, _stage(entries, "simulator").accuracy or 0.0
    if minimum is None or after >= minimum:
        return None
    return Failure(
        None,
        f"The simulator answers {after:.1%} of the samples correctly, below the minimum of {minimum:.1%}",
        f"in float it is {before:.1%}; a lower --min-accuracy accepts that",
    )


def _stage(entries: Sequence[Entry], name: str) -> Entry:
    return next(entry for entry in entries if entry.stage == name)


def _rates(entry: Entry) -> dict[str, float]:
    layers = entry.by_layer or {}
    return {name: layer.rate for name, layer in layers.items() if layer.rate is not None}


def _listed(figures: Mapping[str, str]) -> str:
    """Layers with a figure each, the first few of them."""
    shown = [f"{name!r} ({figure})" for name, figure in list(figures.items())[:LONGEST_LIST]]
    more = len(figures) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
