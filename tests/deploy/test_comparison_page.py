"""Several targets on one page and in one table: the same rows, safe, with a link to each report."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from spikeloom.deploy.comparison_page import render_comparison
from spikeloom.deploy.comparison_rows import LONGEST_VALUE, figure_rows, least_sentence, shown_value
from spikeloom.deploy.comparison_table import print_comparison

Parsed = Callable[[str], Any]
ATTACK = "<script>alert(1)</script>\"'&"
COMMAND = "spikeloom deploy small.nir"


@pytest.fixture
def comparison(several_targets: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((several_targets / "report.json").read_text(encoding="utf-8"))
    return document


def printed(comparison: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_comparison(comparison, console)
    return " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def test_deploy_wrote_the_page_of_its_report(several_targets: Path, comparison: dict[str, Any]) -> None:
    written = (several_targets / "report.html").read_text(encoding="utf-8")
    assert written == render_comparison(comparison, "small", COMMAND)


def test_page_and_terminal_say_the_same(comparison: dict[str, Any], parsed: Parsed) -> None:
    page, table = parsed(render_comparison(comparison, "small", COMMAND)).text, printed(comparison)
    for row in figure_rows(comparison):
        assert row.name in page and row.name in table
        for cell in row.cells:
            assert cell.figure in page and cell.detail in page
            assert str(cell) in table
    sentences = [
        *comparison["notes"], *comparison["refused"], comparison["deployments"][0]["baseline"]["verdict"],
        *(least_sentence(name, least) for name, least in comparison["least_energy"].items()),
    ]  # fmt: skip
    for sentence in sentences:
        assert sentence in page and sentence in table
    reason = " ".join(comparison["refused"]["narrow"].split())
    assert "neurons" in reason and reason in page and reason in table
    assert "small runs on loihi2, spinnaker1 and spinnaker2, and does not fit narrow." in page
    assert COMMAND in page


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
    links = parsed(render_comparison(comparison, "small", COMMAND)).fetched
    assert links == ["loihi2/report.html", "spinnaker1/report.html", "spinnaker2/report.html"]
    assert all((several_targets / link).is_file() for link in links)
    comparison["deployments"][0]["label"] = "javascript:alert(1)"
    assert parsed(render_comparison(comparison, "small", COMMAND)).fetched[0] == "javascript%3Aalert%281%29/report.html"


def test_the_page_needs_no_script_and_no_network(comparison: dict[str, Any], parsed: Parsed) -> None:
    page = render_comparison(comparison, "small", COMMAND)
    assert not {"script", "link", "img", "iframe"} & set(parsed(page).tags)
    for feature in ("<!doctype html>", "default-src 'none'", "prefers-color-scheme: dark", "width=device-width"):
        assert feature in page


def test_strings_are_escaped(comparison: dict[str, Any], parsed: Parsed) -> None:
    for one in comparison["deployments"]:
        one |= {"label": ATTACK, "model": ATTACK, "target": ATTACK, "cost_set": ATTACK}
        one["baseline"]["verdict"] = ATTACK
        one["energy_accounts"][ATTACK] = one["energy_accounts"]["chip_total"]
    comparison |= {"refused": {ATTACK: ATTACK}, "notes": [ATTACK]}
    comparison["least_energy"][ATTACK] = comparison["least_energy"]["chip_total"] | {"label": ATTACK}
    comparison["differences"].append({"what": ATTACK, "values": {ATTACK: ATTACK}})
    page = render_comparison(comparison, ATTACK, ATTACK)
    assert "script" not in parsed(page).tags
    assert "&lt;script&gt;" in page


def test_any_key_may_be_missing(comparison: dict[str, Any]) -> None:
    for key in comparison:
        less = {name: value for name, value in comparison.items() if name != key}
        for part in ({}, less, comparison | {key: None}):
            assert render_comparison(part, "small", "").rstrip().endswith("</html>")
            printed(part)
    for key in comparison["deployments"][0]:
        for deployments in (
            [{name: value for name, value in one.items() if name != key} for one in comparison["deployments"]],
            [one | {key: None} for one in comparison["deployments"]],
        ):
            part = comparison | {"deployments": deployments}
            assert render_comparison(part, "small", "").rstrip().endswith("</html>")
            printed(part)


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
