"""The picture of the chip: an SVG that says something as it is, and the figures that its script shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..figures.elements import coordinate, element, escaped, label
from ..figures.palette import AMOUNTS, ramp_colour
from ..report.place_names import tile_name
from .board import CORE, MARGIN, TITLE, Board, Tile
from .links import DrawnLink, drawn_links
from .quantities import CoreQuantity, core_quantities

Report = Mapping[str, Any]
LEVELS = 33  # colours of cores; one more than are told apart easily
WIDTHS = 8  # of links
DIGITS = 6  # of the figures that a page holds; it shows three
WIDEST_SCALE, HIGHEST = 1.8, 900  # of the picture: pixels for a unit, and pixels of its height


@dataclass(frozen=True)
class ChipPicture:
    """The chip for a page.

    Attributes
    ----------
    svg : coloured by the first of `quantities`.
    data : for the script, as JSON can hold it; see `templates/chip.js`.
    quantities : to pick from.
    layers : names, with the number of cores of each.
    colours : CSS colours of `LEVELS`, from none to all.
    widest : width in pixels beyond which the picture does not grow.
    chips, shown : of the board, and of them in the picture.
    tile : what holds the cores that share a router.
    busiest : packets a sample of the busiest link; None where no message leaves its tile.
    """

    svg: str
    data: Mapping[str, Any]
    quantities: tuple[CoreQuantity, ...]
    layers: tuple[tuple[str, int], ...]
    colours: tuple[str, ...]
    widest: int
    chips: int
    shown: int
    tile: str
    busiest: float | None


def chip_picture(report: Report) -> ChipPicture | None:
    """Draw the chip of a report; None where the report does not tell of its board."""
    section = (report.get("target") or {}).get("board")
    if not section or not report.get("activity"):
        return None
    places = [
        (int(place["chip"]), int(place["column"]), int(place["row"]), int(place["core"]))
        for place in report["mapping"]["places"]
    ]
    board = Board.of(section, {place[0] for place in places})
    quantities = core_quantities(report)
    links = drawn_links(board, report["activity"]["links"])
    layers = {str(name): cores for name, cores in report["mapping"]["layers"].items()}
    return ChipPicture(
        _svg(board, section, places, quantities, links),
        _data(report, places, quantities, links, layers),
        quantities,
        tuple((name, len(cores)) for name, cores in layers.items()),
        tuple(ramp_colour(AMOUNTS, level / (LEVELS - 1)) for level in range(LEVELS)),
        round(board.width * min(WIDEST_SCALE, HIGHEST / board.height)),
        int(section["chips"]),
        len(board.chips),
        tile_name(section),
        max((link.packets for link in links), default=None),
    )


def level(share: float) -> int:
    """Which of `LEVELS` a share of 0 to 1 has; more is as much as 1."""
    return round(min(max(share, 0.0), 1.0) * (LEVELS - 1))


def _svg(
    board: Board,
    section: Mapping[str, Any],
    places: Sequence[tuple[int, int, int, int]],
    quantities: Sequence[CoreQuantity],
    links: Sequence[DrawnLink],
) -> str:
    parts = [part for chip in board.chips for part in _chip(board, chip, len(board.chips) > 1)]
    parts += [_link(number, link) for number, link in enumerate(links) if link.lines]
    unusable = {(*place,): "dead" for place in section["dead_cores"]}
    unusable |= {(*place,): "reserved" for place in section["reserved_cores"]}
    taken = set(places)
    parts += [
        _empty(board, (chip, column, row), core, unusable.get((chip, column, row, core)))
        for chip in board.chips
        for row in range(board.rows)
        for column in range(board.columns)
        if (chip, column, row) not in board.absent
        for core in range(board.cores_per_tile)
        if (chip, column, row, core) not in taken
    ]
    shares = quantities[0].shares() if quantities else (0.0,) * len(places)
    parts += [
        _core(board, number, place, share) for number, (place, share) in enumerate(zip(places, shares, strict=True))
    ]
    return element(
        "svg",
        *parts,
        id="chip-picture",
        class_="chip-picture",
        viewBox=f"0 0 {coordinate(board.width)} {coordinate(board.height)}",
        role="img",
        aria_label=f"The cores in use and the links between their {tile_name(section)}s; {len(places)} cores.",
    )


def _chip(board: Board, chip: int, named: bool) -> list[str]:
    x, y = board.chip_corner(chip)
    height = board.chip_height - TITLE
    frame = element("rect", x=x + 0.5, y=y + TITLE, width=board.chip_width - 1, height=height - 0.5, rx=8, class_="die")
    return [frame, label(f"chip {chip}", x + MARGIN, y + TITLE - 6, "chip-name")] if named else [frame]


def _link(number: int, link: DrawnLink) -> str:
    width = 1 + math.ceil(link.share * (WIDTHS - 1))
    path = "".join(
        f"M{coordinate(x)} {coordinate(y)}L{coordinate(to_x)} {coordinate(to_y)}" for x, y, to_x, to_y in link.lines
    )
    return f'<path data-link="{number}" class="link w{width}" d="{path}"/>'


def _empty(board: Board, tile: Tile, core: int, why: str | None) -> str:
    x, y = board.core_corner(tile, core)
    told = f"<title>{escaped(why)} core</title>" if why else ""
    kind = f"free {why}" if why else "free"
    square = f'<rect class="{kind}" x="{coordinate(x)}" y="{coordinate(y)}" width="{CORE:g}" height="{CORE:g}" rx="2"'
    return f"{square}>{told}</rect>" if told else f"{square}/>"


def _core(board: Board, number: int, place: tuple[int, int, int, int], share: float) -> str:
    x, y = board.core_corner(place[:3], place[3])
    over = " over" if share > 1 else ""
    return (
        f'<rect data-core="{number}" class="core l{level(share)}{over}" x="{coordinate(x)}" y="{coordinate(y)}" '
        f'width="{CORE:g}" height="{CORE:g}" rx="2"/>'
    )


def _data(
    report: Report,
    places: Sequence[tuple[int, int, int, int]],
    quantities: Sequence[CoreQuantity],
    links: Sequence[DrawnLink],
    layers: Mapping[str, Sequence[int]],
) -> dict[str, Any]:
    """What the script shows; see `templates/chip.js`."""
    numbers = {name: number for number, name in enumerate(layers)}
    return {
        "levels": LEVELS,
        "tile": tile_name(report["target"]["board"]),
        "places": places,
        "layers": list(layers),
        "neurons": [
            [[numbers[layer], count] for layer, count in held.items()] for held in report["mapping"]["occupancy"]
        ],
        "quantities": [
            {
                "name": quantity.name,
                "unit": quantity.unit,
                "scale": quantity.scale,
                "values": [_short(value) for value in quantity.values],
                "limits": _alike(quantity.limits),
                "levels": [level(share) for share in quantity.shares()],
            }
            for quantity in quantities
        ],
        "links": [[*link.start, *link.end, _short(link.packets)] for link in links],
    }


def _alike(limits: Sequence[float | None]) -> Any:
    """One limit where all cores have the same; None where there are none."""
    different = set(limits)
    return next(iter(different), None) if len(different) < 2 else list(limits)


def _short(value: float) -> float:
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded == int(rounded) else rounded
