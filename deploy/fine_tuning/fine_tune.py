"""The short training that low bit widths need, after rounding and before mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ...models.decision import Decision
from ...models.errors import BackendMissingError, DataError, Unsupported, unsupported_model
from ...models.network import Network
from ...models.neurons import IntegerLeakyIntegrateAndFire
from ..progress.progress import Progress, Quiet
from ..quantization.layer_quantization import Quantization

Array = NDArray[Any]

EPOCHS = 60
FEWEST_SAMPLES = 10


@dataclass(frozen=True, eq=False)
class FineTuning:
    """What a fine-tuning came to.

    Attributes
    ----------
    quantization : the network that was best on the samples held out; the very one that came in where
        none was surely better.
    improved : whether it is another one than came in.
    before, after : share of the samples held out on which the integer network decides as the float network does.
    note : one sentence for the report.
    """

    quantization: Quantization
    improved: bool
    before: float
    after: float
    note: str


def fine_tune(
    quantization: Quantization,
    given: Array,
    wanted: Mapping[str, Array],
    decision: Decision,
    *,
    epochs: int = EPOCHS,
    seed: int = 0,
    progress: Progress | None = None,
    labels: Array | None = None,
    keep_zeros: bool = False,
) -> FineTuning:
    """Train weights, thresholds and biases of an integer network towards the float network's answers.

    Forward it is the integer network itself. Every weight stays on its grid with its exponent, every parameter in its
    register and shared by the neurons that shared it. What rounding took nothing from is left as it is. A fifth of the
    samples is held out, and judges which state is kept: none that is not closer to the float network by more than
    chance, or that decides fewer of all samples as wanted than the network that came in.

    Parameters
    ----------
    quantization : of any bit widths.
    given : (samples, steps, input neurons) int: what enters the chip.
    wanted : per population with neurons (samples, steps, neurons): what the float network does on the same samples.
    decision : how the output becomes a class.
    epochs : times that all samples are seen.
    seed : of the order of the samples, and of the choice of those held out.
    labels : (samples,) int; without them the float network's own decisions are aimed at.
    keep_zeros : let no weight that is zero become another, as after pruning; where the float network has a weight of
        zero, none appears in any case.

    Returns
    -------
    The new network, verified, `ideal` of its weights what they would be without rounding, and each layer's agreement
    measured anew.

    Raises
    ------
    BackendMissingError : PyTorch is not installed.
    UnsupportedModelError : there are neurons that cannot be trained.
    DataError : there are too few samples.
    """
    check_trainable(quantization.network)
    if given.shape[0] < FEWEST_SAMPLES:
        raise DataError(
            f"Fine-tuning needs {FEWEST_SAMPLES} calibration samples at least, and there are {given.shape[0]}: bring "
            "more data or do without fine-tuning."
        )
    try:
        from .training import train
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise BackendMissingError("Fine-tuning needs PyTorch: pip install 'spikeloom[torch]'.") from None
    advance = (progress or Quiet()).stage(f"fine-tuning on {given.shape[0]} samples", epochs)
    trained = train(quantization, given, wanted, decision, labels, epochs, seed, keep_zeros, advance)
    aim = "the float network's answers" if labels is None else "the labels and the float network's answers"
    agreed = f"decides as the float network does on {trained.after:.1%} of the samples held out"
    note = (
        f"fine-tuning: {trained.epoch} of {epochs} epochs towards {aim}, seed {seed}; the network now {agreed}, "
        f"before on {trained.before:.1%}."
        if trained.improved
        else f"fine-tuning: {epochs} epochs towards {aim}, seed {seed}, without a gain beyond chance, so that the "
        f"network is the one that was quantized; it {agreed}."
    )
    return FineTuning(trained.quantization, trained.improved, trained.before, trained.after, note)


def check_trainable(network: Network) -> None:
    """Raise UnsupportedModelError with all populations whose neurons cannot be trained."""
    reason = (
        "its neurons send values, not spikes, through which fine-tuning has no derivatives; deploy without fine-tuning"
    )
    problems = [
        Unsupported(population.name, type(population.neuron).__name__, reason)
        for population in network.populations
        if population.neuron is not None and not isinstance(population.neuron, IntegerLeakyIntegrateAndFire)
    ]
    if problems:
        raise unsupported_model("fine-tuning", problems, "cannot be fine-tuned")
