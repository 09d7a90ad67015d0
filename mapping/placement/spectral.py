"""A placement drawn by eigenvectors of the traffic: nodes with traffic between them lie close together in the plane."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import linalg
from scipy.sparse.csgraph import connected_components

from .pairing import merged, pair_up
from .placement_problem import FREE, PlacementProblem
from .spreading import compact_slots, spread
from .starts import in_order, open_slots

Array = NDArray[Any]
VECTORS = 8  # to choose the second coordinate from
DIRECT = 12  # nodes up to which all eigenvectors are computed
MOST = 2000  # nodes up to which a matrix is factorised: however dense the traffic, seconds are enough
STEPS = 60  # of LOBPCG
OWN = 0.5  # share of a second coordinate's variance that the first may not explain
ROUNDS = 20  # of drawing nodes towards their neighbours and spreading them again
PULL = 0.7


def spectral(problem: PlacementProblem, seed: int) -> Array:
    """Place nodes by two eigenvectors of the normalised Laplacian (Hall 1970), then let neighbours draw them together.

    The second smallest eigenvector is the first coordinate. The next ones may be mere functions of it, waves along a
    long network, and would fold it; the first that is not is the other coordinate. In the rounds that follow every node
    goes to the mean of its neighbours, several times at first, and all are spread over the slots again.

    Returns
    -------
    (nodes,) int64 slots.
    """
    traffic = problem.symmetric()
    free = np.flatnonzero(problem.pinned == FREE)
    strength = np.asarray(traffic.sum(axis=1)).ravel()
    active = free[strength[free] > 0]
    x, y = np.zeros(problem.nodes), np.zeros(problem.nodes)
    result = in_order(problem, open_slots(problem))
    if active.size == 0:
        return result
    x[active], y[active] = _coordinates(sparse.csr_array(traffic[active][:, active]), seed)
    slots = compact_slots(problem, active.size)
    result[active] = spread(problem, slots, x[active], y[active])
    step = sparse.csr_array(sparse.diags_array(1 / strength[active]) @ traffic[active])
    moored = np.flatnonzero(problem.pinned != FREE)
    best, least = result[active], np.inf
    for turn in range(ROUNDS):
        x, y = (np.zeros(problem.nodes) for _ in range(2))
        for coordinate, position in ((x, problem.column), (y, problem.row)):
            coordinate[active], coordinate[moored] = position[result[active]], position[result[moored]]
            for _ in range(1 + (ROUNDS - turn) // 2):
                coordinate[active] = PULL * (step @ coordinate) + (1 - PULL) * coordinate[active]
        result[active] = spread(problem, slots, x[active], y[active])
        cost = problem.cost(result)
        if cost < least:
            best, least = result[active].copy(), cost
    result[active] = best
    idle = np.setdiff1d(free, active)
    result[idle] = np.setdiff1d(open_slots(problem), best)[: idle.size]
    return result


def _coordinates(traffic: sparse.csr_array, seed: int) -> tuple[Array, Array]:
    """Two coordinates of each node; the parts of a network that is not connected lie side by side."""
    part = connected_components(traffic, directed=False)[1]
    x, y = np.zeros(part.size), np.zeros(part.size)
    start = 0.0
    for number in np.argsort(-np.bincount(part), kind="stable"):
        members = np.flatnonzero(part == number)
        first, second = _of_connected(sparse.csr_array(traffic[members][:, members]), seed)
        x[members], y[members] = start + first * members.size, second
        start += members.size
    return x, y


def _of_connected(traffic: sparse.csr_array, seed: int) -> tuple[Array, Array]:
    """Two coordinates from 0 to below 1, ranks along two eigenvectors."""
    nodes = traffic.shape[0]
    if nodes < 3:
        return np.arange(nodes) / nodes, np.zeros(nodes)
    vectors = _eigenvectors(traffic, np.random.default_rng(seed))
    vectors = vectors * np.where(
        vectors[np.argmax(np.abs(vectors), axis=0), np.arange(vectors.shape[1])] < 0, -1.0, 1.0
    )
    chosen = next((vector for vector in vectors.T[1:] if _is_own(vector, vectors[:, 0])), vectors[:, 1])
    first, second = (
        np.argsort(np.argsort(vector, kind="stable"), kind="stable") / nodes for vector in (vectors[:, 0], chosen)
    )
    return first, second


def _eigenvectors(traffic: sparse.csr_array, random: np.random.Generator) -> Array:
    """(nodes, several) those of the smallest eigenvalues of the normalised Laplacian, without the constant one.

    Of many nodes by LOBPCG (Knyazev 2001) from the eigenvectors of a network of half as many, in linear time.
    """
    nodes = traffic.shape[0]
    strength = np.asarray(traffic.sum(axis=1)).ravel()
    root = 1 / np.sqrt(strength)
    scaled = sparse.csr_array(sparse.diags_array(root) @ traffic @ sparse.diags_array(root))
    if nodes <= DIRECT:
        vectors = np.linalg.eigh(np.eye(nodes) - scaled.toarray())[1][:, 1:]
    elif nodes <= MOST:
        laplacian = sparse.csc_array(sparse.eye_array(nodes) * (1 + 1e-9) - scaled)
        try:
            values, vectors = linalg.eigsh(laplacian, k=VECTORS + 1, sigma=0, v0=random.random(nodes))
        except linalg.ArpackError:  # where messages are many orders of magnitude rarer than others
            values, vectors = np.linalg.eigh(laplacian.toarray())
            values, vectors = values[: VECTORS + 1], vectors[:, : VECTORS + 1]
        vectors = vectors[:, np.argsort(values)[1:]]
    else:
        coarse, group = _halved(traffic, random)
        constant = 1 / root[:, None]
        begin = _eigenvectors(coarse, random)[group] * constant
        begin -= constant * (constant.T @ begin) / strength.sum()
        laplacian = sparse.csr_array(sparse.eye_array(nodes) - scaled)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that it could come closer: the outline is enough
            values, vectors = linalg.lobpcg(laplacian, begin, Y=constant, largest=False, tol=1e-4, maxiter=STEPS)
        vectors = vectors[:, np.argsort(values)]
    return np.asarray(vectors * root[:, None])


def _halved(traffic: sparse.csr_array, random: np.random.Generator) -> tuple[sparse.csr_array, Array]:
    """Traffic between pairs of nodes; and (nodes,) the pair of each."""
    nodes = traffic.shape[0]
    tables = traffic.indptr.astype(np.int64), traffic.indices.astype(np.int32), traffic.data.astype(np.float64)
    partner = pair_up(*tables, random.permutation(nodes).astype(np.int32))
    _, pair, members = merged(partner)
    between = sparse.csr_array(members.T @ traffic @ members)
    between.setdiag(0)
    between.eliminate_zeros()
    return between, pair


def _is_own(vector: Array, first: Array) -> bool:
    """Whether nodes with nearly the same first coordinate differ in this one."""
    groups = np.array_split(vector[np.argsort(first, kind="stable")], max(2, int(vector.size**0.5)))
    within = sum(float(group.var()) * group.size for group in groups) / vector.size
    return within > OWN * float(vector.var())
