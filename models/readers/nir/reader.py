"""Reading NIR files: every primitive of NIR 1.0.8, nested graphs, files older than `v_reset`.

NIR describes neurons by differential equations and leaves open the time step, the integration scheme and the kind of
reset. `NirOptions` decides, and every decision that the file left open becomes one of the graph's assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...errors import Unsupported, UnsupportedModelError, UsageError, unsupported_model
from ...graph import Graph, GraphError, unused
from ...operators import Input, Neurons, Operator, Output
from .file import NodeDict, read_nodes
from .neurons import SPIKING, counts_per_second
from .operators import natural_input, operator_of
from .options import TIMES, NirOptions, with_step
from .repairs import Edges, repaired
from .values import NotSupportedError, numbers


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
    notes = (*notes, *_assumptions(nodes, options))
    try:
        return Graph.with_loops_closed(operators, edges, notes, path.stem)
    except GraphError as error:
        for parts, repairs in repaired(operators, edges):
            try:
                return Graph.with_loops_closed(*parts, (*notes, *repairs), path.stem)
            except GraphError:
                continue
        raise UnsupportedModelError(f"{path}: {error}.") from None


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


def _assumptions(nodes: Mapping[str, NodeDict], options: NirOptions) -> tuple[str, ...]:
    kinds = {str(node.get("type")) for node in nodes.values()}
    notes = []
    if kinds & (set(TIMES) - {"Delay"}):
        notes.append(f"integration: {options.integration}, the share of a state kept in a step (--integration).")
    delays = [numbers(node["delay"]) / options.step for node in nodes.values() if node.get("type") == "Delay"]
    if any(np.any(np.abs(steps - np.rint(steps)) > 1e-3) for steps in delays):
        notes.append("delay: delays that are no whole number of steps are rounded to one (--dt).")
    if kinds & set(SPIKING):
        if options.reset is not None:
            notes.append(f"reset: {options.reset}, as asked (--reset).")
        elif kinds & (set(SPIKING) - {"Threshold"}):
            notes.append("reset: NIR does not say how neurons reset; to v_reset at a spike is assumed (--reset).")
        notes += [f"reset: {reset} in {name!r}, as asked." for name, reset in options.layer_resets.items()]
        if options.threshold_inclusive:
            notes.append("threshold: spikes where v >= threshold, as asked (--threshold-inclusive).")
        else:
            notes.append("threshold: spikes where v > threshold, as NIR's equations say (--threshold-inclusive).")
    resistances = [numbers(node["r"]) for node in nodes.values() if node.get("type") in ("IF", "I")]
    if any(counts_per_second(resistance, options) for resistance in resistances):
        notes.append("current: where r of IF or I is one over the time step, their input current counts per second.")
    if not all(counts_per_second(resistance, options) for resistance in resistances):
        notes.append("current: IF and I have no time constant; their input current counts per step, not per second.")
    if any(str(node.get("type")) in ("IF", "LIF", "CubaLIF") and "v_reset" not in node for node in nodes.values()):
        notes.append("v_reset: the file is older than this field; 0 is assumed.")
    return tuple(notes)


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
