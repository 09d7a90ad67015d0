"""Files that are sound as HDF5, ONNX, zip or YAML, and say what no network should: wrong shapes, types, sizes, links.

Every builder takes a source of chance, so that a campaign can give it a seed, and hypothesis can shrink what it finds.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

SIZES = (-1, 0, 1, 2, 3, 4, 7, 1000, 2**16, 2**31 - 1, 2**31, 2**33, 2**62)
SMALL_SIZES = (0, 1, 2, 3, 4, 4, 4, 5)
NUMBERS = (0.0, 1.0, -1.0, 0.5, 1e-320, 1e300, float("inf"), float("-inf"), float("nan"), 2**31, 1e-4)
TYPES = ("f4", "f8", "f2", "i1", "u1", "i8", "u8", "?", "c8", "S3", "V5", "i4", "f4", "f4")
NAMES = ("input", "output", "a", "b", "a.b", "..", "../../x", "a\x1bb", "é", "0", " ", "x" * 3000)
RIGHT: dict[str, Any] = {
    "weight": np.full((4, 4), 0.25), "weight_rec": np.full((4, 4), 1), "bias": np.zeros(4), "shape": np.array([4]),
    "scale": np.full(4, 0.5), "delay": np.full(4, 3e-4), "stride": 1, "padding": 0, "dilation": 1, "groups": 1,
    "kernel_size": 2, "tau": np.full(4, 1e-2), "tau_syn": 1e-2, "tau_mem": 1e-2, "r": 1.0, "v_leak": 0.0,
    "v_threshold": np.ones(4), "v_reset": 0.0, "w_in": 1.0, "threshold": 1.0, "start_dim": 0, "end_dim": -1,
    "input_type": np.array([4]), "input_shape": np.array([4, 4]), "layers": np.array([0]),
}  # fmt: skip
SHARE_OF_WRONG = 0.15
TEXTS = ("Input", "Output", "NIRGraph", "same", "valid", "", "\0", "LSTM", "x" * 5000)


def build_nir(path: Path, random: Random) -> None:
    """A NIR graph of nodes of any kind, with any fields, and edges between some of them."""
    import h5py

    kinds = {
        "Input": ("shape",), "Output": ("shape",), "Linear": ("weight",), "Affine": ("weight", "bias"),
        "Scale": ("scale",), "Flatten": ("start_dim", "end_dim", "input_type"), "Delay": ("delay",),
        "Conv1d": ("weight", "bias", "stride", "padding", "dilation", "groups", "input_shape"),
        "Conv2d": ("weight", "bias", "stride", "padding", "dilation", "groups", "input_shape"),
        "SumPool2d": ("kernel_size", "stride", "padding"), "AvgPool2d": ("kernel_size", "stride", "padding"),
        "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset"), "IF": ("r", "v_threshold"),
        "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "w_in"), "LI": ("tau", "r", "v_leak"),
        "Threshold": ("threshold",), "NIRGraph": ("nodes", "edges"), "Nothing": (),
    }  # fmt: skip
    with h5py.File(path, "w") as file:
        file["version"] = "1.0"
        root = file.create_group("node")
        root["type"] = "NIRGraph"
        nodes = root.create_group("nodes")
        names = ["input", "n0", "n1", "output"] if random.random() < 0.7 else _some(random, NAMES, 5)
        for number, name in enumerate(names):
            kind = random.choice(sorted(kinds))
            if random.random() < 0.8:
                kind = {0: "Input", len(names) - 1: "Output"}.get(number, kind)
            group = nodes.require_group(name.replace("\0", "0").replace("/", "_") or "empty")
            if "type" not in group:
                group["type"] = kind
            for field in kinds[kind]:
                if random.random() < 0.95 and field not in group:
                    _hdf5_value(group, field, random)
        pairs = list(pairwise(names)) if random.random() < 0.8 else []
        pairs += [(random.choice(names), random.choice(names)) for _ in range(random.choice((0, 0, 1, 3)))]
        edges = [[left.replace("/", "_"), right.replace("/", "_")] for left, right in pairs]
        root.create_dataset("edges", data=np.array(edges, dtype=object), dtype=h5py.string_dtype())


def build_net(path: Path, random: Random) -> None:
    """Layers of lava-dl with any fields."""
    import h5py

    fields = ("shape", "weight", "bias", "stride", "padding", "dilation", "groups", "delay", "layers", "weight_rec")
    kinds = ("input", "dense", "dense_rec", "conv", "convT", "pool", "unpool", "flatten", "average", "concat", "thing")
    with h5py.File(path, "w") as file:
        for number in range(random.choice((0, 1, 2, 3, 4))):
            layer = file.create_group(f"layer/{number}")
            layer["type"] = "input" if not number and random.random() < 0.7 else random.choice(kinds)
            for field in fields:
                if random.random() < 0.6:
                    _hdf5_value(layer, field, random)
            if random.random() < 0.7:
                neuron = layer.create_group("neuron")
                neuron["type"] = random.choice(("LOIHI", "CUBA", "SDNN", "ALIF"))
                for field in ("iDecay", "vDecay", "vThMant", "refDelay", "wgtExp", "weight_exp", "gradedSpike"):
                    if random.random() < 0.8:
                        neuron[field] = random.choice((0, 1, 64, 4096, -3, 2**40, 0.5, float("nan")))


def build_onnx(path: Path, random: Random) -> None:
    """Operators with any attributes and constants, one behind the other."""
    from onnx import TensorProto, helper, numpy_helper

    kinds = (
        "Conv", "ConvTranspose", "MaxPool", "AveragePool", "Gemm", "MatMul", "Add", "Mul", "Div", "Relu", "Clip",
        "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Split", "Concat", "Pad", "Tile", "Expand",
        "Gather", "Resize", "ReduceMean", "GlobalAveragePool", "BatchNormalization", "Softmax", "ArgMax", "Shape",
        "ConstantOfShape", "Range", "QuantizeLinear", "DequantizeLinear", "SpaceToDepth", "DepthToSpace", "Loop",
        "Einsum", "OneHot", "Identity", "Cast", "Sum", "Max", "Constant", "NonZero", "Nothing",
    )  # fmt: skip
    attributes = (
        "axis", "axes", "kernel_shape", "strides", "pads", "dilations", "group", "perm", "alpha", "to", "mode",
        "blocksize", "auto_pad", "ceil_mode", "keepdims", "transA", "transB", "equation", "count_include_pad",
    )  # fmt: skip
    constants, nodes, made = [numpy_helper.from_array(np.float32(0.5), "r")], [], ["x"]
    for number in range(random.choice((1, 2, 3, 5))):
        inputs = [made[-1] if random.random() < 0.8 else random.choice(made)]
        for place in range(random.choice((0, 1, 1, 2, 4))):
            constants.append(_tensor(f"c{number}.{place}", random))
            inputs.insert(random.choice((1, 1, 1, 0)), constants[-1].name)
        given = {
            name: random.choice(
                (1, 0, -1, 2, 10**9, 2**62, [1, 1], [0, 0, 0, 0], [2, 2], [10**9] * 4, [], 0.5, "SAME_UPPER", "reflect")
            )
            for name in attributes
            if random.random() < 0.05
        }
        outputs = [f"t{number}"] + ([f"u{number}"] if random.random() < 0.05 else [])
        if random.random() > 2 * SHARE_OF_WRONG:
            right = numpy_helper.from_array(np.full((4, 4), 0.25, np.float32), f"r{number}")
            constants.append(right)
            plain = (("Relu", []), ("MatMul", [right.name]), ("Mul", ["r"]), ("Flatten", []), ("Identity", []))
            kind, more = random.choice(plain)
            nodes.append(helper.make_node(kind, [made[-1], *more], outputs[:1], f"n{number}"))
        else:
            nodes.append(helper.make_node(random.choice(kinds), inputs, outputs, f"n{number}", **given))
        made += outputs
    shape: list[Any] = ["N", 4]
    if random.random() < 0.5:
        shape = [random.choice((1, "N", 3, 10**9)), *random.choice(([4, 4, 4], [3, 4, 4], [2, 4], [0]))]
    if random.random() < 0.1:
        shape[-1] = random.choice(SIZES)
    ends = (
        [helper.make_tensor_value_info("x", random.choice((TensorProto.FLOAT, TensorProto.FLOAT, 2, 8)), shape)],
        [helper.make_tensor_value_info(made[-1], TensorProto.FLOAT, None)],
    )
    graph = helper.make_graph(nodes, "built", *ends, constants)
    opset = random.choice((*[17] * 8, 13, 11, 9, 21, 6, 1, 0, 99))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    path.write_bytes(model.SerializeToString())


def build_npz(path: Path, random: Random) -> None:
    """Members whose headers say anything, with more or less data than that."""
    with zipfile.ZipFile(
        path, "w", random.choice((zipfile.ZIP_STORED, *[zipfile.ZIP_DEFLATED] * 3, zipfile.ZIP_LZMA))
    ) as archive:
        for name in _some(random, ("x", "y", "x.npy", "y.npy", "../x.npy", "a"), 3):
            header = {
                "descr": random.choice(
                    ("<f4", "|u1", "<i8", "|O", "<U0", "<U100000000", "|V8", "<M8[s]", [("a", "<f4")], 5)
                ),
                "fortran_order": random.choice((False, True, 0)),
                "shape": tuple(random.choice(SIZES) for _ in range(random.choice((0, 1, 2, 3)))),
            }
            text = repr(header).encode() if random.random() < 0.9 else b"(" * 500
            text += b" " * 10 + b"\n"
            magic = b"\x93NUMPY" + random.choice((b"\1\0", b"\2\0", b"\3\0", b"\7\0"))
            length = len(text).to_bytes(2 if magic.endswith(b"\1\0") else 4, "little")
            zeros = bytes(random.choice((0, 4, 64, 2**20)))
            content = io.BytesIO()
            np.save(content, np.full((4, 2), 0.5))
            right = random.random() > SHARE_OF_WRONG
            archive.writestr(name, content.getvalue() if right else magic + length + text + zeros)


def build_graph(path: Path, random: Random) -> None:
    """A document of operators with any fields, whose arrays are of any shape."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    right = {
        "shape": [4], "axes": None, "weight": np.full((4, 4), 0.25), "bias": None, "step": None, "offset": None,
        "scale": np.full(4, 0.5), "elements": np.arange(4), "input_shape": [4], "steps": np.array(2), "start": 0,
        "end": -1, "ceiling": np.array(6.0), "average": True,
    }  # fmt: skip

    def value(name: str) -> Any:
        if random.random() > SHARE_OF_WRONG and name in right:
            if isinstance(right[name], np.ndarray):
                arrays[f"array{len(arrays)}"] = right[name]
                return {"array": f"array{len(arrays) - 1}", "type": str(right[name].dtype)}
            return right[name]
        chosen = random.randrange(8)
        if chosen < 3:
            name = f"array{len(arrays)}"
            arrays[name] = _array(random)
            return {
                "array": random.choice((name, "array0")),
                "type": random.choice(("float64", "int64", "U99999999", "V9", "?")),
            }
        if chosen == 3:
            return [random.choice(SIZES) for _ in range(random.choice((0, 1, 2)))]
        if chosen == 4:
            return [[random.choice(SIZES), 0], [1, 1]]
        if chosen == 5:
            return {
                "neurons": random.choice(("leaky", "ternary", "nothing")),
                "parameters": {"threshold": 1, "reset": "zero"},
            }
        return random.choice((None, True, 1, -1, 2**62, 0.5, float("nan"), "text", []))

    fields = {
        "Input": ("shape", "axes"), "Output": ("shape",), "Linear": ("weight", "bias", "step"), "Identity": (),
        "Convolution": ("weight", "bias", "stride", "padding", "dilation", "groups"), "Scale": ("scale", "offset"),
        "Pool": ("kernel", "stride", "padding", "average"), "Select": ("elements", "input_shape"),
        "Neurons": ("model", "shape"), "Delay": ("steps",), "Flatten": ("start", "end"), "Reshape": ("shape",),
        "Rectifier": ("ceiling",), "MaxPool": ("kernel", "stride", "padding", "dilation"), "Operator": (),
    }  # fmt: skip
    kinds = ["Input", *(random.choice(sorted(fields)) for _ in range(random.choice((0, 1, 3)))), "Output"]
    nodes = {
        f"n{number}": {"operator": kind, **{name: value(name) for name in fields[kind] if random.random() < 0.9}}
        for number, kind in enumerate(kinds)
    }
    if random.random() < 0.8:
        nodes["n0"]["shape"], nodes["n0"]["axes"] = [random.choice(SMALL_SIZES)], None
        nodes[f"n{len(kinds) - 1}"]["shape"] = None
    edges: list[Any] = [[f"n{number}", f"n{number + 1}", 0] for number in range(len(kinds) - 1)]
    edges += (
        random.choice(([], [["n0", "n9", 0]], [["n1", "n1", 1]], [[1, 2]], [["n1", "n1", 2**70]], 5, [[[], {}, None]]))
        if random.random() < 0.4
        else []
    )
    document = {"format": random.choice((1, 1, 1, 2, None, [])), "name": "x", "nodes": nodes, "edges": edges,
                "assumptions": random.choice(([], ["a"], 5, [[[]]], "text"))}  # fmt: skip
    text = json.dumps(document) if random.random() < 0.95 else "[" * 100_000
    arrays["document"] = np.frombuffer(text.encode(), np.uint8)
    np.savez(path.with_suffix(".npz"), **arrays)
    path.with_suffix(".npz").replace(path)


