"""Ordinary networks as a user brings them: trained, in ONNX, converted on the command line, as accurate as before."""

from __future__ import annotations

import json
import warnings
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import spikeloom as package
from spikeloom.backends.lava.availability import lava_problem
from spikeloom.models.execution.forward import forward
from spikeloom.models.operators import Flatten
from spikeloom.models.readers.dataflow import Dataflow

HELD_OUT = 300
WAYS = {
    ("rate", 16): 0.010,
    ("rate", 32): 0.005,
    ("sigma-delta", 1): 0.003,
    ("sigma-delta", 8): 0.003,
}
"""How much accuracy a way to convert may cost, by method and steps."""
CHANCE = 3 / HELD_OUT  # a few images lie so near the border between two classes that any rounding moves them


def write_onnx(path, nodes, weights, inputs, outputs):
    """An ONNX file of nodes, (kind, what they take, what they give, attributes), and of tensors by name."""

    def value(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])

    graph = helper.make_graph(
        [helper.make_node(kind, taken, [given], **attributes) for kind, taken, given, attributes in nodes],
        "test",
        [value(*entry) for entry in inputs],
        [value(*end) for end in outputs],
        [numpy_helper.from_array(np.asarray(array, np.float32), name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def write_dense(path, matrices, biases, last="y"):
    """Dense layers with rectifiers between them; with another name for the last sum, one behind it too."""
    nodes, weights, before = [], {}, "x"
    for layer, (matrix, bias) in enumerate(zip(matrices, biases, strict=True)):
        end = layer == len(matrices) - 1
        weights |= {f"w{layer}": matrix, f"b{layer}": bias}
        sums = last if end else f"sum{layer}"
        nodes.append(("Gemm", [before, f"w{layer}", f"b{layer}"], sums, {}))
        if sums != "y":
            before = "y" if end else f"relu{layer}"
            nodes.append(("Relu", [sums], before, {}))
    return write_onnx(path, nodes, weights, [("x", [matrices[0].shape[0]])], [("y", [matrices[-1].shape[1]])])


def drawn(*sizes):
    """Matrices and biases of a dense network that was never trained."""
    random = np.random.default_rng(0)
    matrices = [random.normal(0, inputs**-0.5, (inputs, outputs)) for inputs, outputs in pairwise(sizes)]
    return matrices, [random.normal(0, 0.2, size) for size in sizes[1:]]


def pixels_to_features(kernel, bias, images):
    """Convolution, rectifier and pool of the convolutional network: (samples, 96)."""
    flow = Dataflow()
    one = (1, 1)
    signal = flow.convolution("conv", flow.input("x", (1, 8, 8)), kernel, bias, one, (one, one), one, 1)
    signal = flow.max_pool("pool", flow.rectify("relu", signal), (2, 2), (2, 2), ((0, 0), (0, 0)), one)
    flow.output("y", flow.then("flat", Flatten(), signal))
    return forward(flow.graph("features"), images.reshape(-1, 1, 8, 8))["y"]


@pytest.fixture(scope="session")
def digits(tmp_path_factory) -> SimpleNamespace:
    """Two networks that read digits, trained here, and images that they were not trained on, pixels 0 to 16.

    `folder` holds dense.onnx, convolutional.onnx and data.npz; `accuracy` is theirs, as trained.
    """
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    folder = tmp_path_factory.mktemp("ordinary")
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order].astype(np.uint8), y[order]
    seen, labels, held = x[HELD_OUT:] / 16, y[HELD_OUT:], x[:HELD_OUT] / 16
    trained = MLPClassifier((48, 32), max_iter=50, random_state=0, learning_rate_init=0.01, n_iter_no_change=50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it could learn more, and need not
        trained.fit(seen, labels)
    write_dense(folder / "dense.onnx", trained.coefs_, trained.intercepts_)

    # Kernels as they are drawn, and a last layer by least squares.
    random = np.random.default_rng(0)
    kernel, bias = random.normal(0, 0.4, (6, 1, 3, 3)), random.normal(0, 0.2, 6)
    features = pixels_to_features(kernel, bias, seen)
    centre = features.mean(axis=0)
    covariance = (features - centre).T @ (features - centre) + 5 * np.eye(96)
    matrix = np.linalg.solve(covariance, (features - centre).T @ (np.eye(10)[labels] - 0.1))
    nodes = [
        ("Conv", ["x", "kernel", "bias"], "conv", {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}),
        ("Relu", ["conv"], "relu", {}),
        ("MaxPool", ["relu"], "pool", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Flatten", ["pool"], "flat", {}),
        ("Gemm", ["flat", "w", "b"], "y", {}),
    ]
    weights = {"kernel": kernel, "bias": bias, "w": matrix, "b": -centre @ matrix}
    write_onnx(folder / "convolutional.onnx", nodes, weights, [("x", [1, 8, 8])], [("y", [10])])
    answers = ((pixels_to_features(kernel, bias, held) - centre) @ matrix).argmax(axis=1)
    np.savez(folder / "data.npz", x=x[:HELD_OUT], y=y[:HELD_OUT])
    return SimpleNamespace(
        folder=folder,
        x=x[:HELD_OUT],
        y=y[:HELD_OUT],
        accuracy={
            "dense": float(trained.score(held, y[:HELD_OUT])),
            "convolutional": float(np.mean(answers == y[:HELD_OUT])),
        },
    )


@pytest.fixture
def deploy(spikeloom, digits, tmp_path):
    """Deploy a trained network without Lava, pixels scaled to 1; `deploy("dense", ...)`."""

    def command(model, *options, data="data.npz", scale="1/16"):
        return spikeloom(
            "deploy", digits.folder / f"{model}.onnx", "--data", digits.folder / data, "--out", tmp_path / "out",
            "--lava-samples", 0, "--input-scale", scale, *options,
        )  # fmt: skip

    return command


def is_error(done, code, *words):
    assert (done.code, done.out) == (code, ""), (done.code, done.out, done.err)
    assert done.err.startswith("Error: ")
    assert len(done.err.splitlines()) == 1 or code == 3, done.err
    assert all(word in done.err for word in words), done.err


# Accuracy


@pytest.mark.parametrize(
    ("model", "method", "steps"),
    [
        ("dense", "rate", 16),
        pytest.param("dense", "rate", 32, marks=pytest.mark.slow),
        ("dense", "sigma-delta", 8),
        pytest.param("dense", "sigma-delta", 1, marks=pytest.mark.slow),
        pytest.param("convolutional", "rate", 16, marks=pytest.mark.slow),
        ("convolutional", "sigma-delta", 1),
    ],
)
def test_accuracy_stays(deploy, digits, model, method, steps):
    # A short rate code may lose more than the guard allows; what it may lose is said here.
    done = deploy(
        model, "--convert", method, "--steps", steps, "--calibration-samples", 24, "--allow", "loss", "--json"
    )
    assert done.code == 0, done.err
    ledger = {row["stage"]: row for row in done.json["ledger"]}
    assert list(ledger) == ["ordinary", "converted", "network", "integer", "simulator"]
    assert digits.accuracy[model] > 0.94
    assert ledger["ordinary"]["accuracy"] == pytest.approx(digits.accuracy[model])
    assert ledger["ordinary"]["accuracy"] == 1 - len(ledger["ordinary"]["wrong_samples"]) / HELD_OUT
    # Kernels that were never trained leave two images more there, in a code so short.
    near = CHANCE + 2 / HELD_OUT * (model == "convolutional" and method == "rate")
    for stage in ("converted", "network", "integer", "simulator"):
        assert ledger[stage]["samples"] == HELD_OUT
        assert ledger[stage]["accuracy"] >= digits.accuracy[model] - WAYS[method, steps] - near, stage
    assert ledger["converted"]["accuracy"] == ledger["network"]["accuracy"]
    assert ledger["integer"]["accuracy"] == ledger["simulator"]["accuracy"]
    assert ledger["simulator"]["mismatched_spikes"] == 0
    assert any("conversion: " in note and "(--convert)" in note for note in done.json["assumptions"])


def test_average_pools_are_an_approximation_that_is_asked_for(deploy, digits):
    done = deploy("convolutional", "--convert", "sigma-delta", "--max-pool", "average", "--allow", "loss", "--json")
    assert any("averages stand for the maxima in 'pool'" in note for note in done.json["assumptions"]), done.json
    exact = deploy("convolutional", "--convert", "sigma-delta", "--json").json
    layers = [len(report["model"]["layers"]) for report in (done.json, exact)]
    assert layers[0] < layers[1]
    accuracy = {row["stage"]: row["accuracy"] for row in done.json["ledger"]}
    assert accuracy["ordinary"] == pytest.approx(digits.accuracy["convolutional"])


@pytest.mark.slow
@pytest.mark.parametrize("method", ["rate", "sigma-delta"])
def test_what_was_deployed_runs_again_with_the_same_figures(spikeloom, digits, tmp_path, method):
    in_lava = 0 if lava_problem() or method == "rate" else 2
    out = tmp_path / "out"
    done = spikeloom(
        "deploy", digits.folder / "convolutional.onnx", "--data", digits.folder / "data.npz", "--out", out,
        "--input-scale", "1/16", "--convert", method, "--steps", 4, "--samples", 40, "--lava-samples", in_lava,
        "--max-loss", 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    report = json.loads((out / "report.json").read_text())
    stages = [row["stage"] for row in report["ledger"]]
    assert stages == ["ordinary", "converted", "network", "integer", "simulator", *(["lava"] if in_lava else [])]
    if in_lava:
        assert report["ledger"][-1]["mismatched_spikes"] == 0
    assert report["warnings"] == []
    simulator = next(row for row in report["ledger"] if row["stage"] == "simulator")
    again = spikeloom("run", out, "--data", digits.folder / "data.npz", "--samples", 40, "--json")
    assert again.code == 0, again.err
    for figure in ("accuracy", "spikes_per_sample", "samples"):
        assert again.json[figure] == simulator[figure]
    shown = spikeloom("report", out)
    assert (shown.code, shown.err) == (0, "")
    assert "as trained, without spikes" in shown.out or "ordinary" in shown.out
    page = (out / "report.html").read_text()
    assert "as trained, without spikes" in page


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["rate", "integrate"])
def test_spikes_as_input_are_compared_with_the_network_on_the_images(deploy, digits, encoder):
    done = deploy("dense", "--convert", "rate", "--steps", 40, "--encoder", encoder, "--samples", 60, "--json")
    ledger = {row["stage"]: row["accuracy"] for row in done.json["ledger"]}
    assert ledger["ordinary"] > 0.85
    assert ledger["simulator"] > 0.8


def test_a_spike_stands_for_the_largest_value_of_the_data(deploy, digits):
    """A network that was trained on pixels up to 16 gets spikes that count as 16."""
    model = onnx.load(digits.folder / "dense.onnx")
    first = next(tensor for tensor in model.graph.initializer if tensor.name == "w0")
    first.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(first) / 16, "w0"))
    onnx.save(model, digits.folder / "pixels.onnx")
    options = ("--convert", "rate", "--steps", 40, "--encoder", "integrate", "--samples", 60, "--json")
    done = deploy("pixels", *options, scale="1")
    ledger = {row["stage"]: row["accuracy"] for row in done.json["ledger"]}
    assert ledger["simulator"] >= ledger["ordinary"] - 0.05 > 0.8
    assert any("a spike counts as 16" in note for note in done.json["assumptions"])


def test_what_says_nothing_to_sigma_delta_is_refused(spikeloom, deploy, digits, tmp_path):
    for encoder in ("rate", "integrate"):
        is_error(deploy("dense", "--convert", "sigma-delta", "--encoder", encoder), 2, repr(encoder), "--convert rate")
    np.savez(tmp_path / "video.npz", x=np.repeat(digits.x[:20, np.newaxis], 3, axis=1), y=digits.y[:20])
    options = ("--convert", "sigma-delta", "--steps")
    is_error(deploy("dense", *options, 5, data=tmp_path / "video.npz"), 7, "video.npz", "3 steps", "bring 5 steps")
    assert deploy("dense", *options, 3, data=tmp_path / "video.npz").code == 0
    np.savez(tmp_path / "short.npz", x=np.repeat(digits.x[:20, np.newaxis], 2, axis=1), y=digits.y[:20])
    is_error(spikeloom("run", tmp_path / "out", "--data", tmp_path / "short.npz"), 7, "short.npz", "bring 3 steps")


def test_a_video_is_answered_at_its_last_step_or_by_the_mean_of_all(deploy, digits, tmp_path):
    """An image that moves into its place: sigma-delta networks say what it is now, rates what it was on average."""
    images = digits.x.reshape(-1, 8, 8)
    moving = np.stack([np.roll(images, shift, axis=1) for shift in (2, 1, 0)], axis=1)[:150]
    np.savez(tmp_path / "video.npz", x=moving.reshape(150, 3, 64), y=digits.y[:150])
    done = deploy("dense", "--convert", "sigma-delta", "--json", data=tmp_path / "video.npz")
    ledger = {row["stage"]: row["accuracy"] for row in done.json["ledger"]}
    assert min(ledger.values()) > digits.accuracy["dense"] - 0.04
    assert abs(ledger["simulator"] - ledger["ordinary"]) <= 0.02
    done = deploy("dense", "--convert", "rate", "--allow", "loss", "--json", data=tmp_path / "video.npz")
    assert {row["stage"]: row["accuracy"] for row in done.json["ledger"]}["ordinary"] < 0.8


def test_from_python(digits):
    graph = package.load(str(digits.folder / "dense.onnx"))
    options = {"convert": "rate", "steps": 16, "input_scale": "1/16", "lava_samples": 0}
    assert package.check(graph, "loihi2", **options).fits
    report = package.deploy(graph, "loihi2", (digits.x, digits.y), **options)
    ledger = {row["stage"]: row["accuracy"] for row in report["ledger"]}
    assert ledger["simulator"] >= digits.accuracy["dense"] - WAYS["rate", 16] - CHANCE


# Check


def test_check_with_and_without_data(spikeloom, digits):
    model = digits.folder / "convolutional.onnx"
    for method in ("rate", "sigma-delta"):
        bare = spikeloom("check", model, "--convert", method, "--json")
        assert (bare.code, bare.err) == (0, "")
        assert bare.json["fits"]
        assert any("without samples" in note or "no samples" in note for note in bare.json["assumptions"])
        data = ("--data", digits.folder / "data.npz", "--input-scale", "1/16")
        seen = spikeloom("check", model, "--convert", method, *data, "--json")
        assert (seen.code, seen.err) == (0, "")
        assert any("thresholds" in note and " samples" in note for note in seen.json["assumptions"])
        assert any("taken as (1, 8, 8)" in note for note in seen.json["assumptions"])


def test_without_convert_the_way_out_is_named(spikeloom, digits, deploy, tmp_path):
    for done in (
        spikeloom("check", digits.folder / "dense.onnx"),
        deploy("dense"),
        deploy("dense", "--dry-run"),
    ):
        is_error(done, 2, "dense", "--convert rate", "--convert sigma-delta")
    assert not (tmp_path / "out").exists()


def test_a_spiking_model_is_not_converted(spikeloom, tiny):
    done = spikeloom("check", tiny / "tiny.nir", "--convert", "rate")
    is_error(done, 2, "has spiking neurons", "leave out --convert")
    done = spikeloom("deploy", "digits", "--convert", "sigma-delta", "--lava-samples", 0, "--samples", 4)
    is_error(done, 2, "has spiking neurons", "leave out --convert")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--convert", "rate"], ["graded spike bits"]),
        (["--convert", "sigma-delta"], ["graded spike bits"]),
    ],
)
def test_loihi_1_carries_no_numbers(spikeloom, digits, deploy, tmp_path, options, words):
    is_error_list = deploy("dense", "--target", "loihi1", *options)
    assert is_error_list.code == 4
    assert all(word in is_error_list.err for word in words), is_error_list.err
    assert not (tmp_path / "out").exists()
    checked = spikeloom("check", digits.folder / "dense.onnx", "--target", "loihi1", "--convert", "sigma-delta")
    assert checked.code == 4
    assert "graded spike bits" in checked.err


