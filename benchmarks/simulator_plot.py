"""The simulator's table as a picture: seconds of every peer, a panel for each row, on one logarithmic axis each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

OURS, EXACT, DRIFTING = "#1b7f5c", "#4a6fa5", "#b0b7c3"


def plot(rows: dict[str, dict[str, Any]], files: list[Path]) -> None:
    """Draw.

    Parameters
    ----------
    rows : as in the JSON file, by letter; rows without times are left out.
    files : to write, in the format that the suffix names.

    Raises
    ------
    ImportError : matplotlib is missing.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = {letter: row for letter, row in rows.items() if len(row.get("times", {})) > 1}
    if not shown:
        return
    heights = [0.8 + 0.26 * len(row["times"]) for row in shown.values()]
    figure, panels = pyplot.subplots(
        len(shown), 1, figsize=(9, sum(heights)), height_ratios=heights, squeeze=False, layout="constrained"
    )
    for panel, (letter, row) in zip(panels[:, 0], shown.items(), strict=True):
        times = sorted(row["times"].values(), key=lambda time: -time["median"])
        ours = row["times"]["spikeloom"]["median"]
        colors = [OURS if time["ours"] else DRIFTING if time["drifts"] else EXACT for time in times]
        medians = [time["median"] for time in times]
        low = [max(0.0, time["median"] - time["fastest"]) for time in times]
        high = [max(0.0, time["slowest"] - time["median"]) for time in times]
        panel.barh([time["name"] for time in times], medians, color=colors, xerr=(low, high), ecolor="#444444")
        for place, time in enumerate(times):
            ratio = "" if time["ours"] else f"  × {time['median'] / ours:.3g}"
            panel.text(time["slowest"] * 1.06, place, f"{time['median']:.3g} s{ratio}", va="center", fontsize=8)
        panel.set_xscale("log")
        panel.set_xlim(min(medians) / 2, max(time["slowest"] for time in times) * 6)
        panel.set_title(f"{letter}: {row['title']}", fontsize=9, loc="left")
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    panels[-1, 0].set_xlabel("seconds, median; grey: potentials are not truncated, spikes drift", fontsize=8)
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, dpi=150)
    pyplot.close(figure)
