"""Counters come back from disk as they went there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spikeloom.backends.counters_file import read_counters, write_counters
from spikeloom.backends.run import Counters, LayerCounts
from spikeloom.models.errors import UnsupportedModelError

RANDOM = np.random.default_rng(0)
LAYERS = ("input", "file", "lif.1/weights")  # names that an archive could take for something else


def some(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 2**40, shape)


COUNTERS = Counters(
    3, 5, some(6, 2), {"dense": some(6, 2), "sparse": some(6, 2)}, some(2), some(6, 2), some(6, 2), some(6, 2),
    some(6, 1), (((0, 1, 2), (1, 0, 2)),), dict(zip(LAYERS, (1, 2, 3), strict=True)), {"file": 4}, {"a to b": 5},
    LayerCounts(LAYERS, {"spike": some(3, 3), "hop_east_west": some(3, 3)}, some(3, 3)),
)  # fmt: skip


def test_counters_come_back_as_they_were(tmp_path: Path) -> None:
    write_counters(COUNTERS, tmp_path / "counters.npz")
    found = read_counters(tmp_path / "counters.npz")
    for name, value in vars(COUNTERS).items():
        if name == "by_layer":
            assert found.by_layer.layers == value.layers
            np.testing.assert_array_equal(found.by_layer.neurons, value.neurons)
            assert set(found.by_layer.counts) == set(value.counts)
            for operation, counts in value.counts.items():
                np.testing.assert_array_equal(found.by_layer.counts[operation], counts)
        elif name == "synaptic_operations":
            assert set(found.synaptic_operations) == set(value)
            assert all(np.array_equal(found.synaptic_operations[kind], part) for kind, part in value.items())
        elif isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(found, name), value)
        else:
            assert getattr(found, name) == value


def test_files_that_hold_no_counters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="holds no counters"):
        read_counters(tmp_path / "counters.npz")
    write_counters(COUNTERS, tmp_path / "counters.npz")
    whole = (tmp_path / "counters.npz").read_bytes()
    (tmp_path / "counters.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnsupportedModelError, match="no readable counters"):
        read_counters(tmp_path / "counters.npz")
    np.savez(tmp_path / "other.npz", samples=np.asarray(1))
    with pytest.raises(UnsupportedModelError, match="no readable counters"):
        read_counters(tmp_path / "other.npz")
