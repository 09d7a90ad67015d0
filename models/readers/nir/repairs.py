"""Ways in which exporters leave a graph's shapes not quite fitting, and what they meant.

A graph is taken as its file has it wherever its shapes fit; only one that contradicts itself is tried with these, and
what was needed to make it fit is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from ...graph import unused
from ...operators import Flatten, Input, Linear, Operator

Edges = list[tuple[str, str]]
Parts = tuple[dict[str, Operator], Edges]


def repaired(operators: Mapping[str, Operator], edges: Edges) -> Iterator[tuple[Parts, tuple[str, ...]]]:
    """Operators and edges with one repair, then with two, then with all; and what was done."""
    for count in range(1, len(REPAIRS) + 1):
        for chosen in combinations(REPAIRS, count):
            parts: Parts | None = (dict(operators), list(edges))
            for repair, _ in chosen:
                parts = parts and repair(*parts)
            if parts:
                yield parts, tuple(note for _, note in chosen)


def _flatten_without_samples(operators: dict[str, Operator], edges: Edges) -> Parts | None:
    """Older Sinabs writes PyTorch's axes of Flatten, which count the samples as axis 0."""
    found = {name: operator for name, operator in operators.items() if isinstance(operator, Flatten)}
    shifted = {
        name: Flatten(max(operator.start - 1, 0) if operator.start > 0 else operator.start, _before(operator.end))
        for name, operator in found.items()
    }
    return (operators | shifted, edges) if found else None


def _before(axis: int) -> int:
    return axis - 1 if axis > 0 else axis


def _input_without_samples(operators: dict[str, Operator], edges: Edges) -> Parts | None:
    """Older NIRTorch takes the whole shape of the sample data for the input's."""
    found = {
        name: Input(operator.shape[1:])
        for name, operator in operators.items()
        if isinstance(operator, Input) and len(operator.shape) > 1 and operator.shape[0] == 1
    }
    return (operators | found, edges) if found else None


def _flatten_before_matrices(operators: dict[str, Operator], edges: Edges) -> Parts | None:
    """Exporters that watch PyTorch's modules do not see `x.flatten(1)`."""
    found = [name for name, operator in operators.items() if isinstance(operator, Linear) and operator.weight.ndim == 2]
    before = {name: unused(f"{name}.flatten", operators) for name in found}
    flattened = {name: Flatten() for name in before.values()}
    rerouted = [(source, before.get(target, target)) for source, target in edges]
    return (operators | flattened, rerouted + [(new, name) for name, new in before.items()]) if found else None


REPAIRS: tuple[tuple[Callable[[dict[str, Operator], Edges], Parts | None], str], ...] = (
    (_flatten_without_samples, "flatten: Flatten counts an axis of samples, which is left out."),
    (_input_without_samples, "input: the input's shape begins with an axis of samples, which is left out."),
    (_flatten_before_matrices, "flatten: what reaches a matrix has several axes; all are joined, as by a Flatten."),
)
