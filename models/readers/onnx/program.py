"""A model without its weights: the nodes in order, what they read, and the shapes that ONNX infers.

Weights are taken out of the message first, so that checking, inlining and inference, which copy the message, are cheap;
in their place the graph gets inputs of their shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import UnsupportedModelError, UsageError
from .extent import require_moderate_extent
from .file import load
from .nodes import Node, TensorType, captured, node_of, type_of
from .order import ordered_nodes
from .tensors import Array, TensorError, array_of, byte_size

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto, ValueInfoProto

SMALL = 1024  # bytes of a tensor that stays in the message, where shape inference may need it
OLDEST_OPSET = 7


@dataclass(frozen=True, eq=False)
class Program:
    """A checked model.

    Attributes
    ----------
    nodes : those that lead to an output, each after all that it reads.
    constants : stored tensors by name.
    inputs : types of the graph's inputs that are no stored tensors.
    outputs : names of the graph's outputs.
    opset : version of ONNX's own operators.
    problems : what ONNX's checker finds wrong with nodes, by the name of the node.
    readers : the nodes that read a tensor, by its name.
    """

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    inputs: Mapping[str, TensorType]
    outputs: tuple[str, ...]
    opset: int
    problems: Mapping[str, str]
    readers: Mapping[str, tuple[Node, ...]]


def read_program(path: Path, output: str | None = None) -> Program:
    """Load, check and order a model, with all its outputs or one of them.

    Raises
    ------
    UnsupportedModelError : unreadable, or it contradicts itself.
    BackendMissingError : see `file.load`.
    """
    try:
        return _program(path, output)
    except UnicodeDecodeError:  # names are looked at in many places
        raise UnsupportedModelError(f"{path} is damaged: a name in it is no text.") from None


def _program(path: Path, output: str | None) -> Program:
    from onnx import inliner

    whole = load(path)
    require_moderate_extent(path, whole)
    model, constants = _without_weights(path, whole)
    model, opset = _at_readable_opset(path, model)
    if model.functions:
        try:
            model = inliner.inline_local_functions(model)
        except Exception as error:  # whatever the inliner stumbles over
            raise UnsupportedModelError(f"{path}: its functions cannot be inlined: {_line(error)}.") from None
    graph = model.graph
    constants |= {tensor.name: _array(path, tensor.name, tensor) for tensor in graph.initializer}
    inputs = {value.name: type_of(value) for value in graph.input if value.name not in constants}
    if not inputs:
        raise UnsupportedModelError(f"{path} holds an ONNX graph without inputs.")
    try:
        nodes = [node_of(path.parent, message) for message in graph.node]
    except TensorError as error:
        raise UnsupportedModelError(f"{path}: a constant in a node cannot be read: {error}.") from None
    outputs = tuple(value.name for value in graph.output)
    if output is not None and output not in outputs:
        raise UsageError(f"{path} has no output {output!r}; its outputs are {', '.join(map(repr, outputs))}.")
    outputs = outputs if output is None else (output,)
    ordered = ordered_nodes(path, nodes, {*constants, *inputs}, outputs)
    problems = _checked(path, model, ordered, [value for value in graph.output if value.name in outputs])
    readers: dict[str, tuple[Node, ...]] = {}
    for node in ordered:
        for name in {*node.inputs, *captured(node)}:
            readers[name] = (*readers.get(name, ()), node)
    return Program(tuple(ordered), constants, inputs, outputs, opset, problems, readers)


def _at_readable_opset(path: Path, model: ModelProto) -> tuple[ModelProto, int]:
    """The model in an opset that is read, and this opset: older ones are converted by the package onnx."""
    import onnx
    from onnx import version_converter

    versions = {entry.domain: entry.version for entry in model.opset_import}
    opset = int(versions.get("", versions.get("ai.onnx", 0)))
    newest = onnx.defs.onnx_opset_version()
    if not opset:
        domains = ", ".join(map(repr, versions))
        raise UnsupportedModelError(f"{path} uses none of ONNX's own operators, but those of {domains} only.")
    if opset > newest:
        raise UnsupportedModelError(
            f"{path} is of opset {opset}; the installed package onnx {onnx.__version__} knows up to {newest}: update "
            "onnx, or export for an older opset."
        )
    if opset >= OLDEST_OPSET:
        return model, opset
    sized = onnx.ModelProto()
    sized.CopyFrom(model)
    for value in (
        *sized.graph.input,
        *sized.graph.output,
    ):  # the converter wants numbers, and looks at their count only
        for dimension in value.type.tensor_type.shape.dim:
            dimension.dim_value = dimension.dim_value or 1
    try:
        converted = version_converter.convert_version(sized, OLDEST_OPSET)
    except Exception as error:  # whatever the converter stumbles over
        raise UnsupportedModelError(
            f"{path} is of opset {opset}, and onnx cannot convert it to {OLDEST_OPSET}, the oldest that is read: "
            f"{_line(error)}."
        ) from None
    for part in ("input", "output"):
        converted.graph.ClearField(part)
        getattr(converted.graph, part).extend(getattr(model.graph, part))
    return converted, OLDEST_OPSET


def _without_weights(path: Path, model: ModelProto) -> tuple[ModelProto, dict[str, Array]]:
    """A new message with inputs in place of large tensors, and these tensors.

    It is a new one because a message gives back the memory of its parts with the whole only.
    """
    import onnx
    from onnx import AttributeProto, TensorProto, helper

    graph, constants = model.graph, {}
    if graph.sparse_initializer:
        raise UnsupportedModelError(
            f"{path} stores {graph.sparse_initializer[0].values.name!r} as a sparse tensor; store it in full."
        )
    rest = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import, functions=model.functions)
    rest.graph.name = graph.name or "graph"
    rest.graph.input.extend(graph.input)
    rest.graph.output.extend(graph.output)
    declared = {value.name for value in graph.input}

    def take(name: str, tensor: TensorProto) -> bool:
        if tensor.data_location != TensorProto.EXTERNAL and byte_size(tensor) <= SMALL:
            return False
        constants[name] = _array(path, name, tensor)
        if name not in declared:
            rest.graph.input.append(helper.make_tensor_value_info(name, tensor.data_type, list(tensor.dims)))
        return True

    rest.graph.initializer.extend(tensor for tensor in graph.initializer if not take(tensor.name, tensor))
    for node in graph.node:
        values = [entry for entry in node.attribute if entry.name == "value" and entry.type == AttributeProto.TENSOR]
        if node.op_type != "Constant" or not values or not node.output or not take(node.output[0], values[0].t):
            rest.graph.node.append(node)
    return rest, constants


def _array(path: Path, name: str, tensor: TensorProto) -> Array:
    try:
        return array_of(tensor, path.parent)
    except TensorError as error:
        raise UnsupportedModelError(f"{path}: the tensor {name!r} cannot be read: {error}.") from None


def _checked(
    path: Path, model: ModelProto, nodes: Sequence[Node], outputs: Sequence[ValueInfoProto]
) -> Mapping[str, str]:
    """What ONNX's checker finds: by node where it is the node's fault, or else an error."""
    import onnx
    from onnx import checker

    complete = onnx.ModelProto()
    complete.CopyFrom(model)
    for part, content in (("node", [node.message for node in nodes]), ("output", outputs)):
        complete.graph.ClearField(part)
        getattr(complete.graph, part).extend(content)
    for value in (*complete.graph.input, *complete.graph.output):  # the checker wants a shape, any; a reader does not
        if value.type.HasField("tensor_type") and not value.type.tensor_type.HasField("shape"):
            value.type.tensor_type.shape.SetInParent()
    try:
        checker.check_model(complete)
    except checker.ValidationError as error:
        context = checker.C.CheckerContext()
        context.ir_version = model.ir_version
        context.opset_imports = {entry.domain: entry.version for entry in model.opset_import}
        problems = {}
        for node in nodes:
            try:
                checker.check_node(node.message, context)
            except checker.ValidationError as wrong:
                unknown = "No Op registered" in str(wrong)
                problems[node.name] = "is no operator of this opset" if unknown else _line(wrong)
        if not problems:
            raise UnsupportedModelError(f"{path} is no valid ONNX model: {_line(error)}.") from None
        return problems
    return {}


def _line(error: Exception) -> str:
    """The first line of a message of onnx, without what it adds of its own."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return text.removesuffix(".")
