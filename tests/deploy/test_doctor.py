"""The doctor: what is there, what is missing, what to do about it."""

import importlib
import importlib.metadata
import sys
from pathlib import Path
from types import ModuleType

import pytest

from spikeloom.deploy import doctor
from spikeloom.deploy import machine_findings as machine
from spikeloom.deploy.doctor import diagnose
from spikeloom.deploy.finding import Finding, State

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
    assert {"simulator", "torch", "lava", "test data", "processors", "memory", "disk", "machine code"} <= set(names)
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


def test_little_memory_of_the_machine_or_of_its_container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 64000000 kB\nMemAvailable: 1000000 kB\n")
    monkeypatch.setattr(machine, "MEMORY_OF_LINUX", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "LIMITS_OF_A_CONTAINER", ())
    assert (found("memory").state, "1.0 GB free" in found("memory").version) == (State.SCARCE, True)
    assert "--samples" in found("memory").remedy
    (tmp_path / "meminfo").write_text("MemTotal: 64000000 kB\nMemAvailable: 60000000 kB\n")
    (tmp_path / "limit").write_text("500000000\n")
    monkeypatch.setattr(machine, "LIMITS_OF_A_CONTAINER", (tmp_path / "limit",))
    assert found("memory").version == "0.5 GB free of 0.5"
    (tmp_path / "limit").write_text("max\n")
    monkeypatch.setattr(machine, "ENOUGH_MEMORY", 0.01)
    assert found("memory").state is State.OK
    monkeypatch.setattr(machine, "MEMORY_OF_LINUX", tmp_path / "absent")
    assert found("memory").state is State.OK


def test_little_room_on_disk_and_in_shared_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "SHARED_MEMORY", tmp_path)
    for name in ("ENOUGH_DISK", "ENOUGH_SHARED"):
        monkeypatch.setattr(machine, name, 1e9)
    assert {found(name).state for name in ("disk", "temporary files", "shared memory")} == {State.SCARCE}
    assert "--shm-size" in found("shared memory").remedy
    monkeypatch.setattr(machine, "SHARED_MEMORY", tmp_path / "absent")
    assert found("shared memory").state is State.OK


def test_machine_code_without_a_lasting_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert found("machine code") == Finding("machine code", State.OK, str(tmp_path / "spikeloom"))
    assert list((tmp_path / "spikeloom").iterdir()) == []
    monkeypatch.setattr("spikeloom.models.compiled_code._places", lambda: iter((Path("/proc/nowhere"),)))
    assert found("machine code").state is State.SCARCE
    assert "XDG_CACHE_HOME" in found("machine code").remedy
