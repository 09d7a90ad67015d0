"""What is better in what, and at what price: the first sentence of a comparison, and one for each deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..quantities import format_count, format_points, format_quantity, format_share
from .accuracy import accuracy_between
from .notes import data_relation, listed

Json = Mapping[str, Any]
Report = Mapping[str, Any]
RESERVATIONS = {
    "same": "",
    "entered otherwise": "; but the data enter in other ways",
    "other": "; but they ran on different samples",
}
ACCOUNT = "chip_total"  # the widest that is known of every chip
NOTABLE = 1.005  # times a figure, below which two are told to be the same


@dataclass(frozen=True)
class Balance:
    """Aspects of a deployment against the first, in words, by what became of them."""

    better: list[str] = field(default_factory=list)
    worse: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def verdict(deployments: Sequence[Json], reports: Sequence[Report], changes: Sequence[Json], least_energy: Json) -> str:
    """A sentence on all of them.

    Parameters
    ----------
    deployments, changes, least_energy : as in the comparison.
    reports : of the deployments.
    """
    if not changes:
        return f"There is one deployment only, {deployments[0]['label']}." if deployments else "There is no deployment."
    alike = len({one["target"] for one in deployments}) == 1
    sentence = changes[0]["summary"] if len(changes) == 1 else _best_of_all(deployments, reports, least_energy, alike)
    return f"{sentence.removesuffix('.')}{RESERVATIONS[data_relation(deployments, reports)]}."


def format_ratio(factor: float) -> str:
    """Write a ratio with three significant digits, none after the point where it is large.

    Examples
    --------
    >>> format_ratio(1.00654)
    '1.01'
    >>> format_ratio(4073.4)
    '4,073'
    """
    return f"{factor:,.0f}" if factor >= 100 else f"{factor:.3g}"


def change_sentence(deployment: Json, change: Json, same_target: bool) -> str:
    """What is better and what is worse than in the first deployment.

    Parameters
    ----------
    same_target : whether cores are those of the same chip.
    """
    balance = Balance()
    accuracy = _weigh_accuracy(deployment, change["accuracy"], balance)
    energy = change["energy_accounts"].get(ACCOUNT)
    if energy is not None:
        _weigh_estimate("energy", energy, " the chip total", balance)
    if change["latency"] is not None:
        _weigh_estimate("latency", change["latency"], "", balance)
    if same_target and change["cores"]:
        side = balance.better if change["cores"] < 0 else balance.worse
        side.append(f"cores ({abs(change['cores']):,} {'fewer' if change['cores'] < 0 else 'more'})")
    return _sentence(change, balance, accuracy)


def _sentence(change: Json, balance: Balance, accuracy: str) -> str:
    against = f"Against {change['against']}, {change['label']} is"
    if balance.better and balance.worse:
        said = f"{against} better in {listed(balance.better)}, at the price of {listed(balance.worse)}"
    elif balance.better:
        said = f"{against} better in {listed(balance.better)}, and worse in nothing that is compared"
    elif balance.worse:
        said = f"{against} worse in {listed(balance.worse)}, and better in nothing that is compared"
    elif balance.open:
        said = f"{against} neither surely better nor surely worse"
    else:
        said = f"{change['label']} takes about the same as {change['against']}"
    undecided = [f"undecided, as the range of the ratio holds 1: {listed(balance.open)}"] if balance.open else []
    return "; ".join([said, *([accuracy] if accuracy else []), *undecided]) + "."


def _weigh_accuracy(deployment: Json, change: Json | None, balance: Balance) -> str:
    """Sort it in where it differs; else a clause."""
    if change is None:
        return "accuracy is not known, for want of labels"
    words = format_points(change["difference"])
    if change["outcome"] == "within chance":
        if not change["difference"]:
            return f"accuracy is the same ({format_share(deployment['accuracy'])})"
        return f"accuracy differs no more than chance explains ({words})"
    side = balance.better if change["outcome"] == "higher" else balance.worse
    side.append(f"accuracy ({words})")
    return ""


def _weigh_estimate(name: str, change: Json, of: str, balance: Balance) -> None:
    factor = change["nominal"]
    words = f"{name} ({format_ratio(factor)} times{of})"
    if change["outcome"] == "undecided":
        balance.open.append(words)
    elif not 1 / NOTABLE < factor < NOTABLE:
        (balance.better if change["outcome"] == "less" else balance.worse).append(words)


def _best_of_all(deployments: Sequence[Json], reports: Sequence[Report], least_energy: Json, same_target: bool) -> str:
    """Which is the best in what."""
    praise: dict[str, list[str]] = {}
    least = least_energy.get(ACCOUNT)
    if least is not None and (least["next_over_least"] or 0) >= NOTABLE:
        energy = next(one for one in deployments if one["label"] == least["label"])["energy_accounts"][ACCOUNT]
        sure = "" if least["sure"] else ", though the ranges overlap"
        words = f"least energy ({format_quantity(energy['nominal'], 'J')} of the chip total{sure})"
        praise.setdefault(least["label"], []).append(words)
    fastest, *slower = sorted(deployments, key=lambda one: one["latency"]["nominal"])
    time = fastest["latency"]["nominal"]
    if slower[0]["latency"]["nominal"] >= NOTABLE * time:
        praise.setdefault(fastest["label"], []).append(f"shortest latency ({format_quantity(time, 's')})")
    smallest, *larger = sorted(deployments, key=lambda one: one["cores"])
    if same_target and smallest["cores"] < larger[0]["cores"]:
        praise.setdefault(smallest["label"], []).append(f"fewest cores ({format_count(smallest['cores'])})")
    accuracy = _most_accurate(deployments, reports, praise)
    parts = [f"{label} has the {listed(words)}" for label, words in praise.items()]
    said = listed(parts) if parts else "none takes less energy, time or cores than all others"
    return f"Of {len(deployments)} deployments, {said}; {accuracy}."


def _most_accurate(deployments: Sequence[Json], reports: Sequence[Report], praise: dict[str, list[str]]) -> str:
    """Praise the one that surely answers best, and say how sure the accuracies are told apart."""
    if any(one["accuracy"] is None for one in deployments):
        return "not all have labels to know their accuracy by"
    both = list(zip(deployments, reports, strict=True))
    (best, its), *others = sorted(both, key=lambda pair: -pair[0]["accuracy"])
    told_apart = [one["label"] for one, report in others if _is_lower(its, report)]
    if len(told_apart) == len(others):
        praise.setdefault(best["label"], []).append(f"highest accuracy ({format_share(best['accuracy'])})")
        return "all others answer worse by more than chance explains"
    if told_apart:
        verb = "answers" if len(told_apart) == 1 else "answer"
        return f"{listed(told_apart)} {verb} worse than {best['label']} by more than chance explains"
    return "accuracies differ no more than chance explains"


def _is_lower(best: Report, one: Report) -> bool:
    change = accuracy_between(best, one)
    return change is not None and change["outcome"] == "lower"
