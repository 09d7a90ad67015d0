"""Spikes over the steps in a report: they are those of the network, and never more than a page can hold."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.deploy.figures.spike_raster import Band, spike_raster
from spikeloom.deploy.report import spikes as spike_section
from spikeloom.deploy.report.spikes import SHOWN_NEURONS


@given(
    steps=st.integers(1, 40), size=st.integers(1, 200), rate=st.floats(0, 1), most=st.integers(1, 3000),
    seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_shown_neurons_have_all_their_spikes(steps: int, size: int, rate: float, most: int, seed: int) -> None:
    spikes = np.random.default_rng(seed).random((steps, size)) < rate
    shown = spike_section._shown(spikes, most)
    neurons = shown["neurons"]
    assert shown["shown_of"] == size
    assert 1 <= len(neurons) <= min(size, SHOWN_NEURONS)
    assert neurons[0] == 0 and all(first < second for first, second in pairwise(neurons))
    for neuron, at in zip(neurons, shown["spikes"], strict=True):
        assert at == np.flatnonzero(spikes[:, neuron]).tolist()
    assert len(neurons) == 1 or sum(map(len, shown["spikes"])) <= most


def test_every_spike_is_a_mark() -> None:
    figure = spike_raster([Band("a", 90, [[0, 3], [], [2]]), Band("b", 1, [[]])], 4, name="raster", title="Spikes")
    path = figure.svg.split(' d="')[1].split('"')[0]
    assert path.count("M") == 3
    assert "a: 3 of 90 neurons, 3 spikes" in figure.svg and "b: 1 neuron, silent" in figure.svg


def test_a_network_without_spikes_says_so() -> None:
    assert "No layer of the network spikes" in spike_raster([], 4, name="raster", title="Spikes").svg


@pytest.mark.parametrize("count", [1, 1000])
def test_ticks_stay_within_the_picture(count: int) -> None:
    figure = spike_raster([Band("a", 1, [[0]])], count, name="raster", title="Spikes")
    assert ">0<" in figure.svg and f">{count:,}<" in figure.svg
