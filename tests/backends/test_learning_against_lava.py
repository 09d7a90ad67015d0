"""Plastic synapses against Lava's own learning processes: weights, tags and traces equal at every step."""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeloom.backends.lava.availability import lava_problem
from spikeloom.backends.lava.backend import learn_in_lava
from spikeloom.backends.simulator.learning_run import CompiledSynapses
from spikeloom.backends.simulator.learning_run import run_learning as run_compiled
from spikeloom.models.connectivity import Dense
from spikeloom.models.errors import UsageError
from spikeloom.models.execution.learning_run import run_learning
from spikeloom.models.learning import LearningRule, PlasticSynapses, Trace, reward_modulated_stdp, stdp
from spikeloom.models.learning.plastic_synapses import RECEIVED_TIME
from spikeloom.models.learning.sum_of_products import parse_rule
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons import IntegerLeakyIntegrateAndFire

Array = NDArray[Any]
pytestmark = pytest.mark.skipif(lava_problem() is not None, reason=str(lava_problem()))
STANDALONE = Path(__file__).resolve().parents[2] / "backends" / "lava" / "standalone"
SOURCES, TARGETS, STEPS = 7, 5, 60


class Port:
    """Hands a Lava model what arrives, and keeps what it sends."""

    def __init__(self) -> None:
        self.value: Any = None

    def recv(self) -> Any:
        return self.value

    def send(self, value: Any) -> None:
        self.value = value


class Lava:
    """Modules of Lava."""

    def __init__(self) -> None:
        self.dense = importlib.import_module("lava.proc.dense.models")
        self.rules = importlib.import_module("lava.magma.core.learning.learning_rule")
        self.constants = importlib.import_module("lava.magma.core.learning.constants")
        self.sign_mode = importlib.import_module("lava.utils.weightutils").SignMode
        self.stdp = importlib.import_module("lava.proc.learning_rules.stdp_learning_rule").STDPLoihi
        self.rewarded = importlib.import_module("lava.proc.learning_rules.r_stdp_learning_rule").RewardModulatedSTDP


@pytest.fixture(scope="module")
def lava() -> Lava:
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.syspath_prepend(STANDALONE)
        # Lava sets how processes start when it is imported, and fails where another test has had a reason to do so.
        patch.setattr(multiprocessing, "set_start_method", lambda *arguments, **options: None)
        importlib.import_module("lava_import")
        modules = Lava()
    logging.disable(logging.NOTSET)
    return modules


def lava_rule(lava: Lava, rule: LearningRule) -> Any:
    """The same rule as Lava has it."""
    texts = {"dw": rule.weight_rule, "dt": rule.tag_rule, "dd": rule.second_tag_rule}
    names = ("x1", "x2") if rule.third_factor else ("x1", "x2", "y1", "y2", "y3")
    traces = {}
    for name in names:
        traces[f"{name}_impulse"] = getattr(rule, name).impulse
        traces[f"{name}_tau"] = getattr(rule, name).time_constant
    kind = lava.rules.Loihi3FLearningRule if rule.third_factor else lava.rules.Loihi2FLearningRule
    return kind(**texts, **traces, t_epoch=rule.epoch, rng_seed=rule.seed)


