"""Learning rules: their language, the convention of spike times, bounds, and the way to disk and back."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeloom.models.connectivity import Dense, OneToOne
from spikeloom.models.errors import DataError, UnsupportedModelError, UsageError
from spikeloom.models.execution.learning_run import run_learning
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.learning import LearningRule, PlasticSynapses, Trace, reward_modulated_stdp, stdp
from spikeloom.models.learning.rounding_numbers import RoundingNumbers
from spikeloom.models.learning.spike_timing_rules import as_scale
from spikeloom.models.learning.sum_of_products import Factor, Product, parse_rule
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.network_file import read_network, write_network
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire, LeakyIntegrateAndFire

Array = NDArray[Any]


def test_a_rule_is_read_as_it_stands() -> None:
    assert parse_rule("2^-7*x1*y0 - 2^-7*y1*x0") == (
        Product("y0", 1, -7, (Factor("x1"),)),
        Product("x0", -1, -7, (Factor("y1"),)),
    )
    assert parse_rule(" -u3 * 12*2^-3 * (3 - w) * sgn( t + 2^2 )") == (
        Product("u", 6, -2, (Factor("w", -3), Factor("t", 4, sign=True)), 8),
    )
    assert parse_rule("x0*(-1)*(2*2^-2)*y0*(x1-3)*d") == (
        Product("x0", -2, -2, (Factor("y0"), Factor("x1", -3), Factor("d"))),
    )
    # As many bits as all widths have beyond 15 are dropped: 9 + 7 and 4 of the mantissa.
    assert parse_rule("u0*t*y2")[0].shift == 5 and parse_rule("x0*y1")[0].shift == 0


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "it is empty"),
        ("x1*y1", "needs an x0, y0 or u0"),
        ("x0*z1", "'z1' begins with none of"),
        ("x0*12^3", "'^3' begins with none of"),
        ("x0*0.5", "'.5' begins with none of"),
        ("x0*y1*", "a factor is missing at its end"),
        ("x0**y1", "a factor is missing before '*'"),
        ("x0 y1", "before 'y1' a *, + or - is missing"),
        ("2x0", "before 'x0' a *, + or - is missing"),
        ("x0*-2*y1", "put the number in brackets"),
        ("x0*(x1*3)", "one variable and one whole number"),
        ("x0*(-x1)", "one variable and one whole number"),
        ("x0*(x1+x2)", "one variable and one whole number"),
        ("x0*(x1+3", "one variable and one whole number"),
        ("(x0)*y1", "one variable and one whole number"),
        ("x0*()", "a number is missing before ')'"),
        ("x0*(x1+2^-1)", "has to be a whole number"),
        ("x0*(x1+512)", "512 is more than the 511"),
        ("x0*sgn(x1)", "sgn is of w, d or t"),
        ("x0*sgn(-w)", "sgn is of w, d or t"),
        ("x0*sgn w", "sgn wants brackets"),
        ("x0*u0", "says twice"),
        ("u0*w - u1*t", "all its u have to be the same"),
        ("x0*9", "more than 3 bits and a sign"),
        ("x0*2^-8", "leaves 2^-7..2^8"),
        ("x0*2^9", "leaves 2^-7..2^8"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(text: str, part: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_rule(text)
    assert part in str(caught.value) and repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"weight_rule": None}, "at least one of weight_rule"),
        ({"tag_rule": "u1*t", "weight_rule": "u0*w"}, "All u"),
        ({"epoch": 0}, "epoch of a learning rule cannot be 0: it is within 1..63"),
        ({"epoch": 64}, "within 1..63"),
        ({"lowest_weight": -257}, "within -256..255"),
        ({"lowest_weight": 5, "highest_weight": 4}, "within 5..255"),
        ({"x1": Trace(128, 1)}, "impulse of x1"),
        ({"y3": Trace(1, float("nan"))}, "time_constant of y3"),
        ({"reward": "judge"}, "needs third_factor"),
        ({"third_factor": True, "y2": Trace(1, 1)}, "y2 is the reward"),
        ({"third_factor": True}, "needs a time_constant"),
        ({"seed": -1}, "seed"),
    ],
)
def test_fields_beyond_their_registers_are_refused(fields: dict[str, Any], part: str) -> None:
    with pytest.raises(UsageError, match=r"learning rule|third factor") as caught:
        LearningRule(**{"weight_rule": "x0*y1", **fields})
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (1, "(1)"), (-2, "(-2)"), (0.5, "(1)*2^-1"), (0.3, "(1)*2^-2"), (2.6, "(2)"), (-0.01, "(-1)*2^-7")],
)
def test_a_factor_becomes_a_whole_number_times_a_power_of_two(number: float, text: str) -> None:
    assert as_scale(number) == text


def change_by_a_pair(rule: LearningRule, difference: int) -> float:
    """Mean change of a weight by a source's spike at step 25 and a target's `difference` steps later."""
    changes = []
    for seed in range(20):
        synapses = PlasticSynapses(replace(rule, seed=4 * seed), np.zeros((1, 1), dtype=np.int16))
        for step in range(50):
            synapses.advance(np.array([step == 25]), np.array([step == 25 + difference]))
        changes.append(synapses.weights[0, 0])
    return float(np.mean(changes))


OFTEN, SELDOM = (-20, -8, -1, 1, 8, 20), (-12, -4, -2, 2, 4, 12)  # steps; the latter in `make test-all`


@pytest.mark.parametrize("difference", [*OFTEN, *(pytest.param(steps, marks=pytest.mark.slow) for steps in SELDOM)])
def test_a_target_that_follows_its_source_is_potentiated_along_the_curve(difference: int) -> None:
    """Delta t = t(target) - t(source); -20..20 steps."""
    found = change_by_a_pair(stdp(1, 2, -1, 8, 12, x1_impulse=60, y1_impulse=60), difference)
    expected = 120 * np.exp(-difference / 8) if difference > 0 else -60 * np.exp(difference / 12)
    assert np.sign(found) == np.sign(difference)
    assert found == pytest.approx(expected, abs=5)


def test_spikes_at_the_same_step_do_both() -> None:
    assert change_by_a_pair(stdp(1, 2, -1, 8, 12, x1_impulse=60, y1_impulse=60), 0) == 120 - 60


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(-256, 255), st.integers(0, 511))
def test_weights_stay_within_their_bounds_and_reach_them(seed: int, epoch: int, low: int, width: int) -> None:
    high = min(255, low + width)
    random = np.random.default_rng(seed)
    for sign, bound in ((1, high), (-1, low)):
        limits = {"lowest_weight": low, "highest_weight": high}
        rule = stdp(1, 7 * sign, 7 * sign, 20, 20, epoch=epoch, seed=seed % 2**31, **limits)
        synapses = PlasticSynapses(rule, random.integers(low, high + 1, (3, 4)))
        for _ in range(60):
            synapses.advance(random.random(4) < 0.5, random.random(3) < 0.5)
            assert low <= synapses.weights.min() and synapses.weights.max() <= high
        assert np.all(synapses.weights == bound)


@given(st.integers(0, 2**31 - 4), st.lists(st.integers(0, 9), max_size=6))
def test_random_numbers_do_not_depend_on_how_many_are_drawn_at_once(seed: int, counts: list[int]) -> None:
    parts, whole = RoundingNumbers(seed), RoundingNumbers(seed).steps(sum(counts))
    drawn = [parts.steps(count) for count in counts]
    for name, values in vars(whole).items():
        np.testing.assert_array_equal(np.concatenate([[], *(getattr(part, name) for part in drawn)]), values)


def neurons(biases: list[int], threshold: int) -> IntegerLeakyIntegrateAndFire:
    """Lava's LIF with du = dv = 0; biases in units of 8."""
    return IntegerLeakyIntegrateAndFire(*(np.asarray(value) for value in (1, 0, threshold, biases, 3)))


