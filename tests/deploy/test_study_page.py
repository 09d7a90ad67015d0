"""The page of a study: one file that needs nothing else, with tables as people read them, and nothing that runs."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spikeloom.deploy.figures.figure import Figure
from spikeloom.deploy.figures.heat_map import heat_map
from spikeloom.deploy.figures.lines import Series, lines
from spikeloom.deploy.figures.matrices import matrices
from spikeloom.deploy.studies.page import LARGEST_FIGURES, SHOWN_ROWS, render_study
from spikeloom.deploy.studies.table_cells import cell, columns_of

Parsed = Callable[[str], Any]
ATTACK = "</style><script>alert(1)</script><img src=http://example.com/x onerror=alert(2)>"


def document(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Noise of digits",
        "summary": "What noise does.",
        "sentences": ["Half of the answers break.", "The others hold."],
        "settings": {"mean": 0.0, "time_constants": [float(value) for value in range(1, 21)], "seed": 3},
        "subject": {"model": "digits", "data": {"name": "test data", "samples": 200}},
        "tables": {"layers": "layers.csv", "empty": "empty.csv"},
        "assumptions": ["noise: is Gaussian."],
        "command": "spikeloom study noise digits",
        "seed": 3,
        "versions": {"spikeloom": "1.0", "numpy": "2.0"},
        "date": "2026-01-02",
    } | changes


def figures() -> list[Figure]:
    grid = np.random.default_rng(0).random((70, 70))
    return [
        lines([Series("a", [1, 2], [1, 2])], name="line", title="A line", caption="It rises."),
        heat_map(grid, range(70), range(70), name="map", title="A map"),
        matrices({"clean": grid * 2 - 1, "broken": grid - 1}, name="pair", title="Two matrices"),
    ]


def test_a_page_is_whole_and_fetches_nothing(parsed: Parsed) -> None:
    rows = [{"layer": f"lif{number}", "spikes": number * 1.5} for number in range(120)]
    text = render_study(document(), figures(), {"layers": rows, "empty": []})
    page = parsed(text)
    assert page.tags.count("figure") == 3 and page.tags.count("svg") == 3
    assert {target.split(":")[0] for target in page.fetched} == {"data", "layers.csv"}
    # The only address is the name of SVG's own vocabulary, which nobody fetches.
    assert set(re.findall(r"https?://[^\"'\s<]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "script" not in page.tags and "link" not in page.tags and "@import" not in text and "url(" not in text
    assert "default-src 'none'" in text
    for words in ("Noise of digits", "Half of the answers break.", "The others hold.", "What noise does.",
                  "It rises.", "noise: is Gaussian.", "spikeloom study noise digits", "2026-01-02",
                  "1, 2 … 20 (20 values)", "No rows."):  # fmt: skip
        assert words in page.text
    assert len(text) < 3_000_000


def test_the_first_rows_of_a_long_table_are_shown(parsed: Parsed) -> None:
    rows = [{"number": number, "name": f"row-{number}-end"} for number in range(SHOWN_ROWS + 1)]
    page = parsed(render_study(document(tables={"all": "all rows.csv"}), [], {"all": rows}))
    assert f"row-{SHOWN_ROWS - 1}-end" in page.text and f"row-{SHOWN_ROWS}-end" not in page.text
    assert f"The first {SHOWN_ROWS} of {SHOWN_ROWS + 1} rows" in page.text
    assert "all%20rows.csv" in page.fetched
    short = parsed(render_study(document(), [], {"all": rows[:SHOWN_ROWS]})).text
    assert "The first" not in short and "In full precision" in short


def test_nothing_that_a_user_wrote_becomes_a_part_of_the_page(parsed: Parsed) -> None:
    text = render_study(
        document(
            title=ATTACK, summary=ATTACK, sentences=[ATTACK, ATTACK], settings={ATTACK: ATTACK}, command=ATTACK,
            subject={ATTACK: ATTACK}, versions={ATTACK: ATTACK}, assumptions=[ATTACK],
        ),
        [lines([Series(ATTACK, [1], [1])], name="line", title=ATTACK, caption=ATTACK)],
        {ATTACK: [{ATTACK: ATTACK}]},
    )  # fmt: skip
    page = parsed(text)
    assert "script" not in page.tags and "img" not in page.tags
    assert "<script" not in text and page.text.count("<script>alert(1)</script>") > 8
    assert not any(target.startswith(("http", "javascript")) for target in page.fetched)


def test_a_page_stays_below_three_megabytes(parsed: Parsed) -> None:
    heavy = Figure("heavy", "Heavy", "", f"<svg>{'<g></g>' * (LARGEST_FIGURES // 7)}</svg>")
    light = lines([Series("", [1, 2], [1, 2])], name="light", title="Light")
    rows = [{f"column-{number}": 0.123456789 for number in range(20)}] * 5000
    text = render_study(document(), [heavy, light, *figures()], {f"table-{number}": rows for number in range(5)})
    assert len(text.encode()) < 3_000_000
    page = parsed(text)
    assert page.text.count("Left out: with it the page would be larger than 3 MB") == 1
    assert page.tags.count("svg") == 4


def test_a_document_with_holes_still_gives_a_page(parsed: Parsed) -> None:
    assert "Study" in parsed(render_study({}, [], {})).text
    with pytest.raises(ValueError, match="same name"):
        render_study({}, [figures()[0], figures()[0]], {})


def test_energies_and_latencies_get_their_unit() -> None:
    rows = [
        {"energy": 3.2e-6, "energy_saved": 0.25, "first_right_latency_low": None, "whole_latency": 8e-5},
        {"energy": 1.2346e-5, "energy_saved": 0.5, "first_right_latency_low": 2e-3, "whole_latency": 9.5e-4},
    ]
    found = {column.name: column.cells for column in columns_of(rows)}
    assert found == {
        "energy (µJ)": ("3.20", "12.35"),
        "energy saved": ("0.25", "0.50"),
        "first right latency low (ms)": ("–", "2"),
        "whole latency (µs)": ("80", "950"),
    }
    assert columns_of([{"energy": 0.0}])[0].cells == ("0",)
    assert columns_of([{"energy": None}])[0].name == "energy"


def test_columns_have_the_digits_that_say_something() -> None:
    rows = [{"a": 0.1, "b": 1, "c": "x", "d": True}, {"a": 12.345678, "c": None, "e": float("nan")}]
    found = {column.name: column for column in columns_of(rows)}
    assert found["a"].cells == ("0.10", "12.35") and found["a"].numeric
    assert found["b"].cells == ("1", "–") and found["c"].cells == ("x", "–") and not found["c"].numeric
    assert found["d"].cells == ("yes", "–") and found["e"].cells == ("–", "–")
    assert (cell(-1234567), cell(-0.25), cell(3e-9), cell({"a_b": 1.5})) == ("−1,234,567", "−0.25", "3·10⁻⁹", "a b 1.5")
