"""ONNX files made to do harm: a few nodes that make tensors of any size, functions, weights from elsewhere."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper

from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.readers.onnx import read_onnx

Write = Callable[..., Path]
Refused = Callable[..., str]


def constant(name: str, values: Any) -> TensorProto:
    return numpy_helper.from_array(np.asarray(values), name)


def node(kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> NodeProto:
    return helper.make_node(kind, inputs, [output], **attributes)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a model from x to y."""

    def write_file(
        nodes: Sequence[NodeProto],
        *constants: TensorProto,
        shape: Sequence[int] = (1, 4),
        functions: Sequence[Any] = (),
    ) -> Path:
        ends = (
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        )
        graph = helper.make_graph(nodes, "hostile", *ends, constants)
        imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
        path = tmp_path / "hostile.onnx"
        path.write_bytes(helper.make_model(graph, opset_imports=imports, functions=functions).SerializeToString())
        return path

    return write_file


ADD = node("Add", ["x", "k"], "y")
GROWING = {
    "a constant of a shape": ([node("ConstantOfShape", ["s"], "k"), ADD], [constant("s", [10**6, 10**6])]),
    "a range": (
        [node("Range", ["a", "b", "a"], "k"), ADD], [constant("a", np.float32(1)), constant("b", np.float32(1e12))]),
    "one of many": (
        [node("OneHot", ["a", "d", "v"], "k"), ADD],
        [constant("a", np.arange(1000)), constant("d", 10**9), constant("v", np.float32([0, 1]))]),
    "an outer product": (
        [node("MatMul", ["a", "b"], "k"), ADD],
        [constant("a", np.ones((10**5, 1), "f4")), constant("b", np.ones((1, 10**5), "f4"))]),
    "a sum over pairs of pairs": (
        [node("Einsum", ["a", "a", "a", "a"], "k", equation="a,b,c,d->"), ADD], [constant("a", np.ones(4096, "f4"))]),
    "doubling again and again": (
        [node("Concat", [f"c{n}", f"c{n}"], f"c{n + 1}", axis=0) for n in range(45)] + [node("Add", ["x", "c45"], "y")],
        [constant("c0", np.ones((2**20, 4), "f4"))]),
    "repeating": ([node("Expand", ["x", "s"], "y")], [constant("s", [10**6, 10**6, 1])]),
    "tiles": ([node("Tile", ["x", "s"], "y")], [constant("s", [1, 10**9])]),
    "a frame": ([node("Pad", ["x", "s"], "y")], [constant("s", [0, 10**9, 0, 10**9])]),
}  # fmt: skip


@pytest.mark.parametrize("case", GROWING)
def test_small_files_that_grow_are_refused(write: Write, refused: Refused, case: str) -> None:
    nodes, constants = GROWING[case]
    refused(write(nodes, *constants), "1 node cannot be deployed")


def test_images_that_grow_are_refused(write: Write, refused: Refused) -> None:
    wide = {"pads": [10**9 - 1] * 4}
    image = (1, 1, 4, 4)
    refused(
        write([node("Conv", ["x", "w"], "y", **wide)], constant("w", np.ones((1, 1, 1, 1), "f4")), shape=image),
        "pads to",
    )
    refused(write([node("MaxPool", ["x"], "y", kernel_shape=[10**9] * 2, **wide)], shape=image), "pads to")
    refused(write([node("AveragePool", ["x"], "y", kernel_shape=[10**9] * 2, **wide)], shape=image), "pads to")
    scales = constant("s", np.float32([1, 1, 1e5, 1e5]))
    refused(write([node("Resize", ["x", "", "s"], "y")], scales, shape=image), "160000000000 elements")
    refused(write([node("Relu", ["x"], "y")], shape=(1, 10**6, 10**6)), "the input 'x'", "1000000000000 elements")


def test_an_average_over_large_windows_takes_no_memory_for_each_of_their_elements(write: Write, watched: Any) -> None:
    """400 million pairs of a window and an element, of which a list would take 3 GB."""
    average = node("AveragePool", ["x"], "y", kernel_shape=[400, 400], pads=[200] * 4, strides=[1, 1])
    assert watched(write([average], shape=(1, 1, 50, 1000))).nodes