def lava_synapses(lava: Lava, rule: Any, weights: Array, mode: str, exponent: int) -> Any:
    """Lava's process model of plastic synapses, its variables as the runtime would make them."""
    model = lava.dense.PyLearningDenseModelBitApproximate(
        {
            "learning_rule": rule, "shape": weights.shape, "sign_mode": lava.sign_mode[mode], "weight_exp": exponent,
            "graded_spike_cfg": lava.constants.GradedSpikeCfg.USE_REGULAR_IMPULSE,
        }
    )  # fmt: skip
    targets, sources = weights.shape
    model.s_in, model.a_out, model.s_in_bap = Port(), Port(), Port()
    model.s_in_y1, model.s_in_y2, model.s_in_y3 = Port(), Port(), Port()
    for name in ("tx", "x1", "x2"):
        setattr(model, name, np.zeros(sources, dtype=int))
    for name in ("ty", "y1", "y2", "y3"):
        setattr(model, name, np.zeros(targets, dtype=int))
    model.x0, model.y0 = np.zeros(sources, dtype=bool), np.zeros(targets, dtype=bool)
    model.tag_1, model.tag_2 = (np.zeros(weights.shape, dtype=int) for _ in range(2))
    model.weights = weights.astype(np.int32)
    model.a_buff = np.zeros(targets, dtype=np.int32)
    model.num_message_bits = np.zeros(1, dtype=int)
    model.time_step = 0
    return model


class NeuronTraces:
    """What target neurons send with a third factor: the trace of Lava's R-STDP neuron (`RSTDPLIFBitAcc`, its tests)."""

    def __init__(self, trace: Trace) -> None:
        self.trace, self.y1, self.spikes = trace, np.zeros(TARGETS), np.zeros(TARGETS)

    def step(self, spikes: Array) -> Array:
        self.y1 = np.floor(self.y1 * np.exp(-1 / self.trace.time_constant) + self.trace.impulse * self.spikes)
        self.spikes = spikes
        return self.y1


def assert_same_at_every_step(
    lava: Lava, ours: LearningRule, theirs: Any, weights: Array, sent: Array, answered: Array, rewards: Array
) -> None:
    """Also what arrives at the targets."""
    mode = {-256: "MIXED", 0: "EXCITATORY", -255: "INHIBITORY"}[ours.lowest_weight]
    model = lava_synapses(lava, theirs, weights, mode, 0)
    synapses = PlasticSynapses(ours, weights)
    neurons = NeuronTraces(ours.y1)
    for step in range(sent.shape[0]):
        model.time_step += 1
        model.s_in.value, model.s_in_bap.value = sent[step], answered[step]
        if ours.third_factor:
            model.s_in_y1.value = neurons.step(answered[step]).astype(np.int32)
            model.s_in_y2.value, model.s_in_y3.value = rewards[step], np.zeros(TARGETS, dtype=np.int32)
        model.run_spk()
        if model.lrn_guard():
            model.run_lrn()
        np.testing.assert_array_equal(synapses.send(sent[step]), model.a_buff, err_msg=f"arriving at step {step}")
        synapses.advance(sent[step], answered[step], rewards[step])
        for name, expected in (("w", model.weights), ("t", model.tag_1), ("d", model.tag_2)):
            np.testing.assert_array_equal(synapses.variables[name], expected, err_msg=f"{name} at step {step}")
        np.testing.assert_array_equal(synapses.x, [model.x1, model.x2], err_msg=f"x at step {step}")
        np.testing.assert_array_equal(synapses.y, [model.y1, model.y2, model.y3], err_msg=f"y at step {step}")


traces = st.builds(
    Trace,
    st.one_of(st.integers(0, 127), st.floats(0, 127)),
    st.one_of(st.just(0), st.integers(1, 40), st.floats(0.1, 1000)),
)


@st.composite
def products(draw: st.DrawFn) -> str:
    """A product as text: a dependency, some factors, a scale."""
    every = draw(st.shared(st.integers(0, 3), key="every"))
    factors = draw(
        st.lists(
            st.sampled_from(
                ["x0", "y0", "x1", "x2", "y1", "y2", "y3", "w", "d", "t", "(x1 - 3)", "(5 + y1)", "(2^3 - x2)",
                 "(w + 20)", "sgn(w)", "sgn(t - 2)", "(t + 1)", "(200 - d)", "(y0 + 1)"]
            ),
            max_size=draw(st.sampled_from([1, 2, 5])),
        )
    )  # fmt: skip
    dependency = draw(st.sampled_from(["x0", "y0", f"u{every}"]))
    scales = ["3", "2^-5", "(-1)", "7*2^-3", "(-5)*2^-7", "16", "0", "2^2", "(-8)*2^-1", "(3*2^1)"]
    scale = draw(st.sampled_from(scales))
    return "*".join([dependency, *factors, scale])


