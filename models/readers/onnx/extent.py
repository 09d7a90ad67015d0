"""How much an ONNX message holds, looked at before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import UnsupportedModelError
from ...size_limits import DEEPEST_NESTING, MOST_NODES, in_bytes, machine_memory
from .tensors import byte_size

if TYPE_CHECKING:
    from onnx import FunctionProto, ModelProto, NodeProto

MOST_TENSORS = 4 * MOST_NODES
Key = tuple[str, str]


class _TooLargeError(Exception):
    """What there is too much of."""


def require_moderate_extent(path: Path, model: ModelProto) -> None:
    """Refuse a model of more nodes and tensors than a network has, with its functions written out.

    Functions that call one another twice and more write out to any number of nodes.

    Raises
    ------
    UnsupportedModelError : it has more.
    """
    from onnx import TensorProto

    graph = model.graph
    tensors = sum(map(len, (graph.initializer, graph.input, graph.output, graph.value_info)))
    if tensors > MOST_TENSORS:
        raise UnsupportedModelError(f"{path} names {tensors} tensors; {MOST_TENSORS} are read at most.")
    outside = sum(byte_size(one) for one in graph.initializer if one.data_location == TensorProto.EXTERNAL)
    if outside > machine_memory():
        raise UnsupportedModelError(
            f"{path} names {in_bytes(outside)} of external data; this machine has {in_bytes(machine_memory())}."
        )
    functions = {(function.domain, function.name): function for function in model.functions}
    try:
        _Extent(functions).of(graph.node, 0)
    except _TooLargeError as error:
        raise UnsupportedModelError(f"{path} {error}.") from None


@dataclass
class _Extent:
    """Counts nodes.

    Attributes
    ----------
    functions : by domain and name.
    counts : nodes of those that were counted.
    """

    functions: Mapping[Key, FunctionProto]
    counts: dict[Key, int] = field(default_factory=dict)

    def of(self, nodes: Iterable[NodeProto], depth: int) -> int:
        """How many nodes these are with all that stands within them."""
        if depth > DEEPEST_NESTING:
            raise _TooLargeError(f"nests functions and graphs deeper than {DEEPEST_NESTING}, or within themselves")
        count = 0
        for node in nodes:
            key = (node.domain, node.op_type)
            if key in self.functions and key not in self.counts:
                self.counts[key] = self.of(self.functions[key].node, depth + 1)
            count += self.counts.get(key, 1)
            for entry in node.attribute:
                for inner in (*([entry.g] if entry.HasField("g") else []), *entry.graphs):
                    count += self.of(inner.node, depth + 1)
            if count > MOST_NODES:
                raise _TooLargeError(f"holds more than {MOST_NODES} nodes, its functions written out")
        return count
