"""The zoo: every model is built, trained for a step, and is the same network once it is a file."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeloom.models.datasets import Dataset, Split
from spikeloom.models.errors import BackendMissingError, UsageError
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.graph import Graph
from spikeloom.models.graph_file import read_graph
from spikeloom.models.readers.nir import read_nir
from spikeloom.models.training.components import Components
from spikeloom.models.zoo.catalogue import COMMITTED, MODELS, build, recipe, zoo_model

Array = NDArray[Any]
SPIKING = [name for name, model in MODELS.items() if not model.ordinary]
ORDINARY = [name for name, model in MODELS.items() if model.ordinary]
SMALL_IMAGE = (3, 16, 16)


def test_the_zoo_has_what_was_promised() -> None:
    assert {"mlp-snn", "cnn-snn", "sew-resnet18", "spiking-vgg11", "vgg7-sigma-delta", "recurrent-lif"} <= set(MODELS)
    assert {"adlif", "mlp-ann", "cnn-ann", "digits"} <= set(MODELS)
    assert COMMITTED == ("digits", "mlp-snn", "cnn-snn")


def test_names_need_no_torch() -> None:
    code = "import sys, spikeloom.models.zoo.catalogue as zoo; zoo.recipe('mlp-snn'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [("mlp", "mlp-snn or mlp-ann"), ("mlpsnn", "did you mean mlp-snn"), ("CNN_SNN", "cnn-snn"), ("zzz", "there are")],
)
def test_a_name_that_there_is_not(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        zoo_model(name)


def test_building_needs_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BackendMissingError, match=r"spikeloom\[torch\]"):
        build("mlp-snn")


def test_recipes_suit_the_data() -> None:
    images = Split(np.zeros((2, 1, 8, 8), np.float32), np.zeros(2, np.int64))
    frames = Split(np.zeros((2, 5, 7), np.int8), np.zeros(2, np.int64))
    static = Dataset("images", "", images, images, 3)
    moving = Dataset("frames", "", frames, frames, 3, steps=5, answer_from=2)
    assert recipe("mlp-snn").encoder == "rate" and recipe("mlp-snn", seed=4).seed == 4
    assert recipe("mlp-snn", static) == recipe("mlp-snn")
    shown = recipe("mlp-snn", moving)
    assert (shown.encoder, shown.steps, shown.distortion, shown.answer_from) == (None, None, None, 2)
    assert recipe("recurrent-lif").encoder is None and recipe("recurrent-lif", static).steps == 16
    assert MODELS["mlp-snn"].deployment_options == {"steps": 16, "encoder": "rate", "reset": "zero"}
    assert MODELS["vgg7-sigma-delta"].deployment_options["convert"] == "sigma-delta"


def data_for(name: str, samples: int = 4) -> tuple[tuple[int, ...], Array]:
    """A shape that suits the model, and random data for it: static images, or spikes with steps."""
    model, random = MODELS[name], np.random.default_rng(0)
    if model.recipe.encoder is None:
        return model.shape, (random.random((samples, 12, *model.shape)) < 0.1).astype(np.int8)
    shape = SMALL_IMAGE if model.dataset == "cifar-10" else model.shape
    return shape, random.random((samples, *shape), dtype=np.float32)


def trained_a_little(name: str) -> tuple[Any, Array]:
    """After one update; double, so that sums in another order decide no spike."""
    pytest.importorskip("torch")
    from spikeloom.models.training.train import train

    shape, x = data_for(name)
    network: Any = build(name, shape=shape, width=0.125 if shape == SMALL_IMAGE else 0.5, seed=1).double()
    before = {key: values.clone() for key, values in network.state_dict().items()}
    losses = train(network, x, np.arange(4) % 3, replace(recipe(name), epochs=1))
    assert np.isfinite(losses).all()
    moved = [key for key, values in network.state_dict().items() if not bool((values == before[key]).all())]
    assert any("weight" in key for key in moved), "training has changed no weight"
    return network, x


def shown(x: Array, steps: int | None) -> Array:
    """Static images at every step, (samples, steps, *shape)."""
    return x if steps is None else np.repeat(x[:, None], min(steps, 6), axis=1)


def read_again(graph: Graph, folder: Path) -> Graph:
    from spikeloom.models.readers.nir import NirOptions
    from spikeloom.models.writers.nir import write_nir

    write_nir(graph, folder / "x.nir")
    return read_nir(folder / "x.nir", NirOptions())


@pytest.mark.parametrize("name", SPIKING)
def test_a_spiking_model_is_the_same_network_in_its_file(name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from spikeloom.models.graph_file import write_graph
    from spikeloom.models.training.to_graph import graph_of

    network, x = trained_a_little(name)
    graph = graph_of(network, name)
    if MODELS[name].components is None:
        write_graph(graph, tmp_path / "x.graph")
        read = read_graph(tmp_path / "x.graph")
    else:
        read = read_again(graph, tmp_path)
    data = shown(x, MODELS[name].recipe.steps)
    with torch.no_grad():
        activity = network(torch.from_numpy(data).to(torch.float64).transpose(0, 1))
    expected = {layer: values.transpose(0, 1).flatten(2).numpy() for layer, values in activity.items()}
    own, from_file = run_graph(graph, data), run_graph(read, data)
    spikes = 0
    for layer in network.layers:
        np.testing.assert_allclose(own[layer], expected[layer], atol=1e-9)
        np.testing.assert_allclose(from_file[layer], own[layer], atol=1e-9)
        spikes += int(own[layer].sum()) if layer in network.spiking_layers else 0
    assert spikes > 0, "silent: nothing was compared"


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_model_is_the_same_network_in_its_file(name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from spikeloom.models.execution.forward import forward
    from spikeloom.models.graph_file import write_graph
    from spikeloom.models.training.to_graph import graph_of

    network, x = trained_a_little(name)
    graph = graph_of(network, name)
    assert graph.rectifiers and not graph.layers
    write_graph(graph, tmp_path / "x.graph")
    with torch.no_grad():
        expected = network(torch.from_numpy(x).double()[None])[network.output][0].numpy()
    assert np.ptp(expected) > 0
    for held in (graph, read_graph(tmp_path / "x.graph")):
        np.testing.assert_allclose(forward(held, x)[held.outputs[0]], expected, atol=1e-9)


def test_components_shape_and_width_can_be_chosen() -> None:
    pytest.importorskip("torch")
    parts = Components.from_time_constant(4.0, threshold=0.3)
    network: Any = build("mlp-snn", shape=(1, 8, 8), classes=3, components=parts, width=0.25)
    assert [network.modules_by_name[name].components for name in network.layers] == [parts] * 3
    assert [network.modules_by_name[f"linear{n}"].weight.shape for n in (1, 2)] == [(32, 64), (16, 32)]
    assert network.modules_by_name["linear_out"].weight.shape == (3, 16)
    one, same, other = (build("mlp-snn", seed=seed).state_dict() for seed in (5, 5, 6))
    assert all(bool((one[key] == same[key]).all()) for key in one)
    assert not bool((one["modules_by_name.linear1.weight"] == other["modules_by_name.linear1.weight"]).all())


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("adlif", {"components": Components()}, "no components"),
        ("mlp-ann", {"components": Components()}, "no components"),
        ("cnn-snn", {"shape": (784,)}, "channels, height and width"),
        ("sew-resnet18", {"shape": (3, 12, 12)}, "multiples of 8"),
        ("spiking-vgg11", {"components": Components(recurrent=True)}, "recurren"),
        ("mlp-snn", {"width": 0.0}, "--width"),
    ],
)
def test_what_a_model_cannot_be(name: str, options: dict[str, Any], words: str) -> None:
    pytest.importorskip("torch")
    with pytest.raises(UsageError, match=words):
        build(name, **options)


def test_sew_resnet_adds_spikes_of_blocks_to_their_input() -> None:
    torch = pytest.importorskip("torch")
    network: Any = build("sew-resnet18", shape=SMALL_IMAGE, width=0.125)
    network.eval()
    convolutions = [m for m in network.modules() if type(m).__name__ == "Conv2d"]
    assert sum(module.kernel_size == (3, 3) for module in convolutions) == 17 and len(convolutions) == 17 + 3
    values = network.run(torch.rand(4, 2, *SMALL_IMAGE))
    total = values["block1_1_sum"]
    assert bool((total == values["block1_1_b_neurons"] + values["first_neurons"]).all())
    assert values["block4_2_sum"].shape[2:] == (64, 2, 2)


def test_cards_describe_the_committed_files() -> None:
    import hashlib

    for name in COMMITTED:
        model = MODELS[name]
        card = json.loads(model.card_file.read_text(encoding="utf-8"))
        assert card["sha256"] == hashlib.sha256(model.nir_file.read_bytes()).hexdigest(), name
        assert model.nir_file.stat().st_size < 2_000_000
        assert card["name"] == name and card["command"].startswith(f"spikeloom train {name}")
        chip = card["deployed"]
        assert chip["options"] == model.deployment_options and chip["energy_per_sample"]["nominal"] > 0
        assert abs(chip["accuracy"] - card["test_accuracy"]) < 0.02
    accuracies = {name: json.loads(MODELS[name].card_file.read_text())["deployed"]["accuracy"] for name in COMMITTED}
    assert accuracies["mlp-snn"] >= 0.95 and accuracies["cnn-snn"] >= 0.975


def test_the_table_of_the_guide_is_that_of_the_cards() -> None:
    root = Path(__file__).resolve().parents[2]
    table = runpy.run_path(str(root / "benchmarks" / "zoo_table.py"))["table"]()
    assert table in (root / "docs" / "zoo.md").read_text(encoding="utf-8")
