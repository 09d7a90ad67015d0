"""The built-in digits network: its data, the committed file and how it was trained."""

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from numpy.typing import NDArray

from spikeloom.models.zoo import digits_data

Array = NDArray[np.float64]

CHAIN = ["input", "conv1", "lif1", "pool1", "conv2", "lif2", "pool2", "flatten", "fc", "lif_out", "output"]


# An independent simulation in float64, step after step: it shares no code with training.


def correlate(images: Array, weight: Array, bias: Array) -> Array:
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    summed = np.tensordot(windows, weight, axes=((1, 4, 5), (1, 2, 3)))
    correlated: Array = np.moveaxis(summed, 3, 1) + bias[:, None, None]
    return correlated


def sum_2x2(spikes: Array) -> Array:
    samples, channels, height, width = spikes.shape
    blocks = spikes.reshape(samples, channels, height // 2, 2, width // 2, 2)
    return np.asarray(blocks.sum((3, 5)))


def simulate(graph: nir.NIRGraph, images: NDArray[np.float32]) -> dict[str, Array]:
    """Spikes summed over the steps, for each population and sample."""
    node: Any = graph.nodes
    dt = float(graph.metadata["dt"])
    voltage: dict[str, Any] = {}
    counts: dict[str, Any] = {}

    def lif(name: str, current: Array) -> Array:
        neuron = node[name]
        share = dt / neuron.tau.astype(np.float64)
        before = voltage.get(name, 0.0)
        after = before + share * (neuron.v_leak - before + neuron.r * current)
        spikes = after > neuron.v_threshold
        voltage[name] = np.where(spikes, neuron.v_reset, after)
        counts[name] = counts.get(name, 0.0) + spikes
        return np.asarray(spikes, dtype=np.float64)

    def conv(name: str, images: Array) -> Array:
        return correlate(images, node[name].weight.astype(np.float64), node[name].bias)

    constant = images.astype(np.float64)
    for _ in range(digits_data.STEPS):
        spikes = lif("lif1", conv("conv1", constant))
        spikes = lif("lif2", conv("conv2", sum_2x2(spikes)))
        flat = sum_2x2(spikes).reshape(len(images), -1)
        lif("lif_out", flat @ node["fc"].weight.T.astype(np.float64) + node["fc"].bias)
    return counts


def accuracy(counts: Array, labels: NDArray[np.int64]) -> float:
    return float(np.mean(counts.argmax(1) == labels))


@pytest.fixture(scope="module")
def graph() -> nir.NIRGraph:
    return nir.read(digits_data.NIR_FILE)


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    contents: dict[str, Any] = json.loads(digits_data.CARD_FILE.read_text(encoding="utf-8"))
    return contents


# The data


def test_images_are_sixteenths_and_labels_digits() -> None:
    for split, samples in (("train", 1347), ("test", 450)):
        images, labels = digits_data.load(split)  # type: ignore[arg-type]
        assert images.shape == (samples, 1, 8, 8) and images.dtype == np.float32
        assert labels.shape == (samples,) and labels.dtype == np.int64
        sixteenths = images * 16
        assert np.array_equal(sixteenths, np.round(sixteenths))
        assert images.min() == 0.0 and images.max() == 1.0
        assert set(labels) == set(range(10))


def test_split_is_a_partition_with_classes_in_proportion() -> None:
    train_images, train_labels = digits_data.load("train")
    test_images, test_labels = digits_data.load("test")
    from sklearn.datasets import load_digits

    def as_sorted_rows(images: NDArray[np.floating[Any]]) -> list[list[float]]:
        return sorted(images.reshape(len(images), -1).tolist())

    both = np.concatenate((train_images, test_images)) * 16
    assert as_sorted_rows(both) == as_sorted_rows(load_digits().data)
    share = np.bincount(test_labels) / (np.bincount(test_labels) + np.bincount(train_labels))
    assert np.allclose(share, 450 / 1797, atol=1 / 174)


def test_split_never_changes() -> None:
    # Another split would put test samples among those the committed network was trained on.
    images, labels = digits_data.load("test")
    content = (images * 16).astype(np.uint8).tobytes() + labels.astype(np.uint8).tobytes()
    digest = hashlib.sha256(content)
    assert digest.hexdigest()[:16] == "a4a1095e938024ce"


def test_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="'validation'"):
        digits_data.load("validation")  # type: ignore[arg-type]


# The committed network


