"""Networks of other libraries, run by the library itself and by Spikeloom."""

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture
def same_spikes() -> Callable[..., object]:
    """Compare, spike for spike, what a library computed with what the graph of its network does.

    The check is worth nothing where a network is silent or always fires, so that is refused, too.
    """
    from spikeloom.models.execution.graph_run import run_graph
    from spikeloom.models.readers.torch import read_module

    def compare(module, data, expected, *, example=None, options=None, spiking=True, graph=None):
        """`data` (steps, samples, ...) and `expected` (steps, samples, ...) of the network's answer."""
        graph = graph or read_module(module, data if example is None else example, options)
        record = run_graph(graph, data.detach().numpy().swapaxes(0, 1))
        (answer,) = (edge.source for edge in graph.edges if edge.target == graph.outputs[0])
        got = record[answer]
        silent = [name for name, activity in record.items() if not activity.any()]
        assert not silent, f"the layers {silent} are silent"
        wanted = expected.detach().double().numpy().swapaxes(0, 1).reshape(got.shape)
        if spiking:
            assert 0.02 < wanted.mean() < 0.98, f"the network fires at {wanted.mean():.3f} of all steps"
            assert np.array_equal(got, wanted), f"{np.count_nonzero(got != wanted)} of {wanted.size} differ"
        else:
            assert np.abs(wanted).max() > 1e-3
            np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)
        return graph

    return compare


@pytest.fixture
def seeded() -> None:
    """Random numbers of PyTorch, the same in every test."""
    import torch

    torch.manual_seed(5)
