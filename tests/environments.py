"""Runs the tests in environments of their own: `python tests/environments.py TASK`, then pytest's options.

pythons : every installed Python that Spikeloom runs on, with the versions in constraints.txt.
lowest : the oldest such Python, with the lowest versions that pyproject.toml allows.
newest : the newest such Python, with the newest versions that there are.

Environments lie in build/pythons and are made anew when pyproject.toml or constraints.txt changes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "build" / "pythons"
VERSIONS = ("3.11", "3.12", "3.13")
EXTRAS = ("lava", "studies", "test")
LAVA = "lava-nc==0.10.0"


def main(task: str, *options: str) -> int:
    """Do a task, print which environments passed, and return whether any did not."""
    pythons = dict(installed_pythons())
    if not pythons:
        print(f"None of Python {', '.join(VERSIONS)} is installed.", file=sys.stderr)
        return 1
    if task == "lowest":
        PLACE.mkdir(parents=True, exist_ok=True)
        constraints = PLACE / "lowest.txt"
        constraints.write_text("".join(f"{line}\n" for line in lowest_versions()))
        asked = {"lowest": (pythons[min(pythons, key=VERSIONS.index)], constraints)}
    elif task == "newest":
        asked = {"newest": (pythons[max(pythons, key=VERSIONS.index)], None)}
    else:
        asked = {name: (python, ROOT / "constraints.txt") for name, python in pythons.items()}
    results = {}
    for name, (python, constraints) in asked.items():
        print(f"== {name}: {python}", flush=True)
        results[name] = tested(PLACE / name, python, constraints, options)
    missing = {name: "not installed" for name in VERSIONS if task == "pythons" and name not in pythons}
    print("\n" + "\n".join(f"{name:8} {result}" for name, result in sorted({**results, **missing}.items())))
    return int(any(result != "passed" for result in results.values()))


def installed_pythons() -> Iterator[tuple[str, Path]]:
    """Version and path of the Pythons that suit: on the path, and those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in VERSIONS:
        on_path = shutil.which(f"python{version}")
        for candidate in (*([Path(on_path)] if on_path else []), *sorted(pyenv.glob(f"{version}.*/bin/python"))):
            asked = [str(candidate), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            answer = subprocess.run(asked, capture_output=True, text=True, check=False)
            if answer.returncode == 0 and answer.stdout.strip() == version:
                yield version, candidate
                break


def lowest_versions() -> list[str]:
    """Every requirement in pyproject.toml, its lowest version as the only one, as constraints for pip."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    requirements = [*project["dependencies"], *(item for extra in EXTRAS for item in extras[extra])]
    return sorted({re.sub(r"\s*>=\s*", "==", requirement, count=1) for requirement in requirements})


def tested(folder: Path, python: Path, constraints: Path | None, options: tuple[str, ...]) -> str:
    """Make an environment where there is none, run the tests in it, and say how that ended."""
    if not made(folder, python, constraints):
        return "could not be made"
    command = [folder / "bin" / "python", "-P", "-m", "pytest", "-q", *options]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    return "passed" if code == 0 else f"failed (pytest ended with {code})"


def made(folder: Path, python: Path, constraints: Path | None) -> bool:
    """Make an environment unless it is there, made of the same."""
    texts = [ROOT / "pyproject.toml", *([constraints] if constraints else [])]
    state = hashlib.sha256(b"".join(path.read_bytes() for path in texts) + str(python).encode()).hexdigest()
    stamp = folder / "made-of"
    if stamp.is_file() and stamp.read_text() == state:
        return True
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    held = ["--constraint", str(constraints)] if constraints else []
    steps = [
        [str(python), "-m", "venv", "--clear", str(folder)],
        [*pip, "--upgrade", "setuptools>=77", "wheel"],
        [*pip, *held, "--no-build-isolation", "--editable", f"{ROOT}[{','.join(EXTRAS)}]"],
        [*pip, "--no-deps", "--ignore-requires-python", LAVA],
    ]
    if any(subprocess.run(step, cwd=ROOT, check=False).returncode for step in steps):
        return False
    stamp.write_text(state)
    return True


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
