"""The network beside the same without spikes, in one yardstick: the section `baseline` of a report.

Matched is the ordinary network with the same synapses and one value a neuron and inference; for a network that was
converted, the one that it was converted from. What is counted stands in `backends.arithmetic`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ...backends.arithmetic.comparison import CASES, Balance, Comparison, compare
from ...backends.arithmetic.energy import ArithmeticTerm, Memories, energy_of
from ...backends.arithmetic.with_spikes import SpikingWork, spiking_work
from ...backends.arithmetic.without_spikes import OrdinaryWork, work_of_graph, work_of_synapses
from ...backends.program import Program
from ...backends.run import Counters
from ...mapping.arithmetic_costs import ArithmeticCosts, load_arithmetic_costs
from ...models.graph import Graph
from ...models.network import Network, Projection
from ..quantization.synapse_format import FINE
from .baseline_verdict import lower_bound, verdict_sentence

Json = dict[str, Any]

HEADLINE = CASES[0].name
OVER_TIME = "int8_every_step"
REUSE = (
    "Without spikes, each weight is read once an inference, each map reads its input once and each value is written "
    "once; the case int8_without_reuse fetches both for each multiplication."
)
EVENTS = (
    "With spikes, a weight is read for each synapse that a spike arrives at, and each state of each neuron is read and "
    "written at every step; sums within a step are kept in registers, and messages cost nothing."
)
MEMORY = (
    "Weights, activations and states each lie in the smallest memory that holds all of them; cores with memories of "
    "their own are the chip's account, not this one."
)
ZEROS = "Weights of zero cost nothing on either side; activations of zero save nothing without spikes."
DEPLOYED = (
    "The network without spikes is counted on the deployed synapses: where pooling was merged into a convolution, it "
    "has more of them than the trained network."
)
LOOPS = (
    "The network has loops or delays, so that it says nothing in a single pass: the case int8_every_step is the one "
    "that does the same."
)


def baseline_section(
    program: Program, counters: Counters, trained: Graph | None = None, costs: ArithmeticCosts | None = None
) -> Json:
    """Compare a deployed network with the same without spikes, as JSON can hold it; energies in J a sample.

    Parameters
    ----------
    counters : of a run of the program.
    trained : the network before lowering: the ordinary one of a network that was converted. Without it, the deployed
        synapses are counted, which is said in the notes.
    costs : of arithmetic and memory; those that come along where None.
    """
    costs = costs or load_arithmetic_costs()
    network = program.network
    spiking = spiking_work(network, program.code, counters)
    if trained is None:
        ordinary = work_of_synapses(network, whole_matrices(network))
    else:
        ordinary = work_of_graph(trained, network)
    cases = [compare(spiking, ordinary, costs, case) for case in CASES]
    said = {case.case.name: verdict_sentence(case, spiking) for case in cases}
    notes = [lower_bound(costs), REUSE, EVENTS, MEMORY, ZEROS]
    return {
        "account": costs.description,
        "verdict": said[HEADLINE],
        "outcome": cases[0].network.outcome,
        "over_time": said[OVER_TIME],
        "steps": spiking.steps,
        "mean_rate": spiking.mean_rate,
        "counts": _counts(spiking, ordinary),
        "cases": {case.case.name: _case(case, said[case.case.name]) for case in cases},
        "notes": notes + ([] if ordinary.trained else [DEPLOYED]) + ([LOOPS] if network.gap else []),
    }


def whole_matrices(network: Network) -> tuple[Projection, ...]:
    """The projections, with the two that a split matrix became as one, whose weights are 1 where either has any.

    Only where weights are is to be read off the result.
    """
    by_name = {projection.name: projection for projection in network.projections}
    result = []
    for projection in network.projections:
        fine = by_name.get(projection.name + FINE)
        if projection.name.endswith(FINE) and projection.name.removesuffix(FINE) in by_name:
            continue
        if fine is not None:
            present = (projection.connectivity.weights != 0) | (fine.connectivity.weights != 0)
            united = projection.connectivity.with_weights(present.astype(np.int16))
            projection = replace(projection, connectivity=united, learning=None)
        result.append(projection)
    return tuple(result)


def _counts(spiking: SpikingWork, ordinary: OrdinaryWork) -> Json:
    total = ordinary.together
    return {
        "ordinary": {**asdict(total.reused), "stored_weights": ordinary.storage.weights},
        "ordinary_without_reuse": asdict(total.anew),
        "spiking": {
            **asdict(spiking.together.total),
            "stored_weights": spiking.storage.weights,
            "stored_state_bits": spiking.storage.state_bits,
        },
        "spiking_parts": {
            part: asdict(getattr(spiking.together, part)) for part in ("spikes", "steady", "states", "updates")
        },
    }


def _case(comparison: Comparison, said: str) -> Json:
    case = comparison.case
    return {
        "meaning": case.meaning,
        "precision": case.precision,
        "verdict": said,
        **_balance(comparison.network),
        "ordinary": _side(comparison.network.ordinary, comparison.ordinary_memories),
        "spiking": _side(comparison.network.spiking, comparison.spiking_memories),
        "spiking_parts": _bounds_of(comparison.network.parts),
        "layers": {
            name: {
                **_balance(layer),
                "ordinary": energy_of(layer.ordinary)._asdict(),
                "spiking": energy_of(layer.spiking)._asdict(),
            }
            for name, layer in comparison.layers.items()
        },
    }


def _balance(balance: Balance) -> Json:
    ratio, rate = balance.ratio, balance.break_even_rate
    return {
        "outcome": balance.outcome,
        "ratio": None if ratio is None else ratio._asdict(),
        "break_even_rate": None if rate is None else rate._asdict(),
        "equivalent_rate": balance.equivalent_rate,
    }


def _side(terms: tuple[ArithmeticTerm, ...], memories: Memories) -> Json:
    return {
        **energy_of(terms)._asdict(),
        "memories": {name: level.name for name, level in vars(memories).items()},
        "terms": [
            {
                "term": term.name,
                "count_per_sample": term.count,
                "share_of_constant": term.share,
                "constant": {**term.constant.bounds._asdict(), "unit": term.constant.unit},
                **term.energy._asdict(),
                "kind": term.constant.kind,
                "source": term.constant.source,
            }
            for term in terms
            if term.count
        ],
    }


def _bounds_of(parts: Mapping[str, Any]) -> Json:
    return {name: bounds._asdict() for name, bounds in parts.items()}