def external(location: str, size: int = 4, offset: str = "0") -> TensorProto:
    tensor = TensorProto(name="w", dims=[size], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", offset)):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return tensor


def test_weights_outside_the_folder_are_not_read(write: Write, refused: Refused, tmp_path: Path) -> None:
    add = [node("Add", ["x", "w"], "y")]
    (tmp_path / "w.bin").write_bytes(np.ones(4, "f4").tobytes())
    assert read_onnx(write(add, external("w.bin"))).nodes
    (tmp_path / "link.bin").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    for place in ("../../../../etc/passwd", "/etc/passwd", "link.bin", ""):
        refused(write(add, external(place)), "outside the model's folder")
    for place in ("pipe", "."):
        refused(write(add, external(place)), "which is no file")
    for place in ("w.bin\0x", "w" * 5000):
        refused(write(add, external(place)), "which no file is called")
    refused(write(add, external("w.bin", 10**6)), "truncated")
    refused(write(add, external("w.bin", 10**13)), "this machine has")
    refused(write(add, external("w.bin", offset="9" * 40)), "truncated")
    refused(write(add, external("w.bin", 0, "9" * 40)), "truncated")


def test_tensors_that_declare_more_than_they_hold(write: Write, refused: Refused) -> None:
    add = [node("Add", ["x", "w"], "y")]
    for fields in ({"raw_data": b"0000"}, {"float_data": [1.0]}, {}):
        refused(write(add, TensorProto(name="w", dims=[2**40, 2**20], data_type=TensorProto.FLOAT, **fields)), "'w'")
    for kind, fields in (
        (TensorProto.INT32, {"int32_data": [1]}),
        (TensorProto.STRING, {"string_data": [b"a"]}),
        (99, {}),
    ):
        refused(write(add, TensorProto(name="w", dims=[2**40, 2**20], data_type=kind, **fields)), "'w'")


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.STRING, TensorProto.INT32, TensorProto.INT4])
@pytest.mark.parametrize("dims", [[2**40, 0, 2**40], [1] * 65])
@pytest.mark.parametrize("where", [TensorProto.DEFAULT, TensorProto.EXTERNAL])
def test_empty_tensors_of_shapes_that_no_array_has(
    write: Write, refused: Refused, kind: int, dims: list[int], where: int
) -> None:
    tensor = TensorProto(name="w", dims=dims, data_type=kind, data_location=where)
    refused(write([node("Add", ["x", "w"], "y")], tensor), "'w'")


def function(name: str, called: str, domain: str = "own") -> Any:
    steps = [helper.make_node(called, [f"t{n}"], [f"t{n + 1}"], domain=domain) for n in range(9)]
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    return helper.make_function("own", name, ["t0"], ["t9"], steps, imports)


def test_functions_that_call_one_another(write: Write, refused: Refused) -> None:
    """Twelve functions of nine calls each are 9^13 nodes."""
    call = [helper.make_node("f0", ["x"], ["y"], domain="own")]
    chain = [*(function(f"f{n}", f"f{n + 1}") for n in range(12)), function("f12", "Relu", "")]
    refused(write(call, functions=chain), "nodes, its functions written out")
    refused(write(call, functions=[function("f0", "f0")]), "within themselves")


def test_many_nodes_end_in_an_answer(write: Write, refused: Refused, watched: Any) -> None:
    def chain(kind: str, count: int) -> list[NodeProto]:
        nodes = [helper.make_node(kind, [f"t{n}"], [f"t{n + 1}"], "same") for n in range(count)]
        nodes[0].input[0], nodes[-1].output[0] = "x", "y"
        return nodes

    refused(write(chain("Relu", 17_000)), "more than 16384 nodes")
    for kind in ("Relu", "Softmax", "Neg"):
        assert watched(write(chain(kind, 1000))).nodes
    loop = [node("Relu", ["t"], "y"), node("Relu", ["y"], "t")]
    refused(write(loop), "in a loop")


def test_an_axis_that_is_made_twice(write: Write, refused: Refused) -> None:
    refused(write([node("Unsqueeze", ["x", "axes"], "y")], constant("axes", [1, 1])), "makes an axis twice")


@pytest.mark.parametrize("axes", [3, 1.5, "axes", [0.5]])
@pytest.mark.parametrize(("kind", "name"), [("Unsqueeze", "axes"), ("Squeeze", "axes"), ("Transpose", "perm")])
def test_axes_that_are_no_list_of_integers(write: Write, kind: str, name: str, axes: Any) -> None:
    with contextlib.suppress(UnsupportedModelError):  # one axis alone may do
        read_onnx(write([node(kind, ["x"], "z", **{name: axes}), node("Relu", ["z"], "y")], shape=(1, 3, 4, 4)))


def test_names_that_are_no_text(write: Write, refused: Refused) -> None:
    path = write([node("Relu", ["x"], "y")])
    content = path.read_bytes()
    for name, damaged in ((b"Relu", b"Re\xeflu"), (b"y", b"\xef")):
        path.write_bytes(content.replace(name, damaged[: len(name)]))
        refused(path, "not UTF-8")


def test_names_that_a_terminal_would_obey(write: Write, refused: Refused) -> None:
    refused(write([helper.make_node("Relu", ["x"], ["t"], "n\x1b[2J"), node("Neg", ["t"], "y")]), "no plain text")
    refused(write([helper.make_node("Li\x1b[2J", ["x"], ["y"], "n")]), "n (Li�[2J)")
