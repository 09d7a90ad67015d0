"""Decision times: answers as if stopped at each step, the cut-off, and the price of exactly the steps that are run."""

import csv
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from spikeloom.backends.counting import CoreCounting
from spikeloom.backends.estimate import estimate
from spikeloom.backends.sample_times import time_samples
from spikeloom.backends.simulator.simulate import Simulator
from spikeloom.deploy.configuration.configuration import configuration
from spikeloom.deploy.progress.progress import TerminalProgress
from spikeloom.deploy.studies.decision_time.answers import NEVER, Answers
from spikeloom.deploy.studies.decision_time.costs import SpikePrices, StoppedRuns
from spikeloom.deploy.studies.decision_time.cut_off import choose_step, choose_threshold, right_at, stops, thresholds
from spikeloom.deploy.studies.decision_time.decision_time import DecisionTime
from spikeloom.deploy.studies.options import make_study
from spikeloom.deploy.studies.study_run import StudyResult, run_study
from spikeloom.deploy.studies.subject import Subject, open_subject
from spikeloom.deploy.studies.workers import ThisProcess
from spikeloom.models.decision import Decision, decide
from spikeloom.models.errors import DataError, UsageError

Array = NDArray[Any]
INPUTS, HIDDEN, CLASSES, STEPS, SAMPLES = 6, 9, 3, 14, 60
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(2, 4))
ACTIVITY = arrays(np.int32, SHAPES, elements=st.integers(-3, 3))
GAPS = arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(2, 7)), elements=st.integers(0, 4))


