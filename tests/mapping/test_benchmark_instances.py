"""The benchmark's own instances are those that everyone measures on."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SPIKELOOM_SHARED", ROOT.parent / "shared"))


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def theirs() -> ModuleType:
    path = SHARED / "instances.py"
    if not path.is_file():
        pytest.skip("the shared instances are not here")
    return loaded(path)


@pytest.fixture(scope="module")
def ours() -> ModuleType:
    return loaded(ROOT / "benchmarks" / "mapping_instances.py")


@pytest.mark.parametrize(
    "name", [*(pytest.param(name, marks=pytest.mark.slow) for name in ("cnn115k", "lsm99k")), "sw100k", "mlp"]
)
def test_networks(ours, theirs, name):
    for own, other in zip(ours.NETWORKS[name](), theirs.network(name), strict=True):
        assert np.array_equal(own, other)


@pytest.mark.parametrize("name", ["conv32", "conv64", "conv128", "dense32"])
def test_clusters(ours, theirs, name):
    for own, other in zip(
        ours.layered_clusters(*ours.PLACEMENTS[name]), theirs.placement(*theirs.PLACEMENTS[name]), strict=True
    ):
        assert np.array_equal(own, other)
