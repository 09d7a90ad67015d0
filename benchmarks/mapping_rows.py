"""Every row of the tables of `mapping.py`, as a function that measures it once."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import mapping_peers as peers
import numpy as np
from mapping_instances import NETWORKS, PLACEMENTS, layered_clusters, liquid
from numpy.typing import NDArray

from spikeloom.mapping.hypergraph import Hypergraph
from spikeloom.mapping.search import Effort, Search

Array = NDArray[Any]
BLOCKS, NEURON_IMBALANCE, SYNAPSE_IMBALANCE = 128, 0.03, 0.05
BALANCED = "both balanced"

TABLES = {
    "partition": ("instance", "method", "km1", "neurons max/mean", "synapses max/mean", "seconds", "goal"),
    "placement": ("instance", "method", "hops", "seconds", "goal"),
    "networks": (
        "network", "neurons", "synapses", "cores", "used", "messages", "hops a message", "row-major", "busiest link",
        "its row-major", "seconds", "peak MB", "goal",
    ),
    "growth": ("instance", "synapses or boxes", "seconds", "seconds a million"),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A row.

    Attributes
    ----------
    table : name of its table.
    measure : gives the cells by column; always `seconds`.
    slow : whether it takes minutes.
    """

    table: str
    measure: Callable[[], dict[str, Any]]
    slow: bool = False


def _partition(instance: str, method: str, both: bool, goal: str) -> dict[str, Any]:
    source, target, neurons = NETWORKS[instance]()
    hypergraph = Hypergraph.of_synapses(source, target, neurons)
    began = time.monotonic()
    blocks = _divided(method, source, target, neurons, both)
    seconds = time.monotonic() - began
    sizes = np.bincount(blocks, minlength=BLOCKS)
    synapses = np.bincount(blocks, weights=hypergraph.synapses, minlength=BLOCKS)
    return {
        "instance": f"{instance}, {BALANCED if both else 'neurons only'}",
        "method": method,
        "km1": round(hypergraph.km1(blocks)),
        "neurons max/mean": float(sizes.max() / sizes.mean()),
        "synapses max/mean": float(synapses.max() / synapses.mean()),
        "seconds": seconds,
        "goal": goal,
    }


def _divided(method: str, source: Array, target: Array, neurons: int, both: bool) -> Array:
    if method == "sequential":
        return peers.filled_in_order(neurons, BLOCKS)
    if method == "METIS":
        return peers.cut_by_metis(source, target, neurons, BLOCKS, NEURON_IMBALANCE)
    hypergraph = Hypergraph.of_synapses(source, target, neurons)
    library, _, preset = method.partition(" ")
    if library == "Mt-KaHyPar":
        return peers.cut_by_mtkahypar(hypergraph, BLOCKS, NEURON_IMBALANCE, preset)
    return _ours(hypergraph, preset, both)


def _ours(hypergraph: Hypergraph, how: str, both: bool) -> Array:
    from spikeloom.mapping.partition.block_limits import BlockLimits
    from spikeloom.mapping.partition.irregular_partition import METHODS

    start, effort = how.split(", ")
    limits = BlockLimits(
        neurons=int(hypergraph.neurons / BLOCKS * (1 + NEURON_IMBALANCE)),
        synapses=int(hypergraph.synapses.sum() / BLOCKS * (1 + SYNAPSE_IMBALANCE)) if both else None,
    )
    blocks = METHODS[start].divide(hypergraph, BLOCKS, limits, Search(_effort(effort)))
    if blocks is None:
        raise RuntimeError("no partition within the limits")
    return blocks


def _effort(name: str) -> Effort:
    from spikeloom.mapping.search import EFFORTS

    return next(effort for effort in EFFORTS if effort == name)


def _placement(instance: str, method: str, goal: str) -> dict[str, Any]:
    from scipy import sparse

    from spikeloom.mapping.placement.place import baselines, place
    from spikeloom.mapping.placement.placement_problem import FREE, PlacementProblem

    kind, side = PLACEMENTS[instance]
    source, target, traffic, clusters = layered_clusters(kind, side)
    row, column = np.divmod(np.arange(clusters), side)
    distance = np.abs(np.subtract.outer(np.arange(side), np.arange(side))).astype(np.float64)
    began = time.monotonic()
    problem = PlacementProblem(
        sparse.csr_array((traffic, (source, target)), shape=(clusters, clusters)),
        np.full(clusters, FREE, dtype=np.int64),
        column.astype(np.int64),
        row.astype(np.int64),
        np.zeros(clusters, dtype=bool),
        distance,
        distance,
    )
    if method.startswith("ours"):
        hops = place(problem, Search(_effort(method.split(", ")[1])), relieve=False).cost
    else:
        hops = baselines(problem, Search())[method]
    return {
        "instance": instance, "method": method, "hops": round(hops), "seconds": time.monotonic() - began, "goal": goal,
    }  # fmt: skip


