"""Writes a program as a PyNN script and its arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.array_file import write_arrays
from ...models.errors import unsupported_model
from ...models.network import Network, Role
from ..program import Program
from .arrays import input_bits, listed, network_arrays, smallest
from .cells import Cells, cells_of
from .refusals import refusals
from .silence import silence

Array = NDArray[Any]
SCRIPT_NAME, ARRAYS_NAME = "network.py", "network.npz"
TEMPLATES = Path(__file__).with_name("templates")
NEURONS_PER_CORE = 64  # of a SpiNNaker core, where the target is another chip


@dataclass(frozen=True)
class Written:
    """What an export came to.

    Attributes
    ----------
    samples : inputs that lie beside the script.
    synapses : that PyNN makes, each bit of an input and each drive counted.
    notes : what the script says in another way, a sentence each.
    """

    samples: int
    synapses: int
    notes: tuple[str, ...]


def refuse(program: Program, name: str) -> None:
    """Raise UnsupportedModelError with all that PyNN cannot say of a program; `name` is what to call it."""
    problems = refusals(program.network)
    if problems:
        raise unsupported_model(name, problems, "cannot be said in PyNN")


def write_script(program: Program, folder: Path, inputs: Array, expected: Array, labels: Array | None) -> Written:
    """Write `network.py` and `network.npz` into an existing folder.

    Parameters
    ----------
    program : one that `refuse` lets pass.
    inputs : (samples, steps, input neurons), integers in the program's input code.
    expected : (samples,) classes in the integer simulator.
    labels : (samples,) true classes, or None.
    """
    network = program.network
    cells = {item.name: cells_of(network, item) for item in network.populations if item.role is Role.NEURON}
    arrays = network_arrays(network, cells)
    bits, signed = input_bits(inputs, program.code.bits)
    arrays["inputs"], arrays["expected"] = smallest(inputs), smallest(expected)
    if labels is not None:
        arrays["labels"] = smallest(labels)
    synapses = _synapses(network, arrays, bits)
    (folder / SCRIPT_NAME).write_text(_script(program, cells, bits, signed, synapses), encoding="utf-8")
    write_arrays(folder / ARRAYS_NAME, arrays)
    return Written(len(inputs), synapses, _notes(network, cells, bits))


def _synapses(network: Network, arrays: Mapping[str, Array], bits: int) -> int:
    made = sum(
        arrays[f"synapses/{item.name}/weight"].size * (bits if item.source == network.input.name else 1)
        for item in listed(network)
    )
    drives = [values for key, values in arrays.items() if key.endswith(("/first_drive", "/later_drive"))]
    return made + sum(int(np.count_nonzero(values)) for values in drives)


def _script(program: Program, cells: Mapping[str, Cells], bits: int, signed: bool, synapses: int) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    network = program.network
    limit = program.target.limits.of("neurons")
    environment = Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.get_template("network.py.jinja").render(
        gap=silence(network, cells),
        spiking=[item.name for item in network.populations if item.role is Role.NEURON and item.eventful],
        synapses=f"{synapses:,}",
        bits=bits,
        signed=signed,
        decision=repr(str(program.decision)),
        neurons_per_core=limit if program.target.name.startswith("spinn") and limit else NEURONS_PER_CORE,
        longest_delay=float(2 + 2 * network.depth + max(item.delay for item in network.projections)),
        input_size=network.input.size,
        input_name=repr(network.input.name),
        output=repr(network.output),
        populations=[
            {
                "name": repr(item.name),
                "size": item.size,
                "depth": item.depth,
                "spiking": item.eventful,
            }
            for item in network.populations
            if item.role is Role.NEURON
        ],
        projections=[
            {
                "name": repr(item.name),
                "source": repr(item.source),
                "target": repr(item.target),
                "delay": item.delay,
                "deeper": network.by_name[item.target].depth - network.by_name[item.source].depth,
                "from_input": item.source == network.input.name,
            }
            for item in listed(network)
        ],
    )


def _notes(network: Network, cells: Mapping[str, Cells], bits: int) -> tuple[str, ...]:
    """What is not said as it is, and who cannot run it."""
    notes = []
    if bits > 1:
        notes.append(
            f"input: numbers of {bits} bits became {bits} spike sources each, with weights times powers of two."
        )
    kept = [name for name, cell in cells.items() if np.any(cell.voltage_retention == 1)]
    if kept:
        names = ", ".join(map(repr, kept))
        notes.append(f"{names}: keeps all of its potential; on SpiNNaker it loses a thousandth a step.")
    # NEST takes two steps from layer to layer, so that what looks back less than that comes too late.
    late = [
        item.name
        for item in listed(network)
        if item.delay + network.by_name[item.target].depth - network.by_name[item.source].depth < 2
    ]
    if late:
        names = ", ".join(map(repr, late))
        notes.append(f"{names}: too quick a loop for NEST, where a spike acts two steps later; Brian2 can run it.")
    return tuple(notes)
