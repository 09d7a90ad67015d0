"""Running a network that learns in the simulator: what no learning reaches ahead and at once, the rest step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.execution.learning_run import History, LearningRun, silent_samples
from ...models.execution.learning_run import run_learning as run_step_by_step
from ...models.learning import LearningRule
from ...models.learning.plastic_synapses import bounds, decay, impulse_parts, target_traces
from ...models.learning.rounding_numbers import RoundingNumbers
from ...models.learning.sum_of_products import EXPONENT_OFFSET, FACTOR_BITS, Factor
from ...models.network import Network, Role

Array = NDArray[Any]

VARIABLES = ("w", "d", "t")
BLOCK = 1024  # steps whose random numbers are drawn at once


def run_learning(
    network: Network,
    data: Array,
    *,
    rewards: Mapping[str, Array] | None = None,
    history: History | None = None,
    first_sample: int = 0,
    progress: Callable[[int], None] = lambda samples: None,
) -> LearningRun:
    """Run samples in their order; the same integers as the plain run of `models.execution.learning_run`, and as Lava.

    Parameters
    ----------
    network : integer, with plastic projections.
    data, rewards, history, first_sample, progress : as of the plain run.

    Raises
    ------
    DataError : a reward is missing, or has the wrong shape or range.
    """
    from .simulate import Simulator

    known: Mapping[str, Array] = {}
    ahead = without_learning(network)
    if ahead is not None:
        silence = np.zeros((silent_samples(network, data.shape[1]), *data.shape[1:]), dtype=data.dtype)
        known = Simulator(ahead).run(np.concatenate([data, silence]), "all", first_sample=first_sample).activity
    return run_step_by_step(
        network, data, rewards=rewards, history=history, known=known, first_sample=first_sample,
        make_synapses=CompiledSynapses, progress=progress,
    )  # fmt: skip


def without_learning(network: Network) -> Network | None:
    """The populations that no plastic projection reaches, not even through others, and what is between them.

    Returns
    -------
    A network whose output is the last of them; None where there are none with neurons.
    """
    reached = {projection.target for projection in network.plastic}
    while True:
        further = {item.target for item in network.projections if item.source in reached} - reached
        if not further:
            break
        reached |= further
    populations = tuple(item for item in network.populations if item.name not in reached)
    neurons = [item.name for item in populations if item.role is Role.NEURON]
    if not neurons:
        return None
    projections = tuple(item for item in network.projections if item.target not in reached)
    return network.replace(populations=populations, projections=projections, output=neurons[-1])


class CompiledSynapses:
    """Plastic synapses in compiled loops.

    Parameters
    ----------
    rule : how they change.
    weights : (targets, sources) integer, to begin with.
    """

    def __init__(self, rule: LearningRule, weights: Array) -> None:
        from . import learning_kernel as kernel

        self._kernel = kernel
        self._rule = rule
        self._weights = np.array(weights.T, dtype=np.int16, order="C")  # a copy, whatever the shape
        sources, targets = self._weights.shape
        used = {factor.variable for products in rule.products.values() for item in products for factor in item.factors}
        used |= set(rule.products)
        self._tags = {
            name: np.zeros((sources, targets) if name in used else (0, 0), dtype=np.int16) for name in VARIABLES[1:]
        }
        self._bounds = np.array([bounds(rule, name) for name in VARIABLES], dtype=np.int64)
        self._products, self._starts, self._factors = _tables(rule)
        self._x_step, self._y_step = np.zeros(sources, np.int64), np.zeros(targets, np.int64)
        self._x = np.zeros((rule.epoch + 1, 2, sources), np.int64)
        self._y = np.zeros((rule.epoch + 1, 3, targets), np.int64)
        x_traces, y_traces = (rule.x1, rule.x2), target_traces(rule)
        self._x_whole, self._x_fraction = np.array([impulse_parts(item) for item in x_traces], np.int64).T.copy()
        self._y_whole, self._y_fraction = np.array([impulse_parts(item) for item in y_traces], np.int64).T.copy()
        self._x_left, self._y_left = (np.array([decay(item) for item in part]) for part in (x_traces, y_traces))
        self._own_y1, self._last_spikes = np.zeros(targets), np.zeros(targets)
        self._drawn = RoundingNumbers(rule.seed)
        self._numbers = self._drawn.steps(0)
        self._step = 0
        self._arriving = np.zeros(targets, np.int64)

    @property
    def weights(self) -> Array:
        """(targets, sources) int16."""
        return self._weights.T.copy()

    def send(self, sent: Array) -> Array:
        """What arrives at the targets, before the exponent: (targets,) int64."""
        self._kernel.send(self._weights, sent, self._arriving)
        return self._arriving.copy()

    def advance(self, sent: Array, answered: Array, reward: Array | int = 0) -> None:
        """Learn from one step; see `PlasticSynapses.advance`."""
        rule, kernel = self._rule, self._kernel
        place = self._step % BLOCK
        if place == 0:
            self._numbers = self._drawn.steps(BLOCK)
        numbers = self._numbers
        within = self._step % rule.epoch + 1
        self._step += 1
        kernel.note_spikes(sent, self._x_step, within, self._x[0], self._x_whole, self._x_fraction, 0)
        kernel.note_spikes(
            answered, self._y_step, within, self._y[0], self._y_whole, self._y_fraction,
            numbers.early_target_impulse[place],
        )  # fmt: skip
        if rule.third_factor:
            self._own_y1 = np.floor(self._own_y1 * decay(rule.y1) + rule.y1.impulse * self._last_spikes)
            self._last_spikes = (answered != 0).astype(float)
            self._y[0, 0], self._y[0, 1], self._y[0, 2] = self._own_y1, reward, 0
        if within < rule.epoch:
            return
        kernel.decay_traces(
            self._x, self._x_step, self._x_left, self._x_whole, self._x_fraction, numbers.source_decay[place],
            numbers.source_impulse[place],
        )  # fmt: skip
        kernel.decay_traces(
            self._y, self._y_step, self._y_left, self._y_whole, self._y_fraction, numbers.target_decay[place],
            numbers.target_impulse[place],
        )  # fmt: skip
        (number,) = self._drawn.epochs(1)
        is_u = rule.every > 0 and self._step // rule.epoch % rule.every == 0
        kernel.change_synapses(
            self._weights, self._tags["d"], self._tags["t"], self._products, self._starts, self._factors, self._bounds,
            number, is_u, self._x_step, self._y_step, self._x, self._y,
        )  # fmt: skip
        self._x[0], self._y[0] = self._x[-1], self._y[-1]
        self._x_step[:], self._y_step[:] = 0, 0


def _tables(rule: LearningRule) -> tuple[Array, Array, Array]:
    """Products, their starts by synaptic variable, and factors, as `learning_kernel.change_synapses` wants them."""
    from .learning_kernel import X0, Y0, U

    dependencies = {"x0": X0, "y0": Y0, "u": U}
    products: list[tuple[int, ...]] = []
    factors: list[tuple[int, ...]] = []
    starts = [0]
    for name in VARIABLES:
        for product in rule.products.get(name, ()):
            first = len(factors)
            factors += [_factor(factor) for factor in product.factors]
            exponent = product.exponent + EXPONENT_OFFSET
            products.append(
                (dependencies[product.dependency], product.mantissa, product.shift, exponent, first, len(factors))
            )
        starts.append(len(products))
    return (
        np.array(products, dtype=np.int64).reshape(-1, 6),
        np.array(starts, dtype=np.int64),
        np.array(factors, dtype=np.int64).reshape(-1, 5),
    )


def _factor(factor: Factor) -> tuple[int, ...]:
    from .learning_kernel import SOURCE_SPIKE, SOURCE_TRACE, SYNAPTIC, TARGET_SPIKE, TARGET_TRACE

    name = factor.variable
    if name in VARIABLES:
        kind, number = SYNAPTIC, VARIABLES.index(name)
    elif name in ("x0", "y0"):
        kind, number = SOURCE_SPIKE if name == "x0" else TARGET_SPIKE, 0
    else:
        kind, number = SOURCE_TRACE if name[0] == "x" else TARGET_TRACE, int(name[1]) - 1
    return kind, number, factor.constant, int(factor.sign), 1 << FACTOR_BITS[name]
