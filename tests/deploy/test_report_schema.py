"""The schema of `report.json`: real reports are as it says, wrong ones are refused in a sentence, docs/ has it."""

from __future__ import annotations

import copy
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from spikeloom.deploy.artifact.artifact import read_report
from spikeloom.deploy.comparison.comparison import comparison_of
from spikeloom.deploy.comparison.document import comparison_document
from spikeloom.deploy.comparison.page import render_comparison
from spikeloom.deploy.document.markdown import markdown_of
from spikeloom.deploy.document.terminal import print_document
from spikeloom.deploy.report import report as report_building
from spikeloom.deploy.report_document.report_document import report_document
from spikeloom.deploy.report_schema import reading
from spikeloom.deploy.report_schema.json_schema import MODELS, json_schema, schema_text
from spikeloom.deploy.report_schema.reading import checked_document
from spikeloom.deploy.report_schema.reference import reference_page
from spikeloom.deploy.report_schema.version import FORMAT
from spikeloom.models.errors import UnsupportedModelError

Json = dict[str, Any]
DOCS = Path(__file__).parents[2] / "docs"
NAMES = list(MODELS)
CHIPS = ("loihi1", "loihi2", "spinnaker1", "spinn3", "spinnaker2")


@pytest.fixture(scope="module")
def report(several_targets: Path) -> Json:
    return read_report(several_targets / "loihi2")


