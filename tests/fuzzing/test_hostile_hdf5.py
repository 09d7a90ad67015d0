"""NIR files made to do harm: they declare more than they hold, lead elsewhere, or never end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.readers.nir import read_nir
from spikeloom.models.readers.trial import survived
from spikeloom.models.zoo.catalogue import zoo_model

LINE = [["input", "n"], ["n", "output"]]


def ends(*shape: int) -> dict[str, Any]:
    sizes = np.array(shape or (4,))
    return {"input": {"type": "Input", "shape": sizes}, "output": {"type": "Output", "shape": sizes}}


def linear(weight: Any) -> dict[str, Any]:
    return {"n": {"type": "Linear", "weight": weight}}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a NIR graph; a value may be a function that makes the dataset, given the group and its name."""

    def fill(group: Any, fields: dict[str, Any]) -> None:
        for name, value in fields.items():
            if isinstance(value, dict):
                fill(group.create_group(name), value)
            elif callable(value):
                value(group, name)
            else:
                group[name] = value

    def write_file(nodes: dict[str, Any], edges: list[list[str]] = LINE, **more: Any) -> Path:
        path = tmp_path / "hostile.nir"
        with h5py.File(path, "w") as file:
            fill(file, {"node": {"type": "NIRGraph", "nodes": nodes, **more}})
            file["node"].create_dataset("edges", data=np.array(edges, dtype=object), dtype=h5py.string_dtype())
        return path

    return write_file


def dataset(**options: Any) -> Callable[[Any, str], None]:
    return lambda group, name: group.create_dataset(name, **options)


def test_the_graph_that_the_others_spoil_is_sound(write: Callable[..., Path]) -> None:
    assert read_nir(write(ends() | linear(np.eye(4)))).nodes


DECLARED = {
    "100 GB in chunks": dataset(shape=(10**6, 10**5), chunks=(1000, 1000), dtype="f4"),
    "100 GB in a row": dataset(shape=(10**6, 10**5), dtype="f4"),
    "2^61 numbers": dataset(shape=(2**31, 2**30), chunks=(10, 10), dtype="f4"),
    "zeros that gzip packs a thousandfold": dataset(data=np.zeros((8000, 8000), "i1"), compression="gzip"),
    "numbers that are arrays": dataset(shape=(10**6,), chunks=(1,), dtype="S100000"),
}


@pytest.mark.parametrize("case", DECLARED)
def test_more_than_the_file_can_hold_is_refused_before_it_is_read(
    write: Callable[..., Path], refused: Callable[..., str], case: str
) -> None:
    refused(write(ends() | linear(DECLARED[case])), "declares", "iB", "n/weight")


def test_a_chunk_that_unpacks_to_more_than_it_declares(write: Callable[..., Path], refused: Callable[..., str]) -> None:
    """HDF5 would unpack 60 MB for a chunk of 128 bytes."""
    import zlib

    def bomb(group: Any, name: str) -> None:
        target = group.create_dataset(name, shape=(4, 4), dtype="f8", chunks=(4, 4), compression="gzip")
        target.id.write_direct_chunk((0, 0), zlib.compress(bytes(60_000_000), 9))

    refused(write(ends() | linear(bomb)), "packs more into a chunk")


def test_packing_that_is_not_gzip_and_chunks_without_number(
    write: Callable[..., Path], refused: Callable[..., str]
) -> None:
    refused(write(ends() | linear(dataset(data=np.eye(4), scaleoffset=3))), "save it with gzip")
    refused(write(ends() | linear(dataset(shape=(2000, 2000), chunks=(1, 1), dtype="i1"))), "4000000 chunks")


def virtual(group: Any, name: str) -> None:
    layout = h5py.VirtualLayout(shape=(4, 4), dtype="f8")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape=(4, 4))
    group.create_virtual_dataset(name, layout)


