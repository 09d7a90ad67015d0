"""Sigma-delta neurons against Lava's own models, step by step, on random parameters."""

import importlib
import logging
import multiprocessing
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.models.neurons import IntegerSigmaDelta

pytestmark = pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))
STANDALONE = Path(__file__).resolve().parents[2] / "backends" / "lava" / "standalone"
NEURONS, STEPS = 8, 12


class Port:
    """Hands a Lava model what arrives, and keeps what it sends."""

    def __init__(self):
        self.value = None

    def recv(self):
        return self.value

    def send(self, value):
        self.value = value


@pytest.fixture(scope="module")
def lava():
    """Lava's sigma-delta models and activation modes."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.syspath_prepend(STANDALONE)
        # Lava sets how processes start when it is imported, and fails where another test has had a reason to do so.
        patch.setattr(multiprocessing, "set_start_method", lambda *arguments, **options: None)
        importlib.import_module("lava_import")
        models = importlib.import_module("lava.proc.sdn.models")
    logging.disable(logging.NOTSET)
    return models


def run_lava(model, arriving, variables):
    """Output and sigma at every step, as Lava's runtime would have them: 32-bit integers throughout."""
    model.a_in, model.s_out = Port(), Port()
    zeros = ("sigma", "act", "residue", "error")
    for name, value in {**dict.fromkeys(zeros, np.zeros(NEURONS)), **variables}.items():
        setattr(model, name, np.asarray(value).astype(np.int32))
    model.cum_error = np.zeros(1, dtype=bool)
    output = []
    with np.errstate(over="ignore"):
        for values in arriving.astype(np.int32):
            model.a_in.value = values
            model.run_spk()
            output.append(np.array(model.s_out.value))
    return np.stack(output)


def run_ours(neurons, arriving):
    state, output = neurons.initial_state(1, NEURONS), []
    for values in arriving:
        state, sent = neurons.step(state, values[np.newaxis])
        output.append(sent[0])
    return np.stack(output)


@st.composite
def arriving(draw, bits):
    """(steps, neurons) integers, of magnitudes from nothing to `bits` bits."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    limits = 2 ** random.integers(0, bits + 1, (STEPS, NEURONS))
    return random.integers(-limits, limits) * (random.random((STEPS, NEURONS)) < draw(st.sampled_from([0.3, 1.0])))


thresholds = st.one_of(st.integers(0, 3), st.integers(0, 200))
exponents = st.integers(0, 6)


def agree(lava, data, threshold, bias, spike, state):
    unit = 1 << (spike + state)
    model = lava.PySigmaDeltaModelFixed({"act_mode": lava.ActivationMode.RELU})
    variables = {"vth": threshold * unit, "bias": bias * unit, "spike_exp": spike, "state_exp": state}
    ours = IntegerSigmaDelta(np.array(threshold * unit), np.array(bias * unit), output_shift=state)
    np.testing.assert_array_equal(run_ours(ours, data), run_lava(model, data, variables))


@settings(deadline=None, max_examples=100)
@given(data=arriving(25), threshold=thresholds, bias=st.integers(-3000, 3000), spike=exponents, state=exponents)
def test_sigma_delta(lava, data, threshold, bias, spike, state):
    agree(lava, data, threshold, bias, spike, state)


@given(data=arriving(31), threshold=thresholds, spike=exponents, state=exponents)
def test_sums_wrap_as_in_lava(lava, data, threshold, spike, state):
    agree(lava, data, threshold, 0, spike, state)


@settings(deadline=None, max_examples=100)
@given(data=arriving(12), threshold=thresholds, spike=exponents, state=exponents)
def test_delta_encoders(lava, data, threshold, spike, state):
    unit = 1 << (spike + state)
    variables = {"vth": threshold * unit, "spike_exp": spike, "state_exp": state}
    ours = IntegerSigmaDelta(
        np.array(threshold * unit), np.array(0), rectifies=False, integrates=False, input_shift=spike + state,
        output_shift=state,
    )  # fmt: skip
    np.testing.assert_array_equal(run_ours(ours, data), run_lava(lava.PyDeltaModelFixed({}), data, variables))


@settings(deadline=None, max_examples=50)
@given(data=arriving(31))
def test_sigma_decoders_wrap_as_lava_does(lava, data):
    ours = IntegerSigmaDelta(np.array(0), np.array(0), rectifies=False, delta=False)
    np.testing.assert_array_equal(run_ours(ours, data), run_lava(lava.PySigmaModelFixed({}), data, {}))
