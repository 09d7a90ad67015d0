"""Sound files to begin with: those of the repository, real ones where they are at hand, and small ones made here."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np

import spikeloom
from spikeloom.models.graph import Edge, Graph
from spikeloom.models.graph_file import write_graph
from spikeloom.models.neurons import LeakyIntegrateAndFire, Reset
from spikeloom.models.operators import (
    Convolution,
    Flatten,
    Input,
    Linear,
    MaxPool,
    Neurons,
    Output,
    Pool,
    Rectifier,
    Scale,
    Select,
)
from spikeloom.models.writers.nir import write_nir

REPOSITORY = Path(spikeloom.__file__).parent
LARGEST_SEED = 200_000  # bytes; in a large file most changes hit the weights
FOLDERS = {"nir": "nir", "net": "netx", "npz": "braille"}  # of real files, by the end of their names


def write_corpus(folder: Path, kind: str, real: Path | None) -> None:
    """Write sound files of a kind.

    Parameters
    ----------
    kind : the end of their names.
    real : folder of files from other tools, if there is one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    brought = {
        "nir": REPOSITORY.glob("models/zoo/*.nir"),
        "yaml": REPOSITORY.glob("mapping/targets/*.yaml"),
    }.get(kind, iter(()))
    found = [] if real is None or kind not in FOLDERS else sorted((real / FOLDERS[kind]).glob(f"*.{kind}"))
    for path in (*sorted(brought), *found):
        if path.stat().st_size <= LARGEST_SEED:
            (folder / path.name).write_bytes(path.read_bytes())
    WRITERS.get(kind, lambda folder: None)(folder)


def leaky(neurons: int, reset: Reset = Reset.SUBTRACT) -> Neurons:
    """A layer of leaky neurons."""
    zero, one = np.zeros(()), np.ones(())
    threshold = np.linspace(0.5, 1.0, neurons) if neurons > 1 else one
    model = LeakyIntegrateAndFire(zero, np.array(0.9), threshold, one, one, zero, reset)
    return Neurons(model, None)