def test_spikes_from_an_encoder_do_fit_loihi_1(deploy, digits):
    options = ("--convert", "rate", "--encoder", "rate", "--steps", 40, "--samples", 40)
    done = deploy("dense", "--target", "loihi1", *options, "--json")
    assert done.code == 0, done.err
    assert done.json["ledger"][-1]["accuracy"] > 0.8


# Data and options


@pytest.mark.slow
def test_images_come_in_many_axes(deploy, digits, tmp_path):
    """Flat, without channels, channels last; bytes, or fractions that need no scale: the same images."""
    options = ("--convert", "sigma-delta", "--samples", 20, "--calibration-samples", 4, "--json")
    figures = []
    for shape in ((HELD_OUT, 1, 8, 8), (HELD_OUT, 64), (HELD_OUT, 8, 8), (HELD_OUT, 8, 8, 1)):
        np.savez(tmp_path / "shaped.npz", x=digits.x.reshape(shape), y=digits.y)
        done = deploy("convolutional", *options, data=tmp_path / "shaped.npz")
        assert done.code == 0, done.err
        said = [note for note in done.json["assumptions"] if note.startswith("layout: ")]
        assert bool(said) == (shape[1:] != (1, 8, 8))
        figures.append([(row["accuracy"], row["spikes_per_sample"]) for row in done.json["ledger"]])
    np.savez(tmp_path / "shaped.npz", x=digits.x.reshape(-1, 1, 8, 8) / np.float32(16), y=digits.y)
    done = deploy("convolutional", *options, data=tmp_path / "shaped.npz", scale="1")
    figures.append([(row["accuracy"], row["spikes_per_sample"]) for row in done.json["ledger"]])
    assert all(other == figures[0] for other in figures)


