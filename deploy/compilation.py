"""From a graph to a program: lower, quantize and map."""

from __future__ import annotations

import logging
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ..backends.program import Program
from ..backends.simulator.simulate import Simulator
from ..mapping.explanation import Explanation
from ..mapping.features import check_features
from ..mapping.learning_engine import check_learning
from ..mapping.mapper import explained_mapping
from ..mapping.mapping import Mapping
from ..mapping.problem import describe
from ..mapping.target import Target
from ..models.decision import natural_decision
from ..models.errors import DataError, DoesNotFitError
from ..models.execution.overflow_counts import count_overflows
from ..models.graph import Graph
from ..models.input_code import InputCode, input_code
from ..models.network import Network
from .configuration.configuration import Configuration
from .data import Data
from .learning import learning_notes, learning_rules, with_learning
from .lowering.lower import lower
from .lowering.relays import with_relays
from .progress.progress import MAPPING_TOTAL, Progress, share_of
from .quantization.layer_quantization import Quantization
from .quantization.lost_steps import lost_steps
from .quantization_stage import quantize_for
from .real_time_mapping import SAMPLES, mapped_in_real_time
from .state_widths import state_bits

Array = NDArray[Any]
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Compiled:
    """What all stages before running make.

    Attributes
    ----------
    graph, network : in float.
    quantization : the integer network and how it came to be.
    program : what backends run.
    explanation : of the mapping.
    notes : what was assumed on the way.
    overflows : of the calibration samples in a network that was quantized, per layer; see `OverflowCounts.layers`.
    calibrated_on : numbers of the samples that quantization looked at.
    """

    graph: Graph
    network: Network
    quantization: Quantization
    program: Program
    explanation: Explanation
    notes: tuple[str, ...]
    overflows: ReadOnly[str, ReadOnly[str, int]]
    calibrated_on: Array


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
    rules = learning_rules(network, config, graph.name)
    problems = check_features(network, target, code.bits) + check_learning(rules, target.learning, target.name)
    if problems:
        raise DoesNotFitError(f"{graph.name} does not fit {target.name}:\n{describe(problems)}")
    stage = quantize_for(network, code, target, data, config, progress)
    quantization = stage.quantization
    weights = {name: part for layer in quantization.layers for name, part in layer.projections.items()}
    told = share_of(progress, "mapping", MAPPING_TOTAL)
    rates = _rates(quantization.network, code, stage.calibration)
    decision = config.decision or natural_decision(network.by_name[network.output])
    learning = with_learning(quantization.network, rules)

    def map_to(chip: Target) -> tuple[Mapping, Explanation]:
        return explained_mapping(quantization.network, chip, rates, config.mapping, code.bits, config.search(told))

    def program_of(mapping: Mapping) -> Program:
        return Program(learning, mapping, target, code, decision, data.steps)

    account = target.cost_set(config.costs)
    kept_up: tuple[str, ...] = ()
    if config.real_time and target.backend == "spinnaker1" and account.step_time_model == "clock":
        integers = code.encode(stage.calibration[:SAMPLES])
        mapping, explanation, kept_up = mapped_in_real_time(map_to, program_of, target, account, integers)
    else:
        mapping, explanation = map_to(target)
    program = program_of(mapping)
    LOG.info(
        "%s: %d layers, %d neurons and %d projections on %d cores of %s; decision by %s", graph.name,
        len(network.populations), sum(layer.size for layer in network.populations), len(network.projections),
        mapping.cores, target.name, decision,
    )  # fmt: skip
    remarks = [
        *notes,
        *stage.notes,
        *kept_up,
        *learning_notes(program.network),
        *(lost_steps(graph, network, weights) if weights else ()),
        f"decision: the class of the largest output, by {decision} over the steps of a sample (decision).",
    ]
    if code.note:
        remarks.append(code.note)
    overflows = {}
    if not network.integer:
        overflows = count_overflows(quantization.network, code.encode(stage.calibration), state_bits(target))
    return Compiled(graph, network, quantization, program, explanation, tuple(remarks), overflows, stage.chosen)


def _rates(network: Network, code: InputCode, calibration: Array) -> dict[str, Array]:
    """Spikes per step of every neuron."""
    samples, steps = calibration.shape[:2]
    spikes = Simulator(network).run(code.encode(calibration)).spikes
    return {name: counts / (samples * steps) for name, counts in spikes.items()}