def spiking_graph() -> Graph:
    """A convolution, a pool, matrices, and neurons, some of them in a loop."""
    chance = np.random.default_rng(0)
    nodes = {
        "input": Input((2, 6, 6)),
        "convolution": Convolution(chance.normal(size=(3, 2, 3, 3)), np.zeros(3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
        "first": leaky(1),
        "pool": Pool((2, 2), (2, 2), ((0, 0), (0, 0)), average=False),
        "flat": Flatten(),
        "matrix": Linear(chance.normal(size=(4, 27))),
        "second": leaky(4),
        "loop": Linear(chance.normal(size=(4, 4))),
        "output": Output(),
    }
    names = ["input", "convolution", "first", "pool", "flat", "matrix", "second"]
    edges = [Edge(*pair) for pair in zip(names, [*names[1:], "output"], strict=True)]
    return Graph(nodes, (*edges, Edge("second", "loop"), Edge("loop", "second", 1)))


def ordinary_graph() -> Graph:
    """Rectifiers and maxima."""
    chance = np.random.default_rng(1)
    nodes = {
        "input": Input((2, 6, 6), (1, 2, 0)),
        "scale": Scale(np.array(0.5), np.array(0.1)),
        "convolution": Convolution(chance.normal(size=(3, 2, 3, 3)), None, (1, 1), ((0, 0), (0, 0)), (1, 1)),
        "rectifier": Rectifier(np.array(np.inf)),
        "maxima": MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
        "flat": Flatten(),
        "part": Select(np.arange(6), (12,)),
        "output": Output((6,)),
    }
    names = list(nodes)
    return Graph(nodes, tuple(Edge(*pair) for pair in pairwise(names)))


def _write_nir(folder: Path) -> None:
    write_nir(spiking_graph(), folder / "spiking.nir")


def _write_graph(folder: Path) -> None:
    write_graph(spiking_graph(), folder / "spiking.graph")
    write_graph(ordinary_graph(), folder / "ordinary.graph")


def _write_net(folder: Path) -> None:
    import h5py

    chance = np.random.default_rng(2)
    with h5py.File(folder / "small.net", "w") as file:
        layers = (
            {"type": "input", "shape": [4, 4, 1], "neuron": _leaky_fields()},
            {
                "type": "conv",
                "shape": [2, 2, 2],
                "weight": chance.integers(-8, 8, (2, 1, 3, 3)),
                "neuron": _leaky_fields(),
            },
            {"type": "flatten", "shape": [8]},
            {"type": "dense", "shape": [3], "weight": chance.integers(-8, 8, (3, 8)), "neuron": _leaky_fields()},
        )
        for number, fields in enumerate(layers):
            group = file.create_group(f"layer/{number}")
            for name, value in fields.items():
                if isinstance(value, dict):
                    for inner, content in value.items():
                        group[f"{name}/{inner}"] = content
                else:
                    group[name] = value


def _leaky_fields() -> dict[str, object]:
    return {"type": "LOIHI", "iDecay": 4096, "vDecay": 128, "vThMant": 64, "refDelay": 1, "gradedSpike": 0}


def _write_npz(folder: Path) -> None:
    chance = np.random.default_rng(3)
    x, y = (chance.random((6, 5, 2, 3)) < 0.4).astype(np.uint8), np.arange(6) % 3
    np.savez(folder / "stored.npz", x=x, y=y)
    np.savez_compressed(folder / "packed.npz", x=x.astype(np.float32), y=y.astype(np.int32))


def _write_onnx(folder: Path) -> None:
    from onnx import TensorProto, helper, numpy_helper, save

    chance = np.random.default_rng(4)

    def constant(name: str, values: object) -> TensorProto:
        return numpy_helper.from_array(np.asarray(values), name)

    def write(name: str, nodes: list[object], constants: list[TensorProto], shape: list[object], answer: str) -> None:
        ends = (
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(answer, TensorProto.FLOAT, None)],
        )
        graph = helper.make_graph(nodes, name, *ends, constants)
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), folder / f"{name}.onnx")

    numbers = chance.normal(size=(3, 2, 3, 3)).astype(np.float32)
    write(
        "convolution",
        [
            helper.make_node("Conv", ["x", "w", "b"], ["c"], "conv", pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["c"], ["r"], "relu"),
            helper.make_node("MaxPool", ["r"], ["m"], "maxima", kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("AveragePool", ["m"], ["a"], "means", kernel_shape=[2, 2], pads=[1, 1, 1, 1]),
            helper.make_node("Reshape", ["a", "shape"], ["f"], "flat"),
            helper.make_node("Gemm", ["f", "g", "o"], ["y"], "dense", transB=1),
        ],
        [constant("w", numbers), constant("b", np.zeros(3, np.float32)), constant("shape", [1, -1]),
         constant("g", chance.normal(size=(4, 48)).astype(np.float32)), constant("o", np.ones(4, np.float32))],
        ["samples", 2, 6, 6], "y",
    )  # fmt: skip
    write(
        "moves",
        [
            helper.make_node("Transpose", ["x"], ["t"], "turn", perm=[0, 3, 1, 2]),
            helper.make_node("Pad", ["t", "pads"], ["p"], "frame"),
            helper.make_node("Slice", ["p", "from", "to"], ["s"], "cut"),
            helper.make_node("Concat", ["s", "s"], ["c"], "twice", axis=1),
            helper.make_node("Tile", ["c", "times"], ["l"], "tile"),
            helper.make_node("Expand", ["l", "size"], ["e"], "spread"),
            helper.make_node("Mul", ["e", "factor"], ["k"], "scale"),
            helper.make_node("Clip", ["k", "low", "high"], ["q"], "clip"),
            helper.make_node("Shape", ["q"], ["z"], "shape"),
            helper.make_node("ConstantOfShape", ["z"], ["n"], "nothing"),
            helper.make_node("Add", ["q", "n"], ["y"], "add"),
        ],
        [constant("pads", [0, 0, 1, 1, 0, 0, 1, 1]), constant("from", [0, 0, 0, 0]), constant("to", [1, 2, 4, 4]),
         constant("times", [1, 1, 2, 1]), constant("size", [1, 4, 8, 4]), constant("factor", np.float32(0.5)),
         constant("low", np.float32(0)), constant("high", np.float32(6))],
        [1, 5, 5, 2], "y",
    )  # fmt: skip
    write(
        "quantized",
        [
            helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], "quantize"),
            helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"], "back"),
            helper.make_node("DequantizeLinear", ["w", "v", "u"], ["m"], "weights", axis=1),
            helper.make_node("MatMul", ["d", "m"], ["p"], "product"),
            helper.make_node("Relu", ["p"], ["y"], "relu"),
        ],
        [constant("s", np.float32(0.1)), constant("z", np.uint8(0)), constant("v", np.full(3, 0.01, np.float32)),
         constant("u", np.zeros(3, np.int8)), constant("w", chance.integers(-9, 9, (5, 3)).astype(np.int8))],
        [1, 5], "y",
    )  # fmt: skip


def _write_checkpoints(folder: Path) -> None:
    import torch
    from small_module import small_module

    network = small_module()
    torch.save(network.state_dict(), folder / "weights.pt")
    torch.save({"state_dict": network.state_dict(), "epoch": 3}, folder / "wrapped.pt")
    torch.save(network.state_dict(), folder / "old.pt", _use_new_zipfile_serialization=False)


def _write_exported(folder: Path) -> None:
    import torch
    from small_module import small_module

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(small_module().eval(), (torch.zeros(1, 2, 6, 6),))
        torch.export.save(program, folder / "small.pt2")


WRITERS = {
    "nir": _write_nir,
    "graph": _write_graph,
    "net": _write_net,
    "npz": _write_npz,
    "onnx": _write_onnx,
    "pt": _write_checkpoints,
    "pt2": _write_exported,
}
