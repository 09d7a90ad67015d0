"""NEST: iaf_psc_delta with its exact integration, which truncates nothing, so that spikes drift away from those of
integers.

It fires at the threshold and ours above it: its threshold is half a unit of our potentials higher. Each repetition
builds the network anew, for NEST goes on where it stopped; only `Simulate` is measured.

Options: a number of threads.
"""

import math
import time

import nest
import numpy as np
from exchange import Call, write

UNITS = 64  # of the potential in a weight


def main():
    """Measure."""
    call = Call()
    threads = int(call.options[0]) if call.options else 1
    nest.verbosity = nest.VerbosityLevel.ERROR
    setup, seconds = [], []
    for _ in range(call.repeats + 1):
        began = time.perf_counter()
        neurons, recorder = build(call.workload, threads)
        nest.Prepare()
        setup.append(time.perf_counter() - began)
        began = time.perf_counter()
        nest.Run(float(call.workload.steps))
        seconds.append(time.perf_counter() - began)
        nest.Cleanup()
    events = recorder.get("events")
    spikes = np.zeros((1, call.workload.steps, len(neurons)), dtype=bool)
    # A spike's time is the end of its step.
    spikes[0, np.rint(events["times"]).astype(int) - 1, events["senders"] - neurons[0].global_id] = True
    write(
        call,
        setup=float(np.median(setup)),
        first=seconds[0],
        seconds=seconds[1:],
        spikes=spikes,
        versions=["nest-simulator"],
        threads=threads,
    )


def build(workload, threads):
    """The population, and what records its spikes."""
    description = workload.description
    nest.ResetKernel()
    nest.set(resolution=1.0, local_num_threads=threads)
    time_constant = -1 / math.log(1 - description["decay"] / 4096)
    kept = 1 - description["decay"] / 4096
    neurons = nest.Create(
        "iaf_psc_delta",
        description["neurons"],
        {
            "C_m": 1.0,
            "tau_m": time_constant,
            "E_L": 0.0,
            "V_reset": 0.0,
            "V_th": description["threshold"] * UNITS + 0.5,
            "t_ref": 0.0,
            # Such that a constant current adds the bias in every step.
            "I_e": workload.arrays["bias"] / (time_constant * (1 - kept)),
            "V_m": workload.arrays["start"].astype(float),
        },
    )
    first = neurons[0].global_id
    source, target, weight = workload.synapses(1)
    nest.Connect(
        source.astype(np.int64) + first,
        target.astype(np.int64) + first,
        "one_to_one",
        {"weight": weight.astype(float) * UNITS, "delay": np.ones(weight.size)},
    )
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder)
    return neurons, recorder


main()