def _network(name: str, effort: Effort, goal: str) -> dict[str, Any]:
    from mapping_networks import NETWORKS as WHOLE
    from mapping_networks import plain_chip

    from spikeloom.mapping.mapper import find_fit
    from spikeloom.mapping.placement.slots import placement_problem_of
    from spikeloom.mapping.placement.starts import row_major
    from spikeloom.mapping.routing.loads import link_loads
    from spikeloom.mapping.traffic.traffic import count_traffic

    network, chip = WHOLE[name](224, 0), plain_chip(CORES[name])
    began = time.monotonic()
    fit = find_fit(network, chip, search=Search(effort))
    seconds, peak = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if fit.mapping is None or fit.explanation is None:
        raise RuntimeError("\n".join(map(str, fit.problems)))
    found = fit.explanation
    flows = count_traffic(network, chip, fit.mapping.core_of).flows
    problem, places = placement_problem_of(chip, flows.packets)
    in_rows = link_loads(flows, chip, [places[slot] for slot in row_major(problem)[: flows.cores]])
    return {
        "network": f"{name}, {effort}",
        "neurons": sum(population.size for population in network.populations),
        "synapses": sum(projection.connectivity.synapses() for projection in network.projections),
        "cores": next(attempt.cores for attempt in found.attempts),
        "used": f"{found.utilisation['fullest']:.1%}",
        "messages": round(found.links.deliveries),
        "hops a message": found.links.mean_hops,
        "row-major": in_rows.mean_hops,
        "busiest link": round(found.links.busiest_link),
        "its row-major": round(in_rows.busiest),
        "seconds": seconds,
        "peak MB": round(peak / 1024),
        "goal": goal,
    }


def _growing_liquid(side: int) -> dict[str, Any]:
    """A liquid like LSM99k of another size, on blocks of the same size."""
    from spikeloom.mapping.partition.block_limits import BlockLimits
    from spikeloom.mapping.partition.irregular_partition import METHODS

    source, target, neurons = liquid((side, side, side))
    hypergraph = Hypergraph.of_synapses(source, target, neurons)
    blocks = max(2, neurons // 776)
    began = time.monotonic()
    METHODS["metis"].divide(hypergraph, blocks, BlockLimits(neurons=int(neurons / blocks * 1.03)), Search("fast"))
    seconds = time.monotonic() - began
    return _grown(f"liquid {side}x{side}x{side}", int(source.size), seconds)


def _growing_network(size: int) -> dict[str, Any]:
    from mapping_networks import plain_chip, vgg16

    from spikeloom.mapping.partition.box_partition import BoxPartition

    network = vgg16(size, 0)
    began = time.monotonic()
    core_of = BoxPartition(fused=True).partition(network, plain_chip(72 * 72), None, Search("fast"))
    seconds = time.monotonic() - began
    if core_of is None:
        raise RuntimeError("no partition")
    cores = 1 + max(int(part.max()) for part in core_of.values())
    return _grown(f"VGG-16 at {size}x{size}", cores, seconds)


def _grown(name: str, count: int, seconds: float) -> dict[str, Any]:
    return {
        "instance": name, "synapses or boxes": count, "seconds": seconds, "seconds a million": 1e6 * seconds / count,
    }  # fmt: skip


def _rows() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for instance, both, goals in PARTITIONS:
        for method, (goal, slow) in goals.items():
            measure = partial(_partition, instance, method, both, goal)
            rows[f"{instance} {both} {method}"] = Row("partition", measure, slow)
    for instance, goal in PLACED.items():
        for method in ("row-major", "Hilbert + force-directed", "ours, fast", "ours, normal", "ours, best"):
            measure = partial(_placement, instance, method, goal if method.startswith("ours") else "")
            rows[f"{instance} {method}"] = Row("placement", measure, method == "ours, best" and instance == "conv128")
    for name, goal in WHOLE_GOALS.items():
        for effort in ("fast", "normal"):
            rows[f"{name} {effort}"] = Row("networks", partial(_network, name, effort, goal))
    for side in (20, 29, 41, 58):
        rows[f"liquid {side}"] = Row("growth", partial(_growing_liquid, side))
    for size in (56, 112, 224):
        rows[f"vgg {size}"] = Row("growth", partial(_growing_network, size))
    return rows


PARTITIONS: tuple[tuple[str, bool, dict[str, tuple[str, bool]]], ...] = (
    (
        "cnn115k",
        False,
        {
            "sequential": ("", False),
            "METIS": ("", False),
            "Mt-KaHyPar DEFAULT": ("", True),
            "ours growing, fast": ("", False),
            "ours metis, fast": ("66,000 in 10 s", False),
            "ours metis, normal": ("61,000 in 60 s", False),
            "ours mtkahypar, normal": ("", True),
        },
    ),
    (
        "cnn115k",
        True,
        {"METIS": ("", False), "ours metis, fast": ("78,000 in 15 s", False), "ours metis, normal": ("", False)},
    ),
    ("lsm99k", True, {"METIS": ("", False), "ours metis, fast": ("108,000 in 15 s", False)}),
    (
        "sw100k",
        False,
        {"METIS": ("", False), "Mt-KaHyPar DEFAULT": ("", True), "ours metis, normal": ("102,000 in 40 s", False)},
    ),
)
PLACED = {"conv32": "4,200", "conv64": "18,000", "conv128": "78,000", "dense32": "93,000"}
CORES = {"VGG-16": 5184, "ResNet-50": 5184, "MobileNet": 2500}
WHOLE_GOALS = {
    "VGG-16": "60 s, 1 GB, 9.3 hops, busiest link 3.5 M",
    "ResNet-50": "used 80 %",
    "MobileNet": "used 80 %",
}
ROWS = _rows()
