"""From a float network to the integers of a chip, layer by layer.

A layer's integers all follow from its scale: integer input per unit of float input. Spiking neurons have a scale each
(`row_search`), neurons that send numbers share one (`shared_search`). Both try candidates on the layer alone, with what
reaches it in the float network; where several are about as good, the whole network decides (`free_run`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...mapping.precision import Precision
from ...models.decision import Decision
from ...models.errors import Unsupported, unsupported_model
from ...models.execution.network_run import run_network
from ...models.input_code import InputCode
from ...models.network import Network, Population, Projection, Role
from ...models.neurons import FloatNeuron, LeakyIntegrateAndFire, Reset, SigmaDelta
from .free_run import FreeRun
from .layer_sample import sample_layer
from .layer_trial import LayerTrial
from .leaky_neurons import LeakyFamily
from .neuron_family import NeuronFamily
from .row_search import RowChoice, RowSearch, corrected
from .shared_search import SharedChoice, SharedSearch
from .sigma_delta_neurons import SigmaDeltaFamily
from .synapse_format import Part, SynapseFormat
from .trained_steps import trained_step, with_one_step
from .weights import QuantizedWeights

Array = NDArray[Any]

SILENT = 1e-30  # an output below it counts as none
FEWEST_RUNS, MOST_RUNS = 24, 120  # of the whole network, to choose among alternatives
RUN_UPDATES = 1e9  # updates of neurons that all these runs may take
TRIAL_PRODUCTS = 5e8  # multiplications that one trial of a layer may take, for there are dozens
FEWEST_TRIAL_SAMPLES = 4


@dataclass(frozen=True, eq=False)
class LayerQuantization:
    """How a layer was quantized, for the report.

    Attributes
    ----------
    layer : name of the population.
    scale : () or (neurons,), integer input per unit of float input.
    agreement : on the calibration samples and given the float network's spikes: spikes in common / spikes of either
        network (Jaccard), or for integrators 1 - relative error.
    projections : per projection of the integer network, its quantized weights.
    likeness : for spiking layers, 1 - squared distance of the smoothed spike trains relative to the float layer's; else
        as `agreement`.
    """

    layer: str
    scale: Array
    agreement: float
    projections: Mapping[str, QuantizedWeights]
    likeness: float


@dataclass(frozen=True, eq=False)
class Quantization:
    """An integer network and how each of its layers came to be."""

    network: Network
    layers: tuple[LayerQuantization, ...]


@dataclass(frozen=True, eq=False)
class QuantizedLayer:
    """One layer in integers."""

    account: LayerQuantization
    population: Population
    incoming: tuple[Projection, ...]


class Quantizer:
    """A float network with its activity on the calibration samples; layers can be quantized again and again.

    Parameters
    ----------
    network : float.
    code : how the data becomes integers.
    calibration : (samples, steps, input neurons) float: what the network may expect; labels play no part.
    precision : the widths of the target's numbers.
    decision : how answers become classes, or None for what suits the output.

    Raises
    ------
    UnsupportedModelError : a layer has parameters that no scale brings into the registers.
    """

    def __init__(
        self,
        network: Network,
        code: InputCode,
        calibration: Array,
        precision: Precision | None = None,
        decision: Decision | None = None,
    ) -> None:
        self.network, self.code = network, code
        self.precision = precision or Precision()
        self.families: dict[type[FloatNeuron], NeuronFamily] = {
            LeakyIntegrateAndFire: LeakyFamily(self.precision),
            SigmaDelta: SigmaDeltaFamily(self.precision),
        }
        self.activity = dict(run_network(network, calibration)) | {network.input.name: calibration}
        self.units = self._units() | {network.input.name: code.scale}
        self.free_run = FreeRun.of(network, code.encode(calibration), self.activity[network.output], decision)
        updates = (
            calibration.shape[0] * calibration.shape[1] * sum(population.size for population in network.populations)
        )
        self.bearable_runs = int(np.clip(RUN_UPDATES / max(1, updates), FEWEST_RUNS, MOST_RUNS))
        self.layers = [population.name for population in network.populations if population.role is Role.NEURON]

    def family(self, name: str) -> NeuronFamily:
        """The family of a layer's neurons."""
        return self.families[type(self.network.by_name[name].neuron)]  # type: ignore[index]

    def alternatives(self, name: str, form: SynapseFormat) -> tuple[QuantizedLayer, ...]:
        """A layer in integers, in the ways that are likely to be the best; the first is the likeliest."""
        population = self.network.by_name[name]
        incoming = tuple(_per_unit(p, self.units[p.source]) for p in self.network.incoming(name))
        constants = frozenset(p.name for p in incoming if self.network.by_name[p.source].role is Role.CONSTANT)
        bits = min(form.bits, self.precision.weight_bits)
        forms = {p.name: SynapseFormat() if p.name in constants else replace(form, bits=bits) for p in incoming}
        family = self.family(name)
        neuron = population.neuron
        assert isinstance(neuron, FloatNeuron)
        impossible = family.impossible(neuron)
        if impossible:
            raise unsupported_model("quantization", [Unsupported(name, "neurons", impossible)])
        kept = self._trained(population, incoming, forms)
        if kept is not None:
            return (kept,)
        if isinstance(neuron, LeakyIntegrateAndFire) and neuron.spiking:
            return self._by_rows(population, incoming, forms, constants)
        return (self._shared(population, incoming, forms),)

    def assembled(self, layers: Mapping[str, QuantizedLayer]) -> Quantization:
        """The integer network of some layers, one of each."""
        scales = {name: layer.account.scale * self.family(name).state_unit for name, layer in layers.items()} | {
            self.network.input.name: np.asarray(self.code.scale)
        }
        network = Network(
            tuple(layers[p.name].population if p.name in layers else p for p in self.network.populations),
            tuple(p for layer in layers.values() for p in layer.incoming),
            self.network.output,
            True,
            MappingProxyType(scales),
        )
        return Quantization(network, tuple(layers[name].account for name in self.layers))

    # --- ways to quantize a layer

    def _trained(
        self, population: Population, incoming: tuple[Projection, ...], forms: Mapping[str, SynapseFormat]
    ) -> QuantizedLayer | None:
        """The integers that the weights were trained as; None where they were not, or the chip cannot hold them."""
        scaled, projections = with_one_step(population, incoming)
        if trained_step(projections) is None:
            return None
        trial = self._trial(population, projections, scaled)
        choice = SharedSearch(self.family(population.name), scaled, trial, forms, self._unit_of(population)).trained()
        return None if choice is None else self._shared_layer(scaled, projections, choice)

    def _by_rows(
        self,
        population: Population,
        incoming: tuple[Projection, ...],
        forms: Mapping[str, SynapseFormat],
        constants: frozenset[str],
    ) -> tuple[QuantizedLayer, ...]:
        sample = sample_layer(self.network, population, incoming, self.activity, self.units)
        family = self.family(population.name)
        assert isinstance(family, LeakyFamily)
        # A potential that is reset to a value may saturate above the threshold, where it spikes all the same.
        resets = sample.neuron.reset is Reset.VALUE
        highest = np.zeros(sample.rows) if resets else np.maximum(sample.highest_voltage, 0)
        ceilings = tuple(
            np.broadcast_to(family.ceiling(sample.neuron, sample.largest_current, largest), sample.targets.shape).min(
                axis=0
            )
            for largest in (sample.largest_voltage, highest)
        )
        found = RowSearch(family, sample, forms, constants, ceilings).choices()
        return tuple(self._row_layer(family, population, incoming, choice) for choice in found)

    def _row_layer(
        self, family: LeakyFamily, population: Population, incoming: tuple[Projection, ...], choice: RowChoice
    ) -> QuantizedLayer:
        row_of = np.arange(population.size) // (population.size // choice.scale.size)
        assert isinstance(population.neuron, LeakyIntegrateAndFire)
        neuron = corrected(family, population.neuron, choice.scale, choice.corrections, row_of)
        return _layer(
            replace(population, neuron=neuron),
            incoming,
            choice.parts,
            choice.scale[row_of],
            choice.agreement,
            choice.likeness,
        )

    def _shared(
        self, population: Population, incoming: tuple[Projection, ...], forms: Mapping[str, SynapseFormat]
    ) -> QuantizedLayer:
        trial = self._trial(population, incoming, population)
        search = SharedSearch(self.family(population.name), population, trial, forms, self._unit_of(population))
        choice = search.best()
        if choice is None:
            reason = "its weights are so much larger than its threshold that no exponent of the chip holds both"
            raise unsupported_model("quantization", [Unsupported(population.name, "neurons", reason)])
        return self._shared_layer(population, incoming, choice)

    def _shared_layer(
        self, population: Population, incoming: tuple[Projection, ...], choice: SharedChoice
    ) -> QuantizedLayer:
        family = self.family(population.name)
        shift = 0
        if self._listened(population):
            if population.name not in self.units:
                self.units[population.name] = _unit(
                    family, choice.scale, self.activity[population.name], self.precision
                )
            shift = round(np.log2(choice.scale * family.state_unit / self.units[population.name]))
        assert isinstance(population.neuron, FloatNeuron)
        neuron = family.quantized(population.neuron, np.asarray(choice.scale), shift)
        quantized = replace(population, neuron=neuron)
        return _layer(quantized, incoming, choice.parts, np.asarray(choice.scale), choice.agreement, choice.agreement)

    def _trial(self, population: Population, incoming: tuple[Projection, ...], scaled: Population) -> LayerTrial:
        products = sum(p.connectivity.products for p in incoming)
        samples, steps = self.activity[self.network.input.name].shape[:2]
        bearable = max(FEWEST_TRIAL_SAMPLES, int(TRIAL_PRODUCTS / max(1, steps * products)))
        activity = {name: part[: min(samples, bearable)] for name, part in self.activity.items()}
        return LayerTrial.prepare(self.network, scaled, incoming, activity, self.units)

    # --- units of graded outputs

    def _listened(self, population: Population) -> bool:
        return population.graded and bool(self.network.outgoing(population.name))

    def _unit_of(self, population: Population) -> float | None:
        return self.units.get(population.name) if self._listened(population) else None

    def _units(self) -> dict[str, float]:
        """Integers per unit of each population's output: 1 for spikes, for numbers that are settled a power of two.

        What travels as a number within a loop, and potentials, must be settled before any layer is quantized. The
        changes that sigma-delta neurons send forward are left out: they get the unit that suits the layer's scale.
        """
        network = self.network
        position = {population.name: index for index, population in enumerate(network.populations)}
        units: dict[str, float] = {}
        for population in network.populations:
            outgoing = network.outgoing(population.name)
            if not population.graded:
                units[population.name] = 1.0
            elif outgoing:
                forward = all(position[p.target] > position[population.name] for p in outgoing)
                if not (forward and isinstance(population.neuron, SigmaDelta)):
                    largest = float(np.max(np.abs(self.activity[population.name]), initial=0.0))
                    if largest < SILENT:  # what a weight makes of one spike then says how large its output may be
                        weights = [p.connectivity.weights for p in network.incoming(population.name)]
                        sizes = (float(np.max(np.abs(part), initial=0.0)) for part in weights)
                        largest = max(sizes, default=0.0) or 1.0
                    bits = _payload_bits(self.family(population.name), self.precision)
                    units[population.name] = 2.0 ** np.floor(np.log2(2**bits / largest))
        return units


