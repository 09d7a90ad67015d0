"""The help of commands, the examples in it, and what shells complete: quick, and true."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from spikeloom.commands.application import app
from spikeloom.commands.panels import BEGINNING, PROMPT

ROOT = typer.main.get_command(app)
CHEAP = {"spikeloom deploy --help", "spikeloom study --help", "spikeloom study operating-space --help"}
CHEAP |= {"spikeloom targets", "spikeloom targets loihi2", "spikeloom targets spinnaker1 --json", "spikeloom init"}
"""Examples that need no file and no computation."""
IN_ORDER = (
    "spikeloom check digits",
    "spikeloom deploy digits --out build/digits",
    "spikeloom report build/digits",
    "spikeloom report build/digits --json",
    "spikeloom estimate build/digits --host-power 5",
    "spikeloom run build/digits --samples 20",
    "spikeloom export digits --to nir --out build/digits.nir",
    "spikeloom export build/digits --to pynn --samples 5 --out build/pynn",
    "spikeloom doctor",
)
"""Examples that follow on each other, for the slow test."""


def commands(group: Any = ROOT, words: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """All commands by their names, those of groups included."""
    with typer.Context(group) as context:
        found = {(*words, name): group.get_command(context, name) for name in group.list_commands(context)}
    inner = [commands(command, name) for name, command in found.items() if hasattr(command, "list_commands")]
    return {**found, **{name: command for part in inner for name, command in part.items()}}


COMMANDS = commands()
EXAMPLES = {
    line.strip().removeprefix(PROMPT): name
    for name, command in {(): ROOT, **COMMANDS}.items()
    for line in (command.epilog or "").split("\n\n")
    if line.strip().startswith(PROMPT)
}


def test_every_command_is_in_a_panel_and_has_an_example_of_itself() -> None:
    for name, command in COMMANDS.items():
        own = [line for line, at in EXAMPLES.items() if at == name]
        assert own, name
        # That of `init` goes on with what the file is good for.
        assert all(line.split()[1 : 1 + len(name)] == list(name) or name == ("init",) for line in own), name
        assert command.epilog.startswith(BEGINNING)
        assert len(name) > 1 or command.rich_help_panel


@pytest.mark.parametrize("line", EXAMPLES)
def test_examples_are_read_without_a_mistake(line: str) -> None:
    """Words, options and their values are those that the command takes; nothing is run."""
    command, context, words = ROOT, None, shlex.split(line)[1:]
    while True:
        asks_for_help = words[:1] == ["--help"]
        try:
            context = command.make_context("spikeloom", list(words), parent=context, resilient_parsing=asks_for_help)
        except typer.Exit as end:  # of an option that answers at once
            assert end.exit_code == 0
            break
        if asks_for_help or not hasattr(context.command, "list_commands"):
            break
        name = words[0]
        command, words = context.command.get_command(context, name), words[1:]
        if "--help" in words:
            words = ["--help"]


@pytest.mark.parametrize("line", sorted(CHEAP))
def test_cheap_examples_work(line: str, spikeloom: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert line in EXAMPLES
    done = spikeloom(*shlex.split(line)[1:])
    assert (done.code, done.err) == (0, "")
    assert done.out


@pytest.mark.slow
def test_examples_that_follow_on_each_other_work(
    spikeloom: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in IN_ORDER:
        assert line in EXAMPLES
        done = spikeloom(*shlex.split(line)[1:])
        assert (done.code, done.err) == (0, ""), line


def test_the_help_lists_commands_by_panels_and_examples(spikeloom: Any) -> None:
    shown = spikeloom("--help").out
    places = [shown.index(title) for title in ("Before deploying", "Deploying ─", "With a deployment", "This machine")]
    assert places == sorted(places)
    assert "$ spikeloom deploy digits --out build/digits" in shown
    assert "$ spikeloom study noise digits --samples 200" in spikeloom("study", "noise", "--help").out


def test_init_writes_a_file_once(spikeloom: Any, tmp_path: Path, tiny: Path) -> None:
    file = tmp_path / "mine.yaml"
    assert "--config" in spikeloom("init", file).out
    assert spikeloom("check", tiny / "tiny.nir", "--config", file, "--json").json["fits"]
    again = spikeloom("init", file)
    assert (again.code, again.err) == (2, f"Error: {file} is there already and stays as it is: name another file.\n")
    file.write_text("seed: 1\nlayers:\n  lif1: {bit: 4}\n")
    wrong = spikeloom("check", tiny / "tiny.nir", "--config", file)
    assert wrong.code == 2
    assert f"{file}, line 3: there is no configuration key 'layers.lif1.bit' (did you mean 'bits'?)" in wrong.err


# Completion


def completed(line: str) -> list[str]:
    """What bash is told to offer for the last word of a line."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_SPIKELOOM_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    code = "import sys; sys.argv = ['spikeloom']; from spikeloom.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("spikeloom de", ["deploy"]),
        ("spikeloom deploy mlp", ["mlp-snn"]),
        ("spikeloom check digits --target loihi", ["loihi1", "loihi2"]),
        ("spikeloom deploy digits -t loihi2,spinn", ["loihi2,spinn3", "loihi2,spinnaker1", "loihi2,spinnaker2"]),
        ("spikeloom study no", ["noise"]),
        pytest.param("spikeloom study noise digits --values c", ["code"], marks=pytest.mark.slow),
        ("spikeloom train adl", ["adlif"]),
        ("spikeloom train adlif --dataset shd", ["shd"]),
        ("spikeloom deploy /nowhere/mo", []),
    ],
)
def test_shells_complete_what_spikeloom_knows(line: str, offered: list[str]) -> None:
    assert completed(line) == offered


def test_completion_can_be_installed() -> None:
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    program = [sys.executable, "-P", "-m", "spikeloom.cli", "--show-completion", "bash"]
    done = subprocess.run(program, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0
    assert "COMP_WORDS" in done.stdout


def test_help_imports_nothing_slow() -> None:
    """Half a second is what it may take; which packages are imported does not depend on who else computes."""
    code = "import sys; sys.argv = ['spikeloom', '--help']\nfrom spikeloom.cli import main\n"
    code += "try: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    slow = {
        "numpy",
        "pydantic",
        "yaml",
        "numba",
        "scipy",
        "torch",
        "jinja2",
        "h5py",
        "spikeloom.deploy.configuration.configuration",
    }
    assert not slow & set(done.stderr.split())
