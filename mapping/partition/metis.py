"""METIS with several weights a vertex, through the library inside the wheel of pymetis.

The Python interface of pymetis balances one weight only; `METIS_PartGraphKway` itself takes any number (Karypis and
Kumar 1998). Widths of its integers and floating-point numbers are chosen where the library is built, and are found out
by trying.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...models.errors import BackendMissingError

Array = NDArray[Any]
OPTION_COUNT = 40
SEED_OPTION = 8
OKAY = 1
INSTALL = "install pymetis with `pip install pymetis`, or choose another way of partitioning"


@dataclass(frozen=True, eq=False)
class Metis:
    """The library and the types that it was built with.

    Attributes
    ----------
    integer, real : NumPy types of its numbers.
    """

    library: ctypes.CDLL
    integer: type[np.signedinteger[Any]]
    real: type[np.floating[Any]]

    def partition(
        self,
        graph: sparse.csr_array,
        weights: Array,
        parts: int,
        imbalances: Array,
        seed: int = 0,
        shares: Array | None = None,
    ) -> Array:
        """Cut a graph.

        Parameters
        ----------
        graph : (vertices, vertices) symmetric, no diagonal; entries are rounded and at least 1, and their sum must
            stay below 2**31 where the library has narrow integers.
        weights : (vertices, constraints) integer, at least 0.
        parts : how many.
        imbalances : (constraints,) the most that a part may hold of each weight, as a multiple of the mean. METIS
            tries, and may fail where single vertices are heavy.
        shares : (parts, constraints) of each part; None for equal ones.

        Returns
        -------
        (vertices,) int32, part of each vertex.
        """
        vertices, constraints = weights.shape
        if parts == 1 or vertices == 0:
            return np.zeros(vertices, dtype=np.int32)
        edges = np.maximum(1, np.rint(graph.data))
        if max(edges.sum(), weights.sum(axis=0, dtype=np.float64).max()) >= np.iinfo(self.integer).max:
            raise ValueError("the sums of the weights do not fit the library's integers")
        arrays = [
            np.array([vertices], self.integer),
            np.array([constraints], self.integer),
            np.ascontiguousarray(graph.indptr, self.integer),
            np.ascontiguousarray(graph.indices, self.integer),
            np.ascontiguousarray(weights, self.integer),
            None,  # sizes for the volume of communication, which is not asked for
            edges.astype(self.integer),
            np.array([parts], self.integer),
            None if shares is None else np.ascontiguousarray(shares, self.real),
            np.ascontiguousarray(imbalances, self.real),
            np.full(OPTION_COUNT, -1, self.integer),  # -1 is the default of every option
            np.zeros(1, self.integer),
            np.zeros(vertices, self.integer),
        ]
        options, result = arrays[10], arrays[12]
        assert options is not None and result is not None
        options[SEED_OPTION] = seed % 2**31
        status = self.library.METIS_PartGraphKway(*(_address(array) for array in arrays))
        if status != OKAY:
            raise ValueError(f"METIS refuses the graph with status {status}")
        return np.asarray(result, dtype=np.int32)


@cache
def load_metis() -> Metis:
    """The library.

    Raises
    ------
    BackendMissingError : pymetis is missing, or its library does not offer the function.
    """
    try:
        import pymetis._internal as extension
    except ImportError as error:
        raise BackendMissingError(f"METIS is not there ({error}): {INSTALL}") from error
    return _load(extension)


def _load(extension: ModuleType) -> Metis:
    library = ctypes.CDLL(str(extension.__file__))
    for name in ("METIS_PartGraphKway", "METIS_SetDefaultOptions"):
        if not hasattr(library, name):
            raise BackendMissingError(f"the library of this pymetis does not offer {name}: {INSTALL}")
    integer = _integer(library)
    for real in (np.float32, np.float64):
        found = Metis(library, integer, real)
        if _keeps_shares(found):
            return found
    raise BackendMissingError(f"the library of this pymetis does not do what METIS does: {INSTALL}")


def _integer(library: ctypes.CDLL) -> type[np.signedinteger[Any]]:
    """The library fills a number of options; how many bytes that takes gives the width away."""
    options = np.full(OPTION_COUNT, 7, dtype=np.int64)
    library.METIS_SetDefaultOptions(_address(options))
    return np.int64 if options[-1] == -1 else np.int32


def _keeps_shares(metis: Metis) -> bool:
    """Whether a path falls into one and three quarters, as it does only where shares are read as they are meant."""
    vertices = 64
    ones = np.ones(vertices - 1)
    path = sparse.csr_array(sparse.diags_array([ones, ones], offsets=[-1, 1]))
    # Were they read at twice the width, the padding would keep the library within the array.
    shares = np.array([[0.25], [0.75], [0.0], [0.0]])
    try:
        parts = metis.partition(path, np.ones((vertices, 1), np.int64), 2, np.array([1.03, 0.0]), 0, shares)
    except ValueError:
        return False
    return int(np.count_nonzero(parts == 0)) == vertices // 4


def _address(array: Array | None) -> ctypes.c_void_p | None:
    return None if array is None else array.ctypes.data_as(ctypes.c_void_p)
