"""Norse: LIFBox, the leaky neuron without a synaptic current, all layers step by step.

Its step is v <- v + a * (input - v), so that its potential is `a` times ours, and the threshold with it. For the exact
way `a` is 1, and what enters holds the rest of the potential. Options: "float" or "exact", see `torch_layers.py`.
"""

import time

import norse.torch as norse
import torch
from exchange import Call, measured, write
from norse.torch.functional.lif_box import LIFBoxFeedForwardState, LIFBoxParameters
from torch_layers import input_of, layers_of, output_of


def main():
    """Measure."""
    call = Call()
    exact = "exact" in call.options
    began = time.perf_counter()
    data = input_of(call.workload)
    layers = layers_of(call.workload, exact)
    if any(kept == 1 for _, kept, _ in layers) and not exact:
        raise ValueError("LIFBox cannot integrate without a leak")
    gains = [1.0 if exact else 1 - kept for _, kept, _ in layers]
    cells = [
        norse.LIFBoxCell(
            LIFBoxParameters(
                tau_mem_inv=torch.as_tensor(gain),
                v_leak=torch.as_tensor(0.0),
                v_th=torch.as_tensor(gain * threshold),
            ),
            dt=1.0,
        )
        for gain, (_, _, threshold) in zip(gains, layers, strict=True)
    ]
    setup = time.perf_counter() - began

    def run():
        states = [None] * len(cells)
        outputs = []
        for spikes in data:
            for index, (operators, kept, _) in enumerate(layers):
                arriving = operators(spikes)
                state = states[index]
                if state is None:
                    state = LIFBoxFeedForwardState(v=torch.zeros_like(arriving))
                if exact:
                    arriving = torch.trunc(state.v * kept) + arriving
                spikes, states[index] = cells[index](arriving, state)
            outputs.append(spikes)
        return torch.stack(outputs)

    with torch.inference_mode():
        first, seconds, found = measured(run, call.repeats)
    write(call, setup=setup, first=first, seconds=seconds, spikes=output_of(found), versions=["norse", "torch"])


main()
