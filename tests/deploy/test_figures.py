"""Figures over axes: SVG that any browser reads, ticks at round numbers, and no value that cannot be drawn."""

import math
import re
from collections.abc import Callable, Sequence
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.deploy.figures.bars import Bars, bars
from spikeloom.deploy.figures.elements import coordinate, element
from spikeloom.deploy.figures.figure import WIDTH, Figure
from spikeloom.deploy.figures.lines import Series, lines
from spikeloom.deploy.figures.scale import Axis, fitted
from spikeloom.deploy.figures.scatter import Group, Point, scatter
from spikeloom.deploy.figures.tick_labels import tick_labels

SVG = "{http://www.w3.org/2000/svg}"
AWKWARD = "<script>alert('a & b')</script>\x00\x1b \"quoted\" ]]>"
NUMBERS = st.one_of(
    st.none(), st.floats(), st.floats(-1e3, 1e3), st.sampled_from([0.0, -0.0, 1e-300, 1e300, math.nan, -math.inf, 1e-9])
)
AXES = st.builds(Axis, st.just("energy"), st.sampled_from(["", "J", "s", "%", "steps"]), st.booleans())


def read(figure: Figure) -> ElementTree.Element:
    """The picture as a browser reads it; all places in it are numbers."""
    root = ElementTree.fromstring(figure.svg)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img" and root.get("aria-label")
    for part in root.iter():
        assert part.tag.removeprefix(SVG) in {"svg", "g", "path", "rect", "circle", "text", "title", "image"}
        for name in ("x", "y", "cx", "cy", "r", "width", "height", "rx"):
            if (value := part.get(name)) is not None:
                assert re.fullmatch(r"-?\d+(\.\d)?", value)
        if (data := part.get("d")) is not None:
            assert re.fullmatch(r"(?:[ML]-?\d+(?:\.\d)? -?\d+(?:\.\d)?|Z)*", data)
        for name in ("width", "height", "r"):
            assert float(part.get(name, "0")) >= 0
    words = re.findall(r"[a-zA-Z]+", " ".join(texts(figure)).lower())
    assert not {"nan", "inf", "infinity", "none"} & set(words)
    return root


def texts(figure: Figure) -> list[str]:
    return [text for part in ElementTree.fromstring(figure.svg).iter() for text in [part.text] if text]


def parts(figure: Figure, class_: str) -> list[ElementTree.Element]:
    return [part for part in read(figure).iter() if class_ in part.get("class", "").split()]


def points(count: int) -> st.SearchStrategy[list[float | None]]:
    return st.lists(NUMBERS, min_size=count, max_size=count)


@settings(max_examples=60, deadline=None)
@given(points(6), points(6), points(6), points(6), AXES, AXES)
def test_lines_draw_whatever_they_are_given(
    x: Sequence[float], y: Sequence[float], low: Sequence[float], high: Sequence[float], across: Axis, up: Axis
) -> None:
    series = [Series("one", x, y, low, high), Series("other", y, x)]
    read(lines(series, name="a", title="t", horizontal=across, vertical=up))


@settings(max_examples=60, deadline=None)
@given(points(5), points(5), points(4), AXES, AXES)
def test_points_are_drawn_whatever_they_are(
    x: Sequence[float], y: Sequence[float], route: Sequence[float], across: Axis, up: Axis
) -> None:
    group = Group("g", [Point(*place, label=f"p{number}") for number, place in enumerate(zip(x, y, strict=True))])
    path = list(zip(route, reversed(route), strict=True))
    read(scatter([group], name="a", title="t", horizontal=across, vertical=up, path=path))


@settings(max_examples=60, deadline=None)
@given(points(4), points(4), points(4))
def test_bars_are_drawn_whatever_they_are(values: Sequence[float], low: Sequence[float], high: Sequence[float]) -> None:
    series = [Bars("one", values, low, high), Bars("other", high)]
    read(bars(["a", "b", "c", "d"], series, name="a", title="t", quantity=Axis("energy", "J")))


@pytest.mark.parametrize(
    "draw",
    [
        lambda text: lines(
            [Series(text, [1, 2], [1, 2])], name="a", title=text, caption=text, vertical=Axis(text, text)
        ),
        lambda text: bars([text, "b"], [Bars(text, [1, 2]), Bars("c", [1, 2])], name="a", title=text, caption=text),
        lambda text: scatter([Group(text, [Point(1, 1, text, text)]), Group("b", [])], name="a", title=text),
    ],
)
def test_texts_cannot_become_elements(draw: Callable[[str], Figure]) -> None:
    figure = draw(AWKWARD)
    read(figure)
    assert "<script" not in figure.svg and "\x00" not in figure.svg
    assert any("<script>alert" in text or "<script>a" in text for text in texts(figure))


@pytest.mark.parametrize(
    "figure",
    [
        lines([], name="a", title="t"),
        lines([Series("", [1, 2], [None, math.nan])], name="a", title="t"),
        lines([Series("", [1, 2], [0, -1])], name="a", title="t", vertical=Axis(logarithmic=True)),
        bars(["a"], [Bars("x", [None])], name="a", title="t"),
        bars([], [], name="a", title="t"),
        scatter([], name="a", title="t"),
        scatter([Group("g", [Point(math.nan, 1)])], name="a", title="t"),
    ],
)
def test_a_figure_without_values_says_so(figure: Figure) -> None:
    read(figure)
    assert "Nothing to show" in texts(figure)


