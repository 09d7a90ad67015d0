"""What the deployments were told, made of and made with, where that differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = dict[str, Any]
Report = Mapping[str, Any]
OUTPUT_ONLY = ("samples", "lava_samples")  # said by the data, or of no matter to the figures
SAID_ELSEWHERE = ("costs", "steps")
MISSING = object()


def differences(
    labels: Sequence[str],
    deployments: Sequence[Json],
    reports: Sequence[Report],
    configurations: Sequence[Mapping[str, Any]] | None,
) -> list[Json]:
    """Each key that differs, with its value by label, null where one has no such key.

    Parameters
    ----------
    configurations : of each deployment, resolved; without them, the settings in the reports.
    """
    given = configurations if configurations is not None else [report["settings"] for report in reports]
    told = [
        {(subject, key): value for subject, key, value in _told(one, report, choices)}
        for one, report, choices in zip(deployments, reports, given, strict=True)
    ]
    result = []
    for subject, key in dict.fromkeys(place for one in told for place in one):
        values = [one.get((subject, key), MISSING) for one in told]
        if any(value != values[0] for value in values):
            shown = [None if value is MISSING else value for value in values]
            result.append({"of": subject, "what": key, "values": dict(zip(labels, shown, strict=True))})
    return result


def _told(one: Json, report: Report, choices: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Subject, key and value of all that may differ."""
    yield ("model", "model", one["model"])
    yield ("model", "SHA-256 of the model", report["model"]["sha256"])
    yield ("target", "target", one["target"])
    yield ("target", "costs", one["cost_set"])
    yield ("data", "data", report["data"]["name"])
    yield ("data", "steps", one["steps"])
    yield ("data", "SHA-256 of the data", report["data"]["sha256"])
    for key, value in choices.items():
        if key not in (*OUTPUT_ONLY, *SAID_ELSEWHERE):
            yield from _choice(key, value)
    for name, version in report["versions"].items():
        yield ("versions", name, version)


def _choice(key: str, value: Any) -> Iterator[tuple[str, str, Any]]:
    """A choice, or those within it one by one, such as `layers.out.bits`."""
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _choice(f"{key}.{name}", part)
    else:
        yield ("configuration", key, value)
