"""Zip archives made to do harm: data in `.npz`, graphs in `.graph`, weights and programs of PyTorch."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeloom.models.array_file import read_arrays, write_arrays
from spikeloom.models.graph import Edge, Graph
from spikeloom.models.graph_file import read_graph, write_graph
from spikeloom.models.operators import Input, Linear, Output

Refused = Callable[..., str]


def array(shape: Any, kind: str, data: bytes = b"") -> bytes:
    """A member of an `.npz` file that may declare anything."""
    header = repr({"descr": kind, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + data


def archive(path: Path, members: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return path


MEMBERS = {
    "declares 4 TB": (array((10**6, 10**6), "<f4"), "3.638 TiB"),
    "declares 2^62 bytes": (array((2**31, 2**31), "|u1"), "PiB"),
    "has less than it declares": (array((100,), "|u1", bytes(50)), "ends after 50 of 100"),
    "has more than it declares": (array((4,), "|u1", bytes(20_000_000)), "more bytes than its shape takes"),
    "texts of no length": (array((2**40,), "<U0"), "has the type"),
    "texts of any length": (array((1,), "<U500000000"), "GiB"),
    "a pickle": (array((1,), "|O", pickle.dumps([print])), "holds Python objects"),
    "fields": (array((1,), "V8", bytes(8)), "has the type"),
    "a size below 0": (array((-1,), "<f4"), "below 0"),
    "a header that nests": (b"\x93NUMPY\1\0" + (9000).to_bytes(2, "little") + b"(" * 9000, "header"),
    "a header of 4 GB": (b"\x93NUMPY\2\0" + (2**32 - 1).to_bytes(4, "little") + b" " * 1000, "header"),
    "a version of the future": (b"\x93NUMPY\7\0" + bytes(100), "version"),
}


@pytest.mark.parametrize("case", MEMBERS)
def test_arrays_that_are_not_what_they_say(refused: Refused, tmp_path: Path, case: str) -> None:
    content, words = MEMBERS[case]
    refused(archive(tmp_path / "hostile.npz", {"x.npy": content}), words)


def test_archives_that_numpy_does_not_write(refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "hostile.npz"
    refused(archive(path, {"x.npy": array((4,), "|u1", bytes(4))}, zipfile.ZIP_LZMA), "packed in a way")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as opened:
        for _ in range(2):
            opened.writestr("x.npy", array((4,), "|u1", bytes(4)))
    refused(path, "twice")
    refused(archive(path, {"\x1b[2J.npy": b""}), "no plain text")


def test_arrays_come_back_in_every_order_and_type(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    arrays = {
        "columns": np.asfortranarray(chance.random((3, 4))), "empty": np.zeros((0, 3)), "number": np.array(5),
        "texts": np.array(["a", "bcd"]), "bytes": np.array([b"a"]), "turned": np.arange(5, dtype=">i4"),
        "a/b": np.ones(3),
    }  # fmt: skip
    write_arrays(tmp_path / "a.npz", arrays)
    np.savez(tmp_path / "b.npz", **arrays)
    for name in ("a.npz", "b.npz"):
        found = read_arrays(tmp_path / name)
        assert found.keys() == arrays.keys()
        for key, values in arrays.items():
            np.testing.assert_array_equal(found[key], values)
            assert found[key].dtype == values.dtype
            assert found[key].flags.writeable


# Graphs


@pytest.fixture
def spoilt(tmp_path: Path) -> Callable[..., Path]:
    """A graph of one matrix, with something of its document or its arrays changed."""

    def write(nodes: Mapping[str, Any] | None = None, arrays: Mapping[str, Any] | None = None, **document: Any) -> Path:
        path = tmp_path / "hostile.graph"
        graph = Graph({"in": Input((2,)), "m": Linear(np.eye(2)), "out": Output()}, (Edge("in", "m"), Edge("m", "out")))
        write_graph(graph, path)
        assert read_graph(path).nodes
        stored = read_arrays(path)
        content = json.loads(stored.pop("document").tobytes())
        for name, fields in (nodes or {}).items():
            content["nodes"][name] = content["nodes"].get(name, {}) | fields
        text = np.frombuffer(json.dumps(content | document).encode(), np.uint8)
        write_arrays(path, {"document": text, **stored, **(arrays or {})})
        return path

    return write


FIELDS = {
    "a type of any width": ({"m": {"weight": {"array": "m/weight", "type": "U100000000"}}}, "no type"),
    "an array in two places": (
        {f"m{n}": {"operator": "Linear", "weight": {"array": "m/weight", "type": "float64"}} for n in range(2)},
        "m/weight"),
    "a stride of 0": (
        {"m": {"operator": "Pool", "weight": None, "kernel": [1], "stride": [0], "padding": [[0, 0]], "average": True}},
        "unexpected"),
    "a shape that is none": ({"in": {"shape": [-2]}}, "from 1 on"),
    "a shape of texts": ({"in": {"shape": ["a"]}}, "cannot be"),
    "a layer without end": ({"in": {"shape": [2**40]}}, "from 1 on"),
    "an operator that is none": ({"m": {"operator": "Operator"}}, "damaged"),
    "a name that a terminal would obey": ({"\x1b[2J": {"operator": "Identity"}}, "no plain text"),
}  # fmt: skip


@pytest.mark.parametrize("case", FIELDS)
def test_graphs_whose_fields_cannot_be(spoilt: Callable[..., Path], refused: Refused, case: str) -> None:
    nodes, words = FIELDS[case]
    refused(spoilt(nodes), words)


def test_graphs_whose_numbers_are_none(spoilt: Callable[..., Path], refused: Refused) -> None:
    refused(spoilt(arrays={"m/weight": np.full((2, 2), np.nan)}), "no number")
    refused(spoilt(arrays={"m/weight": np.full((2, 2), 1j)}), "no type of numbers")
    refused(spoilt(arrays={"m/weight": np.zeros((0, 2))}), "no numbers")
    refused(spoilt(arrays={"document": np.frombuffer(b"[" * 200_000, np.uint8)}))
    refused(spoilt(arrays={"zeros": np.zeros(2**27, np.uint8)}), "128 MiB")
    refused(spoilt(edges=[["in", "m", 0], ["m", "out", 2]]), "2 steps late")
    refused(spoilt(edges=[[1, 2]]))


# PyTorch


@pytest.fixture
def weights(tmp_path: Path) -> Callable[[Any], Path]:
    """A checkpoint of anything."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def write(content: Any) -> Path:
        torch.save(content, tmp_path / "hostile.pt")
        return tmp_path / "hostile.pt"

    return write


