"""Resonate-and-fire and graded neurons against Lava's own RF, RF_IZ, GradedVec and GradedReluVec, after every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeloom.models.neurons import IntegerGraded, IntegerNeuron, IntegerResonateAndFire, Reset

Array = NDArray[Any]
Random = np.random.Generator
seeds = st.integers(0, 2**32 - 1)

PROCESSES, NEURONS, STEPS = 6, 20, 40
PARTS = ("real", "imaginary")
SINK = {"sink": ("LIF", {"shape": (NEURONS,), "vth": 1})}  # which all processes reach, or Lava leaves some out
PORTS = {"real": "a_real_in", "imaginary": "a_imag_in"}


def arriving(random: Random, bits: int) -> Array:
    """(neurons, steps) sums of any magnitude up to so many bits, with silence between them."""
    sums = 2.0 ** random.uniform(0, bits, (NEURONS, STEPS)) * random.choice([-1, 1], (NEURONS, STEPS))
    return np.rint(sums * (random.random((NEURONS, STEPS)) < random.choice([0.1, 0.5, 1.0]))).astype(np.int64)


def run_ours(neuron: IntegerNeuron, sums: Array) -> dict[str, Array]:
    """States and output of every step, (steps, neurons)."""
    state, found = neuron.initial_state(1, NEURONS), []
    for values in sums.T:
        state, output = neuron.step(state, values[np.newaxis])
        found.append((*state, output))
    names = (*neuron.rule.states, "output")
    return {name: np.concatenate(values) for name, values in zip(names, zip(*found, strict=True), strict=True)}


def resonator(random: Random, kind: str) -> tuple[dict[str, Any], IntegerResonateAndFire]:
    """Arguments of a Lava process, and our neurons with the same parameters."""
    shift, bits = int(random.integers(0, 9)), int(random.integers(1, 13))
    period, alpha = float(random.choice([-1, 1]) * 2 ** random.uniform(1, 6)), float(random.uniform(0, 0.5))
    threshold = int(2 ** random.uniform(0, 12))
    gains = random.choice([-3, -1, 0, 1, 2], 2, p=[0.1, 0.2, 0.3, 0.3, 0.1])
    # As `RF` itself turns its parameters into integers.
    turn = 2 * np.pi / period
    neuron = IntegerResonateAndFire(
        cosine=np.asarray(int((1 - alpha) * np.cos(turn) * (1 << bits))),
        sine=np.asarray(int((1 - alpha) * np.sin(turn) * (1 << bits))),
        threshold=np.asarray(threshold << shift),
        decay_bits=bits,
        real_gain=np.asarray(gains[0]),
        imaginary_gain=np.asarray(gains[1]),
        input_shift=shift,
        resets=kind == "RF_IZ",
    )
    arguments = {
        "shape": (NEURONS,), "period": period, "alpha": alpha, "state_exp": shift, "decay_bits": bits, "vth": threshold,
    }  # fmt: skip
    return arguments, neuron


@settings(deadline=None, max_examples=settings().max_examples // 10)
@given(seeds)
def test_resonators(lava: Any, seed: int) -> None:
    """Both parts and the spikes, while the parts turn either way, saturate, and what arrives wraps."""
    random = np.random.default_rng(seed)
    processes: dict[str, Any] = dict(SINK)
    connections: list[tuple[str, ...]] = []
    expected: dict[str, dict[str, Array]] = {}
    for number in range(PROCESSES):
        kind, name = str(random.choice(["RF", "RF_IZ"])), f"neurons {number}"
        arguments, neuron = resonator(random, kind)
        sums = arriving(random, int(random.choice([6, 12, 20, 28])))
        processes[name] = (kind, arguments)
        for part in PARTS:
            charge = sums * getattr(neuron, f"{part}_gain")
            processes[f"{name}, {part}"] = ("RingBuffer", {"data": charge})
            connections.append((f"{name}, {part}", name, PORTS[part]))
        connections.append((name, "sink"))
        expected[name] = run_ours(neuron, sums)
    found = lava({"steps": STEPS, "processes": processes, "connections": connections})
    for name, ours in expected.items():
        for own, of_lava in (("real", "real"), ("imaginary", "imag"), ("output", "s_out")):
            np.testing.assert_array_equal(ours[own], found[name][of_lava], err_msg=f"{own} of {processes[name]}")


def test_the_examples_spike_and_saturate() -> None:
    """Or the test above would compare nothing."""
    random = np.random.default_rng(0)
    saturated = 0
    for kind in ("RF", "RF_IZ"):
        spiking = 0
        for _ in range(60):
            ours = run_ours(resonator(random, kind)[1], arriving(random, int(random.choice([6, 12, 20, 28]))))
            spiking += bool(ours["output"].any())
            saturated += any(np.abs(ours[part]).max() == 2**23 - 1 for part in PARTS)
        assert spiking > 30
    assert 10 < saturated < 110


@pytest.mark.slow
@settings(deadline=None, max_examples=settings().max_examples // 10)
@given(seeds)
def test_graded_vectors(lava: Any, seed: int) -> None:
    """The numbers that are sent, for sums within 24 bits, beyond which no message goes."""
    random = np.random.default_rng(seed)
    processes: dict[str, Any] = dict(SINK)
    expected: dict[str, Array] = {}
    for number in range(PROCESSES):
        kind, name = str(random.choice(["GradedVec", "GradedReluVec"])), f"neurons {number}"
        threshold = int(2 ** random.uniform(0, 15)) - 1
        sums = arriving(random, int(random.choice([4, 10, 16, 22])))
        processes[name] = (kind, {"shape": (NEURONS,), "vth": threshold, "exp": int(random.integers(0, 8))})
        processes[f"{name}, input"] = ("RingBuffer", {"data": sums})
        all_of_it, nothing = np.asarray(4096), np.asarray(0)
        reset = Reset(random.choice(list(Reset)))  # nothing is kept for it to matter
        neuron = IntegerGraded(
            all_of_it, all_of_it, np.asarray(threshold), nothing, nothing, reset, signed=kind == "GradedVec",
            input_shift=0, output_shift=0,
        )  # fmt: skip
        expected[name] = run_ours(neuron, sums)["output"]
    connections = [pair for name in expected for pair in ((f"{name}, input", name), (name, "sink"))]
    found = lava({"steps": STEPS, "processes": processes, "connections": connections})
    for name, output in expected.items():
        np.testing.assert_array_equal(output, found[name]["s_out"], err_msg=str(processes[name]))
    assert any(np.any(output) for output in expected.values())
