"""Random numbers of a fault, from names alone, so that no fault depends on which others are asked for."""

from __future__ import annotations

import hashlib

import numpy as np


def draws_of(*names: str | int) -> np.random.Generator:
    """A generator that is the same for the same names, whichever were used before.

    The rate of a fault is none of the names: what breaks where a uniform number is below the rate is broken at every
    higher rate, too, so that a repeat is one chip that gets worse.
    """
    digest = hashlib.sha256("\0".join(map(str, names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))
