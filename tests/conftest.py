"""What all tests share."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

settings.register_profile("quick", max_examples=20, deadline=None)  # of tests that name no number of their own
settings.register_profile("thorough", max_examples=300, deadline=None)  # make test-all
settings.load_profile("quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take files of all folders in turn: two processes in one folder would compile the same loops at the same time."""
    files: dict[str, dict[Path, int]] = {}
    for item in items:
        folder = files.setdefault(item.path.relative_to(Path(__file__).parent).parts[0], {})
        folder.setdefault(item.path, len(folder))

    def turn(item: pytest.Item) -> float:
        folder = files[item.path.relative_to(Path(__file__).parent).parts[0]]
        return (folder[item.path] + 0.5) / len(folder)

    items.sort(key=turn)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real models and recordings that are not part of the repository; skips where it is absent."""
    beside_the_repository = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SPIKELOOM_DATA") or beside_the_repository)
    if not folder.is_dir():
        pytest.skip(f"{folder} does not exist; the variable SPIKELOOM_DATA names the folder of real models and data")
    return folder


@pytest.fixture(scope="session")
def neuron_examples() -> ModuleType:
    """Random neurons of every family: `models/neuron_examples.py`, which pytest puts on no path."""
    name = "neuron_examples"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "models" / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]