@pytest.fixture(scope="module", params=["loihi2", "spinnaker1"])
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """Two layers that tell which third of the inputs spikes most; by both kinds of accounts."""
    folder, random = tmp_path_factory.mktemp("time"), np.random.default_rng(0)
    hidden, out = np.ones(HIDDEN), np.ones(CLASSES)
    first = (
        0.8
        * (np.arange(HIDDEN)[:, np.newaxis] // 3 == np.arange(INPUTS) // 2)
        * random.uniform(0.6, 1.4, (HIDDEN, INPUTS))
    )
    nodes = {
        "input": nir.Input(input_type={"input": np.array([INPUTS])}),
        "fc1": nir.Linear(weight=first),
        "lif1": nir.LIF(tau=5e-4 * hidden, r=5 * hidden, v_leak=0 * hidden, v_threshold=hidden, v_reset=0 * hidden),
        "fc2": nir.Linear(weight=0.6 * (np.arange(CLASSES)[:, np.newaxis] == np.arange(HIDDEN) // 3)),
        "lif2": nir.LIF(tau=5e-4 * out, r=5 * out, v_leak=0 * out, v_threshold=out, v_reset=0 * out),
        "output": nir.Output(output_type={"output": np.array([CLASSES])}),
    }  # fmt: skip
    nir.write(folder / "net.nir", nir.NIRGraph(nodes, list(pairwise(nodes))))
    y = random.integers(0, CLASSES, SAMPLES)
    rates = np.where(np.arange(INPUTS) // 2 == y[:, np.newaxis], 0.6, 0.25)
    np.savez(folder / "data.npz", x=random.random((SAMPLES, STEPS, INPUTS)) < rates[:, np.newaxis], y=y)
    config = configuration(None, calibration_samples=4)
    with TerminalProgress(hidden=True) as progress:
        return open_subject(str(folder / "net.nir"), request.param, folder / "data.npz", config, progress)


def run(study: DecisionTime, subject: Subject, out: Path) -> StudyResult:
    with TerminalProgress(hidden=True) as progress:
        return run_study(study, subject, out, ThisProcess(), progress)


def table(out: Path, name: str) -> list[dict[str, str]]:
    with (out / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@settings(max_examples=60, deadline=None)
@given(ACTIVITY, st.sampled_from(list(Decision)))
def test_the_answer_at_a_step_is_that_of_a_run_that_ends_there(activity: Array, decision: Decision) -> None:
    answers = Answers.of(activity, decision)
    for step in range(1, activity.shape[1] + 1):
        shorter = activity[:, :step]
        assert np.array_equal(answers.classes[:, step - 1], decide(shorter, decision))
        by_steps = {Decision.SUM: np.sum, Decision.MAXIMUM: np.max}
        scores = by_steps[decision](shorter, axis=1) if decision in by_steps else shorter[:, -1]
        ordered = np.sort(scores, axis=1)
        assert np.array_equal(answers.gaps[:, step - 1], ordered[:, -1] - ordered[:, -2])


def test_two_far_apart_values_do_not_wrap_around() -> None:
    activity = np.array([[[2**31 - 1, -(2**31)]]], dtype=np.int32)
    for decision in Decision:
        assert Answers.of(activity, decision).gaps.tolist() == [[2.0**32 - 1]]


@settings(max_examples=60, deadline=None)
@given(ACTIVITY)
def test_first_right_and_stable_steps_by_looking_at_each(activity: Array) -> None:
    answers = Answers.of(activity, Decision.SUM)
    samples, steps = answers.classes.shape
    right = np.arange(samples) % activity.shape[2]
    decided = np.where(answers.gaps > 0, answers.classes, -1)
    for sample in range(samples):
        hits = [step for step in range(steps) if decided[sample, step] == right[sample]]
        assert answers.first_right(right)[sample] == (hits[0] + 1 if hits else NEVER)
        final = decided[sample, -1]
        lasting = [step for step in range(steps) if final >= 0 and (decided[sample, step:] == final).all()]
        assert answers.stable_from()[sample] == (lasting[0] + 1 if lasting else NEVER)


@settings(max_examples=60, deadline=None)
@given(GAPS, st.integers(-1, 5))
def test_a_sample_stops_at_the_first_gap_above_the_threshold(gaps: Array, beta: int) -> None:
    for sample, step in zip(gaps, stops(gaps, beta), strict=True):
        before = sample[: step - 1]
        assert (before <= beta).all()
        assert sample[step - 1] > beta or step == len(sample)


@settings(max_examples=60, deadline=None)
@given(GAPS, st.data(), st.floats(0, 0.5))
def test_no_threshold_is_better_than_the_chosen_one(gaps: Array, data: st.DataObject, tolerance: float) -> None:
    right = data.draw(arrays(np.bool_, gaps.shape))
    least = right[:, -1].mean() - tolerance - 1e-9
    chosen = choose_threshold(gaps, right, tolerance)
    taken = stops(gaps, chosen)
    assert right_at(right, taken).mean() >= least
    for beta in (0, 0.5, 1, 1.5, 2, 3, 4, 99):
        other = stops(gaps, beta)
        assert right_at(right, other).mean() < least or other.mean() >= taken.mean()
    assert (stops(gaps, thresholds(gaps)[-1]) == gaps.shape[1]).all()
    step = choose_step(right, tolerance)
    assert right[:, step - 1].mean() >= least and (right[:, : step - 1].mean(axis=0) < least).all()


def test_a_stopped_run_costs_what_was_counted_until_then(subject: Subject) -> None:
    """Against the cost model on the spikes until the stop, with nothing after it."""
    program, counting = subject.program, CoreCounting(subject.program)
    priced = StoppedRuns(program, counting, SpikePrices.of(program, counting, None), None)
    depths = {part.name: part.depth for part in program.network.populations}
    last = depths[program.network.output]
    for sample in range(4):
        integers = program.code.encode(subject.data.x[sample : sample + 1])
        spikes = Simulator(program.network).run(integers, groups=counting.groups).group_spikes
        energy, time = priced.energy(spikes), priced.times(spikes)
        for step in range(1, program.steps + 1):
            done = {name: counts.copy() for name, counts in spikes.items()}
            for name, counts in done.items():
                counts[max(0, step + last - depths[name]) :] = 0
            counters = counting.counters(done, 1)
            cut = replace(
                counters,
                spikes=counters.spikes[: step + last],
                packets_out=counters.packets_out[: step + last],
                packets_in=counters.packets_in[: step + last],
                memory_reads=counters.memory_reads[: step + last],
                link_packets=counters.link_packets[: step + last],
                synaptic_operations={kind: part[: step + last] for kind, part in counters.synaptic_operations.items()},
            )
            costs = estimate(cut, program.mapping, program.target, period=program.period)
            assert energy[step - 1] == pytest.approx(list(costs.dynamic), rel=1e-9)
            assert time[step - 1] == pytest.approx(list(costs.latency), rel=1e-9)
        assert (np.diff(energy, axis=0) > 0).all() and (np.diff(time, axis=0) > 0).all()


def test_the_study_says_what_direct_runs_say(subject: Subject, tmp_path: Path) -> None:
    result = run(DecisionTime(block=17), subject, tmp_path)
    program, data = subject.program, subject.data
    integers = program.code.encode(data.x)
    counting, simulator = CoreCounting(program), Simulator(program.network)
    whole = simulator.run(integers, groups=counting.groups)
    activity = whole.activity[program.network.output]
    rows = table(tmp_path, "steps")
    assert [int(row["step"]) for row in rows] == list(range(1, STEPS + 1))
    for row in rows:
        classes = decide(activity[:, : int(row["step"])], program.decision)
        assert float(row["accuracy"]) == pytest.approx(np.mean(classes == data.y))
    counters = counting.counters(whole.group_spikes, SAMPLES)
    costs = estimate(counters, program.mapping, program.target, period=program.period)
    assert float(rows[-1]["energy"]) == pytest.approx(costs.dynamic.nominal, rel=1e-9)
    account = program.target.cost_set(None)
    times = time_samples(integers, counting, simulator, counters, program.mapping, program.target, account)
    assert float(rows[-1]["latency"]) == pytest.approx(times.mean.nominal, rel=1e-9)
    chosen = table(tmp_path, "cut-off")[0]
    assert (chosen["rule"], chosen["chosen_on"]) == ("cut-off", "odd samples")
    answers = Answers.of(activity, program.decision)
    taken = stops(answers.gaps, float(chosen["beta"]))[1::2]
    assert data.y is not None
    hit = answers.classes[np.arange(1, SAMPLES, 2), taken - 1] == data.y[1::2]
    assert float(chosen["accuracy"]) == pytest.approx(np.mean(hit))
    assert float(chosen["steps"]) == pytest.approx(taken.mean()) and int(chosen["samples"]) == SAMPLES // 2
    assert float(chosen["times_fewer_steps"]) == pytest.approx(STEPS / taken.mean())
    assert float(chosen["times_fewer_steps"]) > 1
    # Less than in proportion: what the layers before the output have done by then counts.
    assert 0 < float(chosen["energy_saved"]) < 1 - taken.mean() / (STEPS + 3)
    assert f"{float(chosen['times_fewer_steps']):.2f} times fewer steps" in result.conclusion.sentences[0]


def test_results_do_not_depend_on_how_they_were_shared_out(subject: Subject, tmp_path: Path) -> None:
    found = []
    for block in (7, 60):
        run(DecisionTime(block=block), subject, tmp_path / str(block))
        found.append([(tmp_path / str(block) / f"{name}.csv").read_bytes() for name in ("steps", "samples", "cut-off")])
    assert found[0] == found[1]


def test_a_given_threshold_is_told_by_all_samples(subject: Subject, tmp_path: Path) -> None:
    run(DecisionTime(beta=1e9), subject, tmp_path / "never")
    (row,) = table(tmp_path / "never", "cut-off")
    assert (row["chosen_on"], row["samples"], float(row["steps"])) == ("given", str(SAMPLES), STEPS)
    assert float(row["energy_saved"]) == 0 and row["accuracy"] == row["whole_accuracy"]
    with pytest.raises(UsageError, match="--beta"):
        make_study(DecisionTime, {"beta": "-1"})


def test_few_samples_and_missing_labels(subject: Subject, tmp_path: Path) -> None:
    few = replace(subject, data=replace(subject.data.first(10), y=None))
    result = run(DecisionTime(), few, tmp_path / "few")
    assert any("10 samples are too few to choose a cut-off" in sentence for sentence in result.conclusion.sentences)
    assert "cut-off" not in result.conclusion.tables
    assert float(table(tmp_path / "few", "steps")[-1]["accuracy"]) == 1  # as at the end
    with pytest.raises(DataError, match=r"1 step.*--steps"):
        run(DecisionTime(), replace(subject, data=replace(subject.data, x=subject.data.x[:, :1])), tmp_path / "short")
