"""Brian2, compiled by itself to a C++ program (cpp_standalone), with the same truncation as in integers.

A layer's spikes reach the next one in the next step; samples follow each other in one run, as many silent steps apart
as there are layers, with all states set to zero at the start of each. The seconds are those that the compiled program
says its run took: without compilation, and without making the synapses, which is set-up.

Options: a number of threads.
"""

import tempfile
import time

import brian2 as b2
import numpy as np
from exchange import Call, write

UNITS = 64  # of the potential in a weight


def main():
    """Measure."""
    call = Call()
    workload = call.workload
    threads = int(call.options[0]) if call.options else 1
    with tempfile.TemporaryDirectory(prefix="brian2-") as folder:
        b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
        b2.prefs.devices.cpp_standalone.openmp_threads = threads if threads > 1 else 0
        b2.defaultclock.dt = 1 * b2.ms
        build = recurrent if workload.description["kind"] == "recurrent" else chain
        objects, steps, decode = build(workload)
        network = b2.Network(*objects)
        began = time.perf_counter()
        network.run(steps * b2.ms)
        b2.device.build(directory=folder, compile=True, run=False)
        compiled = time.perf_counter() - began
        seconds, others = [], []
        for _ in range(call.repeats + 1):
            began = time.perf_counter()
            b2.device.run(directory=folder, with_output=False)
            seconds.append(float(b2.device._last_run_time))
            others.append(time.perf_counter() - began - seconds[-1])
        monitor = objects[-1]
        spikes = decode(np.asarray(monitor.i), np.rint(np.asarray(monitor.t / b2.ms)).astype(np.int64))
    write(
        call,
        setup=float(np.median(others)),
        first=compiled,
        seconds=seconds[1:],
        spikes=spikes,
        versions=["Brian2"],
        threads=threads,
    )


def leaky(size, layer, drive=""):
    """Neurons in 64ths of a weight."""
    group = b2.NeuronGroup(
        size,
        "v : 1\narriving : 1\nbias : 1 (constant)",
        threshold=f"v > {layer['threshold'] * UNITS}",
        reset="v = 0",
    )
    kept = 1 - layer["decay"] / 4096
    group.run_regularly(f"v = int(v * {kept!r}) + arriving{drive}\narriving = 0", when="groups")
    return group


def connected(before, after, source, target, weight):
    """Synapses one by one."""
    synapses = b2.Synapses(before, after, "weight : 1 (constant)", on_pre="arriving_post += weight")
    synapses.connect(i=source, j=target)
    synapses.weight = weight.astype(float) * UNITS
    return synapses


def chain(workload):
    """Objects, steps and the decoding of the monitor, for layers one after another."""
    layers = workload.description["layers"]
    period = workload.steps + len(layers)
    sample, step, neuron = np.nonzero(workload.input())
    groups = [b2.SpikeGeneratorGroup(workload.inputs, neuron, (sample * period + step) * b2.ms)]
    synapses = []
    for number, layer in enumerate(layers, start=1):
        group = leaky(int(np.prod(layer["shape"])), layer)
        group.run_regularly("v = 0\narriving = 0", dt=period * b2.ms, when="start")
        synapses.append(connected(groups[-1], group, *workload.synapses(number)))
        groups.append(group)
    monitor = b2.SpikeMonitor(groups[-1])

    def decode(neurons, times):
        spikes = np.zeros((workload.samples, workload.steps, workload.sizes[-1]), dtype=bool)
        spikes[times // period, times % period - len(layers), neurons] = True
        return spikes

    return [*groups, *synapses, monitor], workload.samples * period, decode


def recurrent(workload):
    """The same for one population and its recurrent synapses."""
    layer = workload.description
    group = leaky(layer["neurons"], layer, " + bias")
    group.bias = workload.arrays["bias"].astype(float)
    group.v = workload.arrays["start"].astype(float)
    synapses = connected(group, group, *workload.synapses(1))
    monitor = b2.SpikeMonitor(group)

    def decode(neurons, times):
        spikes = np.zeros((1, workload.steps, layer["neurons"]), dtype=bool)
        spikes[0, times, neurons] = True
        return spikes

    return [group, synapses, monitor], workload.steps, decode


main()
