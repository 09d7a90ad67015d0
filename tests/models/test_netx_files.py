"""`.net` files that are broken, or hold what has no meaning here: refused in one error that names everything."""

import shutil

import h5py
import numpy as np
import pytest

from spikeloom.models.errors import UnsupportedModelError, UsageError
from spikeloom.models.execution.graph_run import run_graph
from spikeloom.models.operators import Neurons
from spikeloom.models.readers.netx import NetxOptions, read_net

CUBA = {"type": "CUBA", "iDecay": 1024, "vDecay": 410, "vThMant": 40, "refDelay": 1, "gradedSpike": False}
SDNN = {"type": "SDNN", "activation": "relu", "vThMant": 2}


def dense(outputs=3, inputs=4, neuron=CUBA, **fields):
    shape, weight = np.array([outputs]), 2 * np.ones((outputs, inputs), np.float32)
    return {"type": "dense", "shape": shape, "weight": weight, "neuron": neuron, **fields}


def conv(shape=(2, 3, 3), weight=(2, 1, 2, 2), **fields):
    return {"type": "conv", "shape": np.array(shape), "weight": np.ones(weight), "neuron": CUBA, "stride": 1, **fields}


def without(layer, *names):
    return {name: value for name, value in layer.items() if name not in names}


@pytest.fixture
def write(tmp_path):
    """Write layers, numbered from 0 or as said."""

    def write_file(layers, numbers=None):
        def fill(group, fields):
            for name, value in fields.items():
                if isinstance(value, dict):
                    fill(group.create_group(name), value)
                else:
                    group[name] = value

        with h5py.File(tmp_path / "model.net", "w") as file:
            file.create_group("layer")
            for number, layer in zip(numbers or range(len(layers)), layers, strict=True):
                fill(file.create_group(f"layer/{number}"), layer)
        return tmp_path / "model.net"

    return write_file


@pytest.fixture
def refused(write):
    """The lines of the error that layers are refused with."""

    def read(layers, numbers=None, options=None):
        with pytest.raises(UnsupportedModelError) as error:
            read_net(write(layers, numbers), options)
        assert "model.net" in str(error.value)
        return str(error.value).splitlines()

    return read


def test_a_pointer_to_a_file(shared_data):
    with pytest.raises(UnsupportedModelError, match=r"ntidigits\.net is a git-LFS pointer.*git lfs pull"):
        read_net(shared_data / "broken" / "ntidigits.net")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89HDF\r\n\x1a\n" + bytes(500)])
def test_files_that_are_no_networks(tmp_path, content):
    (tmp_path / "model.net").write_bytes(content)
    with pytest.raises(UnsupportedModelError, match=r"model\.net (is|holds|cannot)[^\n]*\.$"):
        read_net(tmp_path / "model.net")


def test_a_file_that_is_absent(tmp_path):
    with pytest.raises(UnsupportedModelError, match=r"absent\.net cannot be read: No such file or directory\.$"):
        read_net(tmp_path / "absent.net")


@pytest.mark.parametrize("share", [0.999, 0.6, 0.1])
def test_truncated_files(write, share):
    path = write([dense(90, 80), dense(70, 90)])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UnsupportedModelError, match=r"truncated or damaged[^\n]*$"):
        read_net(path)


def test_hdf5_files_of_others(shared_data, tmp_path):
    shutil.copy(shared_data / "nir" / "braille.nir", tmp_path / "braille.net")
    with pytest.raises(UnsupportedModelError, match="no network of lava-dl: it has no group 'layer'"):
        read_net(tmp_path / "braille.net")


def test_numbers_of_layers(refused):
    [line] = refused([dense(), dense(3, 3), dense(3, 3)], [0, 1, 3])
    assert "layer 2 is missing; there are 0, 1, 3" in line
    assert refused([])[0].endswith("without layers.")


def test_layers_are_read_in_the_order_of_their_numbers(write):
    layers = [dense(4 + number, 3 + number) for number in range(12)]
    graph = read_net(write(layers))
    sizes = [graph.shapes[name] for name in graph.order if isinstance(graph.nodes[name], Neurons)]
    assert sizes == [(4 + number,) for number in range(12)]


