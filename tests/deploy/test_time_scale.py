"""The study of time scales: the same recordings at other integration times, matched networks, and the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from spikeloom.deploy.confidence import wilson_interval
from spikeloom.deploy.progress.progress import Quiet
from spikeloom.deploy.studies.options import make_study
from spikeloom.deploy.studies.study_run import run_study
from spikeloom.deploy.studies.time_scale.findings import (
    TimeScaleFacts,
    conclude_time_scale,
    kept_accuracy,
    summarized,
)
from spikeloom.deploy.studies.time_scale.networks import RECURRENT, matched_units
from spikeloom.deploy.studies.time_scale.time_scale import TimeScale
from spikeloom.deploy.studies.workers import ThisProcess
from spikeloom.models.errors import UsageError
from spikeloom.models.training.ordinary_networks import Recurrence, RecurrentNetwork

TIMES = (1000, 2000, 3000, 5000, 10000)


def facts() -> TimeScaleFacts:
    return TimeScaleFacts("moving-digits", "generated", 10, 100, 3000, TIMES, 0.1, "loihi2")


def observed(network: str, accuracies: list[float], *, spiking: bool = True, repeat: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "network": network, "repeat": repeat, "spiking": spiking, "parameters": 100, "integration": time,
            "factor": time / 3000, "steps": 300_000 // time, "samples": 100, "float_accuracy": accuracy,
            "accuracy": accuracy - 0.02 if spiking else None, "spikes": 50.0 if spiking else None,
        }
        for time, accuracy in zip(TIMES, accuracies, strict=True)
    ]  # fmt: skip


def test_the_published_times_are_the_default() -> None:
    study = make_study(TimeScale, {})
    assert isinstance(study, TimeScale)
    assert tuple(study._times()) == TIMES
    other = make_study(TimeScale, {"factors": "0.5,4", "integration": 1000})
    assert isinstance(other, TimeScale) and other._times() == [500, 1000, 4000]  # that of training is always there


def test_the_names_of_recurrent_networks_are_those_of_training() -> None:
    assert set(RECURRENT) == {str(kind) for kind in Recurrence}


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(RECURRENT), st.integers(1, 300), st.integers(4, 80), st.integers(2, 12))
def test_matched_networks_have_as_many_parameters_as_units_allow(
    kind: str, inputs: int, hidden: int, classes: int
) -> None:
    units = matched_units(kind, inputs, hidden, classes)
    wanted = hidden * (inputs + 1) + classes * (hidden + 1)

    def away(units: int) -> int:
        network = RecurrentNetwork(kind, (inputs,), (units,), classes)
        return abs(sum(values.numel() for values in network.parameters()) - wanted)

    assert away(units) <= away(units + 1) and (units == 1 or away(units) <= away(units - 1))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"networks": "baseline,transformer"}, "there is no variant 'transformer'"),
        ({"factors": "1/0"}, "numbers or fractions"),
        ({"factors": "-1,2"}, "above 0"),
        ({"networks": ""}, "at least one network"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        make_study(TimeScale, options)


def test_data_that_is_no_event_stream_is_refused() -> None:
    study = make_study(TimeScale, {"dataset": "digits"})
    with pytest.raises(UsageError, match="no event streams"):
        study.prepare(None, Quiet())


def test_summaries_pool_repeats_and_keep_the_chip_apart_from_float() -> None:
    rows = observed("baseline", [0.5] * 5) + observed("baseline", [0.7] * 5, repeat=1)
    first = summarized(rows)[0]
    assert first["float_accuracy"] == pytest.approx(0.6) and first["accuracy"] == pytest.approx(0.58)
    assert (first["accuracy_low"], first["accuracy_high"]) == pytest.approx(wilson_interval(116, 200))
    ordinary = summarized(observed("gru", [0.5] * 5, spiking=False))[0]
    assert ordinary["accuracy"] is None and ordinary["spikes"] is None


def test_what_is_kept_is_told_by_the_chip_where_there_is_one() -> None:
    rows = observed("baseline", [0.6, 0.8, 0.9, 0.85, 0.7]) + observed("gru", [0.2, 0.5, 0.9, 0.5, 0.1], spiking=False)
    kept = {row["network"]: row for row in kept_accuracy(summarized(rows), 3000)}
    assert kept["baseline"]["as_trained"] == pytest.approx(0.88)
    assert kept["baseline"]["mean_elsewhere"] == pytest.approx(np.mean([0.58, 0.78, 0.83, 0.68]))
    assert (kept["baseline"]["worst"], kept["baseline"]["worst_integration"]) == (pytest.approx(0.58), 1000)
    assert (kept["gru"]["worst"], kept["gru"]["worst_integration"]) == (pytest.approx(0.1), 10000)


def test_the_verdict_goes_either_way() -> None:
    good, bad = [0.8, 0.85, 0.9, 0.88, 0.85], [0.2, 0.5, 0.9, 0.5, 0.1]
    as_published = observed("baseline", good) + observed("recurrence", bad) + observed("lstm", bad, spiking=False)
    told = conclude_time_scale(as_published + observed("no-reset", good), facts()).sentences
    assert told[0].startswith("Networks that spike lose less") and ", as published" in told[0]
    assert any("Recurrence impairs it, as published" in sentence for sentence in told)
    other = observed("baseline", bad) + observed("recurrence", good) + observed("lstm", good, spiking=False)
    told = conclude_time_scale(other, facts()).sentences
    assert told[0].startswith("Networks that spike lose no less") and "other than published" in told[0]
    assert any("does not impair it, other than published" in sentence for sentence in told)


def test_a_study_trains_once_and_tests_at_every_time(tmp_path: Path) -> None:
    options = {"networks": "baseline,gru", "training_samples": 40, "test_samples": 20, "epochs": 1, "hidden": 12,
               "factors": "2,10/3", "integration": 15_000}  # fmt: skip
    result = run_study(make_study(TimeScale, options), None, tmp_path / "study", ThisProcess(), Quiet())
    rows = result.conclusion.tables["tests"]
    assert [row["integration"] for row in rows] == [15_000, 30_000, 50_000] * 2
    assert [row["steps"] for row in rows] == [20, 10, 6] * 2
    assert all((row["accuracy"] is not None) == (row["network"] == "baseline") for row in rows)
    assert len({row["parameters"] for row in rows}) == 2
    spiking, ordinary = rows[0]["parameters"], rows[3]["parameters"]
    assert abs(ordinary - spiking) < 0.2 * spiking
    assert {figure.name for figure in result.conclusion.figures} == {"time-scale", "time-scale-float", "kept"}


def test_other_recordings_under_the_same_names_make_it_another_study(tmp_path: Path) -> None:
    def write(unit: int) -> None:
        for part in ("train", "test"):
            with h5py.File(tmp_path / f"shd_{part}.h5", "w") as file:
                for name, rows, kind in (("times", (0.5, 0.25), np.float16), ("units", (7, unit), np.uint16)):
                    held = file.create_dataset(f"spikes/{name}", (2,), h5py.vlen_dtype(kind))
                    for index, value in enumerate(rows):
                        held[index] = np.array([value], dtype=kind)
                file["labels"] = np.array([0, 1], dtype=np.uint16)

    options = {"dataset": "shd", "folder": str(tmp_path), "training_samples": 2, "test_samples": 2}
    study = make_study(TimeScale, options)
    assert isinstance(study, TimeScale)
    found = []
    for unit in (9, 9, 10):
        write(unit)
        found.append(study.depends_on(study.prepare(None, Quiet())))
    assert found[0] == found[1] != found[2]
