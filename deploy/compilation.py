"""From a graph to a program: lower, quantize and map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ..backends.program import Program
from ..backends.simulator.simulate import Simulator
from ..mapping.features import check_features
from ..mapping.mapper import map_network
from ..mapping.problem import describe
from ..mapping.target import Target
from ..models.decision import natural_decision
from ..models.errors import DataError, DoesNotFitError
from ..models.graph import Graph
from ..models.input_code import InputCode, input_code
from ..models.network import Network, Role
from .calibration import QUANTIZATION_PRODUCTS, calibration_samples, products_of_network
from .configuration import Configuration
from .data import Data
from .lowering.lower import lower
from .lowering.relays import with_relays
from .progress import Progress
from .quantization.quantize import Quantization, quantize

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Compiled:
    """What all stages before running make.

    Attributes
    ----------
    graph, network : in float.
    quantization : the integer network and how it came to be.
    program : what backends run.
    notes : what was assumed on the way.
    """

    graph: Graph
    network: Network
    quantization: Quantization
    program: Program
    notes: tuple[str, ...]


def compile_model(graph: Graph, target: Target, data: Data, config: Configuration, progress: Progress) -> Compiled:
    """Lower, quantize and map a graph.

    Raises
    ------
    UnsupportedModelError, DoesNotFitError
    """
    network, notes = with_relays(lower(graph), target.limits.of("delay_steps"))
    code = input_code(data.x)
    if network.integer and code.scale != 1:
        raise DataError(
            f"{data.name}: x holds fractions, and {graph.name} is an integer network, which takes integers as they "
            "are: bring x to the integers that it was trained on."
        )
    problems = check_features(network, target, code.bits)
    if problems:
        raise DoesNotFitError(f"{graph.name} does not fit {target.name}:\n{describe(problems)}")
    chosen = calibration_samples(products_of_network(network), QUANTIZATION_PRODUCTS, data, config)
    calibration = code.decode(code.encode(data.x[chosen]))
    if network.integer:
        quantization = Quantization(network, ())
        remark = f"quantization: none, {graph.name} is made of integers, which are kept as they are."
    else:
        layers = [population for population in network.populations if population.role is Role.NEURON]
        advance = progress.stage(f"quantizing on {chosen.size} samples", len(layers))
        quantization = quantize(network, code, calibration, lambda layer: advance(1))
        remark = (
            f"calibration: {chosen.size} of {data.samples} samples of {data.name}, without labels, seed {config.seed}."
        )
    progress.stage("mapping")
    rates = _rates(quantization.network, code, calibration)
    mapping = map_network(quantization.network, target, rates, config.mapping, code.bits)
    decision = config.decision or natural_decision(network.by_name[network.output])
    program = Program(quantization.network, mapping, target, code, decision, data.steps)
    remarks = [
        *notes,
        remark,
        f"decision: the class of the largest output, by {decision} over the steps of a sample (decision).",
    ]
    if code.note:
        remarks.append(code.note)
    return Compiled(graph, network, quantization, program, tuple(remarks))


def _rates(network: Network, code: InputCode, calibration: Array) -> dict[str, Array]:
    """Spikes per step of every neuron."""
    counts = Simulator(network).run(code.encode(calibration)).spike_counts
    return {name: part.sum(axis=0) / (part.shape[0] * calibration.shape[0]) for name, part in counts.items()}
