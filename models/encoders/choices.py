"""The encoders for static data by name."""

from __future__ import annotations

import numpy as np

from ..errors import UsageError
from .burst_code import BurstCode
from .constant_current import ConstantCurrent
from .encoder import Array, Encoder, ScaledEncoder
from .first_spike import FirstSpike
from .phase_code import PhaseCode
from .population_code import PopulationCode
from .rank_order import RankOrder
from .rates import IntegrateAndFire, PoissonRate
from .spike_interval import SpikeInterval
from .tuning_curves import GaussianCurves

SMALLEST = 1e-30  # stands for the largest value of data that is zero throughout

ENCODERS = (
    "constant",
    "rate",
    "integrate",
    "first-spike",
    "rank-order",
    "interval",
    "phase",
    "burst",
    "population",
)
MEAN_CODES = ("constant", "rate", "integrate")  # whose mean over the steps is the value, or about so


def encoder_named(
    name: str, data: Array, seed: int, largest: float | None = None, neurons: int | None = None
) -> Encoder:
    """The encoder of a name.

    Parameters
    ----------
    name : one of `ENCODERS`.
    data : static, (samples, ...).
    seed : of what is drawn at random.
    largest : see `ScaledEncoder`; None takes that of the data. The upper end of a population's range.
    neurons : of the population for each value, needed for "population" alone; they spike at rates.

    Raises
    ------
    UsageError : no encoder has that name, or it cannot take such data.
    """
    if name not in ENCODERS:
        raise UsageError(
            f"There is no encoder {name!r}: use {', '.join(map(repr, ENCODERS[:-1]))} or {ENCODERS[-1]!r}."
        )
    if name == "constant":
        return ConstantCurrent()
    if np.min(data, initial=0) < 0:
        raise UsageError(
            f"The encoder {name!r} takes values from 0 upwards, the data has negative ones: use 'constant'."
        )
    if name == "rank-order":
        return RankOrder()
    found = max(float(np.max(data, initial=0)) if largest is None else largest, SMALLEST)
    if name == "population":
        if neurons is None:
            raise UsageError("The encoder 'population' needs a number of neurons for each value.")
        return PopulationCode(GaussianCurves(0, found, neurons), PoissonRate(1.0, seed))
    if name == "rate":
        return PoissonRate(found, seed)
    codes: dict[str, type[ScaledEncoder]] = {
        "integrate": IntegrateAndFire,
        "first-spike": FirstSpike,
        "interval": SpikeInterval,
        "phase": PhaseCode,
        "burst": BurstCode,
    }
    return codes[name](found)


def largest_value(encoder: Encoder | None) -> float | None:
    """What an encoder takes for the largest value, for other data to be encoded alike; None where it takes none."""
    if isinstance(encoder, PopulationCode):
        return encoder.curves.high
    return encoder.largest if isinstance(encoder, ScaledEncoder) else None
