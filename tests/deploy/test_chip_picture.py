"""The picture of the chip: everything has its place and its colour, and says what the report says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.deploy.chip_picture.board import CORE, Board
from spikeloom.deploy.chip_picture.links import drawn_links
from spikeloom.deploy.chip_picture.picture import LEVELS, chip_picture, level
from spikeloom.deploy.chip_picture.quantities import core_quantities
from spikeloom.deploy.report.place_names import place_name
from spikeloom.deploy.report_page.page import render
from spikeloom.mapping.routing.mesh import Mesh


def board_section(**changes: Any) -> dict[str, Any]:
    return {
        "mesh": "square", "chips": 1, "chip_columns": None, "columns": 3, "rows": 2, "cores_per_tile": 4,
        "torus": False, "absent_tiles": [], "dead_cores": [], "reserved_cores": [], "input_tile": [0, 0, 0], **changes,
    }  # fmt: skip


def report_of(board: Mapping[str, Any], places: list[tuple[int, int, int, int]], **changes: Any) -> dict[str, Any]:
    cores = len(places)
    work = ("spikes", "synaptic_operations", "neuron_updates", "packets_in", "packets_out", "memory_reads", "busy_time")
    return {
        "target": {"name": "t", "board": board},
        "mapping": {
            "places": [dict(zip(("chip", "column", "row", "core"), place, strict=True)) for place in places],
            "layers": {"first": [0], "second": list(range(cores))},
            "occupancy": [{"first": 3, "second": 4}, *({"second": 5} for _ in range(cores - 1))],
        },
        "utilisation": [
            {"core": core, "resource": "neurons", "used": 4 + core, "limit": 8} for core in range(cores)
        ],
        "activity": {
            "cores": {name: [1.5 * core for core in range(cores)] for name in work},
            "links": [{"from": [0, 0, 0], "to": [0, 1, 0], "packets": 8.0}],
        },
        "core_energy": [1e-6 * core for core in range(cores)],
        **changes,
    }  # fmt: skip


@given(
    chips=st.integers(1, 7), known_rows=st.booleans(), columns=st.integers(1, 5), rows=st.integers(1, 5),
    cores=st.integers(1, 17),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_no_core_lies_upon_another_or_outside(
    chips: int, known_rows: bool, columns: int, rows: int, cores: int
) -> None:
    section = board_section(
        chips=chips, chip_columns=1 if known_rows else None, columns=columns, rows=rows, cores_per_tile=cores
    )
    board = Board.of(section, range(chips))
    corners = [
        board.core_corner((chip, column, row), core)
        for chip in range(chips)
        for column in range(columns)
        for row in range(rows)
        for core in range(cores)
    ]
    assert all(0 <= x <= board.width - CORE and 0 <= y <= board.height - CORE for x, y in corners)
    for (x, y), (other_x, other_y) in combinations(sorted(corners)[:200], 2):
        assert abs(x - other_x) >= CORE or abs(y - other_y) >= CORE


@given(
    chips=st.sampled_from([1, 2, 4, 6]), columns=st.integers(1, 4), rows=st.integers(1, 4), torus=st.booleans(),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_every_link_is_a_line_of_its_own_within_the_picture(chips: int, columns: int, rows: int, torus: bool) -> None:
    across = 2 if chips > 1 else None
    board = Board.of(board_section(chips=chips, chip_columns=across, columns=columns, rows=rows), range(chips))
    links = [
        {"from": start, "to": end, "packets": 1.0 + number}
        for number, (start, end) in enumerate(Mesh(chips, columns, rows, across, torus).links)
    ]
    drawn = drawn_links(board, links)
    lines = [line for link in drawn for line in link.lines]
    assert len({tuple(round(value, 3) for value in line) for line in lines}) == len(lines)
    assert all(0 <= x <= board.width and 0 <= y <= board.height for line in lines for x, y in (line[:2], line[2:]))
    assert max((link.share for link in drawn), default=1) == 1
    for link in drawn:
        beside = (
            link.start[0] == link.end[0] and abs(link.start[1] - link.end[1]) + abs(link.start[2] - link.end[2]) == 1
        )
        assert len(link.lines) in ((1, 2) if beside else (2,))


def test_both_ways_of_a_link_keep_to_their_right() -> None:
    board = Board.of(board_section(), [0])
    there, back = drawn_links(
        board, [{"from": [0, 0, 0], "to": [0, 1, 0], "packets": 2}, {"from": [0, 1, 0], "to": [0, 0, 0], "packets": 1}]
    )
    ((x, y, to_x, to_y),), ((_, back_y, _, _),) = there.lines, back.lines
    assert y == to_y and to_x > x
    assert y > back_y  # going east, the right is below
    assert (there.share, back.share) == (1, 0.5)


def test_links_off_the_chip_are_stubs_on_both_chips() -> None:
    board = Board.of(board_section(chips=2, chip_columns=2), [0, 1])
    (link,) = drawn_links(board, [{"from": [0, 2, 1], "to": [1, 0, 1], "packets": 3}])
    leaving, arriving = link.lines
    assert leaving[2] > leaving[0] and arriving[2] > arriving[0]  # both lead east
    assert arriving[0] > leaving[2]


def test_chips_without_a_core_in_use_are_left_out() -> None:
    picture = chip_picture(report_of(board_section(chips=40), [(3, 0, 0, 0), (17, 2, 1, 3)]))
    assert picture is not None
    assert (picture.chips, picture.shown) == (40, 2)
    assert "chip 3<" in picture.svg and "chip 17<" in picture.svg


def test_colours_are_shares_of_the_limit_or_of_the_most() -> None:
    report = report_of(board_section(), [(0, 0, 0, core) for core in range(4)] + [(0, 1, 0, 0)])
    neurons, busy, *_ = core_quantities(report)
    assert (neurons.name, neurons.scale, neurons.shares()) == ("neurons", "limit", (0.5, 0.625, 0.75, 0.875, 1.0))
    assert (busy.name, busy.scale, busy.shares()) == ("busy time a step", "most", (0, 0.25, 0.5, 0.75, 1))
    picture = chip_picture(report)
    assert picture is not None
    drawn = re.findall(r'data-core="(\d)" class="core l(\d+)"', picture.svg)
    assert drawn == [(str(core), str(level(share))) for core, share in enumerate(neurons.shares())]
    assert level(0) == 0 and level(1) == level(7) == LEVELS - 1


def test_an_overfull_core_stands_out() -> None:
    report = report_of(board_section(), [(0, 0, 0, 0)])
    report["utilisation"][0]["used"] = 9
    picture = chip_picture(report)
    assert picture is not None and f'class="core l{LEVELS - 1} over"' in picture.svg


def test_what_is_hardly_used_is_not_the_first_thing_to_see() -> None:
    report = report_of(board_section(), [(0, 0, 0, 0), (0, 0, 0, 1)])
    for entry in report["utilisation"]:
        entry["limit"] = 1000
    first, *_, last = core_quantities(report)
    assert (first.name, last.name) == ("busy time a step", "neurons")


def test_data_for_the_script_is_what_the_report_has() -> None:
    report = report_of(board_section(), [(0, 0, 0, 0), (0, 1, 1, 2)])
    picture = chip_picture(report)
    assert picture is not None
    data = picture.data
    assert data["places"] == [(0, 0, 0, 0), (0, 1, 1, 2)]
    assert data["layers"] == ["first", "second"]
    assert data["neurons"] == [[[0, 3], [1, 4]], [[1, 5]]]
    assert data["links"] == [[0, 0, 0, 0, 1, 0, 8]]
    by_name = {quantity["name"]: quantity for quantity in data["quantities"]}
    assert by_name["neurons"]["values"] == [4, 5] and by_name["neurons"]["limits"] == 8
    assert by_name["dynamic energy a sample"]["values"] == [0, 1e-6]


def test_dead_reserved_and_absent_places_are_told_apart() -> None:
    section = board_section(absent_tiles=[[0, 2, 1]], dead_cores=[[0, 0, 0, 1]], reserved_cores=[[0, 0, 0, 2]])
    picture = chip_picture(report_of(section, [(0, 0, 0, 0)]))
    assert picture is not None
    assert picture.svg.count('class="free') == 3 * 2 * 4 - 4 - 1
    assert "<title>dead core</title>" in picture.svg and "<title>reserved core</title>" in picture.svg


@pytest.mark.parametrize("missing", ["target", "activity"])
def test_a_report_without_a_board_has_no_picture(missing: str) -> None:
    report = report_of(board_section(), [(0, 0, 0, 0)])
    del report[missing]
    assert chip_picture(report) is None


@pytest.mark.parametrize(("cores", "largest"), [(128, 3e6), (5000, 15e6)])
def test_a_page_of_many_cores_stays_small(cores: int, largest: float) -> None:
    section = board_section(chips=42, columns=8, rows=4)
    places = [(core // 128, core // 4 % 8, core // 32 % 4, core % 4) for core in range(cores)]
    report = report_of(section, places)
    mesh = Mesh(-(-cores // 128), 8, 4)
    report["activity"]["links"] = [
        {"from": start, "to": end, "packets": 1 / (1 + number)} for number, (start, end) in enumerate(mesh.links)
    ]
    report["core_energy"] = [1e-6 / (3 + core) for core in range(cores)]
    assert 50 * cores < len(render(report)) < largest


@pytest.mark.parametrize(
    ("mesh", "tile", "named"), [("square", "tile", "chip 0, column 2, row 1"), ("triangular", "chip", "chip 2, 1")]
)
def test_what_holds_the_cores_is_called_as_its_users_call_it(mesh: str, tile: str, named: str) -> None:
    board = board_section(mesh=mesh)
    report = report_of(board, [(0, 0, 0, 0), (0, 1, 0, 0)])
    picture = chip_picture(report)
    assert picture is not None and picture.data["tile"] == picture.tile == tile
    assert place_name(board, (0, 2, 1)) == named
    assert f"Lines are links between {tile}s" in render(report)
