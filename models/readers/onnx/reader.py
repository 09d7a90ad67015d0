"""Reading ONNX files: opsets from 7 on, ordinary networks in float or quantized.

Every node is read on its own. Where one cannot be, inputs of the shapes that ONNX infers stand in for what it would
have made, so that all that stands against a model is found in one go.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import Unsupported, UnsupportedModelError, unsupported_model
from ...graph import Graph, GraphError
from ...operators import ShapeError
from ...size_limits import excess
from ..activation_quantizers import listed
from ..dataflow import Dataflow
from ..nir.values import NotSupportedError
from .call import MOST_COMPUTED, Call, Reading, UnknownError
from .entry import Entry, enter, entries
from .folding import folded
from .handlers import handler_of
from .inference import inferred
from .layout import in_order
from .nodes import Node, TensorType
from .options import OnnxOptions
from .program import Program, read_program
from .refusals import CONTROL, REFUSED, refusal
from .values import Activation, Answer, Constant, Unknown, Value

FLOATS = ("FLOAT", "FLOAT16", "DOUBLE", "BFLOAT16")
INTEGERS = ("UINT8", "INT8", "UINT16", "INT16")
NUMBERS = "output: of {}, quantized, the graph gives the numbers that the integers stand for."


def read_onnx(path: Path, options: OnnxOptions | None = None) -> Graph:
    """Read an `.onnx` file.

    Raises
    ------
    UnsupportedModelError : unreadable, contradictory, or with nodes that have no meaning here (all of them listed).
    UsageError : an option that contradicts the file.
    BackendMissingError : the package `onnx` is not installed.
    """
    options = options or OnnxOptions()
    program = read_program(path, options.output)
    name, problems = _data_input(program)
    try:
        ways: list[Entry | None] = list(entries(path, name, program.inputs[name], options))
    except NotSupportedError as error:
        problems.append(Unsupported(name, "input", str(error)))
        ways = [None]
    first: list[Unsupported] = []
    for entry in ways:
        walk = _Walk(program, name, entry, options)
        found = problems + walk.problems
        if not found:
            return walk.graph(path)
        first = first or found
    if len(first) == 1 and first[0].what == "input":
        raise UnsupportedModelError(f"{path}: the input {first[0].node!r} {first[0].reason}.")
    raise unsupported_model(str(path), first)


def _data_input(program: Program) -> tuple[str, list[Unsupported]]:
    """The input that data are for, and what stands against the inputs."""
    kinds = {name: _kind(type_) for name, type_ in program.inputs.items()}
    name = next((name for name, kind in kinds.items() if kind in FLOATS), next(iter(kinds)))
    problems = []
    if len(kinds) > 1:
        problems.append(Unsupported(", ".join(kinds), "inputs", f"one input is needed, there are {len(kinds)}"))
    for other, kind in kinds.items():
        if kind not in FLOATS + INTEGERS:
            reason = f"is of type {kind.lower() or 'sequence or map'}; data for a spiking network are measured numbers"
            problems.append(Unsupported(other, "input", reason))
    return name, problems


class _Walk:
    """One way through a model, node by node.

    Attributes
    ----------
    problems : all that stands against the model.
    """

    def __init__(self, program: Program, name: str, entry: Entry | None, options: OnnxOptions) -> None:
        self.program, self.entry = program, entry
        samples = 1 if entry is None else entry.samples
        stored = sum(array.size for array in program.constants.values())
        self.reading = Reading(
            Dataflow(), program.opset, samples, program.readers, program.outputs, left=MOST_COMPUTED + 2 * stored
        )
        self.problems: list[Unsupported] = []
        self.values: dict[str, Value] = {name: Constant(array) for name, array in program.constants.items()}
        for other, type_ in program.inputs.items():
            if other != name or entry is None:
                self.values[other] = self._stand_in(other, type_)
            else:
                self.reading.flow.assumptions.append(entry.note)
                integer = type_.element is not None and _kind(type_) not in FLOATS
                self.values[other] = self._entered(entry, options, integer)
        for node in program.nodes:
            self._read(node)
        self._find_wrong_outputs()

    def graph(self, path: Path) -> Graph:
        """The graph, where there are no problems."""
        flow = self.reading.flow
        answers: list[tuple[str, Activation]] = []
        for name in self.program.outputs:
            value = self.values[name]
            x = value.activation if isinstance(value, Answer) else value
            assert isinstance(x, Activation)
            if x.quantizer is not None:
                self.reading.note(NUMBERS, name)
            if all((x.signal, x.axes) != (other.signal, other.axes) for _, other in answers):
                answers.append((name, x))
        for name, x in answers:
            flow.output(name, in_order(flow, name, x).signal)
        for assumption, names in self.reading.notes.items():
            flow.assumptions.append(assumption.format(listed(list(dict.fromkeys(names)))))
        try:
            return flow.graph(path.stem)
        except GraphError as error:
            raise UnsupportedModelError(f"{path}: {error}.") from None

    def _entered(self, entry: Entry, options: OnnxOptions, integer: bool) -> Value:
        try:
            return enter(self.reading.flow, self.program, entry, options, integer)
        except ShapeError as error:
            self.problems.append(Unsupported(entry.name, "input", str(error)))
            return Unknown(True)

    def _read(self, node: Node) -> None:
        values = tuple(self.values[name] if name else None for name in node.inputs)
        call = Call(self.reading, node, values)
        results: list[Value] = []
        try:
            results = self._results(call)
        except UnknownError:
            pass
        except NotSupportedError as error:
            self.problems.append(Unsupported(node.name, node.kind, str(error)))
        except ShapeError as error:
            shapes = [value.shape for value in values if isinstance(value, Activation)]
            self.problems.append(Unsupported(node.name, node.kind, f"{error}, but is given shape {shapes[0]}"))
        self.values |= dict(zip(node.outputs, results, strict=False))
        dynamic = node.kind not in ("Shape", "Size") and not all(map(_is_static, values))
        missing = [name for name in node.outputs[len(results) :] if name]
        types = inferred(node, values, self.program.opset) if dynamic and missing else {}
        for name in missing:
            self.values[name] = self._stand_in(name, types.get(name)) if dynamic else Unknown(False)

    def _results(self, call: Call) -> list[Value]:
        node = call.node
        constant = all(isinstance(value, Constant | None) for value in call.values)
        foldable = not node.domain and REFUSED.get(node.kind) != CONTROL and node.kind != "DequantizeLinear"
        handler = handler_of(node.kind, node.domain)
        if node.name in self.program.problems and (handler or not node.domain):
            raise NotSupportedError(self.program.problems[node.name])
        if constant and foldable:
            return folded(call)
        if handler is None:
            raise NotSupportedError(refusal(node.kind, node.domain))
        return handler(call)

    def _stand_in(self, name: str, type_: TensorType | None) -> Value:
        """What a tensor that cannot be read is taken for while the rest is read."""
        if type_ is None or not type_.sizes or _kind(type_) not in FLOATS:
            return Unknown(True)
        shape = tuple(size for size in type_.sizes if isinstance(size, int))
        samples = self.reading.samples
        if len(shape) < len(type_.sizes) or (samples > 1 and shape[0] != samples):
            return Unknown(True)
        batch = 0 if shape[0] == samples and (len(shape) > 1 or samples > 1) else None
        own = shape if batch is None else shape[1:]
        if excess(own):
            return Unknown(True)
        signal = self.reading.flow.input(name, own or (1,))
        return Activation(signal, tuple(range(len(own))), batch, samples)

    def _find_wrong_outputs(self) -> None:
        for name in self.program.outputs:
            value = self.values[name]
            if isinstance(value, Constant):
                self.problems.append(Unsupported(name, "output", "does not depend on the model's input"))
            elif isinstance(value, Unknown) and not self.problems and self.entry is not None:
                reason = "cannot be told by spikes; choose another output (--output-name)"
                self.problems.append(Unsupported(name, "output", reason))


def _kind(type_: TensorType) -> str:
    from onnx import TensorProto

    if type_.element is None:
        return ""
    try:
        return str(TensorProto.DataType.Name(type_.element))
    except ValueError:  # a file may name a type by any number
        return f"type {type_.element}"


def _is_static(value: Value | None) -> bool:
    return isinstance(value, Constant | None) or (isinstance(value, Unknown) and not value.dynamic)