rule_texts = st.lists(products(), min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([" + ".join(parts), "-" + " - ".join(parts)])
)


@st.composite
def rules(draw: st.DrawFn) -> LearningRule:
    third_factor = draw(st.booleans())
    low, high = draw(st.sampled_from([(-256, 255), (0, 255), (-255, 0)]))
    y1 = draw(traces.filter(lambda trace: trace.time_constant > 0))
    return LearningRule(
        weight_rule=draw(rule_texts),
        tag_rule=draw(st.none() | rule_texts),
        second_tag_rule=draw(st.none() | rule_texts),
        x1=draw(traces),
        x2=draw(traces),
        y1=y1,
        y2=Trace() if third_factor else draw(traces),
        y3=Trace() if third_factor else draw(traces),
        epoch=draw(st.sampled_from([1, 1, 2, 3, 8])),
        lowest_weight=low,
        highest_weight=high,
        seed=draw(st.integers(0, 2**31 - 1)),
        third_factor=third_factor,
    )


def activity(seed: int) -> tuple[Array, Array, Array]:
    random = np.random.default_rng(seed)
    rate = random.choice([0.05, 0.3, 0.9])
    sent, answered = ((random.random((STEPS, size)) < rate).astype(np.int32) for size in (SOURCES, TARGETS))
    rewards = random.integers(-128, 128, (STEPS, 1)) * (random.random((STEPS, 1)) < 0.5)
    return sent, answered, np.broadcast_to(rewards, (STEPS, TARGETS)).astype(np.int32)


def first_weights(rule: LearningRule, seed: int) -> Array:
    """Such as Lava does not truncate at the first step: even ones where both signs may occur."""
    drawn = np.random.default_rng(seed).integers(rule.lowest_weight, rule.highest_weight + 1, (TARGETS, SOURCES))
    return drawn & ~1 if rule.lowest_weight == -256 else drawn


@given(rules(), st.integers(0, 2**32))
def test_any_rule_gives_the_integers_of_lava(lava: Lava, rule: LearningRule, seed: int) -> None:
    weights = first_weights(rule, seed)
    with np.errstate(over="ignore"):
        assert_same_at_every_step(lava, rule, lava_rule(lava, rule), weights, *activity(seed))


@pytest.mark.slow
def test_the_lowest_tag_does_not_stay_even_without_a_spike(lava: Lava) -> None:
    """A tag is rounded to -257 now and then, which its sum has no room for; the weight shows when that was."""
    rule = LearningRule(weight_rule="y0*(t + 256)", tag_rule="x0*(-7)*2^4", lowest_weight=-256)
    random = np.random.default_rng(0)
    steps, weights = 900, np.full((TARGETS, SOURCES), 250)
    sent, answered = ((random.random((steps, size)) < 0.4).astype(np.int32) for size in (SOURCES, TARGETS))
    nothing = np.zeros((steps, TARGETS), dtype=np.int32)
    assert_same_at_every_step(lava, rule, lava_rule(lava, rule), weights, sent, answered, nothing)
    plain, compiled = PlasticSynapses(rule, weights), CompiledSynapses(rule, weights)
    lowest = np.zeros(steps, dtype=bool)
    for step in range(steps):
        plain.advance(sent[step], answered[step])
        compiled.advance(sent[step], answered[step])
        np.testing.assert_array_equal(compiled.weights, plain.weights)
        lowest[step] = plain.variables["t"].min() == -257
    assert 0 < np.count_nonzero(lowest) < 100


