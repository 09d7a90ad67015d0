"""Random neurons of every family, for tests that go over `FAMILIES`: `EXAMPLES` has a function of each, by its name.

A function takes a random generator and a number of neurons, and gives a float model, or None, and an integer model.
The parameters of the integer model lie anywhere in their ranges, each one for all neurons or one a neuron; those of
the float model are such that neurons spike now and then when they get sums of about one. The two have nothing in
common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikeloom.models.neurons import (
    Adaptive,
    AdaptiveThreshold,
    FloatNeuron,
    Graded,
    IntegerAdaptive,
    IntegerAdaptiveThreshold,
    IntegerGraded,
    IntegerIzhikevich,
    IntegerLeakyIntegrateAndFire,
    IntegerMultipleSpikes,
    IntegerNeuron,
    IntegerNoisy,
    IntegerRefractory,
    IntegerResonateAndFire,
    IntegerSigmaDelta,
    IntegerTernary,
    Izhikevich,
    LeakyIntegrateAndFire,
    MultipleSpikes,
    Noisy,
    Refractory,
    Reset,
    ResonateAndFire,
    SigmaDelta,
    Ternary,
    seeds_of,
)

Random = np.random.Generator
Example = tuple[FloatNeuron | None, IntegerNeuron]


def whole(random: Random, size: int, low: int, high: int) -> Any:
    """Integers of low..high, one for all or one a neuron: even, of any magnitude, and now and then an end."""
    shape = size if random.random() < 0.5 else ()
    even = random.integers(low, high, shape, endpoint=True)
    magnitude = 2.0 ** random.uniform(0, np.log2(max(abs(low), abs(high), 2)), shape)
    small = np.rint(magnitude * random.choice([-1, 1], shape))
    chosen = np.where(random.random(shape) < 0.5, even, np.clip(small, low, high))
    return np.where(random.random(shape) < 0.1, random.choice([low, high]), chosen).astype(np.int64)


def real(random: Random, size: int, low: float, high: float) -> Any:
    """Floats of low..high, one for all or one a neuron."""
    return random.uniform(low, high, size if random.random() < 0.5 else ())


def any_of(random: Random) -> Reset:
    """A reset."""
    return Reset(random.choice(list(Reset)))


def ranged(model: type[IntegerNeuron], random: Random, size: int) -> dict[str, Any]:
    """All integer parameters of a model that have a range."""
    return {name: whole(random, size, low, high) for name, (low, high) in model.ranges.items()}


def dynamics(random: Random, size: int) -> dict[str, Any]:
    """The parameters of `SpikingLeaky` and `LeakyIntegrateAndFire`."""
    return {
        "current_retention": real(random, size, 0, 0.9) * (random.random() < 0.5),
        "voltage_retention": real(random, size, 0, 1),
        "threshold": real(random, size, 0.5, 2),
        "input_gain": real(random, size, 0.5, 1.5),
        "current_gain": real(random, size, 0.5, 1.5),
        "bias": real(random, size, -0.1, 0.2),
        "reset_value": real(random, size, -0.3, 0.3),
        "initial_voltage": real(random, size, -0.5, 0.5),
        "reset": any_of(random),
        "inclusive": bool(random.random() < 0.5),
    }


def registers(model: type[IntegerNeuron], random: Random, size: int) -> dict[str, Any]:
    """All parameters of an integer leaky neuron; with thresholds low enough for spikes every other time."""
    low = {"threshold": whole(random, size, 0, 3000)} if random.random() < 0.5 else {}
    flags = {"reset": any_of(random), "inclusive": bool(random.random() < 0.5)}
    return ranged(model, random, size) | low | flags


def random_leaky(random: Random, size: int) -> Example:
    spiking, shift = bool(random.random() < 0.7), int(random.integers(0, 9))
    parameters = registers(IntegerLeakyIntegrateAndFire, random, size)
    integer = IntegerLeakyIntegrateAndFire(**parameters, spiking=spiking, output_shift=shift)
    return LeakyIntegrateAndFire(**dynamics(random, size), spiking=spiking), integer


def random_sigma_delta(random: Random, size: int) -> Example:
    flags = {name: bool(random.random() < 0.7) for name in ("rectifies", "integrates", "delta")}
    integer = IntegerSigmaDelta(
        **ranged(IntegerSigmaDelta, random, size),
        **flags,
        input_shift=int(random.integers(0, 7)),
        output_shift=int(random.integers(0, 7)),
    )
    return SigmaDelta(real(random, size, 0, 0.5), real(random, size, -1, 1), **flags), integer


def random_refractory(random: Random, size: int) -> Example:
    period = random.integers(0, 6, size if random.random() < 0.5 else ())
    integer = IntegerRefractory(**registers(IntegerRefractory, random, size))
    return Refractory(**dynamics(random, size), period=np.asarray(period)), integer


def random_adaptive_threshold(random: Random, size: int) -> Example:
    fixed = bool(random.random() < 0.5)
    model = AdaptiveThreshold(
        **dynamics(random, size),
        threshold_retention=real(random, size, 0, 1),
        threshold_step=real(random, size, 0, 1),
        refractory_retention=real(random, size, 0, 0.9),
        refractory_gain=np.asarray(random.integers(0, 3)),
        subtracts_baseline=fixed,
    )
    integer = IntegerAdaptiveThreshold(**registers(IntegerAdaptiveThreshold, random, size), subtracts_baseline=fixed)
    return model, integer


def random_ternary(random: Random, size: int) -> Example:
    model = Ternary(**dynamics(random, size), lower_threshold=real(random, size, -2, -0.5))
    parameters = registers(IntegerTernary, random, size)
    upper, lower = np.broadcast_arrays(parameters["threshold"], parameters["lower_threshold"])
    lower = np.clip(np.minimum(upper, lower), -131071, 131070)
    parameters |= {"threshold": np.maximum(upper, lower + 1), "lower_threshold": lower}
    return model, IntegerTernary(**parameters)


def random_noisy(random: Random, size: int) -> Example:
    seeds, at_current = seeds_of(int(random.integers(0, 2**32)), size), bool(random.random() < 0.5)
    model = Noisy(
        **dynamics(random, size),
        noise_amplitude=real(random, size, 0, 1),
        noise_offset=np.asarray(random.integers(-1, 2)),
        noise_at_current=at_current,
        seeds=seeds,
    )
    parameters = registers(IntegerNoisy, random, size) | {"seeds": seeds}
    return model, IntegerNoisy(**parameters, noise_at_current=at_current)


def random_resonate_and_fire(random: Random, size: int) -> Example:
    resets = bool(random.random() < 0.5)
    model = ResonateAndFire(
        real(random, size, 2.5, 20) * random.choice([-1, 1]),
        real(random, size, 0.7, 1),
        real(random, size, 0.3, 2),
        input_gain=real(random, size, 0.5, 1.5),
        phase=real(random, size, 0, 2 * np.pi),
        resets=resets,
    )
    parameters = ranged(IntegerResonateAndFire, random, size)
    numbers = {name: int(parameters[name].reshape(-1)[0]) for name in ("decay_bits", "input_shift")}
    for name in ("cosine", "sine"):
        parameters[name] = parameters[name] >> (15 - numbers["decay_bits"])
    if random.random() < 0.5:
        parameters["threshold"] = whole(random, size, 1, 3000)
    return model, IntegerResonateAndFire(**parameters | numbers, resets=resets)


def random_izhikevich(random: Random, size: int) -> Example:
    overshoots = bool(random.random() < 0.3)
    model = Izhikevich(
        real(random, size, 0.02, 0.1),
        real(random, size, 0.2, 0.26),
        real(random, size, -65, -50),
        real(random, size, 0.05, 8),
        time_step=np.asarray(random.choice([0.1, 0.5, 1.0])),
        input_gain=real(random, size, 5, 15),
        bias=real(random, size, 0, 5),
        initial_voltage=real(random, size, -80, -50),
        initial_recovery=real(random, size, -16, -10),
        overshoots=overshoots,
    )
    parameters = ranged(IntegerIzhikevich, random, size)
    bits = int(parameters["fraction_bits"].reshape(-1)[0])
    low, high = 1 - (1 << (bits + 12)), (1 << (bits + 12)) - 1
    for name in ("reset_voltage", "recovery_jump", "peak", "bias", "initial_voltage", "initial_recovery"):
        parameters[name] = whole(random, size, low, high)
    return model, IntegerIzhikevich(**parameters | {"fraction_bits": bits}, overshoots=overshoots)


def random_adaptive(random: Random, size: int) -> Example:
    shared = dynamics(random, size)
    for name in ("current_retention", "current_gain"):
        del shared[name]
    model = Adaptive(
        **shared,
        adaptation_retention=real(random, size, 0.8, 1),
        coupling=real(random, size, 0, 0.3),
        feedback=real(random, size, 0, 0.3),
        jump=real(random, size, 0, 1),
        initial_adaptation=real(random, size, -0.5, 0.5),
    )
    return model, IntegerAdaptive(**registers(IntegerAdaptive, random, size))


def random_graded(random: Random, size: int) -> Example:
    signed = bool(random.random() < 0.5)
    parameters = registers(IntegerGraded, random, size)
    numbers = {name: int(parameters[name].reshape(-1)[0]) for name in ("input_shift", "output_shift")}
    return Graded(**dynamics(random, size), signed=signed), IntegerGraded(**parameters | numbers, signed=signed)


def random_multiple_spikes(random: Random, size: int) -> Example:
    parameters = registers(IntegerMultipleSpikes, random, size)
    parameters["threshold"] = np.maximum(parameters["threshold"], 1)
    parameters["most"] = int(parameters["most"].reshape(-1)[0])
    shared = dynamics(random, size)
    shared["threshold"] = shared["threshold"] / 4
    return MultipleSpikes(**shared, most=int(random.integers(1, 8))), IntegerMultipleSpikes(**parameters)


EXAMPLES: dict[str, Callable[[Random, int], Example]] = {
    "leaky": random_leaky,
    "sigma_delta": random_sigma_delta,
    "refractory": random_refractory,
    "adaptive_threshold": random_adaptive_threshold,
    "ternary": random_ternary,
    "noisy": random_noisy,
    "resonate_and_fire": random_resonate_and_fire,
    "izhikevich": random_izhikevich,
    "adaptive": random_adaptive,
    "graded": random_graded,
    "multiple_spikes": random_multiple_spikes,
}