def quantize(
    network: Network,
    code: InputCode,
    calibration: Array,
    progress: Callable[[str], None] = lambda layer: None,
    *,
    formats: Mapping[str, SynapseFormat] | None = None,
    precision: Precision | None = None,
    decision: Decision | None = None,
) -> Quantization:
    """Quantize a float network.

    Parameters
    ----------
    network, code, calibration, precision, decision : see `Quantizer`.
    progress : called with the name of each layer before its search.
    formats : per layer, how the synapses that reach it are stored; 8 bits where nothing is said.

    Raises
    ------
    UnsupportedModelError : a layer has parameters that no scale brings into the registers.
    """
    quantizer = Quantizer(network, code, calibration, precision, decision)
    found: dict[str, tuple[QuantizedLayer, ...]] = {}
    for name in quantizer.layers:
        progress(name)
        found[name] = quantizer.alternatives(name, (formats or {}).get(name, SynapseFormat()))
    return quantizer.assembled(chosen(quantizer, found))


def chosen(quantizer: Quantizer, found: Mapping[str, tuple[QuantizedLayer, ...]]) -> dict[str, QuantizedLayer]:
    """One alternative of each layer, such that the whole network does best on the calibration samples.

    All layers alike first, then one layer after the other, until nothing is gained.
    """
    best = {name: layers[0] for name, layers in found.items()}
    most = max((len(layers) for layers in found.values()), default=1)
    if most == 1:
        return best

    def loss_of(trial: Mapping[str, QuantizedLayer]) -> float:
        return quantizer.free_run.loss(quantizer.assembled(trial).network)

    loss, left = loss_of(best), quantizer.bearable_runs
    for kind in range(1, most):
        trial = {name: layers[min(kind, len(layers) - 1)] for name, layers in found.items()}
        other, left = loss_of(trial), left - 1
        if other < loss:
            best, loss = trial, other
    single = [(name, layer) for name, layers in found.items() for layer in layers if len(layers) > 1]
    unchanged = 0
    for name, layer in itertools.islice(itertools.cycle(single), left):
        unchanged += 1
        if layer is not best[name]:
            other = loss_of(best | {name: layer})
            if other < loss:
                best, loss, unchanged = best | {name: layer}, other, 0
        if unchanged > len(single):
            break
    return best


