"""A float network and its activity, of which single layers are made integers.

A layer's integers all follow from its scale: integer input per unit of float input. Spiking neurons have a scale each
(`row_search`), neurons that send numbers share one (`shared_search`).
"""

from __future__ import annotations

from collections.abc import Mapping
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
from ...models.neurons import FloatNeuron, LeakyIntegrateAndFire, Reset
from .families import FAMILY_OF
from .free_run import FreeRun
from .graded_units import finest_unit, settled_units
from .layer_quantization import LayerQuantization, Quantization
from .layer_sample import sample_layer
from .layer_trial import LayerTrial
from .leaky_neurons import LeakyFamily
from .neuron_family import NeuronFamily
from .row_corrections import corrected
from .row_search import RowChoice, RowSearch
from .shared_search import SharedChoice, SharedSearch
from .synapse_format import Part, SynapseFormat
from .trained_steps import trained_step, with_one_step
from .weights import QuantizedWeights

Array = NDArray[Any]

FEWEST_RUNS, MOST_RUNS = 24, 120  # of the whole network, to choose among alternatives
RUN_UPDATES = 1e9  # updates of neurons that all these runs may take
TRIAL_PRODUCTS = 5e8  # multiplications that one trial of a layer may take, for there are dozens
FEWEST_TRIAL_SAMPLES = 4


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
        self.families = {model: family(self.precision) for model, family in FAMILY_OF.items()}
        self.activity = dict(run_network(network, calibration)) | {network.input.name: calibration}
        self.units = settled_units(network, self.activity, self.families, self.precision) | {
            network.input.name: code.scale
        }
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
        scales = {name: self.family(name).state_scale(layer.account.scale) for name, layer in layers.items()} | {
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
            np.broadcast_to(family.ceiling(sample.neuron, (sample.largest_current, largest)), sample.targets.shape).min(
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
                self.units[population.name] = finest_unit(
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

    def _listened(self, population: Population) -> bool:
        neuron = population.neuron
        return neuron is not None and not neuron.whole and bool(self.network.outgoing(population.name))

    def _unit_of(self, population: Population) -> float | None:
        return self.units.get(population.name) if self._listened(population) else None


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
