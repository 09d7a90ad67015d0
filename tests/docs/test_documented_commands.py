"""The guide: every command in it is one that there is, and pages lead to pages."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^\s*(?:\.venv/bin/)?(spikeloom (?:.*\\\n)*.*)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Documented:
    """A command and where it stands."""

    page: str
    line: int
    text: str

    @property
    def words(self) -> list[str]:
        """Without the name of the program, and without what is said of it."""
        return shlex.split(self.text, comments=True)[1:]


def commands_of(page: Path) -> list[Documented]:
    text = page.read_text(encoding="utf-8")
    return [
        Documented(page.name, text.count("\n", 0, found.start(1)) + 1, found.group(1).replace("\\\n", " "))
        for found in COMMAND.finditer(text)
    ]


COMMANDS = [command for page in PAGES for command in commands_of(page)]


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.page}:{command.line}")
def test_every_command_is_understood(command: Documented) -> None:
    import typer

    from spikeloom.commands.application import app

    if "--help" in command.words:
        assert not typer.main.get_command(app).main(command.words, standalone_mode=False)
        return
    group: Any = typer.main.get_command(app)
    context = group.make_context("spikeloom", command.words)
    while hasattr(group, "resolve_command"):
        name, group, words = group.resolve_command(context, [*context._protected_args, *context.args])
        context = group.make_context(name, words, parent=context)
    assert not context.args


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings of a page."""
    names = HEADING.findall(page.read_text(encoding="utf-8"))
    return {"#" + re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-") for name in names}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{target}{anchor}"


def test_every_page_can_be_found_from_the_guide() -> None:
    guide = ROOT / "docs" / "README.md"
    reached, open_pages = {guide}, [guide]
    while open_pages:
        page = open_pages.pop()
        for target, _ in LINK.findall(page.read_text(encoding="utf-8")):
            there = (page.parent / target).resolve()
            if there.suffix == ".md" and there.exists() and there not in reached:
                reached.add(there)
                open_pages.append(there)
    assert set(PAGES[1:]) <= reached
