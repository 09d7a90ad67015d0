"""PyTorch without a spiking library, layer by layer: all steps of a layer's weights at once, then its neurons in time.

Options: "float" or "exact", see `torch_layers.py`.
"""

import time

import torch
from exchange import Call, measured, write
from torch_layers import input_of, layers_of, output_of

FRAMES = 4096  # of a layer that are held at once


def main():
    """Measure."""
    call = Call()
    exact = "exact" in call.options
    began = time.perf_counter()
    data = input_of(call.workload)
    layers = layers_of(call.workload, exact)
    setup = time.perf_counter() - began

    def run():
        samples = data.shape[1]
        steps = max(1, FRAMES // samples)
        states = [None] * len(layers)
        outputs = []
        for first in range(0, data.shape[0], steps):
            spikes = data[first : first + steps]
            for index, (operators, kept, threshold) in enumerate(layers):
                arriving = operators(spikes.flatten(0, 1))
                arriving = arriving.reshape(-1, samples, *arriving.shape[1:])
                spikes, states[index] = fire(arriving, states[index], kept, threshold, exact)
            outputs.append(spikes)
        return torch.cat(outputs)

    with torch.inference_mode():
        first, seconds, found = measured(run, call.repeats)
    write(call, setup=setup, first=first, seconds=seconds, spikes=output_of(found), versions=["torch"])


def fire(arriving, voltage, kept, threshold, exact):
    """Spikes of leaky neurons over all steps of `arriving`, (steps, samples, *shape), and their state after them."""
    spikes = torch.empty(arriving.shape, dtype=torch.float32)
    voltage = torch.zeros_like(arriving[0]) if voltage is None else voltage
    for step, sums in enumerate(arriving):
        if kept != 1:
            voltage.mul_(kept)
            if exact:
                voltage.trunc_()
        voltage.add_(sums)
        silent = voltage <= threshold
        torch.logical_not(silent, out=spikes[step])
        voltage.mul_(silent)
    return spikes, voltage


main()
