"""Pictures of decision times: accuracy at every step, decisions made by then, and what stopping early costs."""

from __future__ import annotations

from collections.abc import Sequence

from ...figures.figure import Figure
from ...figures.lines import Series, lines
from ...figures.scale import Axis
from ..study import Row


def decision_time_figures(
    by_step: Sequence[Row],
    samples: Sequence[Row],
    curve: Sequence[Row],
    alike: Sequence[Row],
    chosen: Sequence[Row],
    what: str,
) -> tuple[Figure, ...]:
    """Draw a study of decision times.

    Parameters
    ----------
    by_step, samples, curve : rows of the tables of steps, samples and thresholds.
    alike : all samples that the curve is of, stopped at step 1, at step 2 and so on.
    chosen : the row of the rule that was chosen, or none.
    what : accuracy, or agreement.
    """
    figures = (_accuracy(by_step, what), _decisions(samples, len(by_step)))
    if not curve:
        return figures
    return (
        *figures,
        _against("steps", Axis("mean steps a sample", low=0), curve, alike, chosen, what),
        _against("energy", Axis("dynamic energy a sample", "J"), curve, alike, chosen, what),
    )


def _accuracy(by_step: Sequence[Row], what: str) -> Figure:
    steps = [row["step"] for row in by_step]
    return lines(
        [
            Series(
                what,
                steps,
                [row["accuracy"] for row in by_step],
                [row["accuracy_low"] for row in by_step],
                [row["accuracy_high"] for row in by_step],
            ),
            Series("decided", steps, [row["decided"] for row in by_step]),
        ],
        name="accuracy-by-step",
        title=f"{what.capitalize()} at every step",
        caption="If all samples were stopped there, with the 95 % interval. A sample is decided where one class is "
        "strictly ahead of all others.",
        horizontal=Axis("step of the output", low=0),
        vertical=Axis("samples", "%", low=0, high=1),
    )


def _decisions(samples: Sequence[Row], steps: int) -> Figure:
    places = range(1, steps + 1)
    series = []
    for column, name in (("first_right_step", "right for the first time"), ("stable_step", "as they end")):
        known = [row[column] for row in samples if row[column] is not None]
        shares = [sum(value <= place for value in known) / len(samples) for place in places]
        series.append(Series(name, list(places), shares))
    return lines(
        series,
        name="decisions-by-step",
        title="Decisions made",
        caption="Samples that have been decided rightly at least once by a step, and samples whose decision does not "
        "change any more, right or wrong.",
        horizontal=Axis("step of the output", low=0),
        vertical=Axis("samples", "%", low=0, high=1),
    )


def _against(
    column: str, quantity: Axis, curve: Sequence[Row], alike: Sequence[Row], chosen: Sequence[Row], what: str
) -> Figure:
    def series(name: str, rows: Sequence[Row]) -> Series:
        rising = sorted(rows, key=lambda row: row[column])
        low, high = ([row[f"accuracy_{end}"] for row in rising] for end in ("low", "high"))
        return Series(name, [row[column] for row in rising], [row["accuracy"] for row in rising], low, high)

    picked = [series(f"cut-off with beta {row['beta']:.4g}", [row]) for row in chosen]
    return lines(
        [series("cut-off", curve), series("all samples at the same step", alike), *picked],
        name=f"{what}-by-{column}",
        title=f"{what.capitalize()} against {'steps' if column == 'steps' else 'energy'}",
        caption="Thresholds of the cut-off, and steps at which all samples could be stopped alike, with the 95 % "
        "interval, on samples that the threshold was not chosen on.",
        horizontal=quantity,
        vertical=Axis(what, "%", high=1),
    )
