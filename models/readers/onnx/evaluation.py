"""Evaluating a node with ONNX's own reference implementation, once it is known how much that will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from ...size_limits import LARGEST_LAYER
from ..nir.values import NotSupportedError
from .inference import inferred_sizes
from .nodes import Node
from .values import Activation, Array, Value

MOST_PRODUCTS = 2**30  # of a product of two constant matrices: some seconds
AS_IT_GOES = {
    "Abs", "Add", "And", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Cast", "CastLike", "Ceil",
    "Clip", "Compress", "Concat", "Cos", "CumSum", "DepthToSpace", "Div", "Equal", "Erf", "Exp", "Expand", "EyeLike",
    "Flatten", "Floor", "Gather", "GatherElements", "GatherND", "Greater", "GreaterOrEqual", "Identity", "IsInf",
    "IsNaN", "Less", "LessOrEqual", "Log", "Max", "Mean", "Min", "Mod", "Mul", "Neg", "NonZero", "Not", "OneHot", "Or",
    "Pad", "Pow", "QuantizeLinear", "Range", "Reciprocal", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
    "ReduceSum", "ReduceSumSquare", "Relu", "Reshape", "Resize", "Round", "ScatterElements", "ScatterND", "Shape",
    "Sigmoid", "Sign", "Sin", "Size", "Slice", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile",
    "Transpose", "Trilu", "Unsqueeze", "Upsample", "Where", "Xor",
}  # fmt: skip
"""Operators that take time and memory as their inputs and outputs have elements."""
PRODUCTS = {"Gemm", "MatMul"}
NOT_INFERRED = {"Compress", "NonZero"}
"""Operators whose outputs have at most as many elements as their inputs, times the axes, but who knows how many."""


def evaluated(node: Node, inputs: Sequence[Array | None], opset: int) -> list[Array]:
    """Outputs of a node for given inputs, None for one that is left out.

    Raises
    ------
    NotSupportedError : the reference implementation cannot.
    """
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    feeds = {name: array for name, array in zip(node.inputs, inputs, strict=True) if name and array is not None}
    # In a model of its own, for a bare node would be evaluated by the newest opset.
    reads, makes = (
        [helper.make_empty_tensor_value_info(name) for name in names if name] for names in (feeds, node.outputs)
    )
    graph = helper.make_graph([node.message], "folding", reads, makes)
    try:
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        with np.errstate(all="ignore"):
            results = ReferenceEvaluator(model).run(None, feeds)
    except Exception as error:  # whatever it stumbles over, the user has a node that cannot be evaluated
        raise NotSupportedError(
            f"cannot be evaluated: {' '.join(str(error).split()) or type(error).__name__}"
        ) from None
    return [np.asarray(result) for result in results]


def require_moderate(node: Node, values: Sequence[Value | None], opset: int, most: int = LARGEST_LAYER) -> int:
    """How many elements the outputs of a node have, in all.

    Parameters
    ----------
    most : how many they may have.

    Raises
    ------
    NotSupportedError : they have more, or nobody knows, or the node would be long at it.
    """
    if node.kind not in AS_IT_GOES | PRODUCTS:
        raise NotSupportedError(
            "is computed from constants alone, which is done here for simple operators only; export the model with "
            "its constants folded"
        )
    shapes = [_shape(value) for value in values]
    if node.kind in NOT_INFERRED:
        return _moderate(sum(prod(shape) * max(len(shape), 1) for shape in shapes), most)
    sizes = inferred_sizes(node, [_plain(value) for value in values], opset)
    if any(name not in sizes for name in filter(None, node.outputs)):
        raise NotSupportedError("makes a tensor whose size only a run would tell")
    elements = sum(map(prod, sizes.values()))
    if node.kind in PRODUCTS and elements * max(map(max, filter(None, shapes)), default=0) > MOST_PRODUCTS:
        raise NotSupportedError("multiplies constants of a size that takes long; export the model with them folded")
    return _moderate(elements, most)


def _moderate(elements: int, most: int) -> int:
    if elements > most:
        raise NotSupportedError(f"makes {elements} elements, and {most} are the most here")
    return elements


def _plain(value: Value | None) -> Value | None:
    """A tensor of integers as one of floats, whose types are known without."""
    return replace(value, integer=False, quantizer=None) if isinstance(value, Activation) else value


def _shape(value: Value | None) -> tuple[int, ...]:
    if isinstance(value, Activation):
        return value.shape
    return tuple(getattr(getattr(value, "array", None), "shape", ()))
