"""How much of a projection is not there."""

from __future__ import annotations

import numpy as np

from ..models.connectivity import Connectivity
from .windows import as_convolution


def zero_share(connectivity: Connectivity) -> float:
    """Share of the synapses whose weight is zero, each shared weight counted where it is used; 0 where there are none.

    Of a sparse matrix, only the synapses that it lists count.
    """
    weights = connectivity.weights
    if as_convolution(connectivity) is None:
        present, total = int(np.count_nonzero(weights)), int(weights.size)
    else:
        present = connectivity.synapses()
        total = connectivity.with_weights(np.ones_like(weights)).synapses()
    return 1 - present / total if total else 0.0
