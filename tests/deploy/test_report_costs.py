"""What a report's page and summary say of costs: energy by layer, real time, SpiNNaker, the network without spikes."""

import copy
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from spikeloom.deploy.quantities import format_count, format_quantity, format_range, format_share
from spikeloom.deploy.report.keeping_up import real_time_remark
from spikeloom.deploy.report.verdict import final_stage, remarks
from spikeloom.deploy.report_page.energy_table import ALL_LAYERS, COLUMNS, energy_rows
from spikeloom.deploy.report_page.page import render
from spikeloom.deploy.summary import print_summary

Report = dict[str, Any]
Parsed = Callable[[str], Any]
NAMES = {
    "dynamic_neurocore": "dynamic energy of the cores", "chip_total": "chip total", "system_total": "system total",
}  # fmt: skip
ATTACK = "<script>alert(1)</script>\"'&"
SECTIONS = (
    "energy_accounts", "other_accounts", "energy_terms", "static_terms", "system_terms", "energy_breakdown",
    "step_time", "latency_of_samples", "baseline", "neurobench", "spinnaker1", "spinnaker2",
)  # fmt: skip


@pytest.fixture(params=["loihi2", "spinnaker1", "spinnaker2"])
def report(request: pytest.FixtureRequest, several_targets: Path) -> Report:
    return read(several_targets, request.param)


def read(several_targets: Path, target: str) -> Report:
    document: Report = json.loads((several_targets / target / "report.json").read_text(encoding="utf-8"))
    return document


def hostile(value: Any) -> Any:
    """The same section with an attack in place of every string, and as one more key of every mapping of mappings."""
    if isinstance(value, dict):
        parts = {key: hostile(part) for key, part in value.items()}
        sections = [part for part in parts.values() if isinstance(part, dict)]
        return parts | {ATTACK: sections[0]} if sections else parts
    if isinstance(value, list):
        return [hostile(part) for part in value]
    return ATTACK if isinstance(value, str) else value


def holes(value: Any) -> list[Any]:
    """The same section, each time with one key less, at any depth; of lists, with the first entry only."""
    if isinstance(value, list):
        return [[hole] for hole in holes(value[0])] + [[]] if value else []
    if not isinstance(value, dict):
        return []
    inside = [{**value, key: hole} for key, part in value.items() for hole in holes(part)]
    return inside + [{k: part for k, part in value.items() if k != key} for key in value]


def test_every_account_and_the_energy_of_every_layer_is_shown(report: Report, parsed: Parsed) -> None:
    page = render(report)
    text = parsed(page).text
    for name, energy in report["energy_accounts"].items():
        nominal, ends = format_quantity(energy["nominal"], "J"), format_range(energy, "J")
        assert f"{NAMES[name]} {nominal} {ends}" in text
        assert f'title="{energy["meaning"]}"' in page
    for layer, parts in report["energy_breakdown"]["layers"].items():
        for energy in parts.values():
            if energy["high"]:
                assert format_quantity(energy["nominal"], "J") in text, layer
                assert f'title="{format_range(energy, "J")}"' in page, layer
    for name, account in report["other_accounts"].items():
        assert name in text and account["description"] in text
        assert format_range(account["dynamic_neurocore"], "J") in text
    for term in (*report["static_terms"], *report["system_terms"]):
        assert f"{term['term']} {format_count(term['units'])} {format_quantity(term['nominal'], 'J')}" in text


def test_layers_add_up_to_the_total_of_the_chip(report: Report) -> None:
    *layers, total = energy_rows(report)
    assert total.layer == ALL_LAYERS and len(total.energies) == len(COLUMNS)
    assert {"lif1", "lif2"} <= {row.layer for row in layers} <= {*report["energy_breakdown"]["layers"]}
    chip = report["energy_accounts"]["chip_total"]
    assert total.energies[-1]._asdict() == pytest.approx({end: chip[end] for end in ("low", "nominal", "high")})
    for row in (*layers, total):
        parts = [energy.nominal for energy in row.energies[:-1] if energy is not None]
        assert row.energies[-1].nominal == pytest.approx(sum(parts))


