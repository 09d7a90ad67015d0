"""Whether every core of a mapping has a place of its own that exists, works and may hold neurons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..mapping import Place
from ..target import Target

Finding = tuple[str, int, int, str]  # resource, used, limit, what is wrong


def check_places(target: Target, places: Sequence[Place]) -> Iterator[Finding]:
    """What is wrong with the places of the cores."""
    topology = target.topology
    dead, reserved = set(topology.dead_cores), set(topology.reserved_cores)
    lost = {(core.chip, core.column, core.row, core.core): "dead" for core in dead}
    lost |= {(core.chip, core.column, core.row, core.core): "reserved" for core in reserved}
    absent = {(tile.chip, tile.column, tile.row) for tile in topology.absent_tiles}
    taken = Counter(places)
    for place, count in taken.items():
        if count > 1:
            yield "cores", count, 1, f"cores share {place}"
        inside = (
            0 <= place.chip < topology.chips
            and 0 <= place.column < topology.columns.value
            and 0 <= place.row < topology.rows.value
            and 0 <= place.core < topology.cores_per_tile.value
            and (place.chip, place.column, place.row) not in absent
        )
        if not inside:
            yield "cores", 1, 0, f"the chip has no {place}"
        state = lost.get((place.chip, place.column, place.row, place.core))
        if state is not None:
            yield "cores", 1, 0, f"{place} is {state}"
    for chip, count in Counter(place.chip for place in taken).items():
        if count > topology.usable_cores.value:
            yield "cores", count, topology.usable_cores.value, f"chip {chip} has fewer usable cores"
