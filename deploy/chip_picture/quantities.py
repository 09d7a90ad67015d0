"""What the cores of the picture can be coloured by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Report = Mapping[str, Any]
Scale = Literal["limit", "most"]


@dataclass(frozen=True)
class CoreQuantity:
    """A figure of each core.

    Attributes
    ----------
    name : for people.
    unit : "J" or "s", which take prefixes; empty for counts.
    values : of every core.
    limits : of every core, None where the chip's limit is not known; empty where there is none to speak of.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    limits: tuple[float | None, ...] = ()

    @property
    def scale(self) -> Scale:
        """What the strongest colour means: the limit of a core, or the core that has most."""
        return "limit" if self.limits and all(self.limits) else "most"

    def shares(self) -> tuple[float, ...]:
        """Of every core, in the limit or in the most; above 1 where a core is overfull."""
        if self.scale == "limit":
            return tuple(value / limit for value, limit in zip(self.values, self.limits, strict=True) if limit)
        most = max(self.values, default=0.0)
        return tuple(value / most if most else 0.0 for value in self.values)


SCARCE = 0.25  # of a limit; a picture coloured by what is hardly used shows nothing
WORK = {
    "busy_time": ("busy time a step", "s"),
    "synaptic_operations": ("synaptic operations a sample", ""),
    "spikes": ("spikes a sample", ""),
    "packets_in": ("packets in a sample", ""),
    "packets_out": ("packets out a sample", ""),
    "memory_reads": ("words of synaptic memory read a sample", ""),
}


def core_quantities(report: Report) -> tuple[CoreQuantity, ...]:
    """Everything that the report tells of every core: scarce resources, then work, time and energy, then the others."""
    cores = len(report["mapping"]["places"])
    resources = [_resource(name, entries, cores) for name, entries in _by_resource(report).items()]
    resources.sort(key=lambda resource: -_fullest(resource))
    work = report["activity"]["cores"]
    done = [CoreQuantity(name, unit, tuple(work[key])) for key, (name, unit) in WORK.items()]
    done.append(CoreQuantity("dynamic energy a sample", "J", tuple(report["core_energy"])))
    scarce = [resource for resource in resources if _fullest(resource) >= SCARCE]
    rest = [resource for resource in resources if _fullest(resource) < SCARCE]
    # A reader who picks one shall see something.
    return tuple(quantity for quantity in (*scarce, *done, *rest) if any(quantity.values))


def _fullest(resource: CoreQuantity) -> float:
    return max(resource.shares(), default=0.0) if resource.scale == "limit" else 0.0


def _by_resource(report: Report) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entry in report["utilisation"]:
        found.setdefault(str(entry["resource"]), []).append(entry)
    return found


def _resource(name: str, entries: list[Mapping[str, Any]], cores: int) -> CoreQuantity:
    used, limits = [0.0] * cores, [entries[0]["limit"]] * cores
    for entry in entries:
        used[entry["core"]], limits[entry["core"]] = entry["used"], entry["limit"]
    return CoreQuantity(name.replace("_", " "), "", tuple(used), tuple(limits))
