"""Chooses the Lava process for the synapses between two populations: always one that computes exactly our integers."""

from __future__ import annotations

import lava_import  # noqa: F401  (repairs Lava, so it comes first)
import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.proc.conv.process import Conv
from lava.proc.dense.process import Dense
from lava.proc.sparse.process import Sparse
from lava.utils.weightutils import SignMode
from network_reader import Projection
from port_layout import connect, from_lava_image, to_lava_image
from processes import ExactSynapses
from scipy import sparse
from synapses import PlanarConvolution, as_convolution

INT32_LIMIT = 1 << 31
CONVOLUTION_LIMIT = 1 << 23  # beyond this the sums of Lava's Conv wrap
INT8_LIMIT = 127  # Lava's Conv keeps its sizes in 8 bits
GRADED_BITS = 24


def connect_convolution(
    projection: Projection, source: OutPort, target: InPort, graded: bool, largest_activation: int
) -> bool:
    """Connect two whole populations by Lava's `Conv`, if that computes what the projection says.

    Parameters
    ----------
    projection : a convolution or a pool.
    source, target : flat ports, neurons in our order.
    graded : whether numbers other than 0 and 1 arrive.
    largest_activation : the largest absolute sum that can arrive at a target neuron, exponent included.

    Returns
    -------
    Whether it was connected.
    """
    convolution = as_convolution(projection.connectivity)
    if largest_activation >= CONVOLUTION_LIMIT or not _fits_lava(convolution):
        return False
    # Lava convolves where we correlate, hence the flipped kernel, and it never applies its exponent.
    weights = convolution.weights[:, :, ::-1, ::-1].transpose(0, 3, 2, 1) << projection.exponent
    process = Conv(
        weight=np.ascontiguousarray(weights).astype(np.int32),
        input_shape=tuple(convolution.input_shape[::-1]),
        stride=tuple(convolution.stride[::-1]),
        padding=tuple(before for before, _ in convolution.padding[::-1]),
        dilation=tuple(convolution.dilation[::-1]),
        groups=convolution.groups,
        num_message_bits=GRADED_BITS if graded else 0,
        name=projection.name,
    )
    connect(source, process.s_in, to_lava_image(convolution.input_shape))
    connect(process.a_out, target, from_lava_image())
    return True


def connect_matrix(
    projection: Projection,
    matrix: sparse.csr_matrix,
    source: OutPort,
    target: InPort,
    graded: bool,
    largest_activation: int,
) -> None:
    """Connect populations, or parts of them, by listed weights: Lava's `Dense` or `Sparse`, or our own.

    Parameters
    ----------
    matrix : (targets, sources) int64 weights before the exponent.
    projection, source, target, graded, largest_activation : as in `connect_convolution`.
    """
    mode = _lossless_sign_mode(matrix.data)
    if mode is None or largest_activation >= INT32_LIMIT:
        process = ExactSynapses(matrix * (1 << projection.exponent), projection.name)
    else:
        matrix = matrix.astype(np.int32)
        is_dense = projection.connectivity["kind"] == "dense"
        process = (Dense if is_dense else Sparse)(
            weights=matrix.toarray() if is_dense else matrix,
            weight_exp=projection.exponent,
            sign_mode=mode,
            # A spike of 1 as a number gives the same sum, and Lava's Sparse is several times faster with numbers.
            num_message_bits=GRADED_BITS if graded or not is_dense else 0,
            name=projection.name,
        )
    connect(source, process.s_in)
    connect(process.a_out, target)


def _fits_lava(convolution: PlanarConvolution) -> bool:
    symmetric = all(before == after for before, after in convolution.padding)
    sizes = (
        *convolution.weights.shape[2:],
        *convolution.stride,
        *(before for before, _ in convolution.padding),
        *convolution.dilation,
        convolution.groups,
    )
    return symmetric and max(sizes) <= INT8_LIMIT


def _lossless_sign_mode(weights: np.ndarray) -> SignMode | None:
    """The sign mode under which Lava neither clips nor truncates these weights; None if it always would."""
    low, high = int(weights.min(initial=0)), int(weights.max(initial=0))
    if low >= 0 and high <= 255:
        return SignMode.EXCITATORY
    if high <= 0 and low >= -255:
        return SignMode.INHIBITORY
    if low >= -256 and high <= 255 and not np.any(weights & 1):
        return SignMode.MIXED
    return None
