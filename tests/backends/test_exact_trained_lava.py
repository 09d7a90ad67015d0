"""Trained networks that nobody here made, as integers, in Lava's library processes: every state after every step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeloom.backends.lava.backend import run_lava
from spikeloom.deploy.lowering.lower import lower, prepare
from spikeloom.deploy.quantization.quantize import quantize
from spikeloom.models.input_code import input_code
from spikeloom.models.network import Network
from spikeloom.models.neurons import Reset
from spikeloom.models.readers.netx import read_net
from spikeloom.models.readers.nir import NirOptions, read_nir

Array = NDArray[Any]


@pytest.fixture(scope="module")
def braille(shared_data: Path) -> tuple[Network, Array, Array]:
    """The recurrent network as our quantization makes it, recordings (3, 256, 12), and their letters."""
    with np.load(shared_data / "braille" / "braille.npz") as file:
        data, letters = file["x"], file["y"]
    code = input_code(data)
    assert code.bits == 1
    network = lower(prepare(read_nir(shared_data / "nir" / "braille.nir", NirOptions(1e-4, Reset.VALUE, False))))
    integers = quantize(network, code, code.decode(data[::29])).network
    return integers, code.encode(data[300:303]).astype(np.int64), letters[300:303]


@pytest.fixture(scope="module")
def digits(shared_data: Path) -> tuple[Network, Array, Array]:
    """lava-dl's network, made of integers as it is, spikes (4, 32, 784) as often as pixels are bright, and digits."""
    with np.load(shared_data / "mnist" / "test.npz") as file:
        images, labels = file["x"][40:44].reshape(4, 1, -1) / 255, file["y"][40:44]
    charged = np.cumsum(np.repeat(images, 32, axis=1), axis=1)
    spikes = np.diff(np.floor(charged), axis=1, prepend=0).astype(np.int64)
    return lower(prepare(read_net(shared_data / "netx" / "mnist.net"))), spikes, labels


def assert_all_same(expected: Any, found: Any) -> None:
    for name, states in expected.items():
        for state, values in states.items():
            np.testing.assert_array_equal(found[name][state], values, err_msg=f"{name}, {state}")


def assert_alive(network: Network, run: Any, labels: Array) -> None:
    """The right classes, and no layer silent, saturated, or without a current."""
    answers = run[network.output]["output"].sum(axis=1).argmax(axis=1)
    np.testing.assert_array_equal(answers, labels)
    for states in run.values():
        assert 0.001 < states["output"].mean() < 0.6
        assert states["current"].min() < 0 < states["current"].max()
        assert states["voltage"].min() < 0 < states["voltage"].max()


@pytest.mark.slow
def test_digits_in_lava(digits: Any, lava: Any, reference: Any, translation: Any) -> None:
    network, data, labels = digits
    samples, steps = data.shape[:2]
    run = reference(network, data)
    assert_alive(network, run, labels)
    sent = np.concatenate([data.reshape(samples * steps, -1), np.zeros((network.depth, data.shape[2]), dtype=int)])
    answer = lava(translation.side_by_side([network], sent, steps, samples, False))
    translation.assert_same(network, run, answer, "0/", samples, steps)


def test_digits_in_the_program_that_we_export(digits: Any, lava: Any, reference: Any) -> None:
    network, data, _ = digits
    run, activity = reference(network, data), run_lava(network, data, timeout=120)
    for name, states in run.items():
        np.testing.assert_array_equal(activity[name], states["output"], err_msg=name)


@pytest.mark.slow
def test_braille_in_lava(braille: Any, lava: Any, reference: Any, translation: Any) -> None:
    """It hears itself, so every sample is a run of its own: Lava's reset would not wait for what is in flight."""
    network, data, labels = braille
    steps = data.shape[1]
    run = reference(network, data)
    assert_alive(network, run, labels)
    for sample, sent in enumerate(data):
        silent = np.zeros((network.depth, sent.shape[1]), dtype=int)
        job = translation.side_by_side([network], np.concatenate([sent, silent]), steps, 1, False)
        alone = {name: {key: part[[sample]] for key, part in states.items()} for name, states in run.items()}
        translation.assert_same(network, alone, lava(job), "0/", 1, steps)


def test_digits_in_the_simulator(digits: Any, reference: Any, simulated: Any) -> None:
    network, data, _ = digits
    assert_all_same(reference(network, data), simulated(network, data))


@pytest.mark.slow
def test_braille_in_the_simulator(braille: Any, reference: Any, simulated: Any) -> None:
    network, data, _ = braille
    assert_all_same(reference(network, data), simulated(network, data))
