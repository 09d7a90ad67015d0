"""Sums of synapses in PyTorch, through which derivatives reach weights and activity (needs PyTorch)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch.nn import functional

from ...models.connectivity import Connectivity, Convolution, Dense, OneToOne, Pool, Sparse

Array = NDArray[Any]


def weighted_sums(connectivity: Connectivity, weights: torch.Tensor, activity: torch.Tensor) -> torch.Tensor:
    """What arrives at every target; as `Connectivity.apply`, with weights of their own.

    Parameters
    ----------
    weights : float64, in the shape of the connectivity's weights.
    activity : (batch, sources) float64.

    Returns
    -------
    (batch, targets) float64; where all are integers, off by no more than the rounding of the last bits, since a
    library may take a detour to a convolution.
    """
    if isinstance(connectivity, Dense):
        return activity @ weights.T
    if isinstance(connectivity, OneToOne):
        return activity * weights
    if isinstance(connectivity, Pool):
        kernels = weights.reshape(-1, 1, *[1] * len(connectivity.kernel))
        kernels = kernels.expand(-1, 1, *connectivity.kernel)
        return _correlation(connectivity.as_convolution(), kernels, activity)
    if isinstance(connectivity, Convolution):
        return _correlation(connectivity, weights, activity)
    if isinstance(connectivity, Sparse):
        sums: torch.Tensor = _ListedSynapses.apply(connectivity, weights, activity)  # type: ignore[no-untyped-call,unused-ignore]
        return sums
    raise TypeError(f"a network holds no {type(connectivity).__name__}")


def _correlation(connectivity: Convolution, kernels: torch.Tensor, activity: torch.Tensor) -> torch.Tensor:
    planar = connectivity.as_planar()
    if len(connectivity.kernel) == 1:
        kernels = kernels.unsqueeze(2)
    (top, bottom), (left, right) = planar.padding
    images = functional.pad(activity.reshape(-1, *planar.input_shape), (left, right, top, bottom))
    sums: torch.Tensor = _ExactCorrelation.apply(planar, kernels, images)  # type: ignore[no-untyped-call,unused-ignore]
    return sums.reshape(activity.shape[0], -1)


class _ExactCorrelation(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    """A convolution of padded images in float64, whose derivatives are content with float32, which is far quicker."""

    @staticmethod
    def forward(ctx: Any, planar: Convolution, kernels: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        ctx.planar = planar
        ctx.save_for_backward(kernels, images)
        return functional.conv2d(images, kernels, None, planar.stride, 0, planar.dilation, planar.groups)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        planar: Convolution = ctx.planar
        kernels, images = (part.float() for part in ctx.saved_tensors)
        _, wanted_kernels, wanted_images = ctx.needs_input_grad
        by_images, by_kernels, _ = torch.ops.aten.convolution_backward(
            gradients[0].float(), images, kernels, None, planar.stride, (0, 0), planar.dilation, False, (0, 0),
            planar.groups, (wanted_images, wanted_kernels, False),
        )  # fmt: skip
        return None, *(None if part is None else part.double() for part in (by_kernels, by_images))


class _ListedSynapses(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    """Compressed rows, whose weights PyTorch's own sparse matrices would not keep where they are."""

    @staticmethod
    def forward(ctx: Any, connectivity: Sparse, weights: torch.Tensor, activity: torch.Tensor) -> torch.Tensor:
        ctx.connectivity = connectivity
        ctx.save_for_backward(weights, activity)
        return torch.from_numpy(_product(_matrix(connectivity, weights), activity.numpy()))

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[None, torch.Tensor, torch.Tensor]:
        weights, activity = ctx.saved_tensors
        connectivity, gradient = ctx.connectivity, gradients[0].numpy()
        by_target, by_source = np.ascontiguousarray(gradient.T), np.ascontiguousarray(activity.numpy().T)
        targets = np.repeat(np.arange(connectivity.targets), np.diff(connectivity.indptr))
        by_weight = np.empty(connectivity.indices.size)
        block = max(1, (1 << 22) // max(1, gradient.shape[0]))
        for first in range(0, by_weight.size, block):
            part = slice(first, first + block)
            by_weight[part] = np.einsum("ij,ij->i", by_target[targets[part]], by_source[connectivity.indices[part]])
        by_activity = _product(_matrix(connectivity, weights).T.tocsr(), gradient)
        return None, torch.from_numpy(by_weight), torch.from_numpy(by_activity)


def _matrix(connectivity: Sparse, weights: torch.Tensor) -> sparse.csr_array:
    return sparse.csr_array(
        (weights.detach().numpy(), connectivity.indices, connectivity.indptr),
        shape=(connectivity.targets, connectivity.sources),
    )


def _product(matrix: sparse.csr_array, activity: Array) -> Array:
    return np.ascontiguousarray((matrix @ activity.T).T)
