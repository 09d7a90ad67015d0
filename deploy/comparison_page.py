"""A model on several targets as one HTML file, in the style of the report page, with a link to each report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .artifact import PAGE_NAME
from .comparison_rows import figure_rows, least_sentence, shown_value, without_spikes
from .page_environment import page_environment


def render_comparison(comparison: Mapping[str, Any], model: str, command: str) -> str:
    """Write the page.

    Parameters
    ----------
    comparison : as `comparison_of` gives it, labelled with the folders of the deployments beside the page; with
        `refused`, per target the reason why the network does not fit it.
    model : name of the model.
    command : that made it; empty where there was none.

    Returns
    -------
    str : a whole HTML document.
    """
    labels = [str(one.get("label")) for one in comparison.get("deployments") or ()]
    refused = comparison.get("refused") or {}
    return (
        page_environment()
        .get_template("comparison.html.jinja")
        .render(
            comparison=comparison,
            model=model,
            command=command,
            title=f"{model} on {len(labels)} target{'' if len(labels) == 1 else 's'}",
            verdict=_verdict(model, labels, list(refused)),
            labels=labels,
            links={label: f"{quote(label, safe='')}/{PAGE_NAME}" for label in labels},
            rows=figure_rows(comparison),
            least=[least_sentence(name, least) for name, least in (comparison.get("least_energy") or {}).items()],
            without_spikes=without_spikes(comparison),
            refused=refused,
            shown=shown_value,
        )
    )


def _verdict(model: str, labels: list[str], refused: list[str]) -> str:
    """On which targets it runs, and which it does not fit."""
    runs = f"{model} runs on {_listed(labels)}"
    return f"{runs}, and does not fit {_listed(refused)}." if refused else f"{runs}."


def _listed(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names) or "none of the targets"
    return f"{', '.join(names[:-1])} and {names[-1]}"
