"""From a float network to the integers of a chip.

Each layer by itself first (`quantizer`), with what reaches it in the float network; where several ways are about as
good, the whole network decides (`choosing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from ...mapping.precision import Precision
from ...models.decision import Decision
from ...models.input_code import InputCode
from ...models.network import Network
from .choosing import chosen
from .layer_quantization import Quantization
from .quantizer import QuantizedLayer, Quantizer
from .synapse_format import SynapseFormat

Array = NDArray[Any]


def quantize(
    network: Network,
    code: InputCode,
    calibration: Array,
    progress: Callable[[str], None] = lambda layer: None,
    *,
    formats: Mapping[str, SynapseFormat] | None = None,
    precision: Precision | None = None,
    decision: Decision | None = None,
) -> Quantization:
    """Quantize a float network.

    Parameters
    ----------
    network, code, calibration, precision, decision : see `Quantizer`.
    progress : called with the name of each layer before its search.
    formats : per layer, how the synapses that reach it are stored; 8 bits where nothing is said.

    Raises
    ------
    UnsupportedModelError : a layer has parameters that no scale brings into the registers.
    """
    quantizer = Quantizer(network, code, calibration, precision, decision)
    found: dict[str, tuple[QuantizedLayer, ...]] = {}
    for name in quantizer.layers:
        progress(name)
        found[name] = quantizer.alternatives(name, (formats or {}).get(name, SynapseFormat()))
    return quantizer.assembled(chosen(quantizer, found))
