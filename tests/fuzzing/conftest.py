"""Reading a file made to do harm, and what its user is told; time and memory are watched."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from spikeloom.models.errors import SpikeloomError

MOST_SECONDS = 5.0  # of a processor; most files take some hundredths
MOST_MEGABYTES = 400


@pytest.fixture(scope="session")
def readers() -> ModuleType:
    """The module `readers.py` beside this file, which pytest puts on no path."""
    return beside("readers")


@pytest.fixture(scope="session")
def structures() -> ModuleType:
    """The module `structures.py` beside this file."""
    return beside("structures")


@pytest.fixture(scope="session")
def worker() -> ModuleType:
    """The module `worker.py` beside this file."""
    return beside("worker")


def beside(name: str) -> ModuleType:
    """A module of this folder."""
    specification = importlib.util.spec_from_file_location(f"fuzzing_{name}", Path(__file__).with_name(f"{name}.py"))
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    try:
        specification.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


@pytest.fixture
def watched(readers: ModuleType, worker: ModuleType) -> Callable[[Path], object]:
    """Read a file within bounds of time and memory."""

    def read(path: Path) -> object:
        before, start = worker.begin_to_measure_memory(), time.process_time()
        try:
            return readers.READERS[path.suffix.removeprefix(".")](path)
        finally:
            assert time.process_time() - start < MOST_SECONDS
            assert worker.most_memory() - before < MOST_MEGABYTES

    return read


@pytest.fixture
def refused(watched: Callable[[Path], object]) -> Callable[..., str]:
    """Read a file that is to be refused, in a message with some words; the message."""

    def read(path: Path, *words: str) -> str:
        with pytest.raises(SpikeloomError) as caught:
            watched(path)
        message = str(caught.value)
        assert path.name in message
        assert message.replace("\n", "").isprintable()
        for word in words:
            assert word in message, message
        return message

    return read
