"""The DVS-gesture network that SANA-FE's wheel ships, as one of our networks on the same cores, and its counts.

`peers/run_sanafe.py` writes down what the network is, synapse by synapse, and what SANA-FE counts. Convolutions are
recovered from the synapses and compared with them again. Some weights leave the 9 bits of a chip's synapse; what is
beyond goes into a second projection of a few listed synapses, which are not counted.

SANA-FE also delivers spikes over synapses of weight zero, which we leave out. The counts are compared after these
have been added.
"""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from simulator_workloads import Chain, Layer, Operator, Workload, leaky

from spikeloom.backends.program import Program
from spikeloom.backends.run import Counters
from spikeloom.mapping.mapping import Mapping, Place
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Connectivity, Convolution, Dense, Sparse
from spikeloom.models.decision import Decision
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role

Array = NDArray[Any]

LARGEST_STRIDE = 4
LOW, HIGH = -256, 255  # of a weight


def gesture(file: Path, steps: int) -> Workload:
    """D, from what SANA-FE wrote."""
    dump = _opened(file)
    names = [f"layer {number}" for number in range(_layers(dump))]
    shapes = [_shape(dump, number) for number in range(len(names))]
    layers = [Layer((), shape, 0, int(dump[f"threshold {number}"])) for number, shape in enumerate(shapes)]
    populations = [
        Population("input", (1,), Role.INPUT, None, 0),
        *(
            Population(name, shape, Role.NEURON, leaky(layer, **_bias(dump, number)), number)
            for number, (name, shape, layer) in enumerate(zip(names, shapes, layers, strict=True))
        ),
    ]
    projections, operators = [], []
    for number, (before, after) in enumerate(pairwise(names)):
        whole = recovered(dump, number)
        operators.append(_operator(whole))
        projections.append(
            Projection(f"{before} to {after}", before, after, whole.with_weights(np.clip(whole.weights, LOW, HIGH)))
        )
        beyond = _beyond(whole)
        if beyond is not None:
            projections.append(Projection(f"{before} beyond to {after}", before, after, beyond))
    network = Network(tuple(populations), tuple(projections), names[-1], integer=True)
    target = load_target("loihi1")
    core_of = {name: dump[f"core {number}"] for number, name in enumerate(names)}
    places = tuple(Place(0, int(column), int(row), int(core)) for column, row, core in dump["places"])
    mapping = Mapping(target.name, "as SANA-FE's tutorial", MappingProxyType(core_of), places, ())
    program = Program(network, mapping, target, InputCode(1.0, True, 1, False), Decision.SUM, steps)
    rest = [
        Layer((operator,), layer.shape, layer.decay, layer.threshold)
        for operator, layer in zip(operators, layers[1:], strict=True)
    ]
    description, arrays = Chain(shapes[0], tuple(rest)).arrays()
    title = f"DVS gesture of SANA-FE's wheel, {sum(np.prod(shape) for shape in shapes):,} IF neurons, {steps} steps"
    return Workload(
        title, network, np.zeros((1, steps, 1), dtype=bool), description, arrays, _driven(dump, steps), program
    )


def _opened(file: Path) -> dict[str, Array]:
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing: SANA-FE writes it, so that D needs SANA-FE (peer `sanafe`)")
    with np.load(file) as arrays:
        return dict(arrays)


def _layers(dump: dict[str, Array]) -> int:
    return sum(name.startswith("threshold") for name in dump)


def _shape(dump: dict[str, Array], number: int) -> tuple[int, ...]:
    channels, rows, columns = (int(size) for size in dump[f"shape {number}"])
    return (channels,) if rows == columns == 1 else (channels, rows, columns)


def _bias(dump: dict[str, Array], number: int) -> dict[str, Array]:
    return {"bias_mantissa": dump["bias"]} if number == 0 else {}


def _driven(dump: dict[str, Array], steps: int) -> Array:
    """(1, steps, neurons) spikes of the first layer, which its biases alone drive."""
    voltage, threshold = np.zeros(dump["bias"].size, dtype=np.int64), int(dump["threshold 0"])
    spikes = np.zeros((1, steps, voltage.size), dtype=bool)
    for step in range(steps):
        voltage += dump["bias"]
        spikes[0, step] = voltage > threshold
        voltage[spikes[0, step]] = 0
    return spikes


def _listed(dump: dict[str, Array], number: int) -> tuple[Array, Array, Array]:
    return dump[f"source {number}"], dump[f"target {number}"], dump[f"weight {number}"]


def recovered(dump: dict[str, Array], number: int) -> Connectivity:
    """What leads from a layer to the next: the convolution or the matrix whose synapses are those listed."""
    source, target, weight = _listed(dump, number)
    before, after = _shape(dump, number), _shape(dump, number + 1)
    if len(after) == 1:
        matrix = np.zeros((after[0], int(np.prod(before))), dtype=np.int16)
        matrix[target, source] = weight
        found: Connectivity = Dense(matrix)
    else:
        found = _convolution(source, target, weight, before, after)
    shape = (found.targets, found.sources)
    listed = sparse.csr_array((weight.astype(np.int64), (target, source)), shape=shape)
    if (found.to_sparse().astype(np.int64) != listed).nnz:
        raise ValueError(f"the synapses of layer {number} are not those of a {type(found).__name__}")
    return found