def test_images_with_channels_last(digits, tmp_path):
    """The graph of a model whose images have their channels behind: the artifact remembers it."""
    from dataclasses import replace

    from spikeloom.deploy.rerun import rerun
    from spikeloom.models.operators import Input

    graph = package.load(str(digits.folder / "convolutional.onnx"))
    entry = graph.inputs[0]
    turned = replace(graph, nodes={**graph.nodes, entry: Input((1, 8, 8), axes=(2, 1, 0))})
    options = {"convert": "sigma-delta", "samples": 40, "lava_samples": 0, "input_scale": "1/16"}
    images = digits.x.reshape(-1, 1, 8, 8)
    expected = package.deploy(graph, "loihi2", (images, digits.y), **options)["ledger"]
    last = images.transpose(0, 3, 2, 1)
    report = package.deploy(turned, "loihi2", (last, digits.y), tmp_path / "out", **options)
    assert [row["accuracy"] for row in report["ledger"]] == [row["accuracy"] for row in expected]
    np.savez(tmp_path / "last.npz", x=last, y=digits.y)
    again = rerun(tmp_path / "out", "simulator", tmp_path / "last.npz", 40)
    assert (again.accuracy, again.spikes_per_sample) == (
        report["ledger"][-1]["accuracy"], report["ledger"][-1]["spikes_per_sample"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--input-scale", "a/b"], ["--input-scale", "'a/b'"]),
        (["--input-scale", "1/0"], ["--input-scale", "'1/0'"]),
        (["--input-scale", "nan"], ["--input-scale"]),
        (["--input-scale", "1e999"], ["--input-scale"]),
        (["--input-scale", f"{10**400}/3"], ["--input-scale"]),
        (["--input-offset", "x"], ["--input-offset", "'x'"]),
        (["--input-shape", "big"], ["--input-shape", "big"]),
        (["--input-shape", "3,,2"], ["--input-shape"]),
        (["--input-shape", "0,8"], ["--input-shape"]),
        (["--input-shape", "-1"], ["--input-shape"]),
        (["--input-shape", ""], ["--input-shape"]),
    ],
)
def test_options_that_cannot_be(spikeloom, digits, options, words):
    is_error(spikeloom("check", digits.folder / "dense.onnx", "--convert", "rate", *options), 2, *words)


