"""From each layer back to the layers that reach it: one linear map a path, and one constant a layer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.connectivity import Connectivity, OneToOne, Selection, compose
from ...models.errors import Unsupported
from ...models.graph import Graph
from ...models.operators import Delay, Input, LinearOperator, Neurons

Array = NDArray[Any]

SAME = 1e-6  # relative difference that the rounding of float32 makes
MOST_TIMES = 255  # of the smallest weight, beyond which synapses do not hold both


@dataclass(frozen=True, eq=False)
class Path:
    """A linear map from one layer's output, `lag` steps of the sample ago.

    Attributes
    ----------
    source : name of an input or of a layer.
    connectivity : None for the identity.
    lag : steps that the graph itself delays.
    step : what all its weights are multiples of, as they were trained: a number, or one for each target; None where
        nothing is known.
    """

    source: str
    connectivity: Connectivity | None
    lag: int
    step: Array | None = None


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
            replace(path, lag=path.lag + edge.lag)
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
        return Path(path.source, whole, path.lag, self._step(name, operator, connectivity, path))

    def _step(self, name: str, operator: LinearOperator, connectivity: Connectivity, path: Path) -> Array | None:
        """The trained step of a path and one operator more; None where the two mix weights."""
        own = getattr(operator, "step", None)
        if own is not None:
            channels = np.repeat(own.reshape(-1), int(np.prod(self.graph.shapes[name][1:]))) if own.size > 1 else own
            unit = 1.0 if path.connectivity is None else common_unit(path.connectivity.weights)
            return None if unit is None else _as_one(np.asarray(channels, dtype=np.float64) * unit)
        if path.step is None:
            return None
        if isinstance(connectivity, OneToOne):
            # Where nothing passes any step will do.
            step = path.step * np.abs(connectivity.weights)
            return _as_one(np.where(step > 0, step, step.max())) if step.any() else None
        if path.step.size == 1:
            unit = common_unit(connectivity.weights)
            return None if unit is None else np.asarray(path.step * unit)
        if isinstance(connectivity, Selection) and np.all(connectivity.weights == 1):
            step = connectivity.apply(path.step.reshape(1, -1))[0]
            return np.asarray(np.where(step > 0, step, path.step.max()))
        return None

    def _delayed(self, operator: Delay, path: Path, name: str) -> list[Path]:
        steps = operator.steps.reshape(-1)
        values = np.unique(steps)
        if values.size == 1:
            return [replace(path, lag=path.lag + int(values[0]))]
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


def with_passing_steps(paths: list[Path]) -> list[Path]:
    """The paths to a layer that only adds up or compares what others send, with steps as if they had been trained.

    Then such a layer, as the pairwise maxima of a pool, sends in units that suit those of the layers before it, and
    the trained weights behind get all of their inputs in units that are powers of two apart.
    """
    units = [1.0 if path.connectivity is None else common_unit(path.connectivity.weights) for path in paths]
    if any(path.step is not None for path in paths) or any(unit is None for unit in units):
        return paths
    return [replace(path, step=np.asarray(unit)) for path, unit in zip(paths, units, strict=True)]


def common_unit(weights: Array) -> float | None:
    """The number that all weights are whole multiples of, their smallest; None where they are not, or are zero."""
    sizes = np.abs(np.asarray(weights, dtype=np.float64)).reshape(-1)
    sizes = sizes[sizes > 0]
    if not sizes.size:
        return None
    times = sizes / sizes.min()
    if np.rint(times.max()) > MOST_TIMES or not np.allclose(times, np.rint(times), rtol=SAME, atol=0):
        return None
    return float(sizes.min())


def _as_one(step: Array) -> Array:
    """One number for steps that differ by rounding alone."""
    same = step.size > 1 and np.ptp(step) <= SAME * step.max()
    return np.asarray(step.mean()) if same else step
