"""How the simulator fares with a network of the size of a whole chip system: VGG-16 at 224 x 224, integrate-and-fire.

    python benchmarks/simulator_scale.py [--size 224] [--steps 8] [--samples 1] [--rate 0.3] [--out build/scale]

Prints a table and writes `scale.json`: neurons and synapses, seconds of the first run and of another one, events, and
the memory that the process took at most. The goal is that 15 million neurons take less than 8 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from mapping_networks import vgg16
from rich.console import Console
from rich.progress import Progress

from spikeloom.backends.simulator.simulate import Simulator

MEMORY_GOAL = 8.0  # GB


def peak_memory() -> float:
    """GB that this process took at most."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def measure(size: int, samples: int, steps: int, rate: float) -> dict[str, Any]:
    """Build and run.

    Parameters
    ----------
    size : rows and columns of the image, a multiple of 32.
    rate : spikes of an input and step.
    """
    network = vgg16(size)
    data = np.random.default_rng(0).random((samples, steps, network.input.size)) < rate
    built = peak_memory()
    simulator = Simulator(network)
    seconds = []
    with Progress(console=Console(stderr=True)) as progress:
        for run in ("first run", "second run"):
            task = progress.add_task(run, total=samples)
            began = time.perf_counter()
            simulation = simulator.run(data, progress=lambda done, task=task: progress.advance(task, done))
            seconds.append(time.perf_counter() - began)
    memory = peak_memory()
    return {
        "neurons": sum(population.size for population in network.populations if population.neuron is not None),
        "synapses": sum(projection.connectivity.synapses() for projection in network.projections),
        "weights": sum(projection.connectivity.weights.size for projection in network.projections),
        "samples": samples,
        "steps": steps,
        "first run, s": seconds[0],
        "second run, s": seconds[1],
        "spikes": sum(int(spikes.sum()) for spikes in simulation.spikes.values()),
        "memory before the simulator, GB": built,
        "memory, GB": memory,  # to count the synapses would take more
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="VGG-16 in the simulator.")
    parser.add_argument("--size", type=int, default=224, help="rows and columns of the image, a multiple of 32")
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rate", type=float, default=0.3, help="spikes of an input and step")
    parser.add_argument("--out", type=Path, default=Path("build") / "scale")
    options = parser.parse_args()
    found = measure(options.size, options.samples, options.steps, options.rate)
    print("| VGG-16 | |\n|---|---|")
    for name, value in found.items():
        print(f"| {name} | {f'{value:,}' if isinstance(value, int) else f'{value:.3g}'} |")
    reached = "yes" if found["memory, GB"] < MEMORY_GOAL else "no"
    print(f"\nless than {MEMORY_GOAL:g} GB: {reached}")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "scale.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