@pytest.mark.parametrize("options", [["--convert", "magic"], ["--max-pool", "min"], ["--threshold-rule", "guess"]])
def test_choices_that_do_not_exist(spikeloom, digits, options):
    done = spikeloom("check", digits.folder / "dense.onnx", *options)
    assert (done.code, done.out) == (2, "")
    assert options[0] in done.err


# Networks of other forms


def random_data(path, *shape, samples=20, classes=3):
    random = np.random.default_rng(1)
    np.savez(path, x=random.normal(0, 1, (samples, *shape)), y=random.integers(0, classes, samples))
    return path


@pytest.mark.parametrize("method", ["rate", "sigma-delta"])
def test_a_rectifier_may_be_last(spikeloom, tmp_path, method):
    model = write_dense(tmp_path / "last.onnx", *drawn(5, 8, 3), last="sum")
    data = random_data(tmp_path / "data.npz", 5)
    done = spikeloom(
        "deploy", model, "--data", data, "--convert", method, "--steps", 32, "--lava-samples", 0, "--json",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.code == 0, done.err
    ledger = {row["stage"]: row["accuracy"] for row in done.json["ledger"]}
    assert abs(ledger["simulator"] - ledger["ordinary"]) <= 0.1


def test_a_linear_model_is_read_out_without_conversion(spikeloom, tmp_path):
    model = write_dense(tmp_path / "linear.onnx", *drawn(5, 3))
    data = random_data(tmp_path / "data.npz", 5)
    options = ("--data", data, "--lava-samples", 0, "--out", tmp_path / "out")
    done = spikeloom("deploy", model, *options, "--json")
    assert done.code == 0, done.err
    assert any("readout" in note for note in done.json["assumptions"])
    graph = package.load(str(model))
    assert graph.layers
    refused = spikeloom("deploy", model, *options, "--convert", "rate")
    is_error(refused, 2, "no rectifier", "leave out --convert")


@pytest.mark.parametrize("what", ["inputs", "outputs"])
def test_several_inputs_or_outputs_are_refused(spikeloom, tmp_path, what):
    matrices, biases = drawn(5, 8, 3)
    weights = {"w": matrices[0], "b": biases[0], "v": matrices[1], "c": biases[1], "u": np.ones((4, 8))}
    nodes = [("Gemm", ["x", "w", "b"], "a", {}), ("Relu", ["a"], "r", {}), ("Gemm", ["r", "v", "c"], "y", {})]
    inputs, outputs = [("x", [5])], [("y", [3])]
    if what == "inputs":
        nodes[1:2] = [("MatMul", ["z", "u"], "o", {}), ("Add", ["a", "o"], "s", {}), ("Relu", ["s"], "r", {})]
        inputs.append(("z", [4]))
    else:
        nodes.append(("Gemm", ["r", "v"], "second", {}))
        outputs.append(("second", [3]))
    model = write_onnx(tmp_path / "several.onnx", nodes, weights, inputs, outputs)
    data = random_data(tmp_path / "data.npz", 5)
    for method in ("rate", "sigma-delta"):
        for options in ((), ("--data", data)):
            done = spikeloom("check", model, "--convert", method, *options)
            assert done.code == 3, (done.code, done.out, done.err)
            assert "several" in done.err
            assert "Traceback" not in done.err


# Data and weights at their limits


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", ["rate", "sigma-delta"])
@pytest.mark.parametrize(
    "kind", ["one sample", "one class", "constant", "zeros", "dead", "weights 1e6", "weights 1e-6", "one step"]
)
def test_the_limits(spikeloom, tmp_path, method, kind):
    """No traceback, no warning, and the same answers as the network wherever it has any."""
    matrices, biases = drawn(6, 12, 4)
    samples = 1 if kind == "one sample" else 16
    random = np.random.default_rng(2)
    x, y = random.uniform(0, 1, (samples, 6)), random.integers(0, 4, samples)
    if kind == "one class":
        matrices[1], biases[1] = matrices[1][:, :1], biases[1][:1]
        y = np.zeros(samples, dtype=int)
    elif kind in ("constant", "zeros"):
        x = np.full_like(x, 0.7 if kind == "constant" else 0.0)
    elif kind == "dead":
        biases[0] = np.full(12, -100.0)
    elif kind.startswith("weights"):
        factor = float(kind.split()[1])
        matrices, biases = [matrix * factor for matrix in matrices], [biases[0] * factor, biases[1] * factor**2]
    model = write_dense(tmp_path / "limits.onnx", matrices, biases)
    np.savez(tmp_path / "data.npz", x=x, y=y)
    steps = 1 if kind == "one step" else 24 if method == "rate" else 2
    done = spikeloom(
        "deploy", model, "--data", tmp_path / "data.npz", "--convert", method, "--steps", steps, "--lava-samples", 0,
        "--calibration-samples", 1 if kind == "one sample" else 8, "--json", "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.code == 0, done.err
    ledger = {row["stage"]: row["accuracy"] for row in done.json["ledger"]}
    allowed = 0.5 if kind == "one step" and method == "rate" else 0.15
    assert ledger["simulator"] >= ledger["ordinary"] - allowed, ledger


@pytest.mark.parametrize("method", ["rate", "sigma-delta"])
def test_data_without_samples_is_refused(spikeloom, digits, tmp_path, method):
    np.savez(tmp_path / "none.npz", x=np.zeros((0, 64)), y=np.zeros(0))
    done = spikeloom("check", digits.folder / "dense.onnx", "--convert", method, "--data", tmp_path / "none.npz")
    is_error(done, 7, "none.npz", "nothing to run")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("method", ["rate", "sigma-delta"])
def test_weights_that_are_not_finite_are_named(spikeloom, tmp_path, value, method):
    matrices, biases = drawn(5, 8, 3)
    matrices[0][2, 3] = value
    model = write_dense(tmp_path / "broken.onnx", matrices, biases)
    for options in ((), ("--data", random_data(tmp_path / "data.npz", 5))):
        done = spikeloom("check", model, "--convert", method, *options)
        assert done.code == 3, (done.code, done.out, done.err)
        assert "finite" in done.err
