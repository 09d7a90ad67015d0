"""The neurons of a `.net` file: lava-dl's CUBA and sigma-delta neurons, in the integers in which Lava runs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...neurons import IntegerLeakyIntegrateAndFire, IntegerNeuron, IntegerRefractory, IntegerSigmaDelta
from ...operators import Shape
from .fields import Array, NotReadableError, number, per_neuron, text, whole
from .file import LayerDict

LEAKY = ("CUBA", "LOIHI", "CUBA-LIF")
SIGMA_DELTA = ("SDNN", "Sigma-Delta")
BIAS_EXPONENT = 6  # of CUBA neurons: biases and weights have the same unit
WEIGHT_EXPONENT = 6  # of sigma-delta neurons: a weight of 64 is one
UNITY = 4096  # of decays

ZERO = np.zeros((), dtype=np.int64)


@dataclass(frozen=True)
class NeuronReader:
    """Makes neurons of a layer's fields.

    Attributes
    ----------
    spike_exponent : binary places of a graded spike.
    """

    spike_exponent: int

    def read(self, fields: LayerDict, layer: Shape, bias: Array | None) -> IntegerNeuron:
        """The neurons of a layer with weights.

        Parameters
        ----------
        fields : of the group `neuron`.
        layer : its shape, channels first.
        bias : whole numbers, one for all, a channel or a neuron, in the unit of the weights; None for none.

        Raises
        ------
        NotReadableError : a neuron that is no model here, or with parameters out of range.
        """
        drive = ZERO if bias is None else per_neuron(bias, layer, "bias")
        require_model(fields)
        if _kind(fields) in LEAKY:
            return _verified(_leaky(fields, layer, drive))
        shift = self.spike_exponent + WEIGHT_EXPONENT
        if "sigma_output" in fields:
            if np.any(drive):
                raise NotReadableError("its sigma output has a bias, which netx has no place for")
            return IntegerSigmaDelta(ZERO, ZERO, rectifies=False, delta=False)
        _require_relu(fields)
        threshold = per_neuron(whole(fields, "vThMant"), layer, "vThMant") << shift
        return _verified(IntegerSigmaDelta(threshold, drive << shift, output_shift=WEIGHT_EXPONENT))

    def read_encoder(self, fields: LayerDict, layer: Shape) -> IntegerNeuron:
        """The neurons of an input layer: what arrives is the data; as in `read`."""
        require_model(fields)
        if _kind(fields) in LEAKY:
            # netx gives the data to the bias, past the synaptic current, whatever the current's decay may be.
            return _verified(_leaky(fields | {"iDecay": UNITY}, layer, ZERO))
        shift = self.spike_exponent + WEIGHT_EXPONENT
        threshold = per_neuron(whole(fields, "vThMant"), layer, "vThMant") << shift
        return _verified(
            IntegerSigmaDelta(
                threshold, ZERO, rectifies=False, integrates=False, input_shift=shift, output_shift=WEIGHT_EXPONENT
            )
        )


def integrator() -> IntegerNeuron:
    """Neurons that add up what arrives and never spike; their output is the sum."""
    return IntegerLeakyIntegrateAndFire(
        np.array(UNITY), ZERO, ZERO, ZERO, ZERO, spiking=False, output_shift=BIAS_EXPONENT
    )


def is_sigma_delta(layer: LayerDict) -> bool:
    """Whether a layer has sigma-delta neurons, by their type alone."""
    neuron = layer.get("neuron")
    try:
        return isinstance(neuron, dict) and _kind(neuron) in SIGMA_DELTA
    except NotReadableError:
        return False


def require_model(fields: LayerDict) -> None:
    """Raise NotReadableError where neurons are of a type that has no integer model here."""
    kind = _kind(fields)
    if kind not in LEAKY and kind not in SIGMA_DELTA:
        raise NotReadableError(f"its neurons are of type {kind!r}; there are {', '.join((*LEAKY[:2], SIGMA_DELTA[0]))}")


def _kind(fields: LayerDict) -> str:
    return text(fields, "type") if "type" in fields else LEAKY[0]  # the format's own default


def _leaky(fields: LayerDict, layer: Shape, drive: Array) -> IntegerNeuron:
    if number(fields, "gradedSpike", 0):
        raise NotReadableError("gradedSpike is set: CUBA neurons that send their potential have no integer model here")
    parameters = {name: per_neuron(whole(fields, name), layer, name) for name in ("iDecay", "vDecay", "vThMant")}
    if np.any(parameters["iDecay"] == 0):
        raise NotReadableError("iDecay is 0: a synaptic current that never decays is beyond Loihi's register (1..4096)")
    registers = (parameters["iDecay"], parameters["vDecay"], parameters["vThMant"], drive, np.array(BIAS_EXPONENT))
    refractory = number(fields, "refDelay", 1)
    if refractory <= 1:
        return IntegerLeakyIntegrateAndFire(*registers)
    # With 1 a neuron is ready again at the next step.
    return IntegerRefractory(*registers, period=np.array(refractory - 1))


def _require_relu(fields: LayerDict) -> None:
    activation = text(fields, "activation") if "activation" in fields else "relu"
    if activation.strip("_").lower() != "relu":
        raise NotReadableError(f"its activation is {activation!r}; sigma-delta neurons here have 'relu'")


def _verified(model: IntegerNeuron) -> IntegerNeuron:
    try:
        model.verify()
    except ValueError as error:
        raise NotReadableError(str(error)) from None
    return model