def test_the_time_of_single_samples(several_targets: Path, parsed: Parsed) -> None:
    report = read(several_targets, "loihi2")
    times, text = report["latency_of_samples"], parsed(render(report)).text
    assert (
        f"mean of {times['samples']} samples, each by itself {format_quantity(times['mean']['nominal'], 's')}" in text
    )
    assert (
        f"longest of them {format_quantity(times['longest']['nominal'], 's')} {format_range(times['longest'], 's')}"
        in text
    )


def test_the_network_without_spikes_and_neurobench(report: Report, parsed: Parsed) -> None:
    text = parsed(render(report)).text
    assert text.count(report["baseline"]["verdict"]) == 2  # as a remark, and in its section
    for case in report["baseline"]["cases"].values():
        assert case["meaning"] in text
        assert f"{format_quantity(case['ordinary']['nominal'], 'J')} {format_range(case['ordinary'], 'J')}" in text
    neurobench = report["neurobench"]
    for figure in (
        f"{format_count(neurobench['footprint']['bytes'])} bytes", format_share(neurobench["activation_sparsity"]),
        f"Effective ACs {format_count(neurobench['synaptic_operations']['Effective_ACs'])}",
        f"membrane updates {format_count(neurobench['membrane_updates']['value'])}",
    ):  # fmt: skip
        assert figure in text


def test_what_is_undecided_is_no_remark(several_targets: Path) -> None:
    report = read(several_targets, "loihi2")
    assert report["baseline"]["verdict"] in remarks(report)
    assert report["baseline"]["verdict"] not in remarks(
        report | {"baseline": report["baseline"] | {"outcome": "undecided"}}
    )


def test_the_section_of_spinnaker_1(several_targets: Path, parsed: Parsed) -> None:
    report = read(several_targets, "spinnaker1")
    text, board = parsed(render(report)).text, report["spinnaker1"]
    for layer, numbers in board["arithmetic"].items():
        units = ", ".join(f"{numbers[sign]['weight_unit']:g}" for sign in ("excitatory", "inhibitory"))
        assert f"{layer} {numbers['fraction_bits']} {units}" in text
    routing, delivered, memory = board["routing"], board["routing"]["delivered"], board["memory"]
    fullest = memory["cores"][memory["fullest_core"]]
    for figure in (
        f"blocks of keys {routing['blocks']} keys {routing['keys']} ",
        f"{routing['entries']} {routing['uncompressed_entries']} before",
        f"{delivered['keys']} keys to {format_count(delivered['packets'])} processors",
        "tables all",
        f"core {fullest['core']} {format_count(fullest['bytes'])}",
        f"the mean sample 1 {format_share(board['real_time']['mean_sample']['load'])} 0",
    ):
        assert figure in text, figure
    assert "On SpiNNaker 2" not in text and "in SpiNNaker 1's arithmetic" in text
    final = final_stage(report)
    assert final is not None and final["stage"] == "spinnaker1"


def test_the_section_of_spinnaker_2(several_targets: Path, parsed: Parsed) -> None:
    report = read(several_targets, "spinnaker2")
    text, chip = parsed(render(report)).text, report["spinnaker2"]
    for one in chip["projections"]:
        assert f"{one['projection']} {one['elements']} " in text
        assert format_share(one["break_even_activity"]) in text
    for name, paces in chip["supplies"].items():
        for pace, cost in paces.items():
            assert (
                f"{name.replace('_', ' ')} {pace.replace('_', ' ')} {format_quantity(cost['dynamic']['nominal'], 'J')}"
                in text
            )
            assert format_range(cost["latency_per_sample"], "s") in text
    assert "On SpiNNaker 1" not in text


