"""Shapes of what leaves a node that cannot be read, as ONNX infers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .nodes import Node, TensorType, type_of
from .values import Activation, Constant, Value

if TYPE_CHECKING:
    from onnx import TypeProto

SMALL = 1024  # elements of a constant that is handed on; shapes and axes have fewer


def inferred(node: Node, values: Sequence[Value | None], opset: int) -> Mapping[str, TensorType]:
    """Types of a node's outputs by name, those that follow from its inputs."""
    import onnx

    found = _inferred(node, values, opset)
    return {name: type_of(onnx.ValueInfoProto(name=name, type=type_)) for name, type_ in found.items()}


def inferred_sizes(node: Node, values: Sequence[Value | None], opset: int) -> Mapping[str, tuple[int, ...]]:
    """Shapes of a node's outputs by name, those that follow from its inputs in full, of empty tensors too."""
    sizes = {}
    for name, type_ in _inferred(node, values, opset).items():
        dimensions = type_.tensor_type.shape.dim
        if type_.tensor_type.HasField("shape") and all(dimension.HasField("dim_value") for dimension in dimensions):
            sizes[name] = tuple(dimension.dim_value for dimension in dimensions)
    return sizes


def _inferred(node: Node, values: Sequence[Value | None], opset: int) -> Mapping[str, TypeProto]:
    import onnx
    from onnx import numpy_helper, shape_inference

    types: dict[str, TypeProto] = {}
    data: dict[str, Any] = {}
    for name, value in zip(node.inputs, values, strict=True):
        if isinstance(value, Constant):
            kind = onnx.helper.np_dtype_to_tensor_dtype(value.array.dtype)
            types[name] = onnx.helper.make_tensor_type_proto(kind, value.array.shape)
            if value.array.size <= SMALL:
                data[name] = numpy_helper.from_array(value.array, name)
        elif isinstance(value, Activation) and not value.integer and value.quantizer is None:
            types[name] = onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, value.shape)
        elif value is not None:
            return {}
    found: Mapping[str, TypeProto]
    try:
        schema = onnx.defs.get_schema(node.kind, opset, node.domain)
        found = shape_inference.infer_node_outputs(
            schema, node.message, types, data, opset_imports=[onnx.helper.make_opsetid("", opset)]
        )
    except Exception:  # whatever it stumbles over, nothing is known then
        return {}
    return found