def test_everything_that_stands_against_a_network_is_listed(refused):
    lines = refused([
        {"type": "input", "shape": np.array([2, 6, 6]), "neuron": CUBA | {"type": "RF"}},
        {"type": "conv3d", "shape": np.array([3, 4, 4])},
        conv((3, 3, 3), (3, 3, 2, 2), neuron=CUBA | {"refDelay": 64}),
        {"type": "flatten", "shape": np.array([27, 1, 1])},
        dense(5, 27),
        dense(5, 6),
        dense(4, 5, without(CUBA, "vThMant")),
        {},
        dense(7, 9, CUBA | {"type": "ALIF"}),
        {"type": "kwta"},
    ])  # fmt: skip
    assert lines[0].endswith("model.net: 8 nodes cannot be deployed:")
    expected = [
        ("layer 0 (input): ", "'RF'"),
        ("layer 1 (conv3d): ", "unknown here; there are input, dense"),
        ("layer 2 (conv): ", "period leaves 0..62"),
        ("layer 5 (dense): ", "does not lead from 5 to 5 neurons"),
        ("layer 6 (dense): ", "lacks the field 'vThMant'"),
        ("layer 7 (unknown type): ", "lacks the field 'type'"),
        ("layer 8 (dense): ", "'ALIF'"),
        ("layer 9 (kwta): ", "unknown here"),
    ]
    for line, parts in zip(lines[1:], expected, strict=True):
        assert all(part in line for part in parts), line


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (without(dense(), "weight"), "lacks the field 'weight'"),
        (without(dense(), "shape"), "lacks the field 'shape'"),
        (dense(neuron=CUBA | {"gradedSpike": True}), "gradedSpike is set"),
        (dense(neuron=CUBA | {"iDecay": 0}), "iDecay is 0"),
        (dense(neuron=CUBA | {"vThMant": 2**17}), "threshold leaves 0..131071"),
        (dense(neuron=CUBA | {"vDecay": np.ones(2)}), "'vDecay' holds 2 values for 3 neurons"),
        (dense(neuron=CUBA | {"vDecay": "slow"}), "'vDecay' holds no numbers"),
        (dense(neuron=CUBA | {"type": "ADRF_IZ"}), "'ADRF_IZ'; there are CUBA, LOIHI, SDNN"),
        (dense(neuron=SDNN | {"activation": "sigmoid"}), "'sigmoid'"),
        (dense(neuron=SDNN | {"sigma_output": True}, bias=np.full(3, 2)), "sigma output has a bias"),
        (dense(neuron=CUBA | {"wgtExp": -2}), "is not whole"),
        (dense(neuron=CUBA | {"wgtExp": 60}), "exponent of 60"),
        (dense(weight=np.full((3, 4), 0.5)), "'weight' holds numbers that are not whole"),
        (dense(weight=np.full((3, 4), np.nan)), "'weight' holds numbers that are not whole"),
        (dense(weight=np.full((3, 4), 1e300)), "'weight' holds numbers beyond 32 bits"),
        (dense(weight={"real": np.ones((3, 4)), "imag": np.ones((3, 4))}), "complex"),
        (dense(bias=np.full(3, 5000)), "bias_mantissa leaves -4096..4095"),
        (dense(delay=np.ones(2)), "'delay' holds 2 values"),
        (dense(neuron=np.ones(3)), "'neuron' is no group"),
        (without(dense(bias=np.ones(3)), "neuron"), "a bias but no neurons"),
        (dense(shape=np.array([0, 3])), "which is no shape"),
        (dense() | {"type": "dense_rec"}, "lacks the field 'weight_rec'"),
        (dense(weight_rec=np.ones((3, 4))) | {"type": "dense_rec"}, "does not lead from 3 to 3"),
        (conv(stride=2), "does not tell the shape of the data: say it (--input-shape)"),
        (conv(groups=3), "do not divide into 3 groups"),
        (conv(padding=np.array([-1, 0])), "'padding' is [-1, 0]"),
        (conv(weight=(2, 1, 2)), "no kernel over height and width"),
        ({"type": "flatten", "shape": np.array([8])}, "say it (--input-shape)"),
    ],
)  # fmt: skip
def test_single_layers(refused, layer, reason):
    lines = refused([layer, dense(2, int(np.prod(layer.get("shape", 3))))])
    assert len(lines) == 2
    assert reason in lines[1]


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (conv((2, 4, 4), (2, 1, 2, 2)), "is declared with shape (2, 4, 4), but gets (2, 4, 5)"),
        (conv((2, 9, 9), (2, 3, 2, 2)), "takes 3 channels"),
        (conv((2, 9, 9), (2, 1, 9, 9)), "larger than the padded input"),
        (conv((1, 1, 2), (1, 1, 3, 3)) | {"type": "pool", "stride": 3}, "reach into other channels"),
        (conv((1, 3, 3), (1, 2, 2, 2)) | {"type": "pool", "stride": 2}, "no single window"),
        (conv((1, 15, 18), (1, 1, 2, 2)) | {"type": "unpool", "stride": 3}, "reach into other channels"),
        ({"type": "flatten", "shape": np.array([29, 1, 1])}, "declared with shape (29, 1, 1), but gets (30,)"),
        ({"type": "concat", "shape": np.array([2, 5, 6]), "layers": np.array([1])}, "do not come before it"),
        ({"type": "concat", "shape": np.array([2, 5, 6]), "layers": np.array([0])}, "but gets (1, 5, 6)"),
        ({"type": "average", "shape": np.array([2])}, "averages in the middle"),
        ({"type": "input", "shape": np.array([3])}, "only the first layer"),
    ],
)  # fmt: skip
def test_layers_that_do_not_suit_the_one_before(refused, layer, reason):
    lines = refused([
        {"type": "input", "shape": np.array([1, 5, 6])},
        layer,
        {"type": "flatten", "shape": np.array([int(np.prod(layer["shape"]))])},
    ])  # fmt: skip
    assert len(lines) == 2
    assert reason in lines[1]