def test_constant_values_are_drawn_within_the_picture() -> None:
    figure = lines([Series("", [3, 3, 3], [5e-6, 5e-6, 5e-6])], name="a", title="t", vertical=Axis("energy", "J"))
    for mark in parts(figure, "mark"):
        assert 0 < float(mark.get("cx", "")) < WIDTH and float(mark.get("cy", "")) > 0
    assert "energy (µJ)" in texts(figure) and "5" in texts(figure)


def test_values_stand_where_the_axis_says() -> None:
    figure = lines([Series("", [0, 4, 10], [0.0, 0.2, 1.0])], name="a", title="t", vertical=Axis("share", "%"))
    marks = [(float(mark.get("cx", "")), float(mark.get("cy", ""))) for mark in parts(figure, "mark")]
    ticks = {(text.get("text-anchor"), text.text): text for text in parts(figure, "tick")}
    for across, up, (x, y) in zip(["0", "4", "10"], ["0", "20", "100"], marks, strict=True):
        assert float(ticks["middle", across].get("x", "")) == pytest.approx(x, abs=0.2)
        assert float(ticks["end", up].get("y", "")) - 4 == pytest.approx(y, abs=0.2)


def test_a_logarithmic_axis_has_equal_factors_apart_equally_and_counts_what_it_cannot_show() -> None:
    scale = fitted(Axis("spikes", logarithmic=True), [0.01, 100], 0, 400)
    assert [text for _, text in scale.ticks] == ["0.01", "0.1", "1", "10", "100"]
    assert scale.at(1) - scale.at(0.1) == pytest.approx(scale.at(100) - scale.at(10))
    assert not scale.can_show(0) and not scale.can_show(-1)
    series = [Series("", [1, 2, 3, 4], [0.0, -1.0, 1.0, 10.0])]
    figure = lines(series, name="a", title="t", vertical=Axis("spikes", logarithmic=True))
    assert "2 points at or below zero: no place on a logarithmic axis." in texts(figure)
    assert len(parts(figure, "mark")) == 2
    with pytest.raises(ValueError, match="logarithmic"):
        bars(["a"], [Bars("x", [1])], name="a", title="t", quantity=Axis(logarithmic=True))


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.booleans())
def test_ticks_rise_and_lie_on_the_axis(low: float, length: float, logarithmic: bool) -> None:
    low = abs(low) + 1e-6 if logarithmic else low
    scale = fitted(Axis(logarithmic=logarithmic), [low, low + length], 0, 100)
    values = [value for value, _ in scale.ticks]
    assert 2 <= len(values) <= 20 and values == sorted(set(values))
    assert all(-0.01 <= scale.at(value) <= 100.01 for value in values)
    assert scale.at(low) >= 0 and scale.at(low + length) <= 100 + 1e-9
    if length > 1e-3 * abs(low):
        assert len({text for _, text in scale.ticks}) == len(values)


def test_numbers_are_written_as_people_read_them() -> None:
    assert tick_labels([0.1 + 0.2, 1.0]) == ["0.3", "1"]
    assert tick_labels([1234567.0, 0.5]) == ["1.234567·10⁶", "0.5"]
    scale = fitted(Axis("energy", "J"), [2.5e-5], 0, 1)
    assert scale.shown(2.5e-5) == "25 µJ" and scale.title == "energy (µJ)"


def test_what_the_pointer_shows_has_value_and_unit() -> None:
    figure = scatter(
        [Group("points", [Point(2e-6, 0.985, "knee", "threshold 1.3")])],
        name="a", title="t", horizontal=Axis("energy", "J"), vertical=Axis("accuracy", "%"),
    )  # fmt: skip
    assert "knee, threshold 1.3, points: accuracy 98.5 %, energy 2 µJ" in texts(figure)


def test_labels_of_neighbours_do_not_cover_each_other() -> None:
    group = Group("g", [Point(0.5 + number * 1e-3, 0.5, f"label {number}") for number in range(6)])
    figure = scatter([group, Group("h", [Point(0, 0), Point(1, 1)])], name="a", title="t")
    places = [float(text.get("y", "")) for text in parts(figure, "point-label")]
    sides = [text.get("text-anchor") for text in parts(figure, "point-label")]
    for number, place in enumerate(places):
        for other in range(number):
            assert abs(place - places[other]) >= 12 or sides[number] != sides[other]


def test_series_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="'a'"):
        Series("a", [1, 2], [1])
    with pytest.raises(ValueError, match="2 groups"):
        bars(["a", "b"], [Bars("x", [1])], name="a", title="t")
    with pytest.raises(ValueError, match="cannot be named"):
        Figure("Bad name!", "", "", "")


def test_a_place_that_is_none_is_an_error() -> None:
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="finite"):
            coordinate(value)
        with pytest.raises(ValueError, match="finite"):
            element("rect", x=value)
