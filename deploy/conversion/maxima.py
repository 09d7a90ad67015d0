"""Pools of maxima as rectifiers, exactly: max(a, b) = a + relu(b - a), level by level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...models.graph import Edge, Graph, unused
from ...models.operators import Identity, MaxPool, Operator, Rectifier, Scale, Select, Shape
from ..lowering.graph_pass import GraphPass, rebuilt


@dataclass(frozen=True)
class MaximaAsRectifiers(GraphPass):
    """Every `MaxPool` becomes pairwise maxima, one axis after the other; a window of n takes log2(n) levels an axis.

    A rectifier that follows is put in front first, as the larger of two stays the larger, so that what the pool gets is
    what neurons send.
    """

    def apply(self, graph: Graph) -> Graph:
        for name in graph.rectifiers:
            if isinstance(graph.nodes[name], MaxPool):
                graph = _pairwise(_rectified_first(graph, name), name)
        return graph


def _rectified_first(graph: Graph, name: str) -> Graph:
    """Move a rectifier that alone follows a pool in front of it."""
    followers = [edge.target for edge in graph.edges if edge.source == name]
    if len(followers) != 1 or len(graph.incoming(followers[0])) != 1:
        return graph
    after = graph.nodes[followers[0]]
    if not isinstance(after, Rectifier) or after.ceiling.size > 1:
        return graph
    # They change places under their names, so that all other edges stay.
    nodes = {**graph.nodes, name: after, followers[0]: graph.nodes[name]}
    return _pairwise(rebuilt(graph, nodes, list(graph.edges)), followers[0])


def _pairwise(graph: Graph, name: str) -> Graph:
    pool = graph.nodes[name]
    if not isinstance(pool, MaxPool):  # done already, under the name of the rectifier behind it
        return graph
    building = _Building(graph, name)
    source = graph.incoming(name)[0].source
    shape = graph.shapes[source]
    arriving = building.add("arriving", Identity(), [edge.source for edge in graph.incoming(name)])
    for axis in range(len(pool.kernel)):
        alone = MaxPool(
            *(
                tuple(value[axis] if other == axis else neutral for other in range(len(pool.kernel)))
                for value, neutral in ((pool.kernel, 1), (pool.stride, 1), (pool.padding, (0, 0)), (pool.dilation, 1))
            )  # type: ignore[arg-type]
        )
        arriving, shape = building.along_axis(arriving, alone, shape)
    building.finish(arriving)
    return rebuilt(graph, building.nodes, building.edges)


class _Building:
    """A graph in which one pool is being replaced."""

    def __init__(self, graph: Graph, name: str) -> None:
        self.name = name
        self.nodes: dict[str, Operator] = {key: node for key, node in graph.nodes.items() if key != name}
        self.edges = [edge for edge in graph.edges if edge.target != name]

    def add(self, suffix: str, operator: Operator, sources: list[str]) -> str:
        key = unused(f"{self.name}.{suffix}", self.nodes)
        self.nodes[key] = operator
        self.edges += [Edge(source, key) for source in sources]
        return key

    def along_axis(self, arriving: str, pool: MaxPool, shape: Shape) -> tuple[str, Shape]:
        """Replace a pool whose windows extend along one axis."""
        windows = pool.windows(shape)
        if windows.shape[0] == 1 and np.array_equal(windows[0], np.arange(int(np.prod(shape))).reshape(shape)):
            return arriving, shape
        # What lies outside is never the largest: another element of the same window stands in for it.
        inside = windows.max(axis=0)
        parts = [self.add("element", Select(np.where(part >= 0, part, inside), shape), [arriving]) for part in windows]
        while len(parts) > 1:
            # The first half keeps the elements that come first: a regular grid for a convolution behind.
            half = (len(parts) + 1) // 2
            pairs = zip(parts[:half], [*parts[half:], None], strict=False)
            parts = [first if second is None else self._larger(first, second) for first, second in pairs]
        return parts[0], tuple(windows.shape[1:])

    def _larger(self, first: str, second: str) -> str:
        less = self.add("less", Scale(np.full((), -1.0)), [first])
        excess = self.add("excess", Rectifier(np.full((), np.inf)), [second, less])
        return self.add("larger", Identity(), [first, excess])

    def finish(self, arriving: str) -> None:
        """Give what was built the pool's name."""
        self.nodes[self.name] = Identity()
        self.edges.append(Edge(arriving, self.name))
