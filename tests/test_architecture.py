"""The structure of the package: which folder may import which, and what stays out of the way until it is needed."""

import ast
import functools
import os
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("models", "mapping", "backends", "deploy", "commands", "cli")  # each may import those before it
STANDALONE = "backends/lava/standalone"  # copied into an artifact; no part of the package when it runs
NO_PACKAGE = {"tests", "benchmarks", "docs", "build", "dist"}
FINE_TUNING = ("distillation", "integer_network", "latent", "layer_agreement", "loop", "synapses", "training")
TRAINING = (
    "adaptive_steps",
    "build",
    "deterministic",
    "distortion",
    "first_weights",
    "from_graph",
    "layers",
    "leaky_steps",
    "ordinary_networks",
    "presentation",
    "spiking_network",
    "staged_network",
    "surrogate",
    "to_graph",
    "train",
)
TORCH_AT_HOME = {
    "deploy/studies/adversarial/gradients.py",
    *(f"models/zoo/{name}.py" for name in ("digits", "sew_resnet", "small_networks", "trained_model", "vgg")),
    "models/readers/torch",
    *(f"deploy/fine_tuning/{name}.py" for name in FINE_TUNING),
    *(f"models/training/{name}.py" for name in TRAINING),
}
SLOW = {"numba", "scipy", "sklearn", "torch", "lava", "h5py", "nir", "pymetis", "networkx", "onnx", "ml_dtypes"}


def package_files() -> list[Path]:
    """All Python files of the package."""
    files = [*ROOT.glob("*.py")]
    for folder in ROOT.iterdir():
        if folder.is_dir() and folder.name not in NO_PACKAGE and not folder.name.startswith("."):
            files += folder.rglob("*.py")
    return sorted(files)


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


FILES = {name_of(file): file for file in package_files()}
LIBRARY = [name for name in FILES if not name.startswith(STANDALONE)]


@functools.cache
def imports(name: str, *, top_level_only: bool = False) -> tuple[str, ...]:
    """Modules that a file imports; those within the package as paths below the root, such as "/models/graph"."""
    return tuple(imported(name, top_level_only))


def imported(name: str, top_level_only: bool) -> Iterator[str]:
    folders = Path(name).parent.parts
    nodes = iter(runs_at_import(parsed(name))) if top_level_only else ast.walk(parsed(name))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module)
        elif isinstance(node, ast.ImportFrom):
            assert node.level - 1 <= len(folders), f"{name}:{node.lineno} leaves the package"
            base = folders[: len(folders) - node.level + 1] + tuple((node.module or "").split("."))
            for alias in node.names:
                yield "/" + "/".join(part for part in (*base, alias.name) if part)


@functools.cache
def parsed(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"), name)


def runs_at_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes outside functions and outside `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from runs_at_import(node)


def layer(path: str) -> str:
    return path.strip("/").split("/", 1)[0].removesuffix(".py")


def outside(names: Iterable[str]) -> set[str]:
    """Top-level names of the imports from outside the package."""
    return {name.split(".", 1)[0] for name in names if not name.startswith("/")}


def offenders(found: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """The files against which something was found, and what: empty where all is well, else it tells itself."""
    return {name: sorted(wrong) for name, wrong in found.items() if wrong}


def test_there_is_something_to_look_at() -> None:
    assert {"__init__.py", "models/graph.py", "deploy/doctor.py"} <= set(FILES)


def test_imports_point_one_way() -> None:
    wrong = {}
    for name in LIBRARY:
        if layer(name) in LAYERS:  # __init__.py and __main__.py are the outside of it all
            allowed = LAYERS[: LAYERS.index(layer(name)) + 1]
            wrong[name] = [path for path in imports(name) if path.startswith("/") and layer(path) not in allowed]
    assert not offenders(wrong), f"layers import from those before them only: {', '.join(LAYERS)}"


def test_imports_within_the_package_are_relative() -> None:
    assert not offenders({name: outside(imports(name)) & {"spikeloom", "tests", *LAYERS} for name in LIBRARY})


def test_lava_is_imported_by_the_standalone_program_only() -> None:
    assert not offenders({name: outside(imports(name)) & {"lava"} for name in LIBRARY})


def test_the_standalone_program_needs_no_more_than_lava_and_numpy() -> None:
    rules = {
        Path(file).stem for file in FILES if file.startswith("models/neurons/rules/") and file.endswith("_rule.py")
    }
    standalone = [name for name in FILES if name.startswith(STANDALONE)]
    beside = {Path(file).stem for file in standalone} | rules
    # scipy, for Lava's sparse connections, comes along with Lava.
    allowed = {"lava", "numpy", "scipy", *beside} | set(sys.stdlib_module_names)
    assert standalone
    assert not offenders({name: outside(imports(name)) - allowed for name in standalone})
    assert not offenders({name: [path for path in imports(name) if path.startswith("/")] for name in standalone})


def test_torch_stays_at_home() -> None:
    homes = {"/" + path.removesuffix(".py") for path in TORCH_AT_HOME}
    # The package of the PyTorch reader may be named everywhere, as it imports PyTorch only where it reads a module.
    homes.discard("/models/readers/torch")
    abroad = [
        name for name in LIBRARY if not any(name == home or name.startswith(f"{home}/") for home in TORCH_AT_HOME)
    ]
    wrong = {}
    for name in abroad:
        reached = {path for path in imports(name, top_level_only=True) if path.startswith("/")}
        wrong[name] = {path for path in reached if path in homes or path.rsplit("/", 1)[0] in homes}
        wrong[name] |= outside(imports(name)) & {"torch"}
    assert not offenders(wrong)


def test_the_list_of_packages_is_that_of_the_folders() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {Path(name).parent.parts for name in FILES}
    assert sorted(settings["packages"]) == sorted(".".join(("spikeloom", *parts)) for parts in folders)


def test_the_command_line_starts_without_slow_packages() -> None:
    code = "import sys, spikeloom.cli, spikeloom.commands.application\n"
    code += "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    ).stdout.split()
    assert not SLOW & set(loaded)