def test_nodes_and_edges_are_the_documented_chain(graph: nir.NIRGraph) -> None:
    assert set(graph.nodes) == set(CHAIN)
    assert sorted(graph.edges) == sorted(itertools.pairwise(CHAIN))


def test_an_euler_step_keeps_seven_eighths_and_adds_the_current(graph: nir.NIRGraph) -> None:
    dt = graph.metadata["dt"]
    for name, shape in (("lif1", (16, 8, 8)), ("lif2", (32, 4, 4)), ("lif_out", (10,))):
        neuron = graph.nodes[name]
        assert neuron.tau.shape == shape
        np.testing.assert_allclose(1 - dt / neuron.tau, 0.875, rtol=1e-6)
        np.testing.assert_allclose(dt / neuron.tau * neuron.r, 1.0, rtol=1e-6)
        assert np.all(neuron.v_threshold == 1) and not np.any(neuron.v_reset)
        assert not np.any(neuron.v_leak)


def test_card_describes_the_committed_file(card: dict[str, Any]) -> None:
    assert card["sha256"] == hashlib.sha256(digits_data.NIR_FILE.read_bytes()).hexdigest()
    assert card["command"] == "spikeloom train digits --seed 0"
    assert card["steps"] == digits_data.STEPS and card["test_samples"] == 450


def test_numpy_simulation_has_the_accuracy_and_spikes_of_the_card(graph: nir.NIRGraph, card: dict[str, Any]) -> None:
    images, labels = digits_data.load("test")
    counts = simulate(graph, images)
    measured = accuracy(counts["lif_out"], labels)
    assert measured >= 0.96
    assert measured == pytest.approx(card["test_accuracy"], abs=0.005)
    for name, spikes in card["spikes_per_sample"].items():
        assert counts[name].sum() / len(images) == pytest.approx(spikes, rel=0.01)


def test_spikes_are_moderate(card: dict[str, Any]) -> None:
    for rate in card["spikes_per_neuron_and_step"].values():
        assert 0.05 < rate < 0.25


def test_eight_bit_weights_keep_the_accuracy(card: dict[str, Any]) -> None:
    graph = nir.read(digits_data.NIR_FILE)
    for name in ("conv1", "conv2", "fc"):
        weight = graph.nodes[name].weight
        unit = np.abs(weight).max() / 127
        graph.nodes[name].weight = np.round(weight / unit) * unit
    images, labels = digits_data.load("test")
    measured = accuracy(simulate(graph, images)["lif_out"], labels)
    assert measured == pytest.approx(card["test_accuracy"], abs=0.015)


# The training


def test_training_learns_repeats_and_exports(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from spikeloom.models.zoo import digits

    images, labels = digits_data.load("train")
    few = slice(0, 256)
    state = torch.get_rng_state()
    network, losses = digits.fit(images[few], labels[few], seed=3, epochs=2)
    again, _ = digits.fit(images[few], labels[few], seed=3, epochs=2)
    other, _ = digits.fit(images[few], labels[few], seed=4, epochs=1)

    assert losses[1] < losses[0]
    for name, weight in network.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name
        assert not torch.equal(weight, other.state_dict()[name]), name
    assert torch.equal(torch.get_rng_state(), state), "the caller's random numbers have moved"
    assert not torch.are_deterministic_algorithms_enabled()

    exported = tmp_path / "network.nir"
    nir.write(exported, digits.export(network))
    read = nir.read(exported)
    assert read.metadata["dt"] == digits.DT
    for name in ("conv1", "conv2", "fc"):
        layer = getattr(network, name)
        assert np.array_equal(read.nodes[name].weight, layer.weight.detach().numpy())
        assert np.array_equal(read.nodes[name].bias, layer.bias.detach().numpy())
    counts = simulate(read, images[few])
    _, spikes = digits.evaluate(network, images[few], labels[few])
    for name, mean in spikes.items():
        assert counts[name].sum() / 256 == pytest.approx(mean, rel=0.01, abs=0.1)


def test_train_writes_file_and_card_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from spikeloom.models.zoo import digits

    calls: list[tuple[int, int, float, float]] = []
    out, card_file = tmp_path / "new" / "d.nir", tmp_path / "new" / "d.json"
    card = digits.train(7, 1, out=out, card=card_file, progress=lambda *done: calls.append(done))

    assert sorted(out.parent.iterdir()) == [card_file, out]
    assert json.loads(card_file.read_text(encoding="utf-8")) == card
    assert card["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert card["command"] == "spikeloom train digits --seed 7 --epochs 1"
    assert [done[:2] for done in calls] == [(1, 1)]