def refusal(document: Any) -> str:
    """What is said of a wrong document: one sentence in one line."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(UnsupportedModelError) as refused:
        checked_document(text, "report.json")
    said = str(refused.value)
    assert "\n" not in said and said.startswith("report.json ") and said.endswith(".")
    return said


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where there is anything in a document; of a list only the first entry."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, (*path, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


@pytest.mark.parametrize("target", ["loihi2", "spinnaker1", "spinnaker2"])
def test_reports_of_each_kind_of_chip_are_read(several_targets: Path, target: str) -> None:
    read = read_report(several_targets / target)
    assert read == json.loads((several_targets / target / "report.json").read_text(encoding="utf-8"))
    assert read["target"]["name"] == target and ("spinnaker1" in read) == (target == "spinnaker1")


def test_the_comparison_of_several_targets_is_read(several_targets: Path) -> None:
    read = read_report(several_targets)
    assert [one["label"] for one in read["deployments"]] == ["loihi2", "spinnaker1", "spinnaker2"]
    assert set(read["refused"]) == {"narrow"}


def test_all_say_the_same_format() -> None:
    assert report_building.FORMAT == FORMAT
    for model in MODELS.values():
        assert model.model_fields["format"].annotation == Literal[2] and get_args(Literal[2]) == (FORMAT,)


@pytest.mark.parametrize("name", NAMES)
def test_the_published_schema_is_the_one_that_documents_are_checked_against(name: Any) -> None:
    """If this fails: make reference."""
    published = json.loads((DOCS / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert published == json_schema(name) == json.loads(schema_text(name))
    assert (DOCS / f"{name}-keys.md").read_text(encoding="utf-8") == reference_page(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_has_a_version_and_describes_every_key(name: Any) -> None:
    schema = json_schema(name)
    assert schema["$id"].endswith(f":{FORMAT}") and schema["title"].endswith(f"format {FORMAT}")
    for part in (schema, *schema["$defs"].values()):
        assert part["additionalProperties"] is False
        for key, said in part["properties"].items():
            assert said["description"].endswith("."), key


def test_no_part_that_is_always_there_may_be_missing(report: Json) -> None:
    for key in report:
        less = {name: value for name, value in report.items() if name != key}
        if key in ("spinnaker1", "spinnaker2", "latency_of_samples", "side_by_side"):
            assert checked_document(json.dumps(less).encode(), "report.json") == less
        else:
            assert "format" in refusal(less) if key == "format" else key in refusal(less)


ANYTHING = st.sampled_from(
    [None, True, -1, 0, 1.5, 10**18, 10**400, 1e29, -1e308, "", "a\x1b[31m\nb", [], {}, [[]], {"a": 1}]
) | st.floats(allow_nan=False, allow_infinity=False)  # fmt: skip


def changed_somewhere(document: Json, data: Any) -> Json:
    """The document with something else in some place."""
    path = data.draw(st.sampled_from(list(places(document))))
    changed = copy.deepcopy(document)
    at(changed, path[:-1])[path[-1]] = data.draw(ANYTHING)
    return changed


def read_or_refused(document: Json) -> bool:
    """Whether a document is read; else it is refused in one sentence."""
    try:
        assert checked_document(json.dumps(document).encode(), "report.json") == document
    except UnsupportedModelError:
        assert "\x1b" not in refusal(document)
        return False
    return True


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_report_with_something_else_in_a_place_is_refused_or_can_be_told(report: Json, data: Any) -> None:
    changed = changed_somewhere(report, data)
    if read_or_refused(changed):
        document = report_document(changed)
        assert "\x1b" not in markdown_of(document)
        print_document(document, Console(file=io.StringIO(), width=80))
        render_comparison(comparison_of([report, changed], labels=["a", "b"]))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_comparison_with_something_else_in_a_place_is_refused_or_can_be_told(
    several_targets: Path, data: Any
) -> None:
    changed = changed_somewhere(read_report(several_targets), data)
    if read_or_refused(changed):
        document = comparison_document(changed)
        assert "\x1b" not in markdown_of(document)
        print_document(document, Console(file=io.StringIO(), width=80))
        render_comparison(changed)


def test_unknown_keys_are_refused_wherever_they_are(report: Json) -> None:
    for path in {path[:-1] for path in places(report) if not isinstance(path[-1], int)}:
        changed = copy.deepcopy(report)
        inside = at(changed, path)
        if not by_name(path):
            inside["surplus"] = 1
            assert "surplus" in refusal(changed), path


def by_name(path: tuple[Any, ...]) -> bool:
    """Whether the keys of an object are names, of layers and the like, which may be any."""
    named = {
        "versions", "occupancy", "layer_counts", "layer_energy", "other_accounts", "calibration_overflows", "overflows",
        "steps", "message_baselines", "hop_baselines",
    }  # fmt: skip
    last = path[-1] if path else ""
    of_layers = last in ("layers", "by_layer") or (len(path) > 1 and path[-2] in ("calibration_overflows", "occupancy"))
    notes = path[-2:] in (("neurobench", "notes"), ("explanation", "utilisation"))
    return last in named or of_layers or notes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "it is no JSON: deploy again"),
        (b"\xff\xfe", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"[]", "it is no JSON object"),
        (b"{}", "is of format null, and this version reads 2: deploy again"),
        (b'{"format": 1}', "is of format 1, and this version reads 2: deploy again"),
        (b'{"format": "' + b"x" * 10_000 + b'"}', "x…, and this version reads 2"),
        (b'{"deployments": []}', "is of format 1, and this version reads 2: deploy again"),
        (b'{"format": 2}', "is no report of format 2: model: Field required (and"),
        (b'{"format": 2, "deployments": 3}', "is no report of format 2: verdict: Field required (and"),
    ],
)
def test_what_is_no_report_is_refused_with_the_reason(text: bytes, said: str) -> None:
    refused = refusal(text)
    assert said in refused and len(refused) < 400


def test_numbers_that_are_none_are_refused(report: Json) -> None:
    for value in (float("nan"), float("inf"), "12", True):
        assert "throughput.high" in refusal({**report, "throughput": {**report["throughput"], "high": value}})


def test_lists_over_the_cores_have_an_entry_for_each(report: Json) -> None:
    assert "core_energy has 2 entries for 1 cores" in refusal({**report, "core_energy": [0.0, 0.0]})
    mapping = {**report["mapping"], "layers": {"lif1": [7]}}
    assert "lif1 names a core that is not in use" in refusal({**report, "mapping": mapping})
    use = {**report["utilisation"][0], "core": 7}
    assert "utilisation names a core that is not in use" in refusal({**report, "utilisation": [use]})


def test_a_file_of_a_size_that_no_report_has_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    (tmp_path / "report.json").write_text(json.dumps({"format": FORMAT}), encoding="utf-8")
    with pytest.raises(UnsupportedModelError, match="has 13 bytes, and no report has more than 10"):
        reading.read_document(tmp_path / "report.json")


def test_docs_are_written_by_one_command(tmp_path: Path) -> None:
    line = [sys.executable, "-P", "-m", "spikeloom.deploy.report_schema", str(tmp_path)]
    subprocess.run(line, check=True, timeout=120)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["comparison-keys.md", "comparison.schema.json", "report-keys.md", "report.schema.json"]
    assert (tmp_path / "report-keys.md").read_text(encoding="utf-8") == reference_page("report")


@pytest.mark.slow
@pytest.mark.parametrize("target", CHIPS)
def test_reports_of_the_built_in_network_on_every_chip(target: str) -> None:
    from spikeloom.deploy.configuration.configuration import configuration
    from spikeloom.deploy.deployment import deploy

    # A chip without graded spikes needs data that are spikes.
    options = {"encoder": "rate"} if target == "loihi1" else {}
    built = deploy("digits", target, None, None, configuration(None, lava_samples=0, samples=20, **options))
    assert checked_document(json.dumps(built).encode(), target) == json.loads(json.dumps(built))


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"host_power": 5.0, "transfer_energy": 10.0}, {"operating_point": "fastest"}, {"split": True}, {"bits": 4},
        {"layers": {"lif2": {"learning": {"rule": "stdp"}}}}, {"layers": {"lif2": {"ternary": True}}},
    ],
    ids=["system", "operating point", "split", "four bits", "learning", "ternary"],
)  # fmt: skip
@pytest.mark.parametrize("labelled", [True, False], ids=["labelled", "unlabelled"])
def test_reports_of_all_that_can_be_asked_for(several_targets: Path, options: Json, labelled: bool) -> None:
    import numpy as np

    from spikeloom.deploy.configuration.configuration import configuration
    from spikeloom.deploy.deployment import deploy

    random = np.random.default_rng(1)
    x = (random.random((12, 20, 4)) < 0.3).astype(np.uint8)
    y = random.integers(0, 3, 12) if labelled else None
    config = configuration(None, lava_samples=0, allow=["loss", "silent", "saturated"], **options)
    built = deploy(str(several_targets.parent / "small.nir"), "loihi2", (x, y), None, config)
    assert checked_document(json.dumps(built).encode(), "report") == json.loads(json.dumps(built))
    assert (built["operating_space"] is not None) == ("operating_point" in options)
    assert (built["ledger"][0]["accuracy"] is None) == (not labelled)
    assert ("system_total" in built["energy_accounts"]) == ("host_power" in options)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["rate", "sigma-delta"])
def test_reports_of_converted_networks(method: str, ordinary_network: Any) -> None:
    import numpy as np

    from spikeloom.deploy.configuration.configuration import configuration
    from spikeloom.deploy.deployment import deploy

    graph = ordinary_network(np.random.default_rng(4))
    entry = graph.nodes[graph.inputs[0]]
    x = np.random.default_rng(1).random((12, *entry.shape))
    config = configuration(None, lava_samples=0, convert=method, steps=8, allow=["loss", "silent", "saturated"])
    built = deploy(graph, "loihi2", (x, None), None, config)
    assert checked_document(json.dumps(built).encode(), "report") == json.loads(json.dumps(built))
    assert built["ledger"][0]["stage"] == "ordinary" and built["settings"]["convert"] == method


@pytest.mark.slow
def test_the_report_of_a_network_of_integers(shared_data: Path) -> None:
    from spikeloom.deploy.configuration.configuration import configuration
    from spikeloom.deploy.deployment import deploy

    config = configuration(None, lava_samples=0, samples=10)
    model, data = shared_data / "netx" / "mnist.net", shared_data / "mnist" / "test.npz"
    built = deploy(str(model), "loihi2", data, None, config)
    assert checked_document(json.dumps(built).encode(), "report") == json.loads(json.dumps(built))
    assert built["attribution"] is None and built["quantization"] == []