def pair(rule: LearningRule, before: list[int], after: list[int], threshold: int) -> Network:
    """Two layers that fire by themselves, the first with plastic synapses to the second."""
    synapses = Dense(np.zeros((len(after), len(before)), np.int16))
    return Network(
        (
            Population("in", (1,), Role.INPUT, None, 0),
            Population("before", (len(before),), Role.NEURON, neurons(before, threshold), 0),
            Population("after", (len(after),), Role.NEURON, neurons(after, threshold), 0),
        ),
        (Projection("plastic", "before", "after", synapses, learning=rule),),
        "after",
        True,
    )


REWARDED = {"pre_trace_decay_tau": 10, "post_trace_decay_tau": 10}
RECORDED = {
    # What Lava's own tests expect of its bit-approximate model (lava-nc 0.10, test_stdp.py and test_learning_rules.py;
    # LIF with vth 10000, the biases below times 8). Odd first weights are truncated there; here they are even.
    "stdp of one synapse": (
        stdp(1, 4, -2, 10, 10, epoch=2), [3125], [2500], 10000, None, [[56]],
    ),
    "stdp of six synapses": (
        stdp(1, 1, -2, 10, 10), [2750, 3125, 3250], [2500, 2875], 10000, None, [[31, 2, -24], [-64, 30, 14]],
    ),
    # Rewards pass a Dense there, which makes 1 of them and takes a step.
    "reward, one synapse": (
        reward_modulated_stdp(1, 4, -2, **REWARDED, pre_trace_kernel_magnitude=16, post_trace_kernel_magnitude=16,
                              eligibility_trace_decay_tau=0.5),
        [450], [462.5], 100, 1, [[64]],
    ),
    "reward, six synapses": (
        reward_modulated_stdp(1, 4, -2, **REWARDED, pre_trace_kernel_magnitude=20, post_trace_kernel_magnitude=20,
                              eligibility_trace_decay_tau=2.4),
        [237.5, 312.5, 150], [300, 200], 90, 1, [[2, 1, -1], [15, 20, 9]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDED)
def test_the_weights_that_lavas_own_tests_expect(name: str) -> None:
    rule, before, after, threshold, reward, expected = RECORDED[name]
    network = pair(rule, before, after, threshold)
    rewards = None
    if reward is not None:
        signal = np.zeros((1, 100), dtype=np.int64)
        signal[:, 34:51] = reward
        rewards = {"plastic": signal}
        exact = tuple(
            replace(item, neuron=replace(item.neuron, bias_mantissa=(item.neuron.bias_mantissa * 8).astype(np.int64),
                                         bias_exponent=np.asarray(0)))
            if isinstance(item.neuron, IntegerLeakyIntegrateAndFire) else item
            for item in network.populations
        )  # fmt: skip
        network = network.replace(populations=exact)
    run = run_learning(network, np.zeros((1, 100, 1), dtype=np.int64), rewards=rewards)
    np.testing.assert_array_equal(run.weights["plastic"], expected)


def test_a_rule_comes_back_from_disk_equal(tmp_path: Any) -> None:
    rules = (
        stdp(0.5, 4, -2, 10, 12.5, epoch=3, seed=5, lowest_weight=-3, highest_weight=7),
        reward_modulated_stdp(1, 4, -2, 10, 10, 16, 16, 0.5, reward="after"),
        LearningRule(weight_rule="u2*(w - 3)", second_tag_rule="x0*2*y3*x2", x2=Trace(3.5, 4), y3=Trace(1, 9)),
    )
    for number, rule in enumerate(rules):
        network = pair(rule, [1, 2], [3], 50)
        folder = tmp_path / str(number)
        folder.mkdir()
        write_network(network, folder)
        again = read_network(folder)
        assert again.plastic[0].learning == rule
        # Traces that a text editor made impossible are no readable network.
        text = (folder / "network.json").read_text()
        (folder / "network.json").write_text(text.replace('"epoch": ', '"epoch": 9'))
        with pytest.raises(UnsupportedModelError, match="epoch of a learning rule"):
            read_network(folder)


def test_only_dense_integer_projections_within_their_bounds_learn() -> None:
    rule = stdp(1, 1, -1, 10, 10)
    network = pair(rule, [1, 2], [3, 4], 50)
    (projection,) = network.projections

    def with_projection(**changes: Any) -> Network:
        return network.replace(projections=(replace(projection, **changes),))

    with pytest.raises(ValueError, match="only dense projections do"):
        with_projection(connectivity=OneToOne(np.array([1, 2])))
    with pytest.raises(ValueError, match=r"begins with weights -9\.\.-9.* within 0\.\.255"):
        with_projection(connectivity=Dense(np.full((2, 2), -9)), learning=replace(rule, lowest_weight=0))
    rewarded = reward_modulated_stdp(1, 1, -1, 10, 10, 16, 16, 0.5, reward="judge")
    with pytest.raises(ValueError, match="'judge', which does not exist"):
        with_projection(learning=rewarded)
    wide = Population("judge", (3,), Role.NEURON, neurons([1, 2, 3], 50), 0)
    with pytest.raises(ValueError, match="has 3 neurons; it has one, or one for each of the 2"):
        network.replace(populations=(*network.populations, wide), projections=(replace(projection, learning=rewarded),))
    zero = np.zeros(())
    floats = tuple(
        item if item.neuron is None else replace(item, neuron=LeakyIntegrateAndFire(zero, zero, zero, zero, zero, zero))
        for item in network.populations
    )
    with pytest.raises(ValueError, match="only quantized networks do"):
        network.replace(
            populations=floats, integer=False,
            projections=(replace(projection, connectivity=Dense(np.zeros((2, 2)))),),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("rewards", "part"),
    [
        ({}, "learns by a reward, which comes neither"),
        ({"plastic": np.zeros((1, 9), int)}, "has shape (1, 9); it has (1, 10)"),
        ({"plastic": np.zeros((1, 10, 2), int)}, "or (1, 10, 1)"),
        ({"plastic": np.zeros((1, 10))}, "has to hold integers -128..127"),
        ({"plastic": np.full((1, 10), 128)}, "has to hold integers -128..127"),
        ({"other": np.zeros((1, 10), int)}, "'other', which is no projection that waits for one"),
    ],
)
def test_rewards_that_do_not_suit_are_refused(rewards: dict[str, Array], part: str) -> None:
    network = pair(reward_modulated_stdp(1, 1, -1, 10, 10, 16, 16, 0.5), [1], [2], 50)
    with pytest.raises(DataError) as caught:
        run_learning(network, np.zeros((1, 10, 1), dtype=np.int64), rewards=rewards)
    assert part in str(caught.value)


def test_weights_go_on_from_sample_to_sample_and_neurons_begin_anew() -> None:
    network = pair(stdp(1, 2, -1, 10, 10), [3000, 2000], [2500, 2800], 3000)
    data = np.zeros((4, 30, 1), dtype=np.int64)
    run = run_learning(network, data, history="samples")
    assert run.history is not None
    history = run.history["plastic"]
    assert history.shape == (4, 2, 2)
    assert all(np.any(later != earlier) for earlier, later in pairwise(history))
    np.testing.assert_array_equal(history[-1], run.weights["plastic"])
    for count in (1, 2, 3):
        shorter = run_learning(network, data[:count])
        np.testing.assert_array_equal(shorter.weights["plastic"], history[count - 1])
    before = run.activity["before"]  # which nothing reaches, so that all of its samples are alike
    np.testing.assert_array_equal(before, np.repeat(before[:1], 4, axis=0))
    assert before.any()
    every = run_learning(network, data, history="steps").history
    assert every is not None and every["plastic"].shape == (4 * 31, 2, 2)
    np.testing.assert_array_equal(every["plastic"][29::31], history)


def test_a_plain_run_of_a_network_that_learns_learns() -> None:
    network = pair(stdp(1, 7, 7, 10, 10), [3000, 2000], [1500, 1200], 3000)
    data = np.zeros((3, 40, 1), dtype=np.int64)
    learned = run_learning(network, data).activity["after"]
    np.testing.assert_array_equal(run_network(network, data)["after"], learned)
    still = network.replace(projections=(replace(network.projections[0], learning=None),))
    assert np.any(run_network(still, data)["after"] != learned)
