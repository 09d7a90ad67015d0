"""The quantization of a deployment: calibration samples, what the configuration wants, and what came of it."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ..mapping.precision import Precision
from ..mapping.target import Target
from ..models.decision import natural_decision
from ..models.errors import BackendMissingError, UsageError
from ..models.input_code import InputCode
from ..models.network import Network, Role
from .calibration import calibration_samples, quantization_cost
from .configuration.configuration import Configuration
from .data import Data
from .progress.progress import Progress
from .quantization.automatic import Settling
from .quantization.layer_quantization import Quantization
from .quantization.quantizer import Quantizer

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class QuantizationStage:
    """What the stage made.

    Attributes
    ----------
    quantization : the integer network; the network itself where it was one.
    calibration : (samples, steps, inputs) float, the samples that it was calibrated on.
    chosen : their numbers in the data.
    notes : what was done and assumed.
    """

    quantization: Quantization
    calibration: Array
    chosen: Array
    notes: tuple[str, ...]


def quantize_for(
    network: Network, code: InputCode, target: Target, data: Data, config: Configuration, progress: Progress
) -> QuantizationStage:
    """Quantize a network as a configuration wants it.

    Raises
    ------
    UnsupportedModelError : see `Quantizer`.
    UsageError : the configuration names a layer that does not exist, or wants a network of integers quantized.
    BackendMissingError : fine-tuning is asked for, and PyTorch is not installed.
    """
    layers = [population.name for population in network.populations if population.role is Role.NEURON]
    config.check_layers(layers)
    if config.fine_tune and not importlib.util.find_spec("torch"):  # before a long search
        raise BackendMissingError("Fine-tuning needs PyTorch: pip install 'spikeloom[torch]'.")
    if network.integer:
        _check_unused(config)
        progress.expect(-1)
    chosen = calibration_samples(quantization_cost(network, data.steps), data, config)
    calibration = code.decode(code.encode(data.x[chosen]))
    if network.integer:
        note = "quantization: none, the network is made of integers, which are kept as they are."
        return QuantizationStage(Quantization(network, ()), calibration, chosen, (note,))
    decision = config.decision or natural_decision(network.by_name[network.output])
    open_ended = any(None in (wish.bits, wish.split, wish.pruned) for wish in map(config.wish, layers))
    advance = progress.stage(f"quantizing on {chosen.size} samples", None if open_ended else len(layers))
    quantizer = Quantizer(network, code, calibration, Precision.of(target), decision)
    settling = Settling(
        quantizer, {name: config.wish(name) for name in layers}, config.max_loss, lambda layer: advance(1)
    )
    quantization = settling.result()
    drawn = f"{chosen.size} of {data.samples} samples"
    notes = [
        f"calibration: {drawn}, without labels, seed {config.seed} (calibration_samples).",
        *settling.remarks,
        *_one_bit(network, [name for name, form in settling.formats.items() if form.bits == 1 and not form.ternary]),
    ]
    if config.fine_tune:
        from .fine_tuning.fine_tune import fine_tune

        tuned = fine_tune(
            quantization,
            code.encode(calibration),
            {name: quantizer.activity[name] for name in layers},
            decision,
            epochs=config.fine_tune,
            seed=config.seed,
            progress=progress,
            keep_zeros=any(form.pruned for form in settling.formats.values()),
        )
        quantization = tuned.quantization
        notes.append(tuned.note)
    return QuantizationStage(quantization, calibration, chosen, tuple(notes))


def _one_bit(network: Network, layers: list[str]) -> list[str]:
    """What became of weights of one bit and both signs, as a remark."""
    ternary = [
        name
        for name in layers
        if any(
            p.connectivity.weights.min(initial=0) < 0 < p.connectivity.weights.max(initial=0)
            for p in network.incoming(name)
            if network.by_name[p.source].role is not Role.CONSTANT
        )
    ]
    if not ternary:
        return []
    return [f"bits: one has no room for a sign, so that weights of {', '.join(map(repr, ternary))} are ternary (bits)."]


def _check_unused(config: Configuration) -> None:
    """Refuse what only a float network can be given: integers are kept as they are."""
    plain = Configuration()
    asked = [key for key in ("bits", "split", "prune", "fine_tune") if getattr(config, key) != getattr(plain, key)]
    kept = {"reset", "learning"}
    asked += [f"layers.{name}" for name, layer in config.layers.items() if layer.model_fields_set - kept]
    if asked:
        raise UsageError(
            f"The network is made of integers, which are kept as they are, and cannot be given {', '.join(asked)}: "
            f"leave {'it' if len(asked) == 1 else 'them'} out, or deploy the float network that it was made from."
        )