def test_what_neurons_send_decays_as_in_lava(lava: Lava) -> None:
    rule = lava.rewarded(1, 1, -1, 10, 10, 16, 16, 0.25)
    assert (rule.y1_tau, rule.y2_tau, rule.y3_tau) == (RECEIVED_TIME,) * 3


@given(rules(), st.integers(0, 2**32))
def test_compiled_synapses_give_the_integers_of_the_plain_ones(rule: LearningRule, seed: int) -> None:
    weights = first_weights(rule, seed)
    plain, compiled = PlasticSynapses(rule, weights), CompiledSynapses(rule, weights)
    for sent, answered, reward in zip(*activity(seed), strict=True):
        np.testing.assert_array_equal(compiled.send(sent), plain.send(sent))
        plain.advance(sent, answered, reward)
        compiled.advance(sent, answered, reward)
        np.testing.assert_array_equal(compiled.weights, plain.weights)


def leaky(random: np.random.Generator, size: int) -> IntegerLeakyIntegrateAndFire:
    """Neurons that fire now and then by themselves."""
    numbers = (4096, random.integers(0, 500), random.integers(300, 600, size), random.integers(2000, 4000, size), 2)
    return IntegerLeakyIntegrateAndFire(*(np.asarray(value) for value in numbers))


def random_network(random: np.random.Generator, rules: list[LearningRule]) -> Network:
    """A layer, two that learn from it, one of them from itself too, from an always-on neuron and with a delay."""
    size = {"in": 6, "first": 5, "left": 4, "right": 3, "judge": 1}

    def weights(source: str, target: str, rule: LearningRule | None) -> Dense:
        low, high = (-60, 60) if rule is None else (max(-60, rule.lowest_weight), min(60, rule.highest_weight))
        sources = size.get(source, 1)
        return Dense(random.integers(low, high + 1, (size[target], sources)).astype(np.int16))

    def projection(source: str, target: str, rule: LearningRule | None = None, delay: int = 1) -> Projection:
        name = f"{source} to {target}" if delay == 1 else f"{source} to {target}, later"
        dense = weights(source, target, rule)
        return Projection(name, source, target, dense, delay, int(random.integers(0, 2)), learning=rule)

    depth = {"in": 0, "first": 1, "left": 2, "right": 2, "judge": 3}
    populations = [Population("always", (1,), Role.CONSTANT, None, 0), Population("in", (6,), Role.INPUT, None, 0)]
    populations += [
        Population(name, (size[name],), Role.NEURON, leaky(random, size[name]), depth[name])
        for name in ("first", "left", "right", "judge")
    ]
    of = iter(rules)
    projections = (
        projection("in", "first"), projection("always", "left", next(of)), projection("first", "left", next(of)),
        projection("first", "right", next(of)), projection("left", "left", next(of), 2),
        projection("in", "right", next(of), 3), projection("left", "judge"), projection("right", "judge", next(of)),
    )  # fmt: skip
    return Network(tuple(populations), projections, "judge", True)


def stdp_rules(random: np.random.Generator, count: int) -> list[LearningRule]:
    found = []
    for number in range(count):
        common: dict[str, Any] = {"epoch": int(random.integers(1, 4)), "seed": int(random.integers(0, 1000))}
        low, high = [(-256, 255), (0, 255), (-255, 0), (-30, 90), (10, 20)][random.integers(0, 5)]
        common |= {"lowest_weight": low, "highest_weight": high}
        amounts = random.choice([-2, -1, -0.25, 0.5, 1, 4, 3.2], 2)
        times = random.uniform(1, 30, 2)
        if number % 2:
            found.append(stdp(1, *amounts, *times, **common))
        else:
            reward = "judge" if number % 4 else None
            found.append(reward_modulated_stdp(1, *amounts, *times, 20, 31.4, 0.25, reward=reward, **common))
    return found


