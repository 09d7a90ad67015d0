"""Several targets on one page, in the terminal and in Markdown: the same rows, safe, with a link to each report."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from spikeloom.deploy.artifact.artifact import read_report
from spikeloom.deploy.comparison.document import SUBJECTS, comparison_document
from spikeloom.deploy.comparison.page import render_comparison
from spikeloom.deploy.comparison.rows import (
    LONGEST_VALUE,
    change_rows,
    figure_rows,
    least_sentence,
    placement_rows,
    shown_value,
)
from spikeloom.deploy.document.markdown import markdown_of
from spikeloom.deploy.document.terminal import print_document

Parsed = Callable[[str], Any]
ATTACK = "<script>alert(1)</script>\"'&"
COMMAND = "spikeloom deploy small.nir"


@pytest.fixture
def comparison(several_targets: Path) -> dict[str, Any]:
    return read_report(several_targets)


def printed(comparison: dict[str, Any], width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_document(comparison_document(comparison), console)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_deploy_wrote_the_page_of_its_report(several_targets: Path, comparison: dict[str, Any]) -> None:
    written = (several_targets / "report.html").read_text(encoding="utf-8")
    assert written == render_comparison(comparison, beside=True)


def test_page_and_terminal_say_the_same(comparison: dict[str, Any], parsed: Parsed) -> None:
    page = parsed(render_comparison(comparison)).text
    table = " ".join(printed(comparison).split())
    for row in (*figure_rows(comparison), *change_rows(comparison), *placement_rows(comparison)):
        assert row.name in page and row.name in table
        for cell in row.cells:
            assert cell.figure in page and cell.detail in page
            assert str(cell) in table
    sentences = [
        comparison["verdict"], *comparison["notes"], *comparison["refused"],
        *(change["summary"] for change in comparison["changes"]),
        comparison["deployments"][0]["baseline"]["verdict"],
        *(least_sentence(name, least) for name, least in comparison["least_energy"].items()),
    ]  # fmt: skip
    for sentence in sentences:
        assert sentence in page and sentence in table
    reason = " ".join(comparison["refused"]["narrow"].split())
    assert "neurons" in reason and reason in page and reason in table
    assert "small runs on loihi2, spinnaker1 and spinnaker2, and does not fit narrow." in page
    assert COMMAND in page and COMMAND in table


def test_markdown_says_it_too(comparison: dict[str, Any]) -> None:
    text = markdown_of(comparison_document(comparison))
    assert text.startswith("# small on 3 targets\n\n**")
    for row in (*figure_rows(comparison), *change_rows(comparison)):
        for cell in row.cells:
            assert str(cell) in text


@pytest.mark.parametrize("width", [80, 120])
def test_lines_are_as_long_as_the_terminal_is_wide(comparison: dict[str, Any], width: int) -> None:
    text = printed(comparison, width)
    assert max(map(len, text.splitlines())) <= width and "\x1b" not in text
    for row in figure_rows(comparison):
        for cell in row.cells:
            assert str(cell) in text  # figures stay in one piece


def test_rows_hold_the_figures_of_the_deployments(comparison: dict[str, Any]) -> None:
    rows = {row.name: row.cells for row in figure_rows(comparison)}
    assert [cell.figure for cell in rows["target"]] == ["loihi2", "spinnaker1", "spinnaker2"]
    assert [cell.figure for cell in rows["cores"]] == [str(one["cores"]) for one in comparison["deployments"]]
    least = comparison["least_energy"]["chip_total"]["label"]
    assert [
        one["label"]
        for one, cell in zip(comparison["deployments"], rows["energy, chip total"], strict=True)
        if cell.least
    ] == [least]
    unknown = [
        str(cell)
        for one, cell in zip(comparison["deployments"], rows["energy, system total"], strict=True)
        if "system_total" not in one["energy_accounts"]
    ]
    assert unknown and set(unknown) == {"–"}


def test_each_name_leads_to_the_report_beside_the_page(
    several_targets: Path, comparison: dict[str, Any], parsed: Parsed
) -> None:
    links = set(parsed(render_comparison(comparison, beside=True)).fetched)
    assert links == {"loihi2/report.html", "spinnaker1/report.html", "spinnaker2/report.html"}
    assert all((several_targets / link).is_file() for link in links)
    assert parsed(render_comparison(comparison)).fetched == []
    comparison["deployments"][0]["label"] = "javascript:alert(1)"
    fetched = parsed(render_comparison(comparison, beside=True)).fetched
    assert fetched[0] == "javascript%3Aalert%281%29/report.html"


def test_the_page_needs_no_script_and_no_network(comparison: dict[str, Any], parsed: Parsed) -> None:
    page = render_comparison(comparison)
    assert not {"script", "link", "img", "iframe"} & set(parsed(page).tags)
    for feature in ("<!doctype html>", "default-src 'none'", "prefers-color-scheme: dark", "width=device-width"):
        assert feature in page
    assert page.startswith("<!doctype html>")


def test_there_is_a_picture_of_each_account_and_of_the_time(comparison: dict[str, Any], parsed: Parsed) -> None:
    page = render_comparison(comparison)
    for name in ("accuracy", "dynamic_neurocore", "chip_total", "system_total", "latency"):
        assert page.count(f'<figure id="{name}">') == 1
    assert parsed(page).tags.count("svg") == 5


def hostile(value: Any) -> Any:
    """The document with every text in it replaced, but those that the schema allows a few of."""
    if isinstance(value, dict):
        kept = ("outcome", "of", "format")
        return {name: part if name in kept else hostile(part) for name, part in value.items()}
    if isinstance(value, list):
        return [hostile(part) for part in value]
    return ATTACK if isinstance(value, str) else value


def test_strings_are_escaped(comparison: dict[str, Any], parsed: Parsed) -> None:
    attacking = hostile(copy.deepcopy(comparison))
    attacking["differences"] = [
        {"of": subject, "what": ATTACK, "values": {ATTACK: ATTACK}} for subject in (*SUBJECTS, "configuration")
    ]
    attacking["refused"] = {ATTACK: ATTACK}
    page = render_comparison(attacking, beside=True)
    assert "script" not in parsed(page).tags
    assert "&lt;script&gt;" in page
    text = markdown_of(comparison_document(attacking | {"command": ""}))  # which stands in a fence, as it is
    assert "\\<script" in text and "<script" not in text.replace("\\<script", "")


def test_values_that_differ_are_cut_to_a_length() -> None:
    assert [shown_value(value) for value in (None, "as told", 8, False)] == ["–", "as told", "8", "false"]
    assert shown_value(["a" * 100]) == '["' + "a" * (LONGEST_VALUE - 2) + "…"


def test_the_least_energy_is_only_sure_where_ranges_do_not_overlap() -> None:
    least = {"label": "a", "sure": True, "next_over_least": 2.0}
    assert (
        least_sentence("chip_total", least) == "In the account chip total, a takes the least, 2 times below the next."
    )
    assert "undecided" in least_sentence("chip_total", least | {"sure": False})
    assert least_sentence("chip_total", least | {"next_over_least": None}).endswith("a takes the least.")
    assert least_sentence("chip_total", least | {"next_over_least": 1.001}).endswith("a takes as little as the next.")
