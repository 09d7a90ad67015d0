"""What networks come to at time scales that they were not trained at: verdict, tables, figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ...confidence import wilson_interval
from ...figures.bars import Bars, bars
from ...figures.figure import Figure
from ...figures.lines import Series, lines
from ...figures.scale import Axis
from ..study import Conclusion, Row


@dataclass(frozen=True)
class TimeScaleFacts:
    """Of the recordings.

    Attributes
    ----------
    dataset, source : name, and where it comes from.
    training_samples, test_samples : recordings.
    integration : microseconds of a step in training.
    times : microseconds of a step in tests, rising; the one of training is among them.
    chance : accuracy of an answer that is always the most frequent label.
    target : name of the chip.
    """

    dataset: str
    source: str
    training_samples: int
    test_samples: int
    integration: int
    times: tuple[int, ...]
    chance: float
    target: str


def conclude_time_scale(rows: Sequence[Row], facts: TimeScaleFacts) -> Conclusion:
    """Put the tests together.

    Parameters
    ----------
    rows : one a network, repeat and integration time, with `spiking`, `samples`, `float_accuracy` and, of networks that
        spike, `accuracy` on the chip and `spikes`.
    """
    summary = summarized(rows)
    networks = sorted(kept_accuracy(summary, facts.integration), key=lambda row: -row["mean_elsewhere"])
    return Conclusion(
        _sentences(networks, facts),
        {"networks": tuple(networks), "accuracies": tuple(summary), "tests": tuple(rows)},
        _figures(networks, summary),
        asdict(facts) | {"order": [row["network"] for row in networks]},
        _assumptions(facts),
    )


def summarized(rows: Sequence[Row]) -> list[Row]:
    """A row a network and integration time: shares of all samples of all repeats, with 95 % intervals."""
    result: list[Row] = []
    for network, time in dict.fromkeys((row["network"], row["integration"]) for row in rows):
        own = [row for row in rows if (row["network"], row["integration"]) == (network, time)]
        samples, spiking = sum(row["samples"] for row in own), own[0]["spiking"]
        found: dict[str, object] = {
            "network": network, "integration": time, "factor": own[0]["factor"], "steps": own[0]["steps"],
            "spiking": spiking, "parameters": own[0]["parameters"],
        }  # fmt: skip
        for column in ("float_accuracy", "accuracy"):
            known = column == "float_accuracy" or spiking
            right = sum(round(row[column] * row["samples"]) for row in own) if known else 0
            low, high = wilson_interval(right, samples) if known else (None, None)
            found |= {column: right / samples if known else None, f"{column}_low": low, f"{column}_high": high}
        found["spikes"] = float(np.mean([row["spikes"] for row in own])) if spiking else None
        result.append(found)
    return result


def kept_accuracy(summary: Sequence[Row], integration: int) -> list[Row]:
    """A row a network: accuracy at the time of training, at the worst other time and in the mean over the others.

    Of networks that spike it is that of the chip's integers, of others that in float.
    """
    result: list[Row] = []
    for network in dict.fromkeys(row["network"] for row in summary):
        own = {row["integration"]: row for row in summary if row["network"] == network}
        column = "accuracy" if own[integration]["spiking"] else "float_accuracy"
        trained = own[integration][column]
        others = {time: row[column] for time, row in own.items() if time != integration}
        worst = min(others, key=lambda time: (others[time], time)) if others else integration
        result.append(
            {
                "network": network,
                "spiking": own[integration]["spiking"],
                "parameters": own[integration]["parameters"],
                "as_trained": trained,
                "mean_elsewhere": float(np.mean([*others.values()])) if others else trained,
                "worst": others.get(worst, trained),
                "worst_integration": worst,
                "loss_at_worst": trained - others.get(worst, trained),
            }
        )
    return result


def _sentences(networks: Sequence[Row], facts: TimeScaleFacts) -> tuple[str, ...]:
    own = f"{facts.integration / 1000:g} ms"
    spiking = [row for row in networks if row["spiking"]]
    ordinary = [row for row in networks if not row["spiking"]]
    sentences = []
    if spiking and ordinary:
        loss = {
            name: float(np.mean([row["as_trained"] - row["mean_elsewhere"] for row in group]))
            for name, group in (("spiking", spiking), ("ordinary", ordinary))
        }
        better = loss["spiking"] < loss["ordinary"]
        sentences.append(
            f"Networks that spike lose {'less' if better else 'no less'} at other time scales than recurrent ones that "
            f"do not, {'as' if better else 'other than'} published: in the mean {100 * loss['spiking']:.1f} "
            f"against {100 * loss['ordinary']:.1f} points of accuracy."
        )
    sentences += [
        f"{row['network']}: {row['as_trained']:.1%} at {own}, {row['mean_elsewhere']:.1%} in the mean elsewhere, at "
        f"worst {row['worst']:.1%} at {row['worst_integration'] / 1000:g} ms."
        for row in networks
    ]
    by_name = {row["network"]: row for row in networks}
    if {"baseline", "recurrence"} <= set(by_name):
        plain, recurrent = by_name["baseline"], by_name["recurrence"]
        losses = [100 * (row["as_trained"] - row["mean_elsewhere"]) for row in (plain, recurrent)]
        worse = losses[1] > losses[0]
        sentences.append(
            f"Recurrence {'impairs' if worse else 'does not impair'} it, {'as' if worse else 'other than'} published: "
            f"{losses[1]:.1f} points are lost with it, {losses[0]:.1f} without."
        )
    sentences.append(
        f"Chance is {facts.chance:.1%}; accuracy of networks that spike is that on {facts.target}, of others in float."
    )
    return tuple(sentences)


def _figures(networks: Sequence[Row], summary: Sequence[Row]) -> tuple[Figure, ...]:
    order = [row["network"] for row in networks]
    spiking = {row["network"]: row["spiking"] for row in networks}
    horizontal, vertical = Axis("integration time", "s", logarithmic=True), Axis("accuracy", "%", low=0, high=1)

    def series(name: str, column: str) -> Series:
        own = sorted((row for row in summary if row["network"] == name), key=lambda row: row["integration"])
        return Series(
            name,
            [row["integration"] * 1e-6 for row in own],
            [row[column] for row in own],
            [row[f"{column}_low"] for row in own],
            [row[f"{column}_high"] for row in own],
        )

    return (
        lines(
            [series(name, "accuracy" if spiking[name] else "float_accuracy") for name in order],
            name="time-scale",
            title="Accuracy over the time scale",
            caption="Networks that spike as deployed, others in float; with 95 % intervals.",
            horizontal=horizontal,
            vertical=vertical,
        ),
        lines(
            [series(name, "float_accuracy") for name in order],
            name="time-scale-float",
            title="All networks in float",
            horizontal=horizontal,
            vertical=vertical,
        ),
        bars(
            order,
            [
                Bars("as trained", [row["as_trained"] for row in networks]),
                Bars("mean elsewhere", [row["mean_elsewhere"] for row in networks]),
                Bars("worst", [row["worst"] for row in networks]),
            ],
            name="kept",
            title="What is left elsewhere",
            quantity=Axis("accuracy", "%", low=0, high=1),
        ),
    )


def _assumptions(facts: TimeScaleFacts) -> tuple[str, ...]:
    return (
        f"data: {facts.source}.",
        "frames: 1 where there was any event, so that longer integration gives fewer and fuller frames.",
        (
            "networks: one hidden layer; recurrent ones that do not spike have as many units as give them about as "
            "many parameters as a spiking one without recurrence."
        ),
        "training: one recipe for all networks, at one integration time only; nothing is adapted to the others.",
        "answer: the most output spikes of a sample, or the largest mean output of networks that do not spike.",
        (
            "quantization: as `spikeloom deploy` does it by default, calibrated on recordings to train with at the "
            "integration time of training."
        ),
    )
