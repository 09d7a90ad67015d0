"""The ledger counts what is there: accuracy, spikes, agreement, mismatches."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spikeloom.deploy.confidence import wilson_interval
from spikeloom.deploy.ledger import Tally
from spikeloom.deploy.report.blame import blame
from spikeloom.deploy.report_page.layer_table import layer_rows
from spikeloom.models.connectivity import Dense
from spikeloom.models.decision import Decision
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import LeakyIntegrateAndFire


@pytest.fixture
def tally():
    """For an input of 2, three hidden neurons and two that integrate."""
    one, zero = np.ones(()), np.zeros(())
    spiking, reading = (LeakyIntegrateAndFire(zero, one, one, one, one, zero, spiking=kind) for kind in (True, False))
    network = Network(
        (
            Population("input", (2,), Role.INPUT, None, 0),
            Population("hidden", (3,), Role.NEURON, spiking, 1),
            Population("out", (2,), Role.NEURON, reading, 2),
        ),
        (
            Projection("a", "input", "hidden", Dense(np.ones((3, 2)))),
            Projection("b", "hidden", "out", Dense(np.ones((2, 3)))),
        ),
        "out",
    )
    return Tally("simulator", network, Decision.LAST)


def activity(hidden, out, dtype=np.int32):
    """(samples, steps, neurons) from lists."""
    return {"hidden": np.array(hidden, dtype=np.int8), "out": np.array(out, dtype=dtype)}


FIRST = activity([[[1, 0, 1], [0, 0, 1]], [[0, 0, 0], [1, 1, 1]]], [[[0, 0], [5, 2]], [[0, 0], [5, 2]]])
OTHER = activity([[[1, 1, 0], [0, 0, 1]], [[0, 0, 0], [1, 1, 1]]], [[[0, 0], [5, 3]], [[0, 0], [5, 2]]])


def test_the_first_stage_is_compared_with_nothing(tally):
    tally.add(FIRST, np.array([0, 1]), None)
    entry = tally.entry()
    assert (entry.stage, entry.accuracy, entry.samples) == ("simulator", 0.5, 2)
    assert (entry.agreement, entry.mismatched_spikes) == (None, None)
    assert entry.layers == {"hidden": 3.0}
    assert entry.spikes_per_sample == 3.0
    assert entry.as_dict()["stage"] == "simulator"


def test_what_differs_is_counted(tally):
    tally.add(OTHER, None, FIRST)
    entry = tally.entry()
    assert entry.accuracy is None
    assert entry.mismatched_spikes == 3  # two spikes, one potential
    spikes, potentials = (5, 7), (7, 8)  # in common, in either
    assert entry.agreement == (spikes[0] + potentials[0]) / (spikes[1] + potentials[1])


def test_the_same_agrees_wholly_and_silence_too(tally):
    tally.add(FIRST, None, FIRST)
    assert (tally.entry().agreement, tally.entry().mismatched_spikes) == (1.0, 0)


def test_float_potentials_are_left_out(tally):
    tally.add(FIRST, None, activity(FIRST["hidden"], FIRST["out"] / 3, dtype=float))
    assert (tally.entry().agreement, tally.entry().mismatched_spikes) == (1.0, 0)


def test_batches_add_up(tally):
    for sample in range(2):
        part = {name: values[sample : sample + 1] for name, values in OTHER.items()}
        before = {name: values[sample : sample + 1] for name, values in FIRST.items()}
        tally.add(part, np.array([0]), before)
    assert (tally.entry().samples, tally.entry().accuracy, tally.entry().mismatched_spikes) == (2, 1.0, 3)
    assert tally.entry().wrong_samples == ()


@pytest.mark.parametrize("at_once", [True, False])
def test_wrong_samples_are_named(tally, at_once):
    for samples in [slice(0, 2)] if at_once else [slice(0, 1), slice(1, 2)]:
        tally.add({name: values[samples] for name, values in OTHER.items()}, np.array([0, 1])[samples], None)
    assert tally.entry().wrong_samples == (1,)
    assert tally.entry().as_dict()["wrong_samples"] == [1]


def test_the_stage_before_may_have_more_samples_and_fewer_populations(tally):
    part = {name: values[:1] for name, values in FIRST.items()}
    tally.add(part, None, {"hidden": FIRST["hidden"]})
    assert (tally.entry().samples, tally.entry().mismatched_spikes) == (1, 0)


def test_every_layer_has_its_figures(tally):
    tally.add(OTHER, np.array([1, 1]), FIRST)
    layers = tally.entry({"hidden": {"current": 2}}, {"hidden": (0.1, 0.2)}).by_layer
    hidden, out = layers["hidden"], layers["out"]
    assert (hidden.rate, out.rate) == (6 / 12, None)
    assert (hidden.agreement, hidden.mismatched) == (5 / 7, 2)
    assert (out.agreement, out.mismatched) == (7 / 8, 1)
    assert (hidden.overflows, out.overflows) == ({"current": 2}, {})
    assert (hidden.clipped_share, hidden.zeroed_share, out.clipped_share) == (0.1, 0.2, None)
    assert json.loads(json.dumps(tally.entry().as_dict())) == tally.entry().as_dict()


def test_the_first_stage_has_nothing_to_compare(tally):
    tally.add(FIRST, None, None)
    entry = tally.entry()
    assert (entry.accuracy_interval, entry.first_divergence, entry.wrong_samples) == (None, None, None)
    assert {(layer.agreement, layer.mismatched, layer.overflows) for layer in entry.by_layer.values()} == {(None,) * 3}


@pytest.mark.parametrize(
    ("hidden", "out", "expected"),
    [
        ([(1, 1, 0)], [(0, 0, 0)], ("out", 0, 0)),  # the earlier step wins, not the earlier layer
        ([(1, 1, 0)], [(0, 1, 0)], ("hidden", 1, 1)),  # at the same step, the earlier layer
        ([(1, 0, 2), (0, 0, 1)], [], ("hidden", 0, 0)),
        ([], [], None),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_the_first_divergence(tally, hidden, out, expected, at_once):
    changed = {name: values.copy() for name, values in FIRST.items()}
    for name, places in (("hidden", hidden), ("out", out)):
        for place in places:
            changed[name][place] = 1 - changed[name][place]
    for samples in [slice(0, 2)] if at_once else [slice(0, 1), slice(1, 2)]:
        part, before = ({name: values[samples] for name, values in each.items()} for each in (changed, FIRST))
        tally.add(part, None, before)
    found = tally.entry().first_divergence
    assert (found and (found.layer, found.step, found.sample)) == expected


def test_spikes_in_float_and_in_integers_are_compared_where_they_are_zero(tally):
    tally.layers["out"].eventful = True  # graded spikes
    tally.add(FIRST, None, activity(FIRST["hidden"], np.array([[[0, 0], [0.3, 0]], [[0, 0], [0.3, 0.1]]]), dtype=float))
    out = tally.entry().by_layer["out"]
    assert (out.agreement, out.mismatched) == (3 / 4, 1)
    assert tally.entry().first_divergence.sample == 0


@pytest.mark.parametrize(
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
    ("hits", "samples", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_published_one(hits, samples, low, high):
    assert wilson_interval(hits, samples) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(samples - hits, samples) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_the_interval_solves_its_equation():
    """Its ends are the shares from which the one seen is 1.96 standard errors away."""
    for hits, samples in ((3, 10), (450, 579), (9990, 10000)):
        for end in wilson_interval(hits, samples):
            assert abs(hits / samples - end) == pytest.approx(1.959964 * (end * (1 - end) / samples) ** 0.5, rel=1e-5)


def test_no_share_has_no_interval():
    for hits, samples in ((1, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="no share"):
            wilson_interval(hits, samples)


ROW = {"layer": "lif2", "same_class": 0.9, "accuracy": 0.8, "agreement": 0.5, "spike_ratio": 3.0, "overflows": 1200}


def test_the_sentence_about_the_worst_layer():
    rows = [{"layer": "lif1", "same_class": 0.95, "agreement": 0.2}, {**ROW, "zeroed_share": 0.3}]
    sentence = blame({"samples": 50, "accuracy": 0.9, "integer_accuracy": 0.7, "layers": rows})
    assert sentence == (
        "Layer 'lif2' costs most: alone in fixed point it changes the class of 10.0 % of 50 samples and the accuracy "
        "by \u221210.0 points (all layers together: \u221220.0 points); it keeps 50.0 % of its spikes; it spikes 3 "
        "times as often as in float; 30.0 % of its weights became zero; its sums leave the chip's widths 1,200 times."
    )
    gains = blame({"samples": 50, "accuracy": 0.7, "layers": rows})
    assert gains.startswith("Layer 'lif2' changes most")


def test_the_sentence_where_no_class_changes():
    same = {**ROW, "same_class": 1.0}
    assert "'lif2' changes most: it keeps 50.0 %" in blame({"samples": 50, "layers": [same]})
    faithful = {**same, "agreement": 0.95}
    assert blame({"samples": 50, "layers": [faithful]}).endswith("the class of any of 50 samples.")


def test_the_rounding_of_the_data_may_be_to_blame():
    rounded = {"layer": "input", "same_class": 0.5, "accuracy": None}
    sentence = blame({"samples": 50, "layers": [ROW], "rounded_input": rounded})
    assert sentence == (
        "The rounding of the data changes most: alone in fixed point it changes the class of 50.0 % of 50 samples."
    )


@pytest.mark.parametrize("missing", [*ROW])
def test_fields_of_the_attribution_may_be_missing(missing):
    row = {name: value for name, value in ROW.items() if name != missing}
    report = {"attribution": {"samples": 5, "layers": [row]}, "ledger": [{"stage": "integer", "by_layer": {"a": None}}]}
    assert blame(report["attribution"]) is not None or missing == "same_class"
    assert [entry.layer for entry in layer_rows(report)] == ["a"]


def test_no_attribution_no_sentence():
    assert blame({}) is None
    assert layer_rows({}) == ()
