"""Heat maps and matrices: every cell at its place in its colour, boundaries around the right cells."""

import base64
import re
import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from spikeloom.deploy.figures.figure import Figure
from spikeloom.deploy.figures.heat_map import Mark, heat_map
from spikeloom.deploy.figures.matrices import averaged, matrices
from spikeloom.deploy.figures.palette import AMOUNTS, SIGNS, is_dark, ramp_colour
from spikeloom.deploy.figures.raster import LEVELS, png
from spikeloom.deploy.figures.scale import Axis

Matrix = NDArray[np.float64]


def parts(figure: Figure, class_: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(figure.svg)
    return [part for part in root.iter() if class_ in part.get("class", "").split()]


def texts(figure: Figure) -> list[str]:
    return [part.text for part in ElementTree.fromstring(figure.svg).iter() if part.text]


def pixels(data: bytes) -> tuple[list[bytes], NDArray[np.uint8]]:
    """Palette and palette numbers of a PNG file, whose sums are checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + size]
        assert struct.unpack(">I", data[place + 8 + size : place + 12 + size])[0] == zlib.crc32(kind + body)
        chunks[kind], place = body, place + 12 + size
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any() and chunks[b"tRNS"] == b"\0"
    palette = [chunks[b"PLTE"][start : start + 3] for start in range(0, len(chunks[b"PLTE"]), 3)]
    return palette, rows[:, 1:]


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.floats(allow_nan=True)),
    st.booleans(),
    st.sampled_from(["", "J", "%"]),
)
def test_any_grid_is_drawn_or_refused_in_words(values: Matrix, logarithmic: bool, unit: str) -> None:
    rows, columns = values.shape
    figure = heat_map(
        values, range(columns), range(rows), name="a", title="t", quantity=Axis("q", unit, logarithmic),
        boundary=values > 0, marks=[Mark(0, 0, "corner"), Mark(99, 99, "outside")],
    )  # fmt: skip
    assert not re.search(r"\bnan\b|\binf\b", figure.svg, re.IGNORECASE)
    # What can be drawn: up to 1e100, and above zero where the scale is logarithmic.
    shown = np.abs(values) <= 1e100
    if logarithmic:
        shown &= values >= 1e-100
    if shown.any():
        assert len(parts(figure, "value")) == values.size
        assert len([cell for cell in parts(figure, "value") if cell.get("fill") != "transparent"]) == shown.sum()
        assert "outside" not in texts(figure) and "corner" in texts(figure)
        assert any("no value" in text for text in texts(figure)) or shown.all()
    else:
        assert "Nothing to show" in texts(figure)


def test_cells_stand_at_their_values_and_have_their_colours() -> None:
    values = np.array([[0.0, 0.5], [1.0, np.nan]])
    figure = heat_map(values, [1, 2], [10, 20], name="a", title="t", quantity=Axis("accuracy", "%", low=0, high=1))
    by_title = {cell[0].text: cell for cell in parts(figure, "value")}
    assert set(by_title) == {"1, 10: 0 %", "2, 10: 50 %", "1, 20: 100 %", "2, 20: no value"}
    place = {title: (float(cell.get("x", "")), float(cell.get("y", ""))) for title, cell in by_title.items()}
    assert place["1, 10: 0 %"][0] < place["2, 10: 50 %"][0] and place["1, 10: 0 %"][1] > place["1, 20: 100 %"][1]
    for title, share in (("1, 10: 0 %", 0.0), ("2, 10: 50 %", 0.5), ("1, 20: 100 %", 1.0)):
        assert by_title[title].get("fill") == ramp_colour(AMOUNTS, share)
    assert by_title["2, 20: no value"].get("fill") == "transparent"
    for figure_text in parts(figure, "cell-figure"):
        share = float(figure_text.text or "") / 100
        assert ("bright" in figure_text.get("class", "")) == is_dark(ramp_colour(AMOUNTS, share))


def test_the_boundary_runs_between_cells_within_and_without() -> None:
    inside = np.zeros((4, 5), dtype=bool)
    inside[1:3, 2] = True
    figure = heat_map(np.ones((4, 5)), range(5), range(4), name="a", title="t", boundary=inside)
    under, line = parts(figure, "boundary")
    assert under.get("d") == line.get("d") and "under" in under.get("class", "")
    pieces = re.findall(r"M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)", line.get("d") or "")
    assert len(pieces) == 6  # two cells, one above the other: two sides each, and two ends
    cells = {cell[0].text.split(":")[0]: cell for cell in parts(figure, "value") if cell[0].text}  # type: ignore[union-attr]
    low, high = cells["2, 1"], cells["2, 2"]
    left, width = float(low.get("x", "")), float(low.get("width", ""))
    top, bottom = float(high.get("y", "")), float(low.get("y", "")) + float(low.get("height", ""))
    places = np.array(pieces, dtype=float)
    assert places[:, [0, 2]].min() == pytest.approx(left, abs=0.2)
    assert places[:, [0, 2]].max() == pytest.approx(left + width, abs=0.2)
    assert places[:, [1, 3]].min() == pytest.approx(top, abs=0.2)
    assert places[:, [1, 3]].max() == pytest.approx(bottom, abs=0.2)
    nowhere = heat_map(np.ones((2, 2)), range(2), range(2), name="a", title="t", boundary=np.zeros((2, 2), bool))
    assert not parts(nowhere, "boundary")


def test_marks_stand_between_the_values_of_the_grid() -> None:
    figure = heat_map(
        np.ones((3, 3)), [0, 1, 2], [1, 10, 100], name="a", title="t", marks=[Mark(0.5, 10, "half"), Mark(1, 1, "low")]
    )
    cells = {cell[0].text.split(":")[0]: cell for cell in parts(figure, "value") if cell[0].text}  # type: ignore[union-attr]
    rings = [(float(ring.get("cx", "")), float(ring.get("cy", ""))) for ring in parts(figure, "ring")][::2]
    edge = float(cells["1, 10"].get("x", ""))
    assert rings[0][0] == pytest.approx(edge, abs=0.2)  # the middle between two cells
    assert rings[1][0] == pytest.approx(edge + float(cells["1, 10"].get("width", "")) / 2, abs=0.2)


def test_a_large_grid_becomes_one_picture_with_the_lowest_row_below() -> None:
    values = np.arange(60 * 60, dtype=float).reshape(60, 60)
    values[0, 0] = np.nan
    figure = heat_map(values, range(60), range(60), name="a", title="t")
    (picture,) = parts(figure, "raster")
    palette, levels = pixels(base64.b64decode(picture.get("href", "").split(",")[1]))
    assert levels.shape == (60, 60) and levels[-1, 0] == 0 and (levels[:-1] > 0).all()
    assert levels[0, -1] > levels[-1, 1] and len(figure.svg) < 60_000
    assert palette[int(levels[0, -1])].hex() == ramp_colour(AMOUNTS, round(125 / 126, 3))[1:] or levels[0, -1] >= 120


def test_a_raster_has_the_colours_of_its_ramp() -> None:
    palette, levels = pixels(png(np.array([[0.0, 0.5, 1.0, np.nan, -3.0, 7.0]]), SIGNS))
    assert levels.tolist() == [[1, LEVELS // 2 + 1, LEVELS, 0, 1, LEVELS]]
    assert ["#" + palette[level].hex() for level in levels[0, :3]] == [SIGNS[0], SIGNS[3], SIGNS[-1]]


def test_grids_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="not 2 rows of 3"):
        heat_map(np.ones((3, 2)), range(3), range(2), name="a", title="t")
    with pytest.raises(ValueError, match="boundary"):
        heat_map(np.ones((2, 3)), range(3), range(2), name="a", title="t", boundary=np.ones((1, 3), bool))
    with pytest.raises(ValueError, match="square"):
        matrices({"a": np.ones((2, 3))}, name="a", title="t")


def test_matrices_stand_side_by_side_on_one_scale() -> None:
    first, second = np.array([[1.0, 0.25], [0.25, 1.0]]), np.array([[np.nan, -1.0], [-1.0, np.nan]])
    figure = matrices({"clean": first, "broken": second}, name="a", title="t")
    cells = {part[0].text: part for part in ElementTree.fromstring(figure.svg).iter() if len(part) and part.get("fill")}
    assert cells["clean, 0 and 1: 0.250"].get("fill") == ramp_colour(SIGNS, 0.625)
    assert cells["broken, 1 and 0: −1.000"].get("fill") == SIGNS[0]
    assert len(cells) == 6  # without the two that have no value
    assert float(cells["broken, 0 and 1: −1.000"].get("x", "")) > float(cells["clean, 1 and 1: 1.000"].get("x", ""))
    assert any("no value" in text for text in texts(figure)) and {"−1", "0", "1"} <= set(texts(figure))
    assert "Nothing to show" in texts(matrices({"a": np.full((3, 3), np.nan)}, name="a", title="t"))
    assert "Nothing to show" in texts(matrices({}, name="a", title="t"))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 12))
def test_a_matrix_made_smaller_keeps_its_means(size: int, largest: int) -> None:
    random = np.random.default_rng(size)
    values = random.uniform(-1, 1, (size, size))
    values[random.random((size, size)) < 0.2] = np.nan
    small, factor = averaged(values, largest)
    assert len(small) <= largest and len(small) == -(-size // factor)
    for row, column in np.ndindex(small.shape):
        block = values[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]
        known = block[np.isfinite(block)]
        expected = known.mean() if known.size else np.nan
        assert small[row, column] == pytest.approx(expected, nan_ok=True)
