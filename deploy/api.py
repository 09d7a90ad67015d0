"""The pipeline from Python: `spikeloom.load(...)`, `spikeloom.check(...)`, `spikeloom.deploy(...)`.

Options are those of the command line and of its configuration file, by the same names: `reset="subtract"`, `dt=1e-3`,
`samples=100`. A user's mistake raises an error of `spikeloom.models.errors`, all of them `SpikeloomError`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configuration.configuration import configuration

if TYPE_CHECKING:
    from ..models.graph import Graph
    from .check import Check
    from .model_source import Array
    from .progress.progress import Progress

    Source = str | Path | tuple[Array, Array | None] | None


def load(model: Any, example_input: Any = None, *, config: str | Path | None = None, **options: Any) -> Graph:
    """Read a trained model.

    Parameters
    ----------
    model : path of a model file, the name of a built-in model, or a module of PyTorch.
    example_input : for a module, a tensor (samples, *shape) as it takes it, with an axis for time where it takes one.
    config : a YAML file of options; those given by name win over it.
    options : see `deploy.configuration.Configuration`.

    Returns
    -------
    The graph: `graph.nodes`, `graph.shapes`, and in `graph.assumptions` what the file left open.
    """
    from .model_source import load_graph, load_module, with_built_in_options

    settings = configuration(_path(config), **options)
    if isinstance(model, str | Path):
        return load_graph(str(model), with_built_in_options(str(model), settings))
    return load_module(model, example_input, settings)


def check(
    model: str | Path | Graph,
    target: str | Path = "loihi2",
    data: Source = None,
    *,
    config: str | Path | None = None,
    **options: Any,
) -> Check:
    """Say whether a model fits a chip.

    Parameters
    ----------
    model : path of a model file, the name of a built-in model, or what `load` returned.
    config, options : see `load`.
    target : name of a chip, or path of a YAML file.
    data : an `.npz` file, or (x, y): shows whether the input's spikes carry numbers.

    Returns
    -------
    `fits`, `cores`, `problems` (each with layer, resource, used, limit, advice) and `assumptions`.
    """
    from .check import check as check_model

    return check_model(_model(model), str(target), configuration(_path(config), **options), _recordings(data))


def deploy(
    model: str | Path | Graph,
    target: str | Path = "loihi2",
    data: Source = None,
    out: str | Path | None = None,
    *,
    config: str | Path | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Read, lower, quantize, map and run a model, compare with Lava, and estimate its cost.

    Parameters
    ----------
    model : path of a model file, the name of a built-in model, or what `load` returned.
    config, options : see `load`.
    target : name of a chip, or path of a YAML file; several with commas between.
    data : an `.npz` file, or (x, y) with x (samples, steps, ...) or static (samples, ...) and y (samples,) or None;
        None for the data of a built-in model.
    out : folder to write the artifact to; None writes nothing.
    progress : told of each stage.

    Returns
    -------
    The report, as in `report.json`; of several targets the comparison.
    """
    from .target_list import split_targets

    settings = configuration(_path(config), **options)
    targets = split_targets(str(target))
    if len(targets) > 1:
        from .several_targets import deploy_on_targets

        return deploy_on_targets(_model(model), targets, _recordings(data), _path(out), settings, progress)
    from .deployment import deploy as deploy_model

    return deploy_model(_model(model), str(target), _recordings(data), _path(out), settings, progress)


def _model(model: str | Path | Graph) -> str | Graph:
    return str(model) if isinstance(model, str | Path) else model


def _path(name: str | Path | None) -> Path | None:
    return None if name is None else Path(name)


def _recordings(data: Source) -> Path | tuple[Array, Array | None] | None:
    return Path(data) if isinstance(data, str | Path) else data