def test_real_time_that_is_missed() -> None:
    loads = {
        "slowdown": 7,
        "load": 6.4,
        "overloaded_cores": 10,
        "overloads": [{"core": 3, "layers": ["lif1"], "step": 4, "load": 6.4}],
    }
    worst = loads | {"slowdown": 9, "overloaded_cores": 11}
    board = {"spinnaker1": {"real_time": {"period_s": 1e-3, "mean_sample": loads, "worst_sample": worst}}}
    needed = "it needs a slowdown of 7 for the mean sample, and of 9 for the worst; 11 cores are overloaded."
    remark = f"It misses real time: {needed}"
    assert real_time_remark(board) == remark and remark in remarks(board)
    page = render(board)
    assert "640.0 %" in page and "lif1" in page and remark in page
    board["spinnaker1"]["real_time"]["mean_sample"] = loads | {"slowdown": 1}
    assert str(real_time_remark(board)).startswith(
        "It misses real time: it needs a slowdown of 9 for the worst sample, though"
    )
    board["spinnaker1"]["real_time"]["worst_sample"] = None
    assert real_time_remark(board) is None
    assert (
        real_time_remark({"step_time": {"slowdown": {"nominal": 3.0}}})
        == "It misses real time: it needs a slowdown of 3."
    )
    paced = {"supplies": {"low": {"real_time": {"ticks_per_step": {"nominal": 2.0}}}}}
    assert "a slowdown of 2" in str(real_time_remark({"cost_set": "low", "spinnaker2": paced}))
    assert real_time_remark({"cost_set": "high", "spinnaker2": paced}) is None


def test_the_summary_has_the_totals_that_are_known(report: Report) -> None:
    console = Console(file=io.StringIO(), width=120)
    print_summary(report, console, Path("folder"))
    said = " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]
    accounts = report["energy_accounts"]
    assert f"chip {format_quantity(accounts['chip_total']['nominal'], 'J')}" in said
    assert ("system " in said) == ("system_total" in accounts)
    assert ("slowdown 1 " in said) == (report["step_time"]["slowdown"] is not None)
    assert report["baseline"]["verdict"] in said


def test_strings_of_every_section_are_escaped(report: Report, parsed: Parsed) -> None:
    page = render(report | {key: hostile(report[key]) for key in SECTIONS if key in report})
    own = parsed(render(report)).tags.count("script")
    assert parsed(page).tags.count("script") == own
    assert "&lt;script&gt;" in page


def test_any_key_of_a_section_may_be_missing_or_unknown(report: Report) -> None:
    for key in SECTIONS:
        if key not in report:
            continue
        bare = {"cost_set": report["cost_set"], "energy_accounts": report["energy_accounts"]}
        for hole in [None, *holes(copy.deepcopy(report[key]))]:
            assert render(bare | {key: hole}).rstrip().endswith("</html>"), (key, hole)


def test_what_cores_links_and_steps_do_adds_up_to_the_counts(report: Report) -> None:
    activity, counts = report["activity"], report["counts"]
    for name, figure in (("spikes", "spikes"), ("synaptic_operations",) * 2, ("packets_in", "packets")):
        assert sum(activity["cores"][name]) == pytest.approx(counts[figure])
    assert sum(activity["cores"]["neuron_updates"]) == pytest.approx(counts["neuron_updates"])
    assert sum(link["packets"] for link in activity["links"]) == pytest.approx(counts["hops"])
    assert sum(report["step_time"]["by_step"]) == pytest.approx(report["latency_per_sample"]["nominal"])
    assert max(activity["cores"]["busy_time"]) <= report["step_time"]["nominal"] * (1 + 1e-9)
    held = [sum(layers.values()) for layers in report["mapping"]["occupancy"]]
    assert held == [use["used"] for use in report["utilisation"] if use["resource"] == "neurons"]


def test_spikes_over_the_steps_are_those_of_the_layers(several_targets: Path) -> None:
    report = read(several_targets, "loihi2")
    for name, steps in report["activity"]["steps"].items():
        assert sum(steps) == pytest.approx(report["layer_counts"][name]["spikes"])
