"""Templates that were compiled before are not compiled again, and damaged ones are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader

from spikeloom.deploy import page_environment
from spikeloom.deploy.compiled_templates import CompiledTemplates

NAME = "greeting.jinja"


class CompiledAnewError(AssertionError):
    """A template was compiled."""


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "spikeloom"


@pytest.fixture
def said(tmp_path: Path) -> Any:
    """What the template says in an environment of its own."""
    templates = tmp_path / "templates"
    templates.mkdir()

    def render(text: str = "Hello {{ who }}.", python: Path = Path(page_environment.__file__)) -> str:
        (templates / NAME).write_text(text)
        kept = CompiledTemplates(python)
        return (
            Environment(loader=FileSystemLoader(templates), bytecode_cache=kept).get_template(NAME).render(who="chip")
        )

    return render


@pytest.fixture
def not_compiled(monkeypatch: pytest.MonkeyPatch) -> Any:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise CompiledAnewError

    def forbid() -> None:
        monkeypatch.setattr(Environment, "compile", refuse)

    return forbid


def only(folder: Path) -> Path:
    (file,) = (path for path in folder.rglob("*") if path.is_file())
    return file


def test_the_second_time_nothing_is_compiled(said: Any, not_compiled: Any) -> None:
    assert said() == "Hello chip."
    not_compiled()
    assert said() == "Hello chip."


def test_another_text_is_compiled(said: Any) -> None:
    said()
    assert said("Bye {{ who }}.") == "Bye chip."


def test_another_way_of_reading_templates_is_another(said: Any, not_compiled: Any, tmp_path: Path) -> None:
    said()
    not_compiled()
    (tmp_path / "other.py").write_text("autoescape = False")
    with pytest.raises(CompiledAnewError):
        said(python=tmp_path / "other.py")


@pytest.mark.parametrize("damage", ["empty", "cut", "changed"])
def test_what_is_damaged_is_compiled_and_kept_anew(
    said: Any, not_compiled: Any, empty_cache: Path, damage: str
) -> None:
    said()
    file = only(empty_cache)
    content = file.read_bytes()
    changed = content[:-1] + bytes([content[-1] ^ 1])
    file.write_bytes({"empty": b"", "cut": content[:50], "changed": changed}[damage])
    assert said() == "Hello chip."
    assert only(empty_cache).read_bytes() == content
    not_compiled()
    assert said() == "Hello chip."


def test_where_nothing_can_be_kept_it_is_compiled_each_time(
    said: Any, monkeypatch: pytest.MonkeyPatch, empty_cache: Path
) -> None:
    def full(*arguments: Any, **named: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spikeloom.models.kept_bytes.tempfile.mkstemp", full)
    assert said() == said() == "Hello chip."
    assert not [path for path in empty_cache.rglob("*") if path.is_file()]


def test_pages_are_kept(empty_cache: Path) -> None:
    page_environment.page_environment.cache_clear()
    try:
        page_environment.page_environment().get_template("report.html.jinja")
        assert any(path.suffix == ".template" for path in empty_cache.rglob("*"))
    finally:
        page_environment.page_environment.cache_clear()
