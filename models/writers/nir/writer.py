"""Writing a graph as a NIR file, which this project's reader reads back as a graph that gives the same spikes.

What NIR can say is said in NIR's own terms. What it merely has no field for, such as a reset by subtraction, is noted
in the file's metadata, where our reader finds it, and returned as sentences. What it has no node for is refused.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import Unsupported, UsageError, unsupported_model
from ...graph import Graph, unused
from ...operators import (
    Convolution,
    Delay,
    Flatten,
    Input,
    Linear,
    MaxPool,
    Neurons,
    Operator,
    Output,
    Pool,
    Rectifier,
    Reshape,
    Scale,
    Select,
    Shape,
)
from ...readers.nir import metadata
from ...readers.nir.file import NodeDict
from .convolution import NOT_SQUARE, convolution
from .file import write_file
from .layout import flatten_nodes, select_nodes
from .limits import Notes, NotExpressibleError
from .neurons import neurons_node
from .weights import affine, pool_node, scale_node
from .wiring import arriving_shape, rewired, silent


def write_nir(graph: Graph, path: Path, *, dt: float = 1e-4) -> tuple[str, ...]:
    """Write a float spiking graph as a `.nir` file, whole or not at all.

    Parameters
    ----------
    graph : with spiking neurons or integrators, and linear operators between them.
    path : of the file; one that is there is replaced.
    dt : seconds per step, above 0.

    Returns
    -------
    One sentence for each thing that NIR cannot say, or says in another way than the graph.

    Raises
    ------
    UnsupportedModelError : lists every node that NIR cannot express.
    UsageError : `path` cannot be written to, or `dt` is no time step.
    """
    if not 0 < dt < np.inf:
        raise UsageError(f"A time step of {dt} s cannot be: --dt needs a number above 0.")
    notes = Notes()
    problems: list[Unsupported] = []
    notes.add(
        f"dt: NIR has no time step; {dt:g} s, which time constants are written for, is in the metadata (--dt).", ""
    )
    wired = rewired(graph, notes, problems)
    chains = {name: _chain(wired, name, dt, notes, problems) for name in wired.order}
    if problems:
        raise unsupported_model(graph.name, problems, "cannot be written as NIR")
    write_file(path, *_assembled(wired, chains, dt, notes), type_check=NOT_SQUARE not in notes)
    return notes.sentences()


def _chain(graph: Graph, name: str, dt: float, notes: Notes, problems: list[Unsupported]) -> list[NodeDict]:
    """The nodes that say what an operator does, one behind the other, none where it cannot be said."""
    operator = graph.nodes[name]
    try:
        return _nodes(name, operator, arriving_shape(graph, name), graph.shapes[name], dt, notes)
    except NotExpressibleError as error:
        what = type(operator.model if isinstance(operator, Neurons) else operator).__name__
        problems.append(Unsupported(name, what, str(error)))
        return []


def _nodes(name: str, operator: Operator, shape: Shape, result: Shape, dt: float, notes: Notes) -> list[NodeDict]:
    match operator:
        case Input():
            return [_input(name, operator, notes)]
        case Output():
            return [{"type": "Output", "shape": np.array(result)}]
        case Neurons():
            return [neurons_node(name, operator, result, dt, notes)]
        case Linear():
            return [affine(operator.weight, operator.bias)]
        case Convolution():
            return [convolution(name, operator, shape, notes)]
        case Pool():
            return [pool_node(name, operator, shape, notes)]
        case Scale():
            return [scale_node(name, operator, shape, notes)]
        case Delay():
            steps = operator.steps if operator.steps.ndim == 0 else operator.steps.reshape(shape)
            return [{"type": "Delay", "delay": np.broadcast_to(steps * dt, shape)}]
        case Flatten() | Reshape():
            return flatten_nodes(shape, result)
        case Select():
            return select_nodes(name, operator, notes)
        case Rectifier():
            raise NotExpressibleError("is no spiking neuron: convert the network first, with --convert rate")
        case MaxPool():
            raise NotExpressibleError(
                "NIR has no maximum: convert with --max-pool average, or pool by a convolution with a stride"
            )
    raise NotExpressibleError("NIR has no such operator")


def _input(name: str, operator: Input, notes: Notes) -> NodeDict:
    node: NodeDict = {"type": "Input", "shape": np.array(operator.shape)}
    if operator.axes is None:
        return node
    notes.add(
        f"input: {{}} takes the axes of its data in the order {operator.axes}; NIR's has its channels first, the "
        "metadata note the order.",
        name,
    )
    return node | {"metadata": {metadata.AXES: np.array(operator.axes)}}


def _assembled(
    graph: Graph, chains: dict[str, list[NodeDict]], dt: float, notes: Notes
) -> tuple[dict[str, NodeDict], list[tuple[str, str]], dict[str, Any]]:
    """Nodes by the names that they have in the file, edges, and the metadata of the graph."""
    nodes: dict[str, NodeDict] = {}
    edges: list[tuple[str, str]] = []
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    taken: dict[str, None] = dict.fromkeys(chains)
    for name, chain in chains.items():
        # Groups of HDF5 are separated by slashes, and "." is the group itself.
        whole = name.replace("/", ".").strip(".") or "node"
        if whole != name:
            whole = unused(whole, taken)
            notes.add("names: NIR's files have no slashes in names, which become dots; this changes {}.", name)
        parts = [unused(f"{whole}.{number}", taken) for number in range(1, len(chain))] + [whole]
        taken |= dict.fromkeys(parts)
        nodes |= dict(zip(parts, chain, strict=True))
        edges += pairwise(parts)
        first[name], last[name] = parts[0], parts[-1]
    later = [edge for edge in graph.edges if edge.lag]
    for edge in later:
        if not silent(graph, edge.source):
            notes.add(
                "bias: before the first step {} puts out its bias here; many tools begin loops with 0.", edge.source
            )
    edges += [(last[edge.source], first[edge.target]) for edge in graph.edges if not edge.lag]
    closing = [(last[edge.source], first[edge.target]) for edge in later]
    noted: dict[str, Any] = {metadata.DT: dt}
    if closing:
        noted[metadata.PREVIOUS_STEP] = closing
        listed = ", ".join(f"{source!r} -> {target!r}" for source, target in closing)
        notes.add(
            f"loops: NIR does not say which edges carry the previous step, here {listed}; the metadata note it.", ""
        )
    return nodes, edges + closing, noted