def _layer(
    population: Population,
    incoming: tuple[Projection, ...],
    parts: Mapping[str, tuple[Part, ...]],
    scale: Array,
    agreement: float,
    likeness: float,
) -> QuantizedLayer:
    projections: list[Projection] = []
    account: dict[str, QuantizedWeights] = {}
    for p in incoming:
        for part in parts[p.name]:
            weights = part.shaped(p.connectivity.weights.shape)
            connectivity = p.connectivity.with_weights(weights.weights)
            name = p.name + part.suffix
            projections.append(
                replace(p, name=name, connectivity=connectivity, exponent=part.exponent, trained_step=None)
            )
            account[name] = weights
    described = LayerQuantization(population.name, scale, agreement, MappingProxyType(account), likeness)
    return QuantizedLayer(described, population, tuple(projections))


def _per_unit(projection: Projection, unit: float) -> Projection:
    """A projection for a source that sends so many integers per unit."""
    step = None if projection.trained_step is None else projection.trained_step / unit
    connectivity = projection.connectivity.scaled_by_source(np.asarray(1 / unit))
    return replace(projection, connectivity=connectivity, trained_step=step)


def _payload_bits(family: NeuronFamily, precision: Precision) -> int:
    return min(family.payload_bits, max(1, precision.graded_spike_bits - 1))


def _unit(family: NeuronFamily, scale: float, output: Array, precision: Precision) -> float:
    """The finest unit that is the state's shifted by whole bits and leaves the payload its width."""
    largest = max(float(np.max(np.abs(output), initial=0.0)), SILENT)
    state = scale * family.state_unit
    shift = max(0, int(np.ceil(np.log2(largest * state) - _payload_bits(family, precision))))
    return float(state / 2.0**shift)