def test_what_lies_in_other_files_is_not_read(
    write: Callable[..., Path], refused: Callable[..., str], tmp_path: Path
) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.eye(4)
    for link in (h5py.ExternalLink("secret.h5", "/x"), h5py.SoftLink("/node/type"), h5py.SoftLink("nowhere")):
        refused(write(ends() | linear(link)), "links are not followed")
    refused(write(ends() | linear(virtual)), "other files")
    outside = dataset(shape=(4, 4), dtype="f8", external=[("/etc/passwd", 0, 128)])
    refused(write(ends() | linear(outside)), "other files")


def test_groups_within_themselves_too_deep_and_too_many(
    write: Callable[..., Path], refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(ends() | linear(np.eye(4)))
    with h5py.File(path, "a") as file:
        file["node/nodes/again"] = file["node"]
    refused(path, "within itself")
    path = write(ends() | linear(np.eye(4)))
    with h5py.File(path, "a") as file:
        group = file["node/nodes"]
        for _ in range(200):
            group = group.create_group("inner/nodes")
    refused(path, "deeper than 64")
    monkeypatch.setattr("spikeloom.models.readers.hdf5_file.MOST_OBJECTS", 5)
    refused(write(ends() | linear(np.eye(4))), "groups and datasets")


def test_texts_that_say_to_be_longer_than_the_file(write: Callable[..., Path], refused: Callable[..., str]) -> None:
    """HDF5 takes memory for as many bytes as a reference says, up to 4 GiB, before it looks where it leads."""
    path = write(ends() | linear(np.eye(4)))
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        place = file["node/type"].id.get_offset()
    content[place : place + 4] = (2**32 - 1).to_bytes(4, "little")
    path.write_bytes(content)
    refused(path, "node/type", "longer than the file")
    many = {"type": "X", "t": dataset(shape=(10**6,), dtype=h5py.string_dtype())}
    refused(write(ends() | linear(np.eye(4)) | {"m": many}), "texts in 'node/nodes/m/t'")


def packed_texts(length: int | None) -> Callable[[Any, str], None]:
    """Two texts, packed, the first of which says to be of another length."""
    import struct
    import zlib

    def texts(group: Any, name: str) -> None:
        target = group.create_dataset(
            name, data=["one", "two"], dtype=h5py.string_dtype(), chunks=(2,), compression="gzip"
        )
        if length is not None:
            group.file.flush()
            _, packed = target.id.read_direct_chunk((0,))
            references = zlib.decompress(packed)
            target.id.write_direct_chunk((0,), zlib.compress(struct.pack("<I", length) + references[4:]))

    return texts


def test_texts_may_be_packed_and_are_followed_only_where_they_are_honest(
    write: Callable[..., Path], refused: Callable[..., str]
) -> None:
    graph = ends() | linear(np.eye(4))
    assert read_nir(write(graph, metadata={"m": packed_texts(None)})).nodes
    refused(write(graph, metadata={"m": packed_texts(2**32 - 2)}), "longer than the file itself")


def test_names_that_a_terminal_would_obey(write: Callable[..., Path], refused: Callable[..., str]) -> None:
    for name in ("n\x1b[31m", "n\n", "n" * 5000):
        refused(write(ends() | {name: {"type": "Scale", "scale": 1.0}}), "no plain text")
    refused(write(ends() | {"n": {"type": "LI\x1b[31mF"}}), "n (LI�[31mF)")


CONVOLUTION = {
    "type": "Conv2d", "weight": np.ones((1, 1, 1, 1)), "bias": np.zeros(1), "stride": 1, "padding": 0, "dilation": 1,
    "groups": 1,
}  # fmt: skip
LARGE = {
    "an input": (ends(10**6, 10**6) | {"n": {"type": "Scale", "scale": 1.0}}, "1000000000000 elements"),
    "sizes whose product leaves 64 bits": (
        ends(2**31, 2**31, 4) | {"n": {"type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": [1]}},
        "elements"),
    "many axes": (ends(*[1] * 65) | {"n": {"type": "Scale", "scale": 1.0}}, "65 axes"),
    "padding": (ends(1, 4, 4) | {"n": CONVOLUTION | {"padding": 10**9}}, "pads to"),
    "a window": (
        ends(1, 4, 4) | {"n": {"type": "AvgPool2d", "kernel_size": 10**9, "stride": 1, "padding": 10**9}}, "pads to"),
    "neurons": (
        ends(10**5, 10**5) | {"n": {"type": "LI", "tau": np.ones((10**5, 1)), "r": np.ones((1, 10**5)), "v_leak": 0.0}},
        "10000000000 elements"),
}  # fmt: skip


@pytest.mark.parametrize("case", LARGE)
def test_small_numbers_that_make_a_large_layer(
    write: Callable[..., Path], refused: Callable[..., str], case: str
) -> None:
    nodes, words = LARGE[case]
    refused(write(nodes), words)


@pytest.mark.slow
def test_long_chains_end_in_an_answer(write: Callable[..., Path]) -> None:
    """HDF5 takes a millisecond for each node, so that the limit is some twenty seconds away."""
    names = [f"n{number}" for number in range(17_000)]
    nodes = {name: {"type": "Scale", "scale": 1.0} for name in names}
    start = time.process_time()
    graph = read_nir(write(ends() | dict(list(nodes.items())[:3000]), sequence("input", *names[:3000], "output")))
    assert len(graph.nodes) == 3002
    with pytest.raises(UnsupportedModelError, match="17002 nodes, more than 16384"):
        read_nir(write(ends() | nodes, sequence("input", *names, "output")))
    assert time.process_time() - start < 120


def sequence(*names: str) -> list[list[str]]:
    return [list(pair) for pair in pairwise(names)]


# When the library itself fails


def test_a_library_that_crashes_or_hangs_or_takes_all_memory_is_told() -> None:
    path = zoo_model("digits").nir_file
    for number in (signal.SIGSEGV, signal.SIGABRT):
        with pytest.raises(UnsupportedModelError, match=f"crashed on it .{number.name}"):
            survived(path, lambda number=number: os.kill(os.getpid(), number), 2**20)

    def fill_memory() -> None:
        try:
            bytearray(2**34)
        except MemoryError:
            raise UnsupportedModelError("no memory left") from None

    with pytest.raises(UnsupportedModelError, match="no memory left"):
        survived(path, fill_memory, 2**20)


def test_a_library_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spikeloom.models.readers.trial.SHORTEST_LIMIT", 1)
    path = zoo_model("digits").nir_file

    def never_end() -> None:
        while True:
            pass

    with pytest.raises(UnsupportedModelError, match="does not come to an end within 1 s"):
        survived(path, never_end, 2**20)
    monkeypatch.setattr("spikeloom.models.readers.trial.PATIENCE", 0.2)
    with pytest.raises(UnsupportedModelError, match="does not come to an end"):
        survived(path, lambda: time.sleep(100), 2**20)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # no child is left


def test_a_bug_of_ours_keeps_its_traceback() -> None:
    def stumble() -> None:
        raise KeyError("ours")

    with pytest.raises(RuntimeError, match=r"Traceback(.|\n)*KeyError: 'ours'"):
        survived(zoo_model("digits").nir_file, stumble, 2**20)


def test_a_limit_that_holds_already_is_kept() -> None:
    """As in a container, or below another program that watches over this one."""
    code = (
        "import resource, sys; from pathlib import Path; from spikeloom.models.readers.trial import survived\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**34, 2**34)); resource.setrlimit(resource.RLIMIT_CPU, (50, 50))\n"
        "survived(Path(sys.argv[1]), lambda: None, 2**40)"
    )
    subprocess.run([sys.executable, "-P", "-c", code, str(zoo_model("digits").nir_file)], check=True)


def test_what_is_sound_comes_through_and_leaves_no_child() -> None:
    survived(zoo_model("digits").nir_file, lambda: None, 2**20)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