def test_layers_of_other_sizes_cannot_be_joined(refused):
    first = {"type": "input", "shape": np.array([1, 5, 6])}
    [_, line] = refused([
        first,
        conv((2, 4, 5), (2, 1, 2, 2)),
        {"type": "concat", "shape": np.array([3, 5, 6]), "layers": np.array([0])},
    ])  # fmt: skip
    assert "(2, 4, 5), (1, 5, 6)" in line


def test_averages_of_what_is_no_spikes(refused):
    [_, line] = refused([
        {"type": "input", "shape": np.array([4]), "neuron": SDNN},
        dense(4, 4, SDNN | {"sigma_output": True}),
        {"type": "average", "shape": np.array([2])},
    ])  # fmt: skip
    assert "a second time" in line


def test_fields_in_all_the_ways_they_are_written(write):
    plain = read_net(write([dense(), dense(2, 3)])).nodes["1 dense"].model
    odd = {
        "type": np.array([b"LOIHI"], dtype="S10"),
        "iDecay": np.array([1024.0], np.float32),
        "vDecay": np.array([[410]]),
        "vThMant": np.float64(40.0001),
        "refDelay": np.int8(1),
    }
    layer = dense(2, 3, odd, weight=np.full((2, 3, 1, 1, 1), 2.0001)) | {"type": np.array([b"dense"], dtype="S10")}
    same = read_net(write([dense(), layer]))
    assert {name: value.tolist() for name, value in same.nodes["1 dense"].model.rule_parameters.items()} == {
        name: value.tolist() for name, value in plain.rule_parameters.items()
    }
    np.testing.assert_array_equal(same.nodes["1 dense.weights"].weight, np.full((2, 3), 2))


def test_options_out_of_range(write):
    with pytest.raises(UsageError, match="spike_exponent is 7"):
        read_net(write([dense()]), NetxOptions(spike_exponent=7))
    with pytest.raises(UsageError, match="leave out --input-shape"):
        read_net(write([{"type": "input", "shape": np.array([4])}, dense()]), NetxOptions(input_shape=(4,)))
    with pytest.raises(UnsupportedModelError, match="does not lead from 5 to 3"):
        read_net(write([dense()]), NetxOptions(input_shape=(5,)))


@pytest.mark.parametrize("delay", [1, 2, 5])
def test_refractory_steps_are_one_less_than_the_register(write, delay):
    """As on Loihi: with 1 neurons are ready again at the next step."""
    neuron = CUBA | {"refDelay": delay, "iDecay": 4096, "vDecay": 0, "vThMant": 1}
    graph = read_net(write([dense(4, 3, neuron)]))
    (layer,) = [name for name in graph.order if isinstance(graph.nodes[name], Neurons)]
    spikes = run_graph(graph, np.ones((1, 20, 3), dtype=int))[layer][0]
    for train in spikes.T:
        assert set(np.diff(np.flatnonzero(train))) == {delay}
