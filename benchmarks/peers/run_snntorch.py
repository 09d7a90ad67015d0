"""snnTorch: Leaky with `reset_delay=False`, all layers step by step.

Options: "float" or "exact", see `torch_layers.py`; for the latter `beta` is 1, and the state that is handed in has lost
its share.
"""

import time

import snntorch
import torch
from exchange import Call, measured, write
from torch_layers import input_of, layers_of, output_of


def main():
    """Measure."""
    call = Call()
    exact = "exact" in call.options
    began = time.perf_counter()
    data = input_of(call.workload)
    layers = layers_of(call.workload, exact)
    neurons = [
        snntorch.Leaky(beta=1.0 if exact else kept, threshold=threshold, reset_mechanism="zero", reset_delay=False)
        for _, kept, threshold in layers
    ]
    setup = time.perf_counter() - began

    def run():
        states = [leaky.reset_mem() for leaky in neurons]
        outputs = []
        for spikes in data:
            for index, (operators, kept, _) in enumerate(layers):
                state = torch.trunc(states[index] * kept) if exact else states[index]
                spikes, states[index] = neurons[index](operators(spikes), state)
            outputs.append(spikes)
        return torch.stack(outputs)

    with torch.inference_mode():
        first, seconds, found = measured(run, call.repeats)
    write(call, setup=setup, first=first, seconds=seconds, spikes=output_of(found), versions=["snntorch", "torch"])


main()
