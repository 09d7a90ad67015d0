"""Lava's fixed-point processes in its own runtime, a Dense and a LIF process a layer.

Each repetition builds and compiles the network anew; one silent step is run before the measured ones, so that Lava's
compilation and the start of its processes are not in the time.
"""

import dataclasses
import functools
import logging
import time

import numpy as np
from exchange import Call, write


def import_lava():
    """Lava's parts; under Python 3.11 and later, one of its modules only imports if dataclasses can be hashed."""
    plain = dataclasses.dataclass
    dataclasses.dataclass = functools.partial(plain, unsafe_hash=True)
    try:
        import lava.magma.compiler.var_model  # noqa: F401
    finally:
        dataclasses.dataclass = plain
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.dense.process import Dense
    from lava.proc.io.sink import RingBuffer as Sink
    from lava.proc.io.source import RingBuffer as Source
    from lava.proc.lif.process import LIF

    return RunSteps, Loihi2SimCfg, Dense, LIF, Source, Sink


def main():
    """Measure."""
    call = Call()
    workload = call.workload
    if workload.samples != 1:
        raise ValueError("one sample only: a Lava network has no reset from sample to sample")
    run_steps, run_config, dense, lif, source, sink = import_lava()
    lag = len(workload.sizes)  # steps from a spike of the input to the last layer
    steps = workload.steps + lag
    data = np.zeros((workload.inputs, steps + 1), dtype=np.int32)
    data[:, 1 : workload.steps + 1] = workload.input()[0].T
    setup, seconds, spikes = [], [], None
    for _ in range(call.repeats + 1):
        began = time.perf_counter()
        first = before = source(data=data)
        for layer, size in zip(workload.description["layers"], workload.sizes, strict=True):
            (operator,) = layer["operators"]
            weights = workload.arrays[operator["weights"]].astype(np.int32)
            synapses = dense(weights=weights)
            neurons = lif(shape=(size,), du=4095, dv=layer["decay"], vth=layer["threshold"], bias_mant=0)
            before.s_out.connect(synapses.s_in)
            synapses.a_out.connect(neurons.a_in)
            before = neurons
        end = sink(shape=(workload.sizes[-1],), buffer=steps + 1)
        before.s_out.connect(end.a_in)
        configuration = run_config(select_tag="fixed_pt")
        logging.disable(logging.WARNING)
        first.run(condition=run_steps(num_steps=1), run_cfg=configuration)
        setup.append(time.perf_counter() - began)
        began = time.perf_counter()
        first.run(condition=run_steps(num_steps=steps), run_cfg=configuration)
        seconds.append(time.perf_counter() - began)
        spikes = np.asarray(end.data.get())
        first.stop()
    found = spikes[:, 1:].T > 0
    found = found[found.shape[0] - workload.steps :]
    write(
        call,
        setup=float(np.median(setup)),
        first=seconds[0],
        seconds=seconds[1:],
        spikes=found[None],
        versions=["lava-nc"],
    )


if __name__ == "__main__":
    main()
