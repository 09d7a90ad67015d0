"""The order in which the nodes of a model can be read."""

from __future__ import annotations

from collections.abc import Iterable, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from ...errors import UnsupportedModelError
from .nodes import Node, captured


def ordered_nodes(path: Path, nodes: Iterable[Node], known: Set[str], outputs: tuple[str, ...]) -> list[Node]:
    """The nodes that lead to an output, each after all that it reads.

    Raises
    ------
    UnsupportedModelError : a tensor is made twice, or not at all, or from itself.
    """
    nodes, makers = list(nodes), {}
    for node in nodes:
        for name in filter(None, node.outputs):
            if name in makers or name in known:
                raise UnsupportedModelError(f"{path}: the tensor {name!r} is made twice, once by {node.name!r}.")
            makers[name] = node
    for output in outputs:
        if output not in makers and output not in known:
            raise UnsupportedModelError(f"{path}: nothing makes the output {output!r}.")
    sources: dict[Node, list[Node]] = {}
    every = {*makers, *known}
    waiting = [makers[output] for output in outputs if output in makers]
    while waiting:
        node = waiting.pop()
        if node not in sources:
            sources[node] = [makers[name] for name in _read(path, node, every) if name in makers]
            waiting += sources[node]
    in_file = {node: place for place, node in enumerate(nodes) if node in sources}
    if all(in_file[before] < place for node, place in in_file.items() for before in sources[node]):
        return list(in_file)
    try:
        return list(TopologicalSorter(sources).static_order())
    except CycleError as error:
        loop = " -> ".join(repr(node.name) for node in error.args[1])
        raise UnsupportedModelError(f"{path}: the nodes {loop} read one another in a loop.") from None


def _read(path: Path, node: Node, known: Set[str]) -> list[str]:
    names = [name for name in (*node.inputs, *sorted(captured(node))) if name]
    for name in names:
        if name not in known:
            raise UnsupportedModelError(
                f"{path}: the node {node.name!r} ({node.kind}) reads the tensor {name!r}, which nothing makes."
            )
    return names
