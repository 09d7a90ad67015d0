"""What of Spikeloom's surroundings is there, what is missing, and how to get it."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import sys
from pathlib import Path

from .finding import Finding, State
from .machine_findings import machine_findings

OLDEST_PYTHON = (3, 11)
LAVA_INSTALL = "pip install --no-deps --ignore-requires-python lava-nc==0.10.0"
DATA_VARIABLE = "SPIKELOOM_DATA"


def diagnose() -> tuple[Finding, ...]:
    """Look for everything that Spikeloom can use."""
    return (_python(), *_dependencies(), _numba(), _torch(), _lava(), *machine_findings(), _data())


def _python() -> Finding:
    oldest = ".".join(map(str, OLDEST_PYTHON))
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("Python", State.MISSING, platform.python_version(), f"install Python {oldest} or newer")
    return Finding("Python", State.OK, platform.python_version())


def _dependencies() -> tuple[Finding, ...]:
    """Compare what is installed with what the metadata of Spikeloom itself ask for, so that no list is kept twice."""
    try:
        requirements = importlib.metadata.requires("spikeloom") or []
        version = importlib.metadata.version("spikeloom")
    except importlib.metadata.PackageNotFoundError:
        return (Finding("spikeloom", State.MISSING, remedy="not installed: run `pip install -e .` in its checkout"),)
    own = [requirement for requirement in requirements if "extra ==" not in requirement]
    return (Finding("spikeloom", State.OK, version), *(_dependency(requirement) for requirement in sorted(own)))


def _dependency(requirement: str) -> Finding:
    """Check one requirement of the form "name>=version"."""
    name, _, lowest = requirement.partition(";")[0].strip().partition(">=")
    remedy = f'pip install "{name}>={lowest}"' if lowest else f"pip install {name}"
    installed = installed_version(name)
    if installed is None:
        return Finding(name, State.MISSING, remedy=remedy)
    if lowest and _numbers(installed) < _numbers(lowest):
        return Finding(name, State.MISSING, installed, f"too old: {remedy}")
    return Finding(name, State.OK, installed)


def installed_version(distribution: str) -> str | None:
    """Version of an installed distribution, without importing it; None where there is none."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version, trailing zeros dropped: "2.4.0rc1" is (2, 4)."""
    release = re.match(r"\d+(\.\d+)*", version.strip())
    numbers = [int(number) for number in release.group().split(".")] if release else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _numba() -> Finding:
    """Import numba, which refuses to work with a NumPy newer than itself, and says so only then."""
    try:
        module = importlib.import_module("numba")
    except Exception as error:  # whatever it raises, the simulator cannot run
        return Finding("simulator", State.MISSING, remedy=f"numba does not start ({error}): pip install -U numba")
    return Finding("simulator", State.OK, f"numba {module.__version__}")


def _torch() -> Finding:
    version = installed_version("torch")
    if version is None:
        return Finding("torch", State.OPTIONAL, remedy='pip install "spikeloom[torch]" (only for `spikeloom train`)')
    return Finding("torch", State.OK, version)


def _lava() -> Finding:
    from ..backends.lava.availability import lava_problem

    problem = lava_problem()
    if problem is None:
        return Finding("lava", State.OK, installed_version("lava-nc") or "")
    remedy = problem if "pip install" in problem else f"{problem} {LAVA_INSTALL}"
    return Finding("lava", State.OPTIONAL, installed_version("lava-nc") or "", remedy)


def data_folder() -> Path:
    """Folder with models and recordings for tests and trials, whether or not it exists."""
    beside_the_checkout = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get(DATA_VARIABLE) or beside_the_checkout)


def _data() -> Finding:
    folder = data_folder()
    if folder.is_dir():
        return Finding("test data", State.OK, str(folder))
    remedy = f"name a folder of real models and recordings in {DATA_VARIABLE} (only some tests need it)"
    if os.environ.get(DATA_VARIABLE):
        remedy = f"{folder} does not exist: {remedy}"
    return Finding("test data", State.OPTIONAL, remedy=remedy)