def test_checkpoints_whose_tensors_are_not_all_there(weights: Callable[[Any], Path], refused: Refused) -> None:
    import torch

    refused(weights({"0.weight": torch.zeros(1).expand(10**6, 10**6)}), "only a part of the tensor")
    refused(weights({"0.weight": torch.eye(3).to_sparse()}), "only a part of the tensor")


def test_checkpoints_that_run_code(weights: Callable[[Any], Path], refused: Refused, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "was run",)

    refused(weights({"0.weight": Bomb()}))
    assert not (tmp_path / "was run").exists()


def test_checkpoints_that_are_packed(weights: Callable[[Any], Path], refused: Refused) -> None:
    import torch

    path = weights({"a": torch.zeros(10)})
    with zipfile.ZipFile(path) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    refused(archive(path, members), "packed in a way that PyTorch does not write")


def test_checkpoints_in_parts(weights: Callable[[Any], Path], refused: Refused) -> None:
    """An archive that says it is one of several; Python's zipfile raises where it is only asked whether it is any."""
    path = weights({"a": 1})
    content = path.read_bytes()
    end = content.rindex(b"PK\5\6")
    path.write_bytes(content[:end] + struct.pack("<4sLQL", b"PK\6\7", 0, 0, 2) + content[end:])
    refused(path, "multiple disks are not supported")


def test_checkpoints_that_never_end(
    weights: Callable[[Any], Path], refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dictionary whose key is a pair of pairs of pairs, forty deep: Python takes 2^40 steps to hash it."""
    monkeypatch.setattr("spikeloom.models.readers.trial.SHORTEST_LIMIT", 1)
    pairs = b"".join(b"q%ch%c\x86" % (number, number) for number in range(40))
    laughs = b"\x80\x02}K\1" + pairs + b"K\2s."
    path = weights({"key": 0})
    with zipfile.ZipFile(path) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    pickled = next(name for name in members if name.endswith("data.pkl"))
    refused(archive(path, members | {pickled: laughs}, zipfile.ZIP_STORED), "does not come to an end")
