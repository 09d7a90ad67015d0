"""SpikingJelly: LIFNode and IFNode in multi-step mode, layer by layer.

They fire at the threshold and ours above it, so that theirs is a little higher: by less than the unit of our
potentials. Options: "float" or "exact", see `torch_layers.py`; the latter is a neuron with a charge of its own, as
SpikingJelly wants new neurons to be written.
"""

import time

import torch
from exchange import Call, measured, write
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn
from torch_layers import input_of, layers_of, output_of


class Truncating(neuron.SimpleLIFNode):
    """A leaky neuron whose leak is truncated."""

    def __init__(self, kept, threshold):
        super().__init__(tau=2.0, decay_input=False, v_threshold=threshold, v_reset=0.0, step_mode="m")
        self.kept = kept

    def neuronal_charge(self, x):
        """From the potential before a step to that before the comparison."""
        if isinstance(self.v, torch.Tensor):  # before the first step it is a number
            x = torch.trunc(self.v * self.kept) + x
        self.v = x


def main():
    """Measure."""
    call = Call()
    exact = "exact" in call.options
    began = time.perf_counter()
    data = input_of(call.workload)
    modules = []
    for operators, kept, threshold in layers_of(call.workload, exact):
        modules.append(layer.SeqToANNContainer(operators))
        threshold += 0.5 if exact else 0.5 / 64
        if exact:
            modules.append(Truncating(kept, threshold))
        elif kept == 1:
            modules.append(neuron.IFNode(v_threshold=threshold, v_reset=0.0, step_mode="m"))
        else:
            leak = {"tau": 1 / (1 - kept), "decay_input": False}
            modules.append(neuron.LIFNode(**leak, v_threshold=threshold, v_reset=0.0, step_mode="m"))
    network = nn.Sequential(*modules).eval()
    setup = time.perf_counter() - began

    def run():
        functional.reset_net(network)
        return network(data)

    with torch.inference_mode():
        first, seconds, found = measured(run, call.repeats)
    write(call, setup=setup, first=first, seconds=seconds, spikes=output_of(found), versions=["spikingjelly", "torch"])


main()
