"""Our simulator, in a process of its own like every peer.

Making the `Simulator` is set-up; the first run compiles, or reads what was compiled. Options: the row's letter and its
sizes as JSON. Where the row has a chip, each measured run makes the counters per core and step, too; the same runs
without them are measured after that.
"""

import json
import sys
import time
from pathlib import Path

from exchange import Call, measured, write

sys.path.append(str(Path(__file__).resolve().parents[1]))


def main():
    """Measure."""
    import simulator_workloads
    from simulator_gesture import compared, counted

    from spikeloom.backends.simulator.simulate import Simulator

    call = Call()
    row, sizes = call.options[0], json.loads(call.options[1])
    folder = call.workload.folder
    workload = simulator_workloads.make(row, sizes, folder)
    began = time.perf_counter()
    simulator = Simulator(workload.network)
    setup = time.perf_counter() - began

    def run():
        return simulator.run(workload.data, record="output")

    def run_counted():
        simulation = run()
        if workload.program is not None:
            counted(workload, simulation.spike_counts)
        return simulation

    first, seconds, simulation = measured(run_counted, call.repeats)
    more = {}
    if workload.program is not None:
        _, more["uncounted"], _ = measured(run, call.repeats)
        file = folder / simulator_workloads.GESTURE_NAME
        more["compared"] = [vars(one) for one in compared(workload, simulation.spike_counts, file)]
    totals = {name: counts.sum(axis=0) for name, counts in simulation.spike_counts.items()}
    steps = workload.data.shape[0] * workload.data.shape[1]
    write(
        call,
        setup=setup,
        first=first,
        seconds=seconds,
        spikes=simulation.activity[workload.network.output],
        versions=["spikeloom", "numba", "numpy"],
        events=sum(int((totals[name] * fan_out).sum()) for name, fan_out in workload.fan_out().items()),
        rates={name: float(counts.sum()) / counts.size / steps for name, counts in totals.items()},
        neurons=sum(population.size for population in workload.network.populations if population.neuron is not None),
        **more,
    )


main()
