"""What a command says of its stages: bars on a terminal, plain lines elsewhere, numbers that are right."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.deploy.progress.bars import duration
from spikeloom.deploy.progress.progress import Quiet, TerminalProgress, Within, share_of

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x9b]")


def numbers(stages: tuple[str, ...]) -> list[tuple[int, int]]:
    found = [re.match(r"\[(\d+)/(\d+)\] \S", line) for line in stages]
    return [(int(match[1]), int(match[2])) for match in found if match]


def are_in_order(stages: tuple[str, ...]) -> None:
    """They count from 1 to the total that the first of them has."""
    total = len(stages)
    assert numbers(stages) == [(number, total) for number in range(1, total + 1)], stages


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--target", "loihi2,spinn3"],
        pytest.param(["--target", "spinnaker2"], marks=pytest.mark.slow),
        pytest.param(["--fine-tune", 1], marks=pytest.mark.slow),
        pytest.param(["--operating-point", "knee"], marks=pytest.mark.slow),
        pytest.param(["--lava-samples", 2], marks=pytest.mark.slow),
    ],
)
def test_the_stages_of_a_deployment_are_counted_beforehand(
    spikeloom: Any, tiny: Path, tmp_path: Path, options: list[Any]
) -> None:
    if "--fine-tune" in options:
        pytest.importorskip("torch")
    command = ["deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", "--lava-samples", 0, "--out", tmp_path / "out"]
    done = spikeloom(*command, *options)
    assert (done.code, done.err) == (0, "")
    are_in_order(done.stages)
    assert done.stages[-1].endswith("writing")
    assert any("mapping" in line for line in done.stages)
    lava = any("in Lava" in line for line in done.stages)
    assert lava == ("--lava-samples" in options and lava_problem() is None)


@pytest.mark.slow
def test_the_stages_of_a_converted_network_and_of_training_are_counted_beforehand(
    spikeloom: Any, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    trained = spikeloom("train", "mlp-snn", "--epochs", 1, "--samples", 100, "--out", tmp_path / "mlp.nir")
    assert trained.code == 0, trained.err
    are_in_order(trained.stages)


def test_the_stages_of_other_commands_are_counted_beforehand(
    spikeloom: Any, tiny: Path, tiny_artifact: Path, tmp_path: Path
) -> None:
    data = ("--data", tiny / "data.npz")
    for words in (
        ("check", tiny / "tiny.nir"),
        ("run", tiny_artifact, *data),
        ("study", "decision-time", tiny_artifact, *data, "--processes", 1, "--out", tmp_path / "folder"),
        ("study", "decision-time", tiny / "tiny.nir", *data, "--processes", 1, "--out", tmp_path / "file"),
    ):
        done = spikeloom(*words)
        assert done.code == 0, done.err
        assert done.stages
        are_in_order(done.stages)


def test_a_target_that_is_refused_takes_its_stages_along(spikeloom: Any, tiny: Path, tmp_path: Path) -> None:
    """On the first of two chips there is room for two neurons."""
    given = {"kind": "assumed", "source": "a test"}
    small = {
        "extends": "loihi2",
        "name": "small",
        "topology": {"usable_cores": {"value": 1, "unit": "cores", **given}},
        "limits": {"neurons": {"value": 2, "unit": "neurons", **given}},
    }
    (tmp_path / "small.yaml").write_text(json.dumps(small))
    done = spikeloom(
        "deploy", tiny / "tiny.nir", "--data", tiny / "data.npz", "--target", f"{tmp_path / 'small.yaml'},loihi2",
        "--lava-samples", 0, "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.code == 0, done.err
    counts = numbers(done.stages)
    assert [number for number, _ in counts] == list(range(1, len(counts) + 1))
    assert counts[-1] == (len(counts), len(counts))
    assert all(later <= earlier for (_, earlier), (_, later) in pairwise(counts))
    assert counts[0][1] > counts[-1][1]


def test_without_a_terminal_there_are_lines_and_nothing_but_letters(tiny: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "spikeloom.cli", "check", tiny / "tiny.nir"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == "[1/2] reading\n[2/2] mapping\n"
    assert not CONTROL.search(done.stdout)


def on_a_terminal(*words: object, columns: int = 100) -> tuple[int, str]:
    """Run a command whose standard error, alone, is a terminal; returns the exit code and what that got to see."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns)}
    command = [sys.executable, "-P", "-m", "spikeloom.cli", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=slave, env=environment) as process:
        os.close(slave)
        seen = b""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if not select.select([master], [], [], 0.2)[0]:
                continue
            try:
                more = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            seen += more
            if not more:
                break
    os.close(master)
    return process.returncode, seen.decode(errors="replace")


def test_on_a_terminal_there_are_bars_with_times_and_the_cursor_comes_back(tiny: Path) -> None:
    code, seen = on_a_terminal("check", tiny / "tiny.nir")
    assert code == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    assert "✓ [1/2] reading" in plain
    assert re.search(r"✓ \[2/2\] mapping: 1 core, divided by \w+ +━+ +\d+ s", plain), plain[-500:]
    assert seen.rfind("\x1b[?25h") > seen.rfind("\x1b[?25l") > -1


def test_quiet_and_json_show_nothing_on_a_terminal_either(tiny: Path) -> None:
    for option in ("--quiet", "--json"):
        assert on_a_terminal("check", tiny / "tiny.nir", option) == (0, "")


def test_the_log_has_stages_durations_and_decisions(spikeloom: Any, tiny: Path) -> None:
    log = spikeloom("check", tiny / "tiny.nir", "--log-level", "debug", "--json")
    assert log.json["fits"]
    assert re.search(r"^\d\d:\d\d:\d\d\.\d{3} INFO    spikeloom\S+: \[2/2\] mapping begins$", log.err, re.MULTILINE)
    assert re.search(r"mapping is done after \d+\.\d{3} s$", log.err, re.MULTILINE)
    assert re.search(r"DEBUG   spikeloom.mapping.mapper: loihi2: '\w+' .*; cores 1, modelled energy", log.err)
    some = spikeloom("check", tiny / "tiny.nir", "--log-level", "info", "--quiet")
    assert "DEBUG" not in some.err and "INFO" in some.err
    assert spikeloom("check", tiny / "tiny.nir", "--log-level", "error", "--quiet").err == ""


def test_parts_take_back_what_they_announced_and_shares_never_go_back(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress(hidden=False) as progress:
        progress.expect(5)
        part = Within(progress, "chip", 3)
        part.stage("one")
        part.expect(-1)
        part.leave_out_the_rest()
        advance = share_of(progress, "two", 10)
        for share in (0.5, 0.2, 1.0):
            advance("something", share)
        progress.stage("three")
    assert capsys.readouterr().err == "[1/5] chip: one\n[2/3] two\n[3/3] three\n"
    done = []

    class Counting(Quiet):
        def stage(self, name: str, total: int | None = None) -> Any:
            return done.append

    advance = share_of(Counting(), "x", 10)
    for share in (0.5, 0.2, 1.0):
        advance("something", share)
    assert done == [5, 0, 5]


def test_durations_as_people_say_them() -> None:
    said = {None: "0 s", 59.9: "59 s", 60: "1 min 00 s", 3599: "59 min 59 s", 3600: "1 h 00 min", 90061: "25 h 01 min"}
    assert {seconds: duration(seconds) for seconds in said} == said
