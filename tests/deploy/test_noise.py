"""The noise study: Algorithm 1 sample by sample, and every statistic against NumPy and SciPy."""

import csv
import json
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from spikeloom.backends.program import Program
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.configuration.configuration import configuration
from spikeloom.deploy.progress.progress import TerminalProgress
from spikeloom.deploy.studies.noise.breaking import NEVER, FrameNoise, break_samples
from spikeloom.deploy.studies.noise.findings import conclude_noise
from spikeloom.deploy.studies.noise.noise import Noise
from spikeloom.deploy.studies.noise.sums import BROKEN, CLEAN, LayerSums
from spikeloom.deploy.studies.study_run import StudyResult, run_study
from spikeloom.deploy.studies.subject import Subject, open_subject
from spikeloom.deploy.studies.workers import ThisProcess
from spikeloom.models.decision import decide
from spikeloom.models.errors import DataError, UnsupportedModelError
from spikeloom.models.input_code import InputCode

Array = NDArray[Any]
INPUTS, HIDDEN, CLASSES, STEPS, SAMPLES = 8, 12, 4, 12, 40
FIGURES = "mean", "skewness", "kurtosis_fisher", "kurtosis_pearson", "percentile_99", "pairs_above_0.9"


def write_network(file: Path) -> None:
    """Each class has two inputs and three hidden neurons of its own."""
    hidden, out = np.ones(HIDDEN), np.ones(CLASSES)
    first = 0.7 * (np.arange(HIDDEN)[:, np.newaxis] // 3 == np.arange(INPUTS) // 2)
    second = 0.6 * (np.arange(CLASSES)[:, np.newaxis] == np.arange(HIDDEN) // 3)
    spread = np.random.default_rng(1).uniform(0.7, 1.3, first.shape)
    nodes = {
        "input": nir.Input(input_type={"input": np.array([INPUTS])}),
        "fc1": nir.Linear(weight=first * spread),
        "lif1": nir.LIF(tau=5e-4 * hidden, r=5 * hidden, v_leak=0 * hidden, v_threshold=hidden, v_reset=0 * hidden),
        "fc2": nir.Linear(weight=second),
        "lif2": nir.LIF(tau=5e-4 * out, r=5 * out, v_leak=0 * out, v_threshold=out, v_reset=0 * out),
        "output": nir.Output(output_type={"output": np.array([CLASSES])}),
    }
    nir.write(file, nir.NIRGraph(nodes, list(pairwise(nodes))))


def write_data(file: Path) -> None:
    """The inputs of the class spike often, the others seldom."""
    random = np.random.default_rng(0)
    y = random.integers(0, CLASSES, SAMPLES)
    rates = np.where(np.arange(INPUTS) // 2 == y[:, np.newaxis], 0.7, 0.1)
    x = (random.random((SAMPLES, STEPS, INPUTS)) < rates[:, np.newaxis]).astype(np.uint8)
    np.savez(file, x=x, y=y)


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder = tmp_path_factory.mktemp("noise")
    write_network(folder / "net.nir")
    write_data(folder / "data.npz")
    config = configuration(None, calibration_samples=4)
    with TerminalProgress(hidden=True) as progress:
        return open_subject(str(folder / "net.nir"), "loihi2", folder / "data.npz", config, progress)


def with_data(subject: Subject, **changes: Any) -> Subject:
    return replace(subject, data=replace(subject.data, **changes))


def run(study: Noise, subject: Subject, out: Path) -> StudyResult:
    with TerminalProgress(hidden=True) as progress:
        return run_study(study, subject, out, ThisProcess(), progress)


def table(out: Path, name: str) -> list[dict[str, str]]:
    with (out / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def algorithm_1(program: Program, given: Array, number: int, right: int, noise: FrameNoise, seed: int) -> Any:
    """One sample, frame by frame, as it was published."""
    random = np.random.default_rng([seed, number])
    order = random.permutation(given.shape[0])
    given = given.copy()
    for replaced, frame in enumerate(order, 1):
        given[frame] = noise.frame(random, given.shape[1])
        answer = answered(program, given)
        if answer != right:
            return replaced, answer, given
    return NEVER, right, given


def answered(program: Program, given: Array) -> int:
    activity = simulator_of(program).run(given[np.newaxis]).activity[program.network.output]
    return int(decide(activity, program.decision)[0])


@lru_cache
def simulator_of(program: Program) -> Simulator:
    return Simulator(program.network)


def test_samples_break_as_in_the_published_algorithm(subject: Subject) -> None:
    program = subject.program
    noise = Noise().frame_noise(program)
    given = program.code.encode(subject.data.x)
    right = np.array([answered(program, one) for one in given])
    numbers = np.arange(SAMPLES)
    simulator = Simulator(program.network)
    found = break_samples(simulator, program.decision, given, numbers, right, noise, 3)
    for number in numbers.tolist():
        frames, answer, last = algorithm_1(program, given[number], number, int(right[number]), noise, 3)
        assert (found.frames[number], found.classes[number]) == (frames, answer)
        assert np.array_equal(found.given[number], last)
    assert np.count_nonzero(found.frames) > SAMPLES / 2 and np.unique(found.frames).size > 3
    some = np.array([2, 5, 31])
    alone = break_samples(simulator, program.decision, given[some], some, right[some], noise, 3)
    assert np.array_equal(alone.frames, found.frames[some]) and np.array_equal(alone.given, found.given[some])
    other = break_samples(simulator, program.decision, given, numbers, right, noise, 4)
    assert not np.array_equal(other.given, found.given)


def test_noise_keeps_to_the_values_that_it_may_have() -> None:
    random = np.random.default_rng(0)
    spikes = FrameNoise(0.0, 1.0, InputCode(1.0, True, 1, False), True).frame(random, 40_000)
    assert set(np.unique(spikes)) == {0, 1}
    assert spikes.mean() == pytest.approx(stats.norm.sf(0.5), abs=0.01)
    free = FrameNoise(2.0, 3.0, InputCode(10.0, False, 255, False), False).frame(random, 40_000)
    assert free.mean() == pytest.approx(20, abs=0.5) and free.std() == pytest.approx(30, abs=0.5)
    assert free.min() < 0


def test_every_figure_is_that_of_numpy_and_scipy(subject: Subject, tmp_path: Path) -> None:
    study = Noise(seed=7)
    result = run(study, subject, tmp_path)
    program, data = subject.program, subject.data
    assert data.y is not None
    noise = study.frame_noise(program)
    matrices: dict[tuple[str, str], list[Array]] = {}
    frames: dict[int, int] = {}
    for number, (x, label) in enumerate(zip(data.x, data.y.tolist(), strict=True)):
        given = program.code.encode(x)
        if answered(program, given) != label:
            continue
        frames[number], _, last = algorithm_1(program, given, number, label, noise, 7)
        for condition, entered in (("clean", given), ("broken", last)):
            activity = simulator_of(program).run(entered[np.newaxis], "all").activity
            for layer, trains in activity.items():
                if frames[number] != NEVER:
                    with np.errstate(invalid="ignore", divide="ignore"):
                        matrix = np.corrcoef(trains[0].T.astype(float))
                    matrices.setdefault((layer, condition), []).append(matrix)
    broken = [count for count in frames.values() if count != NEVER]
    assert len(broken) >= 10
    facts = result.document["facts"]
    assert facts["right_without_noise"] == len(frames) and facts["broken"] == len(broken)
    assert facts["median_frames_to_break"] == np.median(broken)
    rows = {int(row["sample"]): row["frames"] for row in table(tmp_path, "samples")}
    assert rows == {number: str(count or "") for number, count in frames.items()}
    for row in table(tmp_path, "survival"):
        left = sum(count == NEVER or count > int(row["frames_of_noise"]) for count in frames.values())
        assert int(row["samples_right"]) == left
    for (layer, condition), found in matrices.items():
        above = np.array(found)[:, *np.triu_indices(found[0].shape[0], 1)]
        counts = np.isfinite(above).sum(axis=0)
        means = np.nansum(above, axis=0)[counts > 0] / counts[counts > 0]
        averaged = facts["layers"][layer][condition]["averaged matrix"]
        check(averaged, means)
        assert averaged["pairs"] == means.size and averaged["pairs"] + averaged["pairs_undefined"] == counts.size
        singles = [
            row
            for row in table(tmp_path, "layers-of-samples")
            if (row["layer"], row["condition"]) == (layer, condition)
        ]
        assert len(singles) == len(found)
        for row, values in zip(singles, above, strict=True):
            check({name: float(row[name]) if row[name] else None for name in FIGURES}, values[np.isfinite(values)])


def check(found: dict[str, Any], values: Array) -> None:
    """All figures of a distribution."""
    if not values.size:
        assert [found[name] for name in FIGURES] == [None] * 5 + [0]
        return
    expected = {"mean": values.mean(), "percentile_99": np.percentile(values, 99)}
    if np.ptp(values) > 1e-6:
        expected |= {
            "skewness": stats.skew(values),
            "kurtosis_fisher": stats.kurtosis(values),
            "kurtosis_pearson": stats.kurtosis(values, fisher=False),
        }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-6, abs=1e-9), name
    assert found["pairs_above_0.9"] == np.count_nonzero(values > 0.9)


def test_results_depend_on_the_seed_and_not_on_how_they_were_shared_out(subject: Subject, tmp_path: Path) -> None:
    found = {}
    for name, study in {"a": Noise(block=7), "b": Noise(block=50), "c": Noise(seed=1)}.items():
        run(study, subject, tmp_path / name)
        found[name] = [(tmp_path / name / f"{kind}.csv").read_bytes() for kind in ("layers", "samples", "correlations")]
    assert found["a"] == found["b"] != found["c"]


def test_more_noise_breaks_samples_sooner(subject: Subject, tmp_path: Path) -> None:
    def never(spread: float) -> int:
        facts = run(Noise(spread=spread), subject, tmp_path / f"{spread}").document["facts"]
        return int(facts["never_broken"])

    assert never(0.01) > never(1.0)


def test_silent_layers_are_counted_and_give_no_nan(subject: Subject, tmp_path: Path) -> None:
    nothing = with_data(subject, x=np.zeros_like(subject.data.x), y=np.zeros(SAMPLES, dtype=np.int64))
    out = tmp_path / "study"
    result = run(Noise(mean=-10.0), nothing, out)
    text = (out / "study.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} in study.json"))
    assert "nan" not in (out / "layers.csv").read_text(encoding="utf-8").lower()
    rows = table(out, "layers")
    assert rows and all(row["pairs"] in {"0", "0.0"} and not row["mean"] for row in rows)
    assert all(float(row["silent_neurons"]) == int(row["neurons"]) for row in rows)
    assert "No sample breaks" in result.conclusion.sentences[0]
    assert "Nothing to show" in (out / "study.html").read_text(encoding="utf-8")


def test_without_labels_the_answer_before_noise_is_right(subject: Subject, tmp_path: Path) -> None:
    result = run(Noise(), with_data(subject, y=None), tmp_path)
    assert result.document["facts"]["right_without_noise"] == SAMPLES
    assert any("labels: the data has none" in note for note in result.document["assumptions"])


@pytest.mark.parametrize(("noisy", "verdict"), [("alike", "more alike, as published"), ("apart", "less alike, other")])
def test_the_verdict_follows_the_correlations(noisy: str, verdict: str) -> None:
    random = np.random.default_rng(0)
    apart = (random.random((20, 60, 6)) < 0.5).astype(np.int8)
    alike = np.where(random.random(apart.shape) < 0.05, 1 - apart[:, :, :1], apart[:, :, :1]).astype(np.int8)
    sums = LayerSums({"hidden": np.arange(6)})
    for number in range(20):
        before, after = (apart, alike) if noisy == "alike" else (alike, apart)
        sums.add(number, CLEAN, {"hidden": before[number]})
        sums.add(number, BROKEN, {"hidden": after[number]})
    samples = [{"sample": number, "right": 0, "frames": 1 + number % 3, "answer_then": 1} for number in range(20)]
    found = conclude_noise(
        samples, sums, steps=60, samples_in_all=20, labelled=True, watched="hidden", fewest=1, seed=0, assumptions=()
    )
    assert any(verdict in sentence for sentence in found.sentences)
    assert found.facts["mean_correlation_rises"]["hidden"]["rose"] == (20 if noisy == "alike" else 0)
    assert found.facts["median_frames_to_break"] == 2


def test_what_cannot_be_studied_is_refused(tmp_path: Path, subject: Subject) -> None:
    with pytest.raises(DataError, match=r"2 steps.*--steps"):
        run(Noise(), with_data(subject, x=subject.data.x[:, :2]), tmp_path / "short")
    assert subject.data.y is not None
    with pytest.raises(DataError, match="none of 40 samples is answered rightly"):
        run(Noise(), with_data(subject, y=np.full(SAMPLES, CLASSES)), tmp_path / "wrong")
    learning: Any = replace(subject, program=Learning(subject.program))  # type: ignore[arg-type]
    with pytest.raises(UnsupportedModelError, match="learns while it runs"):
        Noise().prepare(learning, TerminalProgress(hidden=True))


class Learning:
    """A program whose network has a projection that learns; nothing else of it is looked at."""

    def __init__(self, program: Program) -> None:
        self.network = Plastic(program.network)


class Plastic:
    def __init__(self, network: Any) -> None:
        self.plastic = network.projections[:1]