def build_yaml(path: Path, random: Random) -> None:
    """Keys of a target with any values, and what YAML can do besides."""
    lines = [random.choice(("extends: loihi2", "extends: spinnaker1", "extends: 5", "extends: case.yaml", "name: x"))]
    values = (
        "1", "-1", "1e400", ".nan", "9" * 5000, "2020-13-45", "[]", "{}", "null", "*a", "&a [*a]", "!!python/name:os.x",
        "!!binary '!'", "0x" + "f" * 9000, "[" * 100, "{chips: 1000000000}", "{chips: 2, columns: 4}", "{value: 5}",
        "{value: 9223372036854775808, unit: cores, kind: assumed, source: x}", "\"\\u0007\"", "1:" + "59:" * 900 + "1",
    )  # fmt: skip
    for key in ("topology", "limits", "costs", "name", "neurons", "1", "? [a]", "synapses", "backend", "<<"):
        if random.random() < 0.3:
            lines.append(f"{key}: {random.choice(values)}")
    if random.random() < 0.2:
        lines.append("l0: &l0 [x, x, x]")
        lines += [f"l{n + 1}: &l{n + 1} [*l{n}, *l{n}, *l{n}, *l{n}]" for n in range(random.choice((3, 30)))]
    path.write_text("\n".join(lines) + "\n")


