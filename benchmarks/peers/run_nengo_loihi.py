"""nengo-loihi's emulator, given its blocks directly, in the integers that its discretization would end at."""

import time

import numpy as np
from exchange import Call, measured, write
from nengo_loihi.block import Axon, LoihiBlock, Synapse
from nengo_loihi.builder import Model
from nengo_loihi.emulator import EmulatorInterface
from nengo_loihi.inputs import SpikeInput
from nengo_loihi.probe import LoihiProbe

SHIFT = 6  # weights and thresholds come to the membrane as multiples of 64
HIGHEST = 2**23 - 1


def main():
    """Measure."""
    call = Call()
    workload = call.workload
    if workload.samples != 1:
        raise ValueError("one sample only: the emulator has no reset")
    data = workload.input()[0]
    setup, state = [], {}

    def build():
        began = time.perf_counter()
        model, probe = model_of(workload, data)
        state["emulator"], state["probe"] = EmulatorInterface(model, seed=0), probe
        setup.append(time.perf_counter() - began)

    def run():
        state["emulator"].run_steps(workload.steps + len(workload.sizes))
        return state["emulator"].collect_probe_output(state["probe"])

    first, seconds, found = measured(run, call.repeats, build)
    # An input spike takes a step to arrive, and each layer another one; the first step is number 1.
    spikes = np.asarray(found)[len(workload.sizes) : len(workload.sizes) + workload.steps] > 0
    write(
        call,
        setup=float(np.median(setup)),
        first=first,
        seconds=seconds,
        spikes=spikes[None],
        versions=["nengo-loihi", "nengo", "numpy"],
    )


def model_of(workload, data):
    """The emulator's model, and the probe of the last layer."""
    model = Model(dt=0.001)
    source = SpikeInput(workload.inputs)
    for step, spikes in enumerate(data, start=1):
        source.add_spikes(step, np.flatnonzero(spikes), permanent=True)
    model.add_input(source)
    before, block = source, None
    for layer in workload.description["layers"]:
        (operator,) = layer["operators"]
        weights = workload.arrays[operator["weights"]].T.astype(np.int32) << SHIFT
        inputs, neurons = weights.shape
        block = LoihiBlock(neurons)
        compartment = block.compartment
        compartment.configure_lif(tau_rc=0.02, tau_ref=0.0)
        for name, value in {
            "decay_u": 4095,
            "decay_v": layer["decay"],
            "vth": layer["threshold"] << SHIFT,
            "bias": 0,
        }.items():
            setattr(compartment, name, np.full(neurons, value, dtype=np.int32))
        compartment.refract_delay = np.ones(neurons, dtype=np.int32)
        compartment.scale_u = compartment.scale_v = False
        compartment.vmin, compartment.vmax = -HIGHEST, HIGHEST
        synapse = Synapse(inputs)
        synapse.set_weights(np.ones(weights.shape, dtype=np.float32))
        synapse.weights = [row[None] for row in weights]
        block.add_synapse(synapse)
        axon = Axon(inputs)
        axon.target = synapse
        before.add_axon(axon)
        model.add_block(block)
        before = block
    probe = LoihiProbe(target=block, key="spiked")
    model.add_probe(probe)
    return model, probe


main()
