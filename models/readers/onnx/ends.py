"""Softmax and ArgMax at the end of a network, which are left out: the largest output stays the largest."""

from __future__ import annotations

from ..nir.values import NotSupportedError
from .call import Call
from .nodes import Node
from .values import Answer, Value

LEFT_OUT = "output: {} at the end is left out; the largest output stays the largest."
KEEP_THE_ORDER = {"Softmax", "LogSoftmax"}
MAY_FOLLOW = KEEP_THE_ORDER | {
    "ArgMax", "Cast", "DequantizeLinear", "Dropout", "Flatten", "Identity", "QuantizeLinear", "Reshape", "Squeeze",
    "Transpose", "Unsqueeze",
}  # fmt: skip


def answer(call: Call) -> list[Value]:
    """Softmax, LogSoftmax or ArgMax."""
    for reader in _readers(call):
        if reader.domain or reader.kind not in MAY_FOLLOW:
            raise NotSupportedError(
                f"can only stand at the end, where it is left out, but {reader.name!r} ({reader.kind}) reads it"
            )
    value, chosen = call.value(0), call.node.kind == "ArgMax"
    activation = value.activation if isinstance(value, Answer) else call.activation(0)
    axis = int(call.attribute("axis", -1)) % activation.rank
    if axis == activation.batch and activation.samples > 1:
        raise NotSupportedError("compares samples with one another")
    call.reading.note(LEFT_OUT, call.node.name)
    return [Answer(activation, chosen or (isinstance(value, Answer) and value.chosen))]


def _readers(call: Call) -> list[Node]:
    """All nodes that what leaves this one reaches, but for those that an answer before it was found to reach."""
    found: list[Node] = []
    waiting = list(call.node.outputs)
    while waiting:
        for node in call.reading.readers.get(waiting.pop(), ()):
            if node not in call.reading.followed:
                call.reading.followed.add(node)
                found.append(node)
                waiting += node.outputs
    return found
