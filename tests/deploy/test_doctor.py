"""The doctor: what is there, what is missing, what to do about it."""

import importlib
import importlib.metadata
import sys
from pathlib import Path
from types import ModuleType

import pytest

from spikeloom.deploy import doctor
from spikeloom.deploy.doctor import Finding, State, diagnose

AVAILABILITY = "spikeloom.backends.lava.availability"


@pytest.fixture(autouse=True)
def lava_is_there(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A stand-in, so that these tests tell the same story with and without Lava."""
    module = ModuleType(AVAILABILITY)
    module.lava_problem = lambda: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, AVAILABILITY, module)
    return module


def found(name: str) -> Finding:
    return next(finding for finding in diagnose() if finding.name == name)


def only_distribution(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str], requires: list[str]) -> None:
    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: requires)


def test_it_finds_what_the_tests_run_on() -> None:
    names = [finding.name for finding in diagnose()]
    assert names[0] == "Python"
    assert len(names) == len(set(names))
    assert {"simulator", "torch", "lava", "test data"} <= set(names)
    assert found("Python").state is State.OK


def test_whatever_is_missing_comes_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    only_distribution(monkeypatch, {"spikeloom": "0.1.0"}, ["numpy>=2.0", "rich"])
    assert all(bool(finding.remedy) == (finding.state is not State.OK) for finding in diagnose())
    assert found("numpy") == Finding("numpy", State.MISSING, remedy='pip install "numpy>=2.0"')
    assert found("rich") == Finding("rich", State.MISSING, remedy="pip install rich")


def test_extras_are_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    only_distribution(
        monkeypatch, {"spikeloom": "0.1.0", "numpy": "2.4.6"}, ["numpy>=2.0", 'ruff>=0.11; extra == "lint"']
    )
    names = [finding.name for finding in diagnose()]
    assert "ruff" not in names
    assert found("numpy") == Finding("numpy", State.OK, "2.4.6")


@pytest.mark.parametrize(
    ("version", "lowest", "state"),
    [
        ("2.4.6", "2.0", State.OK),
        ("2.0", "2.0.0", State.OK),
        ("2.10", "2.9", State.OK),
        ("2026.1", "2025.1", State.OK),
        ("1.26.4", "2.0", State.MISSING),
        ("2.0.9", "2.1", State.MISSING),
    ],
)
def test_versions_are_compared_as_numbers(
    monkeypatch: pytest.MonkeyPatch, version: str, lowest: str, state: State
) -> None:
    only_distribution(monkeypatch, {"spikeloom": "0.1.0", "numpy": version}, [f"numpy>={lowest}"])
    assert found("numpy").state is state
    assert found("numpy").version == version


def test_a_checkout_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", nothing)
    assert found("spikeloom").state is State.MISSING
    assert "pip install -e ." in found("spikeloom").remedy


def test_a_numba_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> ModuleType:
        raise ImportError("Numba needs NumPy 2.4 or less")

    monkeypatch.setattr(importlib, "import_module", fail)
    assert found("simulator").state is State.MISSING
    assert "Numba needs NumPy 2.4 or less" in found("simulator").remedy


def test_torch_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    only_distribution(monkeypatch, {"spikeloom": "0.1.0"}, [])
    assert found("torch").state is State.OPTIONAL
    assert "spikeloom[torch]" in found("torch").remedy


def test_lava_is_optional_and_its_problem_is_told(lava_is_there: ModuleType) -> None:
    lava_is_there.lava_problem = lambda: "Lava is not installed."  # type: ignore[attr-defined]
    assert found("lava").state is State.OPTIONAL
    assert found("lava").remedy == f"Lava is not installed. {doctor.LAVA_INSTALL}"
    lava_is_there.lava_problem = lambda: "Lava lacks asteval: pip install asteval"  # type: ignore[attr-defined]
    assert found("lava").remedy == "Lava lacks asteval: pip install asteval"


def test_the_folder_of_test_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(doctor.DATA_VARIABLE, str(tmp_path))
    assert found("test data") == Finding("test data", State.OK, str(tmp_path))
    monkeypatch.setenv(doctor.DATA_VARIABLE, str(tmp_path / "absent"))
    assert found("test data").state is State.OPTIONAL
    assert doctor.DATA_VARIABLE in found("test data").remedy
