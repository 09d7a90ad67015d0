"""What a `.net` file left open, and what was made of it: a sentence each."""

from __future__ import annotations

import numpy as np

from ...operators import Input
from .fields import neuron_fields, text
from .file import LayerDict
from .layers import INPUT, LayerReader
from .neurons import UNITY, is_sigma_delta
from .options import NetxOptions
from .transform import input_transform

AXES = {
    "channels-first": "channels, height, width",
    "channels-last": "height, width, channels",
    "width-first": "width, height, channels",
}
OF_LAYERS = {
    "readout": "readout: {} has no neurons in the file; it adds up what arrives over all steps, as in netx.",
    "average": "average: {} adds up the spikes of each group over all steps, instead of averaging them.",
    "concat": "concat: {} puts the layer before first, then the others in the file's order.",
    "delay": "delay: delays of {} beyond 0..62 are taken for the nearest end, as lava-dl does.",
    "last delay": "delay: those of the last layer, {}, say only when its spikes leave; left out, as in netx.",
    "wgtExp": "weights: those of {} are multiplied by 2**wgtExp, as Loihi does.",
    "weight_exp": "weights: those of {} and their biases are divided by 2**weight_exp, as in lava-dl's training.",
}


def assumptions(layers: list[LayerDict], options: NetxOptions, reader: LayerReader) -> list[str]:
    """Sentences for a network's report.

    Parameters
    ----------
    options : as the user gave them.
    reader : with what it settled.
    """
    result = [*_of_input(layers, options, reader), _of_time(options, reader)]
    if any(map(is_sigma_delta, layers)):
        result.append(f"spikes: graded spikes have {options.spike_exponent} binary places (spike_exponent).")
    return result + [
        sentence.format(", ".join(map(repr, reader.notes[subject])))
        for subject, sentence in OF_LAYERS.items()
        if subject in reader.notes
    ]


def _of_input(layers: list[LayerDict], options: NetxOptions, reader: LayerReader) -> list[str]:
    entry = reader.flow.nodes[INPUT]
    assert isinstance(entry, Input)
    transform, result = input_transform(layers[0]), []
    if transform is not None:
        result.append(
            f"input: the data are the whole numbers that the first layer gets, {transform.weight} * x + "
            f"{transform.bias} for x as in training; for pixels p in 0..1 netx takes x = 2 p - 1 (--input-scale "
            f"{2 * transform.weight} --input-offset {transform.bias - transform.weight} --input-whole)."
        )
        neuron = neuron_fields(layers[0]) or {}
        if np.any(np.asarray(neuron.get("iDecay", UNITY)) != UNITY):
            result.append("input: the data go to the bias of the first layer, past its synaptic current, as in netx.")
    elif text(layers[0], "type") != "input":
        origin = "as asked" if options.input_shape is not None else "as its first layer takes it"
        result.append(
            f"input: the file has no input layer; its data have shape {entry.shape}, {origin} (--input-shape)."
        )
    if len(entry.shape) == 3:
        result.append(f"layout: the axes of the data are {AXES[options.layout]} (--layout).")
    return result


def _of_time(options: NetxOptions, reader: LayerReader) -> str:
    if not reader.options.pipelined:
        return "timing: layers see one another within a step, and start together with each sample (pipelined)."
    why = "as in netx, which never resets sigma-delta neurons" if options.pipelined is None else "as asked"
    return f"timing: every layer sees what was sent at the step before, {why} (pipelined)."
