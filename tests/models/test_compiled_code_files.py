"""Processes share machine code without ever taking one function's for another's."""

from __future__ import annotations

import importlib
import os
import pkgutil
import resource
import subprocess
import sys

import numba
import pytest
from numba.core.caching import FunctionCache, IndexDataCacheFile

import spikeloom.backends.simulator
import spikeloom.mapping
from spikeloom.models.compiled_code_files import CompiledCodeFiles, SharedFunctionCache, share_compiled_code

SOURCE = (1.5, 42)


@pytest.fixture
def files(tmp_path):
    return CompiledCodeFiles(tmp_path, "loop-3.py311", SOURCE)


def test_what_is_kept_is_found_by_its_key_alone(files, tmp_path):
    files.save(("int32", "avx"), "first")
    files.save(("int64", "avx"), "second")
    again = CompiledCodeFiles(tmp_path, "loop-3.py311", SOURCE)
    assert again.load(("int32", "avx")) == "first"
    assert again.load(("int64", "avx")) == "second"
    assert again.load(("int64", "none")) is None
    assert CompiledCodeFiles(tmp_path, "loop-3.py311", (2.5, 42)).load(("int32", "avx")) is None
    assert CompiledCodeFiles(tmp_path, "other", SOURCE).load(("int32", "avx")) is None


def test_two_processes_that_save_at_the_same_time(tmp_path, monkeypatch):
    """Both look what is there, then both write: Numba's own files then answer one key with the code of the other."""

    def both_save(first, second):
        monkeypatch.setattr(IndexDataCacheFile, "_load_index", lambda self: {})  # as both saw it
        first.save("one", "code of one")
        second.save("other", "code of other")
        monkeypatch.undo()
        return [first.load("one"), first.load("other")]

    numba_files = [IndexDataCacheFile(str(tmp_path), "loop", SOURCE) for _ in range(2)]
    first = both_save(*numba_files)
    assert first != ["code of one", "code of other"]
    monkeypatch.setattr(IndexDataCacheFile, "_load_index", lambda self: {"one": "loop.1.nbc"})  # the other's list last
    assert numba_files[0].load("one") == "code of other"
    monkeypatch.undo()
    assert both_save(*(CompiledCodeFiles(tmp_path, "loop", SOURCE) for _ in range(2))) == [
        "code of one", "code of other",
    ]  # fmt: skip


def test_damaged_code_is_not_run(files, tmp_path):
    files.save("key", "code" * 100)
    [file] = tmp_path.iterdir()
    whole = file.read_bytes()
    for content in (b"", whole[:10], whole[:-1], whole[:50] + b"x" + whole[51:]):
        file.write_bytes(content)
        assert files.load("key") is None
    file.write_bytes(whole)
    assert files.load("key") == "code" * 100


def plus_itself(value):
    return value + value


def test_where_there_is_no_room_nothing_is_kept(files, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            files.save("key", "code" * 100)
        share_compiled_code()
        doubled = numba.njit(cache=True)(plus_itself)
        assert doubled(21) == 42  # which is compiled all the same
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert files.load("key") is None


def test_every_loop_that_is_kept_is_kept_so():
    found = 0
    for package in (spikeloom.backends.simulator, spikeloom.mapping):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(module.name)).values():
                cache = getattr(value, "_cache", None)
                if isinstance(cache, FunctionCache):
                    assert isinstance(cache, SharedFunctionCache), f"{module.name}: {value}"
                    found += 1
    assert found > 10


COMPILING = """
import sys
import numpy as np
from pathlib import Path
from spikeloom.models.compiled_code import keep_compiled_code
keep_compiled_code(Path(sys.argv[1]))
sys.path.insert(0, str(Path(sys.argv[1]).parent))
from doubled import doubled
values = np.arange(5).astype(sys.argv[2])
assert (doubled(values) == values * 2).all() and doubled(values).dtype == values.dtype
assert sum(doubled.stats.cache_hits.values()) == int(sys.argv[3] == "kept")
"""


@pytest.mark.slow
def test_processes_that_compile_one_function_for_different_numbers(tmp_path):
    text = "import numba\n\n\n@numba.njit(cache=True)\ndef doubled(values):\n    return values + values\n"
    file = tmp_path / "doubled.py"
    file.write_text(text)
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    kinds = ("int32", "int64", "float32")
    for expected in ("anew", "kept"):
        running = [
            subprocess.Popen([sys.executable, "-c", COMPILING, file, kind, expected], env=environment) for kind in kinds
        ]
        assert [process.wait(120) for process in running] == [0] * len(kinds)
