"""Our simulator, in a process of its own like every peer.

Making the `Simulator` is set-up; the first run compiles, or reads what was compiled. Options: the row's letter and its
sizes as JSON. Where the row has a chip, each measured run makes the counters per core, link and step, too; the same
runs without them are measured after that.
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
    from simulator_gesture import compared

    from spikeloom.backends.counting import CoreCounting
    from spikeloom.backends.simulator.simulate import Simulator

    call = Call()
    row, sizes = call.options[0], json.loads(call.options[1])
    folder = call.workload.folder
    workload = simulator_workloads.make(row, sizes, folder)
    began = time.perf_counter()
    simulator = Simulator(workload.network)
    counting = None if workload.program is None else CoreCounting(workload.program)
    setup = time.perf_counter() - began

    def run():
        return simulator.run(workload.data, record="output")

    def run_counted(record="output"):
        simulation = simulator.run(workload.data, record=record, groups=counting.groups)
        return simulation, counting.counters(simulation.group_spikes, workload.data.shape[0])

    more = {}
    if counting is None:
        first, seconds, simulation = measured(run, call.repeats)
    else:
        first, seconds, (simulation, _) = measured(run_counted, call.repeats)
        _, more["uncounted"], _ = measured(run, call.repeats)
        whole, counters = run_counted("all")
        file = folder / simulator_workloads.GESTURE_NAME
        more["compared"] = [vars(one) for one in compared(workload.program, whole.activity, counters, file)]
    steps = workload.data.shape[0] * workload.data.shape[1]
    write(
        call,
        setup=setup,
        first=first,
        seconds=seconds,
        spikes=simulation.activity[workload.network.output],
        versions=["spikeloom", "numba", "numpy"],
        events=sum(int(simulation.spikes[name] @ fan_out) for name, fan_out in workload.fan_out().items()),
        rates={name: float(spikes.sum()) / spikes.size / steps for name, spikes in simulation.spikes.items()},
        neurons=sum(population.size for population in workload.network.populations if population.neuron is not None),
        **more,
    )


main()
