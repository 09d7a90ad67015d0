"""Bad files of every kind end in a graph or in one clear message: a short campaign by default, a longer one if asked.

`make fuzz` runs them by the ten thousand.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).with_name("campaign.py")


def campaign(folder: Path, *options: str, script: Path = CAMPAIGN) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", str(script), "--out", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_bad_files_of_a_short_campaign(tmp_path: Path) -> None:
    kinds = "nir,net,onnx,graph,npz,yaml"
    done = campaign(tmp_path, "--files", "240", "--kinds", kinds, "--workers", "1", "--seed", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[240/240]" in done.stdout
    assert " read" in done.stdout, "files that are all refused test little"


@pytest.mark.slow
def test_bad_files_of_a_longer_campaign(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    done = campaign(tmp_path, "--files", "1600", "--workers", "2", "--seed", "2")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_reader_lets_through_is_found_and_kept(tmp_path: Path) -> None:
    """The campaign itself: exceptions, crashes and silence of a worker are findings, and leave the file."""
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in CAMPAIGN.parent.glob("*.py"):
        (broken / file.name).write_text(file.read_text())
    (broken / "readers.py").write_text(
        "import os\n"
        "READERS = {'npz': None}\n"
        "def outcome(path):\n"
        "    content = path.read_bytes()\n"
        "    if len(content) % 3 == 0:\n"
        "        raise KeyError('let through')\n"
        "    if len(content) % 3 == 1:\n"
        "        os.abort()\n"
        "    return 'read'\n"
    )
    done = campaign(tmp_path / "out", "--files", "12", "--workers", "1", script=broken / "campaign.py")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "let through" in done.stdout
    assert "code -6" in done.stdout
    kept = [path for path in (tmp_path / "out" / "findings").iterdir() if path.suffix == ".npz"]
    assert kept
    assert all(len(path.read_bytes()) % 3 < 2 for path in kept)
