"""On how many cores, what binds each layer, and what is full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..document.document import Cell, Passage, Table, table
from ..quantities import UNKNOWN, format_count, format_share
from ..report.place_names import tile_name
from ..report.verdict import Report


def cores(report: Report) -> Passage:
    """Make the passage."""
    return Passage("Cores", (_layers(report), _resources(report["utilisation"])), _sentences(report))


def _sentences(report: Report) -> tuple[str, ...]:
    mapping = report["mapping"]
    found = mapping["explanation"]
    tiles = {(place["chip"], place["column"], place["row"]) for place in mapping["places"]}
    tile = tile_name(report["target"]["board"])
    on = f"{_many(report['cores'], 'core')} on {_many(len(tiles), tile)}"
    if tile != "chip":
        on += f" of {_many(len({place['chip'] for place in mapping['places']}), 'chip')}"
    where = f"{on}, by a {mapping['strategy']} partition."
    return (where, *_traffic(found)) if report["cores"] > 1 else (where,)


def _traffic(found: Mapping[str, Any]) -> tuple[str, ...]:
    links = found["links"]
    messages = f"A step brings {format_count(links['deliveries'])} messages{_against(found['message_baselines'])}"
    hops = f"{format_count(found['hops'])} hops{_against(found['hop_baselines'])}"
    bound = f"no placement of this partition takes fewer than {format_count(found['hop_lower_bound'])}"
    return (
        f"{messages}, and {hops}; {bound}.",
        f"The busiest link carries {format_count(links['busiest_link'])} messages a step.",
    )


def _against(baselines: Mapping[str, float]) -> str:
    others = ", ".join(f"{name} {format_count(value)}" for name, value in baselines.items())
    return f" ({others})" if others else ""


def _layers(report: Report) -> Table:
    bindings = {binding["layer"]: binding for binding in report["mapping"]["explanation"]["layers"]}
    rows = [
        (
            Cell(layer["name"]),
            " × ".join(map(str, layer["shape"])),
            format_count(layer["neurons"]),
            format_count(layer["synapses"]),
            *_binding(bindings.get(layer["name"])),
        )
        for layer in report["model"]["layers"]
    ]
    return table("layer", "shape", ">neurons", ">synapses", ">cores", "bound by", ">used", rows=rows)


def _binding(binding: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """Cores, the resource that binds the layer, and the share of it that is used; the input takes no cores."""
    if binding is None:
        return (UNKNOWN, UNKNOWN, UNKNOWN)
    resource = "no limit is known" if binding["resource"] is None else binding["resource"].replace("_", " ")
    return (format_count(binding["cores"]), resource, format_share(binding["share"]))


def _resources(uses: list[Mapping[str, Any]]) -> Table:
    """By resource, the core that uses most of it, and the mean over cores."""
    by_resource: dict[str, list[Mapping[str, Any]]] = {}
    for use in uses:
        by_resource.setdefault(use["resource"], []).append(use)
    rows = []
    for resource, entries in by_resource.items():
        most = max(entries, key=lambda use: use["used"])
        mean = sum(use["used"] for use in entries) / len(entries)
        limit = most["limit"]
        rows.append(
            (
                resource.replace("_", " "),
                format_count(most["used"]),
                "not known" if limit is None else format_count(limit),
                format_share(most["used"] / limit) if limit else UNKNOWN,
                str(most["core"]),
                format_count(mean),
            )
        )
    columns = ("resource of a core", ">most used", ">limit", ">share", ">on core", ">mean used")
    return table(*columns, rows=rows)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
