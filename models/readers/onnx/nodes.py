"""Nodes and types of tensors, out of the message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .tensors import array_of

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto


@dataclass(frozen=True)
class TensorType:
    """What is known of a tensor.

    Attributes
    ----------
    element : ONNX's number of its type; None for sequences, maps and optionals.
    sizes : of its axes, a name or None where they are dynamic; None where not even their number is known.
    """

    element: int | None
    sizes: tuple[int | str | None, ...] | None


@dataclass(frozen=True, eq=False)
class Node:
    """A node of the model.

    Attributes
    ----------
    name : its own, or that of its first output.
    kind : name of its operator.
    domain : of its operator, "" for ONNX's own.
    attributes : by name: numbers, strings, lists of them, and tensors as arrays; graphs as they are in the message.
    inputs, outputs : names of tensors, "" where one is left out.
    message : as it was read.
    """

    name: str
    kind: str
    domain: str
    attributes: Mapping[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    message: NodeProto


def node_of(folder: Path, message: NodeProto) -> Node:
    """A node; raises TensorError where one of its attributes cannot be read."""
    from onnx import AttributeProto, helper

    attributes: dict[str, Any] = {}
    name = message.name or next((output for output in message.output if output), message.op_type)
    for entry in message.attribute:
        if entry.type == AttributeProto.TENSOR:
            attributes[entry.name] = array_of(entry.t, folder)
        else:
            value = helper.get_attribute_value(entry)
            attributes[entry.name] = value.decode("utf8", "replace") if isinstance(value, bytes) else value
    domain = "" if message.domain == "ai.onnx" else message.domain
    return Node(name, message.op_type, domain, attributes, tuple(message.input), tuple(message.output), message)


def captured(node: Node) -> set[str]:
    """Tensors of the whole that the graphs inside a node read."""
    from onnx import GraphProto

    found: set[str] = set()
    for value in node.attributes.values():
        for graph in value if isinstance(value, list) else [value]:
            if isinstance(graph, GraphProto):
                found |= _free(graph)
    return found


def _free(graph: GraphProto) -> set[str]:
    """Tensors that a graph reads and does not make."""
    made = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    read = {value.name for value in graph.output}
    for node in graph.node:
        read |= set(filter(None, node.input))
        made |= set(node.output)
        for entry in node.attribute:
            for inner in (*([entry.g] if entry.HasField("g") else []), *entry.graphs):
                read |= _free(inner)
    return read - made


def type_of(value: Any) -> TensorType:
    """What a ValueInfoProto says."""
    if not value.type.HasField("tensor_type"):
        return TensorType(None, None)
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return TensorType(tensor.elem_type, None)
    sizes = tuple(
        dimension.dim_value
        if dimension.HasField("dim_value") and dimension.dim_value > 0
        else dimension.dim_param or None
        for dimension in tensor.shape.dim
    )
    return TensorType(tensor.elem_type, sizes)
