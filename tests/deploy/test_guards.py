"""Guards stop what nobody would want, name it, and can be waived one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spikeloom.deploy.attribution import Attribution, LayerCost
from spikeloom.deploy.configuration.configuration import Configuration, configuration
from spikeloom.deploy.guards import guard
from spikeloom.deploy.ledger import Entry, LayerEntry
from spikeloom.models.errors import GuardError, UsageError

LAYERS = {"first": 12.0, "second": 3.0}


def entry(stage, accuracy=0.9, samples=100, rates=(0.2, 0.1), layers=LAYERS):
    by_layer = {name: LayerEntry(rate) for name, rate in zip(layers, rates, strict=True)}
    return Entry(stage, accuracy, samples, sum(layers.values()), None, layers, None, None, by_layer)


def entries(first=None, **simulator):
    """All stages alike but for the simulator, and for the first one where it is given."""
    stages = [entry(stage) for stage in ("graph", "network", "integer")]
    return (*(stages if first is None else [first, *stages[1:]]), entry("simulator", **simulator))


def stopped(found, *words, overflows=None, attribution=None, **options):
    with pytest.raises(GuardError) as error:
        guard(found, overflows or {}, attribution, Configuration(**options))
    assert error.value.exit_code == 5
    for word in words:
        assert word in str(error.value), str(error.value)
    return str(error.value)


def test_a_deployment_that_is_as_in_float_passes():
    assert guard(entries(), {"first": {"current": 0, "voltage_at_reset": 7}}, None, Configuration()) == ()


def test_a_layer_that_falls_silent_is_named():
    silent = entries(layers={"first": 12.0, "second": 0.0})
    message = stopped(silent, "silenced 'second' (3 spikes a sample", "--allow silent")
    assert "'first'" not in message
    assert "\n" not in message
    (waived,) = guard(silent, {}, None, Configuration(allow=("silent",)))
    assert waived.startswith("Waived (silent): ")
    assert "'second'" in waived
    assert "--allow" not in waived


def test_a_layer_that_hardly_spikes_in_float_may_fall_silent():
    few = tuple(replace(stage, samples=3) for stage in entries(layers={"first": 12.0, "second": 0.0}))
    assert guard(few, {}, None, Configuration()) == ()


def test_a_layer_that_fires_at_every_step_is_named():
    stopped(entries(rates=(0.2, 0.995)), "'second' (99.5%", "in float 10.0%", "--allow saturated")
    assert guard(entries(rates=(0.2, 0.985)), {}, None, Configuration()) == ()
    assert len(guard(entries(rates=(0.2, 1.0)), {}, None, Configuration(allow=("saturated",)))) == 1


def test_a_layer_that_fires_at_every_step_in_float_too_is_no_fault():
    stages = [entry("graph"), entry("network", rates=(0.2, 0.95)), entry("integer"), entry("simulator", rates=(0.2, 1))]
    assert guard(stages, {}, None, Configuration()) == ()


def test_an_overflow_in_calibration_is_named():
    counts = {"first": {"current": 0, "voltage": 0}, "second": {"current": 3, "voltage": 1200}}
    message = stopped(
        entries(), "'second' (current 3 times, voltage 1,200 times)", "--allow overflow", overflows=counts
    )
    assert "'first'" not in message
    assert len(guard(entries(), counts, None, Configuration(allow=("overflow",)))) == 1


@pytest.mark.parametrize(
    ("accuracy", "samples", "limit", "stops"),
    [
        (0.88, 100, 0.02, False),  # exactly the limit
        (0.87, 100, 0.02, True),
        (0.87, 100, 0.05, False),
        (0.899, 1000, 0.0, False),  # a single sample
        (0.898, 1000, 0.0, True),
        (0.8, 10, 0.02, False),  # ten points, and yet a single sample of ten: 0.9 to 0.8
        (0.7, 10, 0.02, True),
        (0.95, 100, 0.0, False),
        (None, 100, 0.0, False),
    ],
)
def test_the_accuracy_that_may_be_lost(accuracy, samples, limit, stops):
    stages = entries(accuracy=accuracy, samples=samples)
    if stops:
        stopped(stages, "90.0% (graph)", "(simulator)", "--max-loss", "--allow loss", max_loss=limit)
        assert len(guard(stages, {}, None, Configuration(max_loss=limit, allow=("loss",)))) == 1
    else:
        assert guard(stages, {}, None, Configuration(max_loss=limit)) == ()


def test_a_loss_names_the_layer_and_why():
    costs = (LayerCost("first", 0.9, 1.0, 0.97), LayerCost("second", 0.6, 0.65, 0.3, 0.2, 0, 0.0, 0.4))
    stages = [replace(stage, accuracy=0.6) if stage.stage != "graph" else stage for stage in entries()]
    stages[1] = replace(stages[1], accuracy=0.9)
    stopped(stages, "'second' costs most", "35.0 %", "40.0 % of its weights became zero",
            attribution=Attribution(100, 0.9, 0.6, 0.6, costs))  # fmt: skip


def test_a_loss_in_conversion_is_not_laid_on_quantization():
    ordinary = Entry("ordinary", 0.97, 100, 0.0, None, {}, None)
    costs = (LayerCost("first", 0.7, 0.99, 0.97), LayerCost("second", 0.7, 0.98, 0.9))
    converted = [entry(stage, 0.7) for stage in ("converted", "network", "integer", "simulator")]
    message = stopped(
        [ordinary, *converted], "97.0% (ordinary)", "--steps", attribution=Attribution(100, 0.7, 0.7, 0.98, costs)
    )
    assert "'second'" not in message


def test_all_that_is_found_is_told_at_once():
    bad = entries(accuracy=0.5, layers={"first": 12.0, "second": 0.0})
    counts = {"first": {"current": 1}}
    message = stopped(bad, "3 guards", "--allow silent", "--allow overflow", "--allow loss", overflows=counts)
    assert len(message.splitlines()) == 4
    stopped(bad, "2 guards", overflows=counts, allow=("loss",))
    assert len(guard(bad, counts, None, Configuration(allow=("loss", "silent", "overflow")))) == 3


def test_the_minimum_of_accuracy_is_not_waived():
    everything = ("silent", "saturated", "loss", "overflow")
    stopped(entries(), "below the minimum of 95.0%", min_accuracy=0.95, allow=everything)
    assert guard(entries(), {}, None, Configuration(min_accuracy=0.9)) == ()


def test_guards_in_the_configuration(tmp_path):
    file = tmp_path / "guards.yaml"
    file.write_text("max_loss: 0.1\nallow: [loss, overflow]\n")
    assert (configuration(file).max_loss, configuration(file).allow) == (0.1, ("loss", "overflow"))
    with pytest.raises(UsageError, match=r"--allow cannot be .*'everything'"):
        configuration(None, allow=["loss", "everything"])
