"""The report as a document: Markdown and terminal say what `report.json` says, and show strange names as they are."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # what rich reads Markdown with
from markdown_it.token import Token
from rich.console import Console

from spikeloom.deploy.artifact.artifact import read_report
from spikeloom.deploy.cost_page import print_costs
from spikeloom.deploy.document.document import Cell, Document, Passage, printable, table
from spikeloom.deploy.document.markdown import BELOW, escaped, markdown_of
from spikeloom.deploy.document.terminal import print_document
from spikeloom.deploy.mapping_summary import print_mapping
from spikeloom.deploy.quantities import PREFIXES
from spikeloom.deploy.report_document.report_document import report_document
from spikeloom.deploy.summary import print_summary

Json = dict[str, Any]
TARGETS = ("loihi2", "spinnaker1", "spinnaker2")
HOSTILE = "a|b`c`\nd\r\x1b[31m\x9b<script>alert(1)</script>*e*_f_[g](javascript:h)~~i~~$j$&lt;\\|\u202ek"
POWERS = {prefix: 10.0**exponent for exponent, prefix in PREFIXES.items()}
ROUNDED = 0.006  # three significant digits


@pytest.fixture(scope="module", params=TARGETS)
def report(request: pytest.FixtureRequest, several_targets: Path) -> Json:
    return read_report(several_targets / request.param)


@pytest.fixture(scope="module")
def plain(several_targets: Path) -> Json:
    return read_report(several_targets / "loihi2")


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def shown(token: Token) -> str:
    """What a reader sees of a paragraph or a field: text alone, without any markup."""
    parts = token.children or []
    assert {part.type for part in parts} <= {"text", "strong_open", "strong_close"}, token.content
    return "".join(part.content for part in parts)


def tables(text: str) -> list[list[list[str]]]:
    """Tables of a Markdown text: rows of fields, the titles first."""
    found: list[list[list[str]]] = []
    for before, token in zip([None, *tokens(text)], tokens(text), strict=False):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and before is not None and before.type in ("td_open", "th_open"):
            found[-1][-1].append(re.sub(r"\[\^\d+\]$", "", shown(token)))
    return found


def table_of(text: str, title: str) -> list[list[str]]:
    """The rows of the table whose first column is called so."""
    (rows,) = (rows[1:] for rows in tables(text) if rows[0][0] == title)
    return rows


def read_quantity(text: str, unit: str) -> float:
    """2.34 µJ as a number."""
    number, prefixed = re.fullmatch(r"([\d,.]+) ?(\S*)", text).groups()  # type: ignore[union-attr]
    return float(number.replace(",", "")) * POWERS[prefixed.removesuffix(unit)]


def read_range(text: str, unit: str) -> tuple[float, float]:
    ends, _, prefixed = text.partition(" ")
    low, _, high = ends.partition("–")
    return read_quantity(f"{low} {prefixed}", unit), read_quantity(f"{high or low} {prefixed}", unit)


def same(written: str, quantity: Json, unit: str, ends: str | None = None) -> bool:
    if ends is not None:
        assert read_range(ends, unit) == pytest.approx((quantity["low"], quantity["high"]), rel=ROUNDED, abs=1e-30)
    return read_quantity(written, unit) == pytest.approx(quantity["nominal"], rel=ROUNDED, abs=1e-30)


def printed(document: Document, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_document(document, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def summarised(report: Json) -> str:
    """What is printed at the end of a deployment."""
    console = Console(file=io.StringIO(), width=80)
    print_summary(report, console, Path("somewhere"))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_energies_are_those_of_the_report(report: Json) -> None:
    rows = table_of(markdown_of(report_document(report)), "account and what adds up to it")
    accounts = {row[0]: row for row in rows if not row[0].startswith(BELOW)}
    assert set(accounts) == {name.replace("_", " ") for name in report["energy_accounts"]}
    for name, account in report["energy_accounts"].items():
        assert same(accounts[name.replace("_", " ")][2], account, "J", accounts[name.replace("_", " ")][3])
    parts = [row for row in rows if row[0].startswith(BELOW)]
    for term, row in zip(report["energy_terms"], parts, strict=False):
        assert row[0] == BELOW + term["term"].replace("_", " ") and row[4] == term["kind"]
        assert same(row[2], term, "J", row[3])
    # What stands below an account adds up to it.
    for account, row in accounts.items():
        below = rows[rows.index(row) + 1 :]
        end = next((place for place, one in enumerate(below) if not one[0].startswith(BELOW)), len(below))
        total = sum(read_quantity(one[2], "J") for one in below[:end])
        assert total == pytest.approx(report["energy_accounts"][account.replace(" ", "_")]["nominal"], rel=0.01)


def test_layers_cores_and_times_are_those_of_the_report(report: Json) -> None:
    text = markdown_of(report_document(report))
    ledger = table_of(text, "stage")
    assert [row[0] for row in ledger] == [entry["stage"] for entry in report["ledger"]]
    for row, entry in zip(ledger, report["ledger"], strict=True):
        assert float(row[1].removesuffix(" %")) == pytest.approx(100 * entry["accuracy"], abs=0.05)
        assert row[3] == str(entry["samples"])
    cores = {row[0]: row for row in tables(text)[3 if len(tables(text)[1][0]) == 5 else 2][1:]}
    for binding in report["mapping"]["explanation"]["layers"]:
        assert cores[binding["layer"]][4] == str(binding["cores"])
        assert cores[binding["layer"]][5] == (binding["resource"] or "no limit is known").replace("_", " ")
    times = {row[0]: row for row in table_of(text, "of a sample")}
    assert same(times["step"][1], report["step_time"], "s", times["step"][2])
    assert same(times["latency"][1], report["latency_per_sample"], "s", times["latency"][2])
    assert same(times["samples a second"][1], report["throughput"], "", times["samples a second"][2])
    constants = table_of(text, "what takes time")
    for row, constant in zip(constants, report["time_constants"], strict=True):
        assert same(row[1], constant, "s", row[2])
    facts = dict(table_of(text, "what"))
    assert facts["SHA-256 of the model"] == report["model"]["sha256"]
    assert facts["SHA-256 of the data"] == report["data"]["sha256"] and facts["seed"] == str(report["seed"])
    assert dict(table_of(text, "package")) == report["versions"]


def test_every_constant_has_its_source_in_a_footnote(report: Json) -> None:
    text = markdown_of(report_document(report))
    notes = dict(re.findall(r"^\[\^(\d+)\]: (.*)$", text, re.MULTILINE))
    used = set(re.findall(r"\[\^(\d+)\](?!:)", text))
    assert used == set(notes)
    sources = {term["source"] for kind in ("energy_terms", "static_terms", "time_constants") for term in report[kind]}
    assert {escaped(source) for source in sources} <= set(notes.values())


def test_it_begins_with_the_verdict_and_ends_with_the_command(report: Json) -> None:
    text = markdown_of(report_document(report | {"command": "spikeloom deploy 'a```b  c' --out x"}))
    headings = [token.content for token, before in zip(tokens(text)[1:], tokens(text), strict=False)
                if before.type == "heading_open"][1:]  # fmt: skip
    assert headings == [
        "From training to chip", "Cores", "Energy of a sample", "Time", "Targets side by side",
        "Beside others", "In fixed point", "Assumptions", "How to get the same again",
    ]  # fmt: skip
    assert tokens(text)[4].content.startswith(f"**small runs on {report['cores']} core")
    (code,) = (token.content for token in tokens(text) if token.type == "fence")
    assert code == "spikeloom deploy 'a```b  c' --out x\n"
    for assumption in report["assumptions"]:
        assert escaped(assumption) in text


@given(text=st.text(max_size=60) | st.text("|`\\*_[]<>~$&#+-=1.) \n\x1b", max_size=30))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    text = text if printable(text) else "x"
    rows = table("a", ">b", rows=[(Cell(text, strong=True), text), (text, "1")])
    document = Document(text, text, (text,), (text,), (Passage("t", (rows,), (text,), (text,)),))
    seen = [shown(token) for token in tokens(markdown_of(document)) if token.type == "inline"]
    expected = printable(text)
    assert seen == [*[expected] * 4, "t", "a", "b", *[expected] * 3, "1", *[expected] * 2]


def hostile(report: Json) -> Json:
    """The report with every text of a stranger replaced: names of layers wherever they are, and sentences."""
    names = {layer["name"]: f"{HOSTILE}{place}" for place, layer in enumerate(report["model"]["layers"])}

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {names.get(key, key): replaced(part) for key, part in value.items()}
        if isinstance(value, list):
            return [replaced(part) for part in value]
        return names.get(value, value) if isinstance(value, str) else value

    changed: Json = replaced(report)
    changed["model"] |= {"name": HOSTILE, "path": HOSTILE}
    return changed | {"assumptions": [HOSTILE], "warnings": [HOSTILE], "command": HOSTILE, "notes": [HOSTILE]}


def test_names_from_strangers_stay_in_their_fields_and_control_nothing(plain: Json) -> None:
    document = report_document(hostile(plain))
    text = markdown_of(document)
    assert [[len(row) for row in rows] for rows in tables(text)] == [
        [len(row) for row in rows] for rows in tables(markdown_of(report_document(plain)))
    ]
    for said in (text, printed(document, 80), summarised(hostile(plain))):
        assert not {"\x1b", "\x9b", "\u202e", "\r"} & set(said)
    assert not {token.type for token in tokens(text)} & {"html_block", "hr"}
    names = [row[0] for rows in tables(text) for row in rows if "script" in row[0]]
    assert names and all(name.startswith(printable(HOSTILE)) for name in names)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_terminal_keeps_numbers_whole_in_lines_of_any_width(report: Json, width: int) -> None:
    document = report_document(report)
    text = printed(document, width)
    assert "\x1b" not in text  # no colours where there is no terminal
    assert max(len(line) for line in text.splitlines()) <= width
    words = set(text.split())
    for passage in document.passages:
        for rows in passage.tables:
            for row in rows.rows:
                for cell, column in zip(row, rows.columns, strict=True):
                    assert not column.number or set(cell.text.split()) <= words, cell
    for sentence in whole_sentences(document):
        assert " ".join(sentence.split()) in " ".join(text.split())


def whole_sentences(document: Document) -> Iterator[str]:
    yield document.verdict
    yield from document.remarks
    for passage in document.passages:
        yield from passage.sentences


def test_a_table_too_wide_goes_on_below_with_its_first_column() -> None:
    wide = table("layer", *(f">column {place}" for place in range(12)), rows=[("one", *["123,456"] * 12)])
    text = printed(Document("t", "v", passages=(Passage("p", (wide,)),)), 40)
    assert text.count("one ") == 4 and text.count("123,456") == 12
    assert max(map(len, text.splitlines())) <= 40


def test_a_table_has_as_many_fields_in_each_row_as_columns() -> None:
    with pytest.raises(ValueError, match="rows of other lengths"):
        table("a", "b", rows=[("1",)])


def test_no_terminal_output_of_names_controls_the_terminal(plain: Json) -> None:
    strange = hostile(plain)
    console = Console(file=io.StringIO(), width=80)
    print_costs(strange, console)
    print_mapping(strange["mapping"]["explanation"], console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "script" in text and not {"\x1b", "\x9b", "\u202e", "\r"} & set(text)
