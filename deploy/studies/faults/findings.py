"""What faults do to a network: verdict, tables, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from ....backends.program import Program
from ..study import Conclusion, Row
from .assumptions import fault_assumptions
from .encodings import AS_DEPLOYED
from .figures import TITLES, fault_figures
from .packets import Scope
from .summary import OTHER_UNITS, healthy_by_encoding, limits_of, summarized
from .tasks import CORES, HEALTHY
from .weight_cells import Rounding
from .weights import NOISY

Healthy = Mapping[str, Row]
"""By encoding, the network without faults."""
PUBLISHED_VARIABILITY = 0.05  # standard deviation of weights, up to which published networks were looked at


def conclude_faults(
    rows: Sequence[Row],
    program: Program,
    *,
    chance: float,
    beyond: tuple[int, ...],
    tolerance: float,
    samples: int,
    labelled: bool,
    scope: Scope,
    rounding: Rounding,
    repeats: int,
) -> Conclusion:
    """Put a fault study together.

    Parameters
    ----------
    rows : one a chip, as `tasks.perform_fault` makes them, and those without faults.
    chance : accuracy of an answer that is always the most frequent label.
    beyond : numbers of dead cores that were asked for and are more than there are in use.
    tolerance : accuracy that faults may cost where a rate counts as withstood.
    samples : that each chip decides.
    labelled : whether accuracy is that, or agreement with the network as it was.
    scope, rounding, repeats : options of the study.
    """
    what = "accuracy" if labelled else "agreement"
    healthy = healthy_by_encoding(rows)
    summary = summarized(rows)
    limits = limits_of(summary, healthy, tolerance, chance)
    recovery = _recovery(rows, summary)
    kinds = tuple(dict.fromkeys(row["kind"] for row in summary))
    facts: dict[str, Any] = {
        "samples": samples, "chance": chance, "tolerance": tolerance, "repeats": repeats,
        "without_faults": [dict(row) for row in healthy.values()], "limits": [dict(row) for row in limits],
        "recovery": [dict(row) for row in recovery],
    }  # fmt: skip
    tables = {"rates": summary, "limits": limits}
    if recovery:
        tables["recovery"] = recovery
    tables["chips"] = tuple(sorted(rows, key=lambda row: (row["kind"] != HEALTHY, row["encoding"], row["kind"],
                                                          row["layer"], row["rate"], row["repeat"])))  # fmt: skip
    reference = next(iter(healthy.values()))["accuracy"]
    sentences: tuple[str, ...] = (
        *_withstood(limits, healthy, tolerance, what),
        *_costliest(limits, healthy),
        *_published(summary, healthy, what),
        *_recovered(recovery, healthy, what),
        *_encodings(limits, healthy, tolerance, what),
        *_layers(limits, healthy),
    )
    if reference <= chance:
        nothing = f"Without faults the network has {reference:.1%} {what}, no more than the most frequent class alone, "
        sentences = (f"{nothing}{chance:.1%}: there is nothing that faults could cost.",)
    return Conclusion(
        sentences, tables, fault_figures(summary, recovery, healthy, what), facts,
        fault_assumptions(
            program, kinds, tuple(healthy), beyond=beyond, labelled=labelled, scope=scope, rounding=rounding
        ),
    )  # fmt: skip


def _recovery(rows: Sequence[Row], summary: Sequence[Row]) -> tuple[Row, ...]:
    """A row for each encoding and number of dead cores: what was lost, and what mapping again brought back."""
    found = []
    for one in summary:
        if one["kind"] != CORES:
            continue
        chips = [
            row for row in rows if (row["kind"], row["encoding"], row["rate"]) == (CORES, one["encoding"], one["rate"])
        ]
        again = [row for row in chips if row["remapped"]]
        found.append(
            {
                "encoding": one["encoding"],
                "dead": int(one["rate"]),
                "chips": len(chips),
                "accuracy": one["accuracy"],
                "accuracy_lowest": one["accuracy_lowest"],
                "accuracy_highest": one["accuracy_highest"],
                "mapped_again": len(again),
                "same_spikes": sum(row["recovered"] for row in again),
                "recovered_accuracy": _mean([row["recovered_accuracy"] for row in again]),
                "cores": _mean([row["cores"] for row in again]),
                "energy": _mean([row["energy"] for row in again]),
                "latency": _mean([row["latency"] for row in again]),
                "reason": next((row["reason"] for row in chips if not row["remapped"]), ""),
            }
        )
    return tuple(found)


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _told(kind: str, rate: float) -> str:
    if kind == CORES:
        return f"{rate:g} dead core{'' if rate == 1 else 's'}"
    return f"{100 * rate:.3g} % {TITLES[kind]}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _of(rows: Sequence[Row], healthy: Healthy) -> list[Row]:
    """Rows of faults in all layers, under the first encoding: the one that the verdict is about."""
    return [row for row in rows if row["encoding"] == next(iter(healthy)) and not row.get("layer")]


def _withstood(limits: Sequence[Row], healthy: Healthy, tolerance: float, what: str) -> tuple[str, ...]:
    """The verdict: how much of each kind."""
    encoding, reference = next(iter(healthy.items()))
    own = _of(limits, healthy)
    if not own:
        return (f"No fault of these kinds can happen to this network; it has {reference['accuracy']:.1%} {what}.",)
    held = [_told(row["kind"], row["withstood"]) for row in own if row["withstood"] is not None]
    lost = [_told(row["kind"], row["lowest_rate"]) for row in own if row["withstood"] is None]
    under = "" if encoding == AS_DEPLOYED else f" {_under(encoding)}"
    points = f"{100 * tolerance:g} point{'' if tolerance == 0.01 else 's'} of {what}"
    sentences = []
    if held:
        sentences.append(f"At a mean cost of at most {points}, the network{under} withstands {_listed(held)}.")
    if lost:
        low = "the lowest rates tried" if len(lost) > 1 else "the lowest rate tried"
        sentences.append(
            f"More than that is lost with {_listed(lost)}, {low}."
            if held
            else f"More than {points} is lost with {_listed(lost)}, {low}."
        )
    spikes = f"{reference['spikes']:,.0f} spikes a sample"
    sentences.append(f"Without faults it has {reference['accuracy']:.1%} {what} and {spikes}.")
    return tuple(sentences)


def _costliest(limits: Sequence[Row], healthy: Healthy) -> tuple[str, ...]:
    """Which faults are the worst and which the mildest, where rates are shares and the same."""
    own = [row for row in _of(limits, healthy) if row["kind"] not in OTHER_UNITS]
    if len(own) < 2:
        return ()
    worst, mildest = max(own, key=_mean_loss), min(own, key=_mean_loss)
    text = f"At equal rates, {TITLES[worst['kind']]} cost most, {_points(worst)} on average over the rates tried, and "
    return (f"{text}{TITLES[mildest['kind']]} least, {_points(mildest)}.",)


def _mean_loss(row: Row) -> float:
    return float(row["mean_loss"])


def _points(row: Row) -> str:
    return f"{100 * row['mean_loss']:.1f} points"


def _published(summary: Sequence[Row], healthy: Healthy, what: str) -> tuple[str, ...]:
    """What weights that vary by 5 % cost, or by what is nearest to that."""
    own = [row for row in _of(summary, healthy) if row["kind"] == NOISY]
    if not own:
        return ()
    row = min(own, key=lambda row: abs(row["rate"] - PUBLISHED_VARIABILITY))
    worst = f" and {row['accuracy_lowest']:.1%} on the worst of {row['chips']} chips" if row["chips"] > 1 else ""
    text = f"Weights that vary by {100 * row['rate']:.3g} % leave {row['accuracy']:.1%} {what} on average{worst}; "
    return (f"{text}{row['changed_weights']:.0%} of the stored weights then differ from what they should be.",)


def _recovered(recovery: Sequence[Row], healthy: Healthy, what: str) -> tuple[str, ...]:
    own = _of(recovery, healthy)
    if not own:
        return ()
    first, cores = own[0], next(iter(healthy.values()))["cores"]
    if cores == 1:
        text = f"The whole network lies on one core; where that is dead, {first['accuracy']:.1%} {what} is left."
    else:
        worst = f" and {first['accuracy_lowest']:.1%} at worst" if first["chips"] > 1 else ""
        dead = f"{_told(CORES, first['dead'])} of {cores}"
        text = f"With {dead}, {what} falls to {first['accuracy']:.1%} on average{worst}."
    sentences = [text]
    chips, again = sum(row["chips"] for row in own), sum(row["mapped_again"] for row in own)
    same = sum(row["same_spikes"] for row in own)
    if again:
        share = "it" if chips == 1 else f"{again} of {chips} chips"
        spikes = "all of them send" if same == again else f"{same} of them send"
        sentences.append(
            f"Mapped again around what is dead, {share} recover{'s' if chips == 1 else ''}: "
            f"{'it sends' if chips == 1 and same else spikes} exactly the spikes of the healthy network."
        )
    if again < chips:
        reason = next(row["reason"] for row in own if row["reason"])
        sentences.append(f"{chips - again} of {chips} chips cannot be mapped again: {reason.rstrip('.')}.")
    return tuple(sentences)


def _encodings(limits: Sequence[Row], healthy: Healthy, tolerance: float, what: str) -> tuple[str, ...]:
    """Where it matters how the data is encoded."""
    if len(healthy) < 2:
        return ()
    told = _listed([f"{row['accuracy']:.1%} {_under(name)}" for name, row in healthy.items()])
    sentences, alike = [f"By encoding, {what} without faults is {told}."], []
    for kind in dict.fromkeys(row["kind"] for row in limits if row["kind"] != CORES):
        own = [row for row in limits if row["kind"] == kind and not row["layer"]]
        least, most = min(own, key=_mean_loss), max(own, key=_mean_loss)
        if most["mean_loss"] - least["mean_loss"] > tolerance:
            text = f"{TITLES[kind].capitalize()} cost least {_under(least['encoding'])}, {_points(least)} on average"
            sentences.append(f"{text}, and most {_under(most['encoding'])}, {_points(most)}.")
        else:
            alike.append(TITLES[kind])
    if alike:
        sentences.append(f"The encoding makes little difference to what {_listed(alike)} cost.")
    return tuple(sentences)


def _under(encoding: str) -> str:
    return "as deployed" if encoding == AS_DEPLOYED else f"under {encoding}"


def _layers(limits: Sequence[Row], healthy: Healthy) -> tuple[str, ...]:
    sentences = []
    for kind in dict.fromkeys(row["kind"] for row in limits):
        own = [row for row in limits if row["kind"] == kind and row["layer"] and row["encoding"] == next(iter(healthy))]
        if len(own) > 1:
            worst = max(own, key=_mean_loss)
            sentences.append(f"{TITLES[kind].capitalize()} cost most in {worst['layer']}, {_points(worst)} on average.")
    return tuple(sentences)
