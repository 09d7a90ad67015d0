"""A program on disk is the program: every array, every number, every name."""

from __future__ import annotations

import json
from dataclasses import fields

import numpy as np
import pytest

from spikeloom.backends.program import Program
from spikeloom.mapping.mapper import map_network
from spikeloom.mapping.target_files import load_target
from spikeloom.models.connectivity import Dense, OneToOne
from spikeloom.models.decision import Decision
from spikeloom.models.errors import UnsupportedModelError
from spikeloom.models.input_code import InputCode
from spikeloom.models.network import Network, Population, Projection, Role
from spikeloom.models.neurons.leaky_integrate_and_fire import IntegerLeakyIntegrateAndFire, Reset


def whole(value):
    return np.asarray(value, dtype=np.int64)


@pytest.fixture
def program():
    neuron = IntegerLeakyIntegrateAndFire(
        whole(4096), whole([1, 2, 3]), whole(50), whole(-7), whole(2), Reset.SUBTRACT, inclusive=True
    )
    reader = IntegerLeakyIntegrateAndFire(
        whole(1), whole(0), whole(0), whole(0), whole(0), spiking=False, output_shift=3
    )
    populations = (
        Population("in ∿/..", (1, 2), Role.INPUT, None, 0),
        Population("file", (3,), Role.NEURON, neuron, 1),
        Population("out", (3,), Role.NEURON, reader, 3),
    )
    projections = (
        Projection(
            "a/b", "in ∿/..", "file", Dense(np.array([[2, -4], [0, 6], [254, -256]], dtype=np.int16)), exponent=7
        ),
        Projection("loop", "file", "file", OneToOne(np.array([1, 2, 3], dtype=np.int16)), delay=4),
        Projection("late", "file", "out", Dense(np.full((3, 3), -255, dtype=np.int16)), delay=2),
    )
    network = Network(populations, projections, "out", True, {"file": 64.5, "out": 1 / 3})
    target = load_target("loihi2")
    return Program(network, map_network(network, target), target, InputCode(0.1, False, 255, True), Decision.LAST, 9)


def assert_equal(one, other, path=""):
    """Compare field by field, arrays with their types."""
    assert type(one) is type(other), path
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, path
        np.testing.assert_array_equal(one, other, err_msg=path)
    elif isinstance(one, tuple):
        assert len(one) == len(other), path
        for index, (first, second) in enumerate(zip(one, other, strict=True)):
            assert_equal(first, second, f"{path}[{index}]")
    elif hasattr(one, "__dataclass_fields__"):
        for field in fields(one):
            if not field.name.startswith("_") and field.name not in ("scales", "core_of"):
                assert_equal(getattr(one, field.name), getattr(other, field.name), f"{path}.{field.name}")
    else:
        assert one == other, path


def test_loading_gives_the_program_that_was_saved(program, tmp_path):
    program.save(tmp_path)
    loaded = Program.load(tmp_path)
    assert_equal(loaded, program)
    assert loaded.network.scales.keys() == program.network.scales.keys()
    for name, scale in program.network.scales.items():
        np.testing.assert_array_equal(loaded.network.scales[name], scale)
    assert set(loaded.mapping.core_of) == set(program.mapping.core_of)
    for name, cores in program.mapping.core_of.items():
        np.testing.assert_array_equal(loaded.mapping.core_of[name], cores)
    assert loaded.period == program.period == 9 + program.network.gap


def test_no_pickles_and_only_text_that_people_can_read(program, tmp_path):
    program.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "program.json", "network.json", "arrays.npz", "cores.npz", "target.yaml",
    }  # fmt: skip
    for name in ("arrays.npz", "cores.npz"):
        with np.load(tmp_path / name, allow_pickle=False) as arrays:
            assert all(arrays[key].dtype.kind in "iu" for key in arrays.files)


@pytest.mark.parametrize("name", ["program.json", "network.json", "arrays.npz", "cores.npz", "target.yaml"])
@pytest.mark.parametrize("spoil", ["missing", "empty", "half", "nonsense"])
def test_files_that_are_missing_or_damaged(program, tmp_path, name, spoil):
    program.save(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    if spoil != "missing":
        new = {"empty": b"", "half": content[: len(content) // 2], "nonsense": b"\xff[1, 2"}[spoil]
        (tmp_path / name).write_bytes(new)
    with pytest.raises(UnsupportedModelError, match="deploy again"):
        Program.load(tmp_path)


def test_another_format_is_named(program, tmp_path):
    program.save(tmp_path)
    document = json.loads((tmp_path / "program.json").read_text())
    (tmp_path / "program.json").write_text(json.dumps(document | {"format": 99}))
    with pytest.raises(UnsupportedModelError, match="format 99"):
        Program.load(tmp_path)
