"""From each layer back to the layers that reach it: one linear map a path, and one constant a layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Connectivity, OneToOne, compose
from ...models.errors import Unsupported
from ...models.graph import Graph
from ...models.operators import Delay, Input, LinearOperator, Neurons

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Path:
    """A linear map from one layer's output, `lag` steps of the sample ago.

    Attributes
    ----------
    source : name of an input or of a layer.
    connectivity : None for the identity.
    lag : steps that the graph itself delays.
    """

    source: str
    connectivity: Connectivity | None
    lag: int


@dataclass(eq=False)
class PathFinder:
    """Walks back through the operators without state, remembering what it has seen.

    Attributes
    ----------
    graph : a verified graph.
    problems : what was found that no network can do.
    """

    graph: Graph
    problems: list[Unsupported] = field(default_factory=list)
    _paths: dict[str, list[Path]] = field(default_factory=dict)
    _constants: dict[str, Array | None] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def arriving(self, name: str) -> list[Path]:
        """Paths that end at the input of a node."""
        return [
            Path(path.source, path.connectivity, path.lag + edge.lag)
            for edge in self.graph.incoming(name)
            for path in self._leaving(edge.source)
        ]

    def constant(self, name: str) -> Array | None:
        """What arrives at a node at every step when every layer is silent: (neurons,), or None for nothing."""
        total: Array | None = None
        for edge in self.graph.incoming(name):
            part = self._constant_leaving(edge.source)
            if part is not None:
                total = part if total is None else total + part
        return total

    def _leaving(self, name: str) -> list[Path]:
        operator = self.graph.nodes[name]
        if isinstance(operator, Neurons | Input):
            return [Path(name, None, 0)]
        if name in self._open:
            self.problems.append(Unsupported(name, type(operator).__name__, "lies on a loop without neurons"))
            return []
        if name not in self._paths:
            self._open.add(name)
            self._paths[name] = [self._through(name, path) for path in self.arriving(name)]
            if isinstance(operator, Delay):
                self._paths[name] = [part for path in self._paths[name] for part in self._delayed(operator, path, name)]
            self._open.discard(name)
        return self._paths[name]

    def _through(self, name: str, path: Path) -> Path:
        operator = self.graph.nodes[name]
        if not isinstance(operator, LinearOperator):
            return path
        connectivity = operator.connectivity(self._input_shape(name))
        whole = connectivity if path.connectivity is None else compose(path.connectivity, connectivity)
        return Path(path.source, whole, path.lag)

    def _delayed(self, operator: Delay, path: Path, name: str) -> list[Path]:
        steps = operator.steps.reshape(-1)
        values = np.unique(steps)
        if values.size == 1:
            return [Path(path.source, path.connectivity, path.lag + int(values[0]))]
        size = int(np.prod(self.graph.shapes[name]))
        connectivity = path.connectivity or OneToOne(np.ones(size))
        return [
            Path(path.source, compose(connectivity, OneToOne((steps == value).astype(float))), path.lag + int(value))
            for value in values
        ]

    def _constant_leaving(self, name: str) -> Array | None:
        operator = self.graph.nodes[name]
        if isinstance(operator, Neurons | Input) or name in self._open:
            return None
        if name not in self._constants:
            self._open.add(name)
            constant = self.constant(name)
            self._open.discard(name)
            if isinstance(operator, Delay) and constant is not None and np.any(constant):
                self.problems.append(
                    Unsupported(name, "Delay", "delays a bias, which then would begin late; put the bias behind it")
                )
            if isinstance(operator, LinearOperator):
                shape = self._input_shape(name)
                own = operator.constant(shape)
                if constant is not None:
                    passed = operator.connectivity(shape).apply(constant[np.newaxis])[0]
                    constant = passed if own is None else passed + own
                else:
                    constant = own
            self._constants[name] = constant
        return self._constants[name]

    def _input_shape(self, name: str) -> tuple[int, ...]:
        return self.graph.shapes[self.graph.incoming(name)[0].source]
