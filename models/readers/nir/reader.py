"""Reading NIR files: every primitive of NIR 1.0.8, nested graphs, files older than `v_reset`.

NIR describes neurons by differential equations and leaves open the time step, the integration scheme and the kind of
reset. `NirOptions` decides, or else the metadata that Spikeloom's writer left, and every decision that the file left
open becomes one of the graph's assumptions.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from ...errors import Unsupported, UnsupportedModelError, UsageError, unsupported_model
from ...graph import Edge, Graph, GraphError, unused
from ...operators import Input, Neurons, Operator, Output
from .assumptions import LOOPS_NOTED, assumptions
from .file import NodeDict, read_nodes
from .metadata import previous_step
from .operators import natural_input, operator_of
from .options import NirOptions, with_step
from .repairs import Edges, repaired
from .values import NotSupportedError


def read_nir(path: Path, options: NirOptions | None = None) -> Graph:
    """Read a `.nir` file.

    Raises
    ------
    UnsupportedModelError : unreadable, contradictory, or with nodes that have no meaning here (all of them listed).
    """
    nodes, edges, metadata = read_nodes(path)
    options, notes = with_step(options or NirOptions(), nodes, metadata)
    operators = _operators(path, nodes, options)
    for name in options.layer_resets:
        if not isinstance(operators.get(name), Neurons):
            layers = ", ".join(sorted(key for key, value in operators.items() if isinstance(value, Neurons)))
            raise UsageError(f"{path} has no layer {name!r} to set the reset of; its layers are {layers}.")
    _add_missing_ends(nodes, operators, edges)
    notes = (*notes, *assumptions(nodes, operators, options))
    closing = previous_step(metadata)
    if closing and closing <= set(edges):
        whole = tuple(Edge(*edge, lag=int(edge in closing)) for edge in edges)
        graph = Graph(operators, whole, (*notes, LOOPS_NOTED), path.stem)
        with contextlib.suppress(GraphError):
            graph.verify()
            return graph
    try:
        return Graph.with_loops_closed(operators, edges, notes, path.stem)
    except GraphError as error:
        for parts, repairs in repaired(operators, edges):
            try:
                return Graph.with_loops_closed(*parts, (*notes, *repairs), path.stem)
            except GraphError:
                continue
        raise UnsupportedModelError(f"{path}: {error}.") from None


def time_step(path: Path, options: NirOptions | None = None) -> float:
    """Seconds per step with which `read_nir` reads a file.

    Raises
    ------
    UnsupportedModelError : unreadable.
    """
    nodes, _, metadata = read_nodes(path)
    return with_step(options or NirOptions(), nodes, metadata)[0].step


def _operators(path: Path, nodes: Mapping[str, NodeDict], options: NirOptions) -> dict[str, Operator]:
    operators: dict[str, Operator] = {}
    problems: list[Unsupported] = []
    for name, node in nodes.items():
        kind = str(node.get("type"))
        try:
            operators[name] = operator_of(name, node, options)
        except KeyError as error:
            problems.append(Unsupported(name, kind, f"lacks the field {error}"))
        except NotSupportedError as error:
            problems.append(Unsupported(name, kind, str(error)))
    if problems:
        raise unsupported_model(str(path), problems)
    return operators


def _add_missing_ends(nodes: Mapping[str, NodeDict], operators: dict[str, Operator], edges: Edges) -> None:
    """Files may lack input or output nodes: then whatever nothing reaches is fed, whatever leads nowhere is read."""
    reached, leaving = {target for _, target in edges}, {source for source, _ in edges}
    whole = list(operators.items())
    if not any(isinstance(operator, Input) for _, operator in whole):
        for name, operator in whole:
            shape = natural_input(operator, nodes[name])
            if name not in reached and shape is not None:
                entry = unused(f"input_{name}", operators)
                operators[entry] = Input(shape)
                edges.append((entry, name))
    if not any(isinstance(operator, Output) for _, operator in whole):
        for name, operator in whole:
            if name not in leaving and not isinstance(operator, Input):
                end = unused(f"output_{name}", operators)
                operators[end] = Output()
                edges.append((name, end))
