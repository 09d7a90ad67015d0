"""Environments for the peers of the simulator: one for each group of libraries that can live together.

They are made under build/peers/ on first use, with the versions that the table was measured with, and are left alone
after that. What cannot be installed is reported and left out of the table.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("build") / "peers"
STAMP = "installed.json"
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
OWN = "own"  # the environment that runs the benchmark: Spikeloom's, with Lava


@dataclass(frozen=True)
class Environment:
    """What goes into an environment.

    Attributes
    ----------
    attempts : arguments of pip, tried one after another until one succeeds.
    reason : why it is an environment of its own.
    """

    attempts: tuple[tuple[str, ...], ...]
    reason: str


TORCH_PEERS = ("snntorch==1.0.0", "norse==1.1.0", "spikingjelly==2.0.0", "sinabs==3.1.3", "numpy==2.4.6")
ENVIRONMENTS = {
    "torch": Environment(
        (
            # The build for the processor alone is a tenth of the other's size.
            ("--extra-index-url", TORCH_INDEX, "torch==2.13.0+cpu", *TORCH_PEERS),
            ("torch==2.13.0", *TORCH_PEERS),
        ),
        "Sinabs wants an older nir than Spikeloom",
    ),
    "brian": Environment((("Brian2==2.9.0", "numpy<2.4", "setuptools"),), "Brian2 2.9 wants NumPy before 2.4"),
    "nengo": Environment((("nengo-loihi==1.1.0", "nengo==4.1.0", "numpy==2.4.6"),), "apart from Spikeloom's needs"),
    "sanafe": Environment((("sanafe==2.2.9", "numpy==2.4.6"),), "under the GPL, which nothing of ours may import"),
    "nest": Environment((("nest-simulator==3.10.0",),), "under the GPL, which nothing of ours may import"),
}


class NotInstalled(Exception):
    """An environment is not to be had; the message says why."""


def interpreter(name: str, given: dict[str, Path], install: bool) -> Path:
    """The Python of an environment, which is made where it is missing.

    Parameters
    ----------
    given : folders of environments that exist already, by name.
    install : whether missing ones are made.

    Raises
    ------
    NotInstalled : it does not exist, and may not or could not be made.
    """
    if name == OWN:
        return Path(sys.executable)
    if name in given:
        python = _python(given[name])
        if not python.exists():
            raise NotInstalled(f"{given[name]} holds no Python")
        return python
    folder = FOLDER / name
    wanted = ENVIRONMENTS[name]
    if _stamp(folder) == [list(attempt) for attempt in wanted.attempts]:
        return _python(folder)
    if not install:
        raise NotInstalled("it has no environment yet, and --no-install was given")
    print(f"making {folder} ({wanted.reason}) ...", file=sys.stderr, flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(folder)], check=False, capture_output=True, text=True
    )
    if made.returncode:
        raise NotInstalled(f"python -m venv: {_last(made.stderr or made.stdout)}")
    problem = ""
    for attempt in wanted.attempts:
        command = [str(_python(folder)), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *attempt]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if not done.returncode:
            (folder / STAMP).write_text(json.dumps([list(one) for one in wanted.attempts]), encoding="utf-8")
            return _python(folder)
        problem = _last(done.stderr)
    raise NotInstalled(f"pip: {problem}")


def _python(folder: Path) -> Path:
    # Not resolved: a virtual environment's Python is a link, and finds its packages by where the link lies.
    return folder.absolute() / "bin" / "python"


def _stamp(folder: Path) -> list[list[str]] | None:
    try:
        return list(json.loads((folder / STAMP).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("ERROR")] or text.splitlines()
    return lines[-1] if lines else "no reason given"
