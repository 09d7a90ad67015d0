"""How neurons moved from one deployment to another: whether cores hold the same ones, and lie where they lay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

Json = dict[str, Any]
Report = Mapping[str, Any]
CoresOf = Mapping[str, NDArray[Any]]


def placement_change(reports: Sequence[Report], cores_of: Sequence[CoresOf]) -> Json:
    """Compare two placements; counts are of neurons on the chip.

    Parameters
    ----------
    reports, cores_of : of both deployments, the earlier first.
    """
    obstacle = _obstacle(reports, cores_of)
    hops = [report["counts"]["hops"] for report in reports]
    change: Json = {"not_compared_because": obstacle, "hops_before": hops[0], "hops_after": hops[1]}
    if obstacle is not None:
        return {**change, "neurons": None, "same_partition": None, "regrouped": None, "moved": None}
    before, after = (_joined(cores, cores_of[0]) for cores in cores_of)
    places = [_places(report) for report in reports]
    regrouped = regrouped_neurons(before, after)
    return {
        **change,
        "neurons": int(before.size),
        "same_partition": regrouped == 0,
        "regrouped": regrouped,
        "moved": int(np.count_nonzero((places[0][before] != places[1][after]).any(axis=1))),
    }


def regrouped_neurons(before: NDArray[Any], after: NDArray[Any]) -> int:
    """The fewest neurons that have to change core to make one partition of the other, whatever cores are called.

    Parameters
    ----------
    before, after : (neurons,) int core numbers from 0 on.
    """
    cores = 1 + int(max(before.max(initial=-1), after.max(initial=-1)))
    together = sparse.coo_array((np.ones(before.size, np.int64), (before, after)), shape=(cores, cores)).tocsr()
    # Cores that share no neuron are matched apart: the matrix of all cores of a large board would be too large.
    bipartite = sparse.block_array([[None, together], [together.T, None]], format="csr")
    groups, group_of = sparse.csgraph.connected_components(bipartite, directed=False)
    sizes = np.bincount(group_of, minlength=groups)
    alone = sizes <= 2  # one core on either side, whose neurons all stay together, or a core in use on neither
    staying = int(np.count_nonzero(alone[group_of[before]]))
    members = np.split(np.argsort(group_of, kind="stable"), np.cumsum(sizes)[:-1])
    for group in (cores_of_both for cores_of_both, single in zip(members, alone, strict=True) if not single):
        own, theirs = group[group < cores], group[group >= cores] - cores
        shared = together[own][:, theirs].toarray()
        staying += int(shared[linear_sum_assignment(shared, maximize=True)].sum())
    return int(before.size) - staying


def _obstacle(reports: Sequence[Report], cores_of: Sequence[CoresOf]) -> str | None:
    """Why placements cannot be compared, if so."""
    targets = [(report["target"]["name"], report["target"]["board"]) for report in reports]
    if targets[0] != targets[1]:
        return "they are on different chips"
    sizes = [{layer: cores.size for layer, cores in one.items()} for one in cores_of]
    if sizes[0] != sizes[1]:
        return "their layers differ"
    return None


def _joined(cores: CoresOf, order: CoresOf) -> NDArray[Any]:
    """(neurons,) core numbers of all layers one after the other."""
    return np.concatenate([np.asarray(cores[layer], np.int64) for layer in order]) if order else np.empty(0, np.int64)


def _places(report: Report) -> NDArray[Any]:
    """(cores, 4) chip, column, row and core of the tile."""
    places = [(place["chip"], place["column"], place["row"], place["core"]) for place in report["mapping"]["places"]]
    return np.asarray(places, np.int64).reshape(-1, 4)