BUILDERS: dict[str, Callable[[Path, Random], None]] = {
    "nir": build_nir,
    "net": build_net,
    "onnx": build_onnx,
    "npz": build_npz,
    "graph": build_graph,
    "yaml": build_yaml,
}


def built(path: Path, random: Random) -> None:
    """Build a file of the kind that its name says; what a library does not let be written is left as it is then."""
    try:
        BUILDERS[path.suffix.removeprefix(".")](path, random)
    except (ValueError, TypeError, OverflowError, OSError, RuntimeError):
        if not path.exists():
            path.write_bytes(b"")


def _some(random: Random, names: tuple[str, ...], most: int) -> list[str]:
    return random.sample(names, random.randint(1, min(most, len(names))))


def _array(random: Random) -> np.ndarray[Any, Any]:
    shape = tuple(random.choice(SMALL_SIZES) for _ in range(random.choice((0, 1, 1, 2, 2, 4))))
    values = np.full(shape, random.choice(NUMBERS) if random.random() < 0.4 else 0.25)
    with np.errstate(all="ignore"):
        return values.astype(random.choice(TYPES))


def _hdf5_value(group: Any, name: str, random: Random) -> None:
    """A dataset that holds, declares, or leads to, anything."""
    import h5py

    if name in RIGHT and random.random() > SHARE_OF_WRONG:
        group[name] = RIGHT[name]
        return
    chosen = random.random()
    if chosen < 0.75:
        array = _array(random)
        group.create_dataset(
            name, data=array, **({"compression": "gzip"} if array.ndim and random.random() < 0.2 else {})
        )
    elif chosen < 0.85:
        group[name] = random.choice((1, 0, -1, 2, 10**9, 0.5, [1, 1], [4], [0, 0], [10**9, 10**9]))
    elif chosen < 0.9:
        group[name] = random.choice([text for text in TEXTS if "\0" not in text])
    elif chosen < 0.94:
        shape = tuple(abs(random.choice(SIZES)) for _ in range(random.choice((1, 2, 3))))
        group.create_dataset(name, shape=shape, dtype="f4", chunks=tuple(max(1, min(size, 64)) for size in shape))
    else:
        group[name] = random.choice(
            (h5py.SoftLink("/node"), h5py.ExternalLink("/etc/passwd", "/"), h5py.SoftLink("nowhere"), group)
        )


def _tensor(name: str, random: Random) -> Any:
    from onnx import TensorProto, numpy_helper

    chosen = random.random()
    if chosen < 0.4:
        return numpy_helper.from_array(np.full((4, 4), 0.25, np.float32), name)
    if chosen < 0.6:
        return numpy_helper.from_array(_array(random).real.astype("f4"), name)
    if chosen < 0.85:
        numbers = [random.choice((1, 2, 0, -1, 4, 1000, 2**31, 2**62)) for _ in range(random.choice((0, 1, 2, 4, 8)))]
        return numpy_helper.from_array(np.array(numbers, np.int64), name)
    dims = [random.choice(SIZES) for _ in range(random.choice((1, 2)))]
    tensor = TensorProto(name=name, dims=dims, data_type=random.choice((1, 7, 2, 8, 0, 99, 22)))
    if random.random() < 0.5:
        tensor.raw_data = bytes(random.choice((0, 4, 64)))
    else:
        tensor.data_location = TensorProto.EXTERNAL
        place = random.choice(("../../../etc/passwd", "/etc/passwd", "weights.bin", "", ".", "case.onnx"))
        for key, value in (("location", place), ("offset", random.choice(("0", "-5", "x", "9" * 30)))):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value
    return tensor
