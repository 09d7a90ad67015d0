"""The operators of a workload as PyTorch modules, for the peers that are built on it.

Each of these peers runs in one of two ways. "float": the library's own neurons, in float32, whose leak is not rounded;
over many steps their spikes drift away from those of integers. "exact": the same spikes as integers give; the leak of
the library is switched off and, in the place that the library has for it, done with truncation, in float64 and in
64ths of a weight, since float32 could not tell a product just below an integer from that integer.
"""

import torch
from torch import nn

UNITS = 64  # of the potential in a weight


def operators_of(workload):
    """Per layer, a module from spikes (frames, *shape) to what arrives at its neurons (frames, *shape)."""
    layers = []
    for layer in workload.description["layers"]:
        modules = []
        for operator in layer["operators"]:
            if operator["kind"] == "sum pooling":
                # Without a division the sum is that of the window.
                modules.append(nn.AvgPool2d(operator["size"], divisor_override=1))
                continue
            weights = torch.from_numpy(workload.arrays[operator["weights"]]).float()
            if operator["kind"] == "dense":
                module = nn.Linear(weights.shape[1], weights.shape[0], bias=False)
                modules.append(nn.Flatten())
            else:
                channels, inputs, *kernel = weights.shape
                stride, padding = operator["stride"], operator["padding"]
                module = nn.Conv2d(inputs, channels, tuple(kernel), stride, padding, bias=False)
            module.weight = nn.Parameter(weights, requires_grad=False)
            modules.append(module)
        layers.append(nn.Sequential(*modules).eval())
    return layers


class InUnits(nn.Module):
    """Operators for the exact way: float32 spikes or float64 ones in, float64 potentials out."""

    def __init__(self, operators):
        super().__init__()
        self.operators = operators

    def forward(self, spikes):
        """(frames, *shape) to (frames, *shape)."""
        return self.operators(spikes.float()).double() * UNITS


def layers_of(workload, exact):
    """Per layer: its operators, the share of the potential that a step keeps, and the threshold."""
    found = []
    for operators, layer in zip(operators_of(workload), workload.description["layers"], strict=True):
        kept = 1 - layer["decay"] / 4096
        if exact:
            found.append((InUnits(operators), kept, float(layer["threshold"] * UNITS)))
        else:
            found.append((operators, kept, float(layer["threshold"])))
    return found


def input_of(workload):
    """(steps, samples, *shape): time first, as most of these libraries want it."""
    shape = workload.description["shape"]
    data = torch.from_numpy(workload.input()).float().transpose(0, 1).contiguous()
    return data.reshape(workload.steps, workload.samples, *shape)


def output_of(steps):
    """(samples, steps, neurons) from what a layer gave, (steps, samples, neurons)."""
    return steps.flatten(2).transpose(0, 1).numpy()
