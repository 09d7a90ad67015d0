"""Sinabs: LIF with a reset to zero and at most one spike a step, layer by layer.

It fires at the threshold, see `run_spikingjelly.py`. Options: "float" or "exact", see `torch_layers.py`; the latter
does the leak in the function that Sinabs calls for the reset.
"""

import math
import time

import sinabs.layers
import torch
from exchange import Call, measured, write
from sinabs.activation import MembraneReset, SingleSpike
from torch_layers import input_of, layers_of


class LeakAfterReset:
    """Sets the potential of neurons that spiked to zero, and takes the leak of the next step off the others."""

    def __init__(self, kept):
        self.kept = kept

    def __call__(self, spikes, state, threshold):
        """The state after a step."""
        return {**state, "v_mem": torch.trunc(state["v_mem"] * (spikes == 0) * self.kept)}


def main():
    """Measure."""
    call = Call()
    exact = "exact" in call.options
    began = time.perf_counter()
    data = input_of(call.workload).transpose(0, 1).contiguous()  # samples first, as Sinabs wants it
    layers = []
    for operators, kept, threshold in layers_of(call.workload, exact):
        raised = torch.tensor(threshold + (0.5 if exact else 0.5 / 64))
        common = {"spike_threshold": raised, "spike_fn": SingleSpike}
        if exact:
            cell = sinabs.layers.IAF(reset_fn=LeakAfterReset(kept), **common)
        elif kept == 1:
            cell = sinabs.layers.IAF(reset_fn=MembraneReset(), **common)
        else:
            cell = sinabs.layers.LIF(-1 / math.log(kept), norm_input=False, reset_fn=MembraneReset(), **common)
        layers.append((operators, cell.eval()))
    setup = time.perf_counter() - began

    def run():
        spikes = data
        for operators, cell in layers:
            cell.reset_states()
            arriving = operators(spikes.flatten(0, 1))
            spikes = cell(arriving.reshape(*data.shape[:2], *arriving.shape[1:]))
        return spikes

    with torch.inference_mode():
        first, seconds, found = measured(run, call.repeats)
    output = found.flatten(2).numpy()
    write(call, setup=setup, first=first, seconds=seconds, spikes=output, versions=["sinabs", "torch"])


main()
