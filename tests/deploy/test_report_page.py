"""The report page: whole, safe and readable, also from a report with holes in it."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from spikeloom.deploy.quantities import format_count, format_quantity, format_range, format_share
from spikeloom.deploy.report.verdict import remarks, verdict
from spikeloom.deploy.report_page.page import render, resources

Parsed = Callable[[str], Any]


@pytest.fixture
def report() -> dict[str, Any]:
    stages = ("graph", 0.982, 450), ("network", 0.982, 450), ("integer", 0.967, 450), ("simulator", 0.967, 450)
    return {
        "model": {
            "name": "digits",
            "path": "models/zoo/digits.nir",
            "sha256": "26" * 32,
            "layers": [{"name": "lif1", "shape": [16, 8, 8], "neurons": 1024, "synapses": 9216, "depth": 1}],
        },
        "target": {"name": "loihi2", "description": "Loihi 2 (2021), one chip"},
        "cores": 2,
        "mapping": {"strategy": "sequential", "places": []},
        "ledger": [
            *(
                {"stage": stage, "accuracy": accuracy, "samples": samples, "spikes_per_sample": 123.4, "agreement": 1.0}
                for stage, accuracy, samples in stages
            ),
            {"stage": "lava", "accuracy": None, "samples": 10, "spikes_per_sample": 120.0, "agreement": 1.0},
        ],
        "quantization": [
            {
                "layer": "lif1",
                "threshold": 1000,
                "current_decay": 4096,
                "voltage_decay": 512,
                "bias_exponent": 3,
                "spike_agreement": 0.99,
                "projections": [
                    {"name": "a", "exponent": 2, "largest_weight": 254, "clipped_share": 0.0, "zeroed_share": 0.01}
                ],
            }
        ],
        "counts": {"spikes": 2775.5, "synaptic_operations": 123456, "neuron_updates": 1, "packets": 2, "hops": 3},
        "energy_per_sample": {"low": 1e-6, "nominal": 2e-6, "high": 3e-6},
        "latency_per_sample": {"low": 1e-5, "nominal": 2e-5, "high": 3e-5},
        "energy_terms": [
            {
                "term": "synaptic_operation_dense",
                "low": 1e-7,
                "nominal": 2e-7,
                "high": 3e-7,
                "source": "Davies 2018",
                "kind": "published",
            }
        ],
        "energy_accounts": {"dynamic_neurocore": {"low": 1e-6, "nominal": 2e-6, "high": 3e-6, "meaning": "cores only"}},
        "static_terms": [
            {
                "term": "static",
                "chips": 1,
                "low": 1e-6,
                "nominal": 2e-6,
                "high": 3e-6,
                "source": "S",
                "kind": "measured",
            }
        ],
        "step_time": {"low": 2e-7, "nominal": 4e-7, "high": 8e-7, "bound_by": {"work": "barrier", "share": 0.9}},
        "throughput": {"low": 1e3, "nominal": 2e3, "high": 3e3},
        "time_constants": [
            {"term": "spike", "low": 3e-9, "nominal": 3e-9, "high": 3e-9, "source": "interim", "kind": "derived"}
        ],
        "notes": ["Not included: the host."],
        "utilisation": [
            {"core": 0, "resource": "neurons", "used": 1024, "limit": 8192},
            {"core": 0, "resource": "memory", "used": 90, "limit": 100},
            {"core": 1, "resource": "neurons", "used": 522, "limit": 8192},
            {"core": 1, "resource": "axons", "used": 7, "limit": None},
        ],
        "layer_counts": {"lif1": {"spikes": 1824.7, "synaptic_operations": 7}},
        "warnings": ["'lif2' spikes 9.0 times a sample in integers, 3.0 times in float."],
        "assumptions": ["dt: 1e-4 s is assumed"],
        "versions": {"spikeloom": "0.1.0", "numpy": "2.4.6"},
        "seed": 0,
        "command": "spikeloom deploy digits --target loihi2",
    }


def test_the_page_says_what_the_report_says(report: dict[str, Any], parsed: Parsed) -> None:
    page = render(report)
    assert 'title="cores only"' in page
    text = parsed(page).text
    for expected in (
        "digits runs on 2 cores of Loihi 2", "96.7 %", "2 µJ", "1–3 µJ", "20 µs", "Davies 2018", "published", "90.0 %",
        "dt: 1e-4 s is assumed", "spikeloom deploy digits --target loihi2", "0.1.0", "26" * 32, "123,456",
        "16 × 8 × 8", "1.0 % zeroed", "'lif2' spikes 9.0 times", "Not included: the host.",
        "2,000 samples/s", "barrier", "interim",
    ):  # fmt: skip
        assert expected in text, expected


def test_the_page_needs_no_network_and_no_script(report: dict[str, Any], parsed: Parsed) -> None:
    page = render(report)
    read = parsed(page)
    assert all(place.startswith("#") and f'id="{place[1:]}"' in page for place in read.fetched)
    assert not {"script", "link", "img", "iframe"} & set(read.tags)
    assert not re.search(r"url\(|@import|https?://", page)


def test_the_page_suits_phones_the_dark_and_paper(report: dict[str, Any]) -> None:
    page = render(report)
    assert page.startswith("<!doctype html>")
    for feature in ("width=device-width", "prefers-color-scheme: dark", "@media print"):
        assert feature in page


def test_names_from_a_model_are_escaped(report: dict[str, Any], parsed: Parsed) -> None:
    attack = "<script>alert(1)</script>\"'&"
    report["model"] = {"name": attack, "path": attack, "layers": [{"name": attack, "shape": attack}]}
    report["assumptions"] = [attack]
    report["command"] = attack
    report["versions"] = {attack: attack}
    report["utilisation"][0]["resource"] = attack
    report["energy_terms"][0]["source"] = attack
    report["layer_counts"] = [{attack: attack}]
    report["warnings"] = [attack]
    report["energy_accounts"]["dynamic_neurocore"]["meaning"] = attack
    report["ledger"][0]["stage"] = attack
    page = render(report)
    assert "script" not in parsed(page).tags
    assert "&lt;script&gt;" in page


def test_any_key_may_be_missing(report: dict[str, Any]) -> None:
    for less in ({}, dict.fromkeys(report), *({n: v for n, v in report.items() if n != key} for key in report)):
        assert render(less).rstrip().endswith("</html>")


@pytest.mark.parametrize("key", ["ledger", "quantization", "energy_terms", "static_terms", "time_constants"])
def test_fields_of_rows_may_be_missing(report: dict[str, Any], key: str) -> None:
    for field in report[key][0]:
        rows = [{name: value for name, value in row.items() if name != field} for row in report[key]]
        assert render(report | {key: rows}).rstrip().endswith("</html>")
    assert render(report | {key: []}).rstrip().endswith("</html>")


def test_the_scarcest_resource_comes_first(report: dict[str, Any]) -> None:
    assert resources(report)[0].name == "memory"
    assert resources(report)[0].mean_share == pytest.approx(0.9)


def test_the_verdict_grows_with_what_is_known(report: dict[str, Any]) -> None:
    assert verdict(report) == (
        "digits runs on 2 cores of Loihi 2, answers 96.7 % of 450 samples correctly and takes an estimated 2 µJ "
        "(1–3 µJ) of dynamic energy and 20 µs per sample."
    )
    assert verdict({"model": {"name": "m"}, "target": {"name": "t"}, "cores": 1}) == "m runs on 1 core of t."


def test_remarks_name_the_stage_that_loses_and_a_disagreement(report: dict[str, Any]) -> None:
    loss, lava = remarks(report)
    assert "“in fixed point” loses most: 1.5 points" in loss
    assert "same spikes at every step of the 10 samples" in lava
    for row in report["ledger"][2:4]:
        row["accuracy"] = 0.982
    assert "stays the same" in remarks(report)[0]
    report["ledger"][-1]["agreement"] = 0.9
    assert "differ" in remarks(report)[1]


def test_quantities() -> None:
    assert [format_quantity(value, "J") for value in (0, 1.5e-9, 999.9e-6, 2, -2e-3)] == [
        "0 J", "1.5 nJ", "1 mJ", "2 J", "-2 mJ",
    ]  # fmt: skip
    assert format_quantity(float("nan"), "J") == format_quantity(None, "J") == "–"
    assert format_range({"low": 1e-6, "high": 1e-6}, "s") == "1 µs"
    assert format_range({}, "s") == "–"
    assert [format_share(value) for value in (0, 0.9822, 0.99999, 1, None)] == [
        "0.0 %", "98.2 %", ">99.9 %", "100 %", "–",
    ]  # fmt: skip
    assert [format_count(value) for value in (12345.6, 8.84, 8, None)] == ["12,346", "8.8", "8", "–"]
