"""What happens over the steps, as figures: they are left out where there is nothing to see."""

from __future__ import annotations

from typing import Any

import pytest

from spikeloom.deploy.report_page.activity_figures import activity_figures, time_figure


def report(**changes: Any) -> dict[str, Any]:
    return {
        "model": {"layers": [{"name": "lif", "neurons": 4}]},
        "activity": {
            "steps": {"lif": [0.0, 2.0, 4.0]},
            "raster": {
                "sample": 0,
                "steps": 3,
                "layers": {"lif": {"neurons": [0, 3], "spikes": [[1], []], "shown_of": 4}},
            },
        },
        "step_time": {"by_step": [1e-6, 3e-6, 2e-6]},
        **changes,
    }  # fmt: skip


def test_rates_are_spikes_a_neuron_and_step() -> None:
    raster, rates = activity_figures(report())
    assert "lif: 2 of 4 neurons, 1 spike" in raster.svg
    for shown in ("0 at 0", "0.5 at 1", "1 at 2"):
        assert shown in rates.svg


def test_a_network_that_learns_has_no_raster() -> None:
    document = report()
    document["activity"]["raster"] = None
    assert [figure.name for figure in activity_figures(document)] == ["rates"]


def test_the_longest_step_is_named() -> None:
    figure = time_figure(report())
    assert figure is not None
    assert "the longest is step 1, 3 µs" in figure.caption


@pytest.mark.parametrize("times", [[], [1e-3, 1e-3]])
def test_steps_of_a_clock_need_no_figure(times: list[float]) -> None:
    assert time_figure(report(step_time={"by_step": times})) is None


def test_a_report_without_activity_has_no_figures() -> None:
    assert activity_figures({}) == ()
    assert time_figure({}) is None