def _convolution(
    source: Array, target: Array, weight: Array, before: tuple[int, ...], after: tuple[int, ...]
) -> Convolution:
    channel, row, column = np.unravel_index(source, before)
    output, down, across = np.unravel_index(target, after)
    for stride in range(1, LARGEST_STRIDE + 1):
        y, x = row - stride * down, column - stride * across
        kernel = int(y.max()) + 1, int(x.max()) + 1
        if min(y.min(), x.min()) < 0 or source.size != before[0] * int(np.prod(after)) * kernel[0] * kernel[1]:
            continue
        weights = np.zeros((after[0], before[0], *kernel), dtype=np.int16)
        weights[output, channel, y, x] = weight
        # Rows and columns that no window reaches are left out at the far side.
        return Convolution(weights, before, (stride, stride), ((0, 0), (0, 0)), (1, 1))
    raise ValueError(f"no stride up to {LARGEST_STRIDE} makes a convolution of these synapses")


def _operator(connectivity: Connectivity) -> Operator:
    if isinstance(connectivity, Convolution):
        return Operator("convolution", connectivity.weights, stride=connectivity.stride[0])
    return Operator("dense", connectivity.weights)


def _beyond(connectivity: Connectivity) -> Sparse | None:
    """What the weights lack of the whole after they have been cut off at a synapse's bits."""
    rest = connectivity.weights - np.clip(connectivity.weights, LOW, HIGH)
    return Sparse.from_matrix(connectivity.with_weights(rest).to_sparse()) if rest.any() else None


@dataclass(frozen=True)
class Compared:
    """A count of ours beside SANA-FE's.

    Attributes
    ----------
    name : of what is counted.
    ours, theirs : totals.
    each : of what the parts are that were compared one by one.
    same : whether all of these are the same.
    """

    name: str
    ours: int
    theirs: int
    each: str
    same: bool


def compared(program: Program, activity: ReadOnly[str, Array], counters: Counters, file: Path) -> list[Compared]:
    """Our counts beside SANA-FE's, over the steps of the chip that SANA-FE simulates.

    SANA-FE ends all layers at the same step of the chip; each of ours works for as many steps, so that deeper layers
    end later. What they do then is left out here.

    Parameters
    ----------
    activity : of all layers, (1, steps, neurons).
    counters : of the same run.
    """
    dump, steps, cores = _opened(file), program.steps, program.mapping.cores
    fired = np.zeros((steps, cores), dtype=np.int64)
    for step, layer, neuron in dump["fired"]:
        fired[step, dump[f"core {layer}"][neuron]] += 1
    events = delivered(program, activity, counters, file)
    return [
        _compare("spikes", counters.spikes[:steps], fired),
        _compare("packets sent", counters.packets_out[:steps], dump["by core packets out"]),
        _compare("packets received", counters.packets_in[:steps], dump["by core packets in"]),
        _compare("delivered events", events, dump["by core events"]),
        _compare("hops", counters.link_packets[:steps].sum(axis=1), dump["count hops"]),
        _compare("neurons updated", _updates(program.network, dump, steps), dump["count updated"]),
    ]


def delivered(program: Program, activity: ReadOnly[str, Array], counters: Counters, file: Path) -> Array:
    """(steps, cores) int64, the synaptic events that SANA-FE delivers: those over synapses of weight zero, too."""
    dump, steps, cores = _opened(file), program.steps, program.mapping.cores
    names = [population.name for population in program.network.populations if population.neuron]
    events = sum(counters.synaptic_operations.values())[:steps].astype(np.int64)
    for number, name in enumerate(names[:-1]):
        source, target, weight = _listed(dump, number)
        # One more for each weight of zero, one less for each that is stored in two parts.
        change = (weight == 0).astype(np.int64) - ((weight < LOW) | (weight > HIGH))
        shape = (activity[name].shape[2], cores)
        moved = sparse.csr_array((change, (source, dump[f"core {number + 1}"][target])), shape=shape)
        arrived = sparse.csr_array(activity[name][0].astype(np.int64)) @ moved
        events[number:] += arrived.toarray()[: steps - number]
    return events


def _compare(name: str, ours: Array, theirs: Array) -> Compared:
    each = "step and core" if theirs.ndim == 2 else "step"
    return Compared(name, int(ours.sum()), int(theirs.sum()), each, bool(np.array_equal(ours, theirs)))


def _updates(network: Network, dump: dict[str, Array], steps: int) -> Array:
    """(steps,) updates in SANA-FE's sense: neurons with a potential, a bias, or a spike on its way in.

    Our neurons are updated at every step, as Loihi's are served at every step; so this count is made apart.
    """
    updates = np.zeros(steps, dtype=np.int64)
    spikes = _driven(dump, steps)[0]
    populations = [population for population in network.populations if population.neuron]
    for number, population in enumerate(populations):
        window = steps - number
        bias = dump["bias"] if number == 0 else np.zeros(population.size, dtype=np.int64)
        threshold = int(dump[f"threshold {number}"])
        if number:
            into = network.incoming(population.name)
            sums = sum(projection.connectivity.apply(spikes) for projection in into)
            everywhere = into[0].connectivity.with_weights(np.ones_like(into[0].connectivity.weights))
            reached = everywhere.apply(spikes) > 0
        else:
            sums, reached = np.zeros((steps, population.size)), np.zeros((steps, population.size), dtype=bool)
        voltage = np.zeros(population.size)
        spikes = np.zeros((steps, population.size), dtype=bool)
        for step in range(steps):
            active = (voltage != 0) | reached[step] | (bias != 0)
            if step < window:
                updates[step + number] += np.count_nonzero(active)
            voltage += sums[step] + bias
            spikes[step] = voltage > threshold
            voltage[spikes[step]] = 0
    return updates