@pytest.mark.parametrize(("seed", "processes"), [pytest.param(3, "layer", marks=pytest.mark.slow), (2, "core")])
def test_a_network_learns_the_same_in_lava_in_the_plain_run_and_in_the_simulator(seed: int, processes: Any) -> None:
    random = np.random.default_rng(seed)
    network = random_network(random, stdp_rules(random, 6))
    data = (random.random((3, 20, 6)) < 0.4).astype(np.int8)
    waiting = [p for p in network.plastic if p.learning and p.learning.third_factor and p.learning.reward is None]
    rewards = {p.name: random.integers(-128, 128, (3, 20)) for p in waiting}
    assert rewards and network.gap > 0
    before = {p.name: p.connectivity.weights.copy() for p in network.plastic}
    plain = run_learning(network, data, rewards=rewards)
    compiled = run_compiled(network, data, rewards=rewards)
    cores = {name: np.arange(network.by_name[name].size) % 2 for name in ("first", "left", "right")}
    found = learn_in_lava(
        network, data, rewards=rewards, processes=processes, cores=cores if processes == "core" else None, timeout=120
    )
    for name, values in plain.activity.items():
        np.testing.assert_array_equal(compiled.activity[name], values, err_msg=name)
        np.testing.assert_array_equal(found.activity[name], values, err_msg=name)
        assert 0.02 < values.mean() < 0.98, name
    changed = 0
    for projection in network.plastic:
        name = projection.name
        np.testing.assert_array_equal(compiled.weights[name], plain.weights[name], err_msg=name)
        np.testing.assert_array_equal(found.weights[name], plain.weights[name], err_msg=name)
        np.testing.assert_array_equal(projection.connectivity.weights, before[name], err_msg=name)
        changed += int(np.any(plain.weights[name] != before[name]))
    assert changed >= 4


@given(rule_texts)
def test_a_text_means_what_it_means_to_lava(lava: Lava, text: str) -> None:
    theirs = lava.rules.Loihi2FLearningRule(dw=text).dw.products
    ours = parse_rule(text)
    assert len(ours) == len(theirs)
    for product, expected in zip(ours, theirs, strict=True):
        assert product.dependency == expected.dependency
        assert product.mantissa == expected.s_mantissa and product.exponent + 7 == expected.s_exp
        every = 1 if expected.decimate_exponent is None else 1 << expected.decimate_exponent
        assert product.every == every
        factors = [(factor.variable, factor.constant, factor.sign) for factor in product.factors]
        assert factors == [(factor.state_var, factor.const or 0, factor.is_sgn) for factor in expected.factors]


amounts = st.one_of(st.integers(-7, 7), st.floats(0.02, 7), st.floats(-7, -0.02))
times = st.one_of(st.integers(1, 60), st.floats(0.5, 60))


@given(st.sampled_from([1, 0.5, 0.3]), amounts, amounts, times, times, st.integers(0, 2**31 - 4), st.integers(1, 5))
def test_ready_made_rules_are_those_of_lava(
    lava: Lava, rate: float, plus: float, minus: float, before: float, after: float, seed: int, epoch: int
) -> None:
    try:
        theirs = lava.stdp(rate, plus, minus, before, after, t_epoch=epoch, rng_seed=seed)
    except ValueError:  # beyond the registers
        with pytest.raises(UsageError, match="learning rule"):
            stdp(rate, plus, minus, before, after, epoch=epoch, seed=seed)
        return
    ours = stdp(rate, plus, minus, before, after, epoch=epoch, seed=seed)
    weights = first_weights(ours, seed)
    assert_same_at_every_step(lava, ours, theirs, weights, *activity(seed))
    shape = (rate, plus, minus, before, after, 20, 31.7, 0.25)
    rewarded = reward_modulated_stdp(*shape, epoch=epoch, seed=seed)
    assert_same_at_every_step(
        lava, rewarded, lava.rewarded(*shape, t_epoch=epoch, rng_seed=seed), weights, *activity(seed + 1)
    )
