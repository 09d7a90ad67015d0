"""The deployed network that a study is of."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...backends.program import Program
from ...mapping.target_files import load_target
from ...models.errors import UnsupportedModelError, UsageError
from ...models.graph import Graph
from ..artifact.artifact import load_program, read_choices
from ..compilation import compile_model
from ..configuration.configuration import Configuration
from ..conversion.calibrated import convert_graph
from ..data import Data
from ..data_identity import data_section
from ..lowering.lower import prepare
from ..model_source import BuiltIn, built_in, load_graph, open_data, with_built_in_options
from ..progress.progress import Progress
from ..progress.stage_plan import network_stages
from ..rerun import prepared_data

Array = NDArray[Any]
DEFAULT_TARGET = "loihi2"
OF_ANY_SUBJECT = {"samples", "costs", "seed"}
"""Keys of the configuration that mean something for a deployed folder, too."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A program and the data that it is looked at with.

    Attributes
    ----------
    name : of the model, as the user gave it.
    program : integer network, mapping and target.
    data : labelled or not; `x` is (samples, steps, input neurons) as the network gets it.
    graph : the float network as trained; None where the model is a folder that `spikeloom deploy` wrote.
    config : what it was made with.
    costs : name of the target's account of what operations cost; its default where None.
    notes : what was assumed to make it, a sentence each.
    built_in : the built-in model that it is, whose training is known; None for others, and beside other data.
    """

    name: str
    program: Program
    data: Data
    graph: Graph | None
    config: Configuration
    costs: str | None
    notes: tuple[str, ...]
    built_in: BuiltIn | None = None

    def require_classes(self) -> None:
        """Refuse a network that decides nothing.

        Raises
        ------
        UnsupportedModelError : it has a single output.
        """
        network = self.program.network
        if network.by_name[network.output].size < 2:
            raise UnsupportedModelError(
                f"{self.name} has a single output, so that it decides between no classes, which this study is about."
            )

    @property
    def identity(self) -> dict[str, Any]:
        """Name, target, account of costs and fingerprints of program and data, as JSON can hold them."""
        target = self.program.target
        return {
            "model": self.name,
            "target": target.name,
            "costs": self.costs or target.costs.default,
            "program": _fingerprint(self.program),
            "data": data_section(self.data),
        }


def open_subject(
    model: str, target: str | None, data: Path | None, config: Configuration, progress: Progress
) -> Subject:
    """Deploy a model, or take one that was deployed.

    Parameters
    ----------
    model : path of a model file, the name of a built-in model, or a folder that `spikeloom deploy` wrote.
    target : name of a target or path of a YAML file; Loihi 2 where None. A folder has its own.
    data : an `.npz`; None for the data of a built-in model.

    Raises
    ------
    SpikeloomError : it cannot be read, or does not fit.
    """
    if Path(model).is_dir():
        program = load_program(Path(model))
        _refuse_other_choices(model, program, target, config)
        recordings = prepared_data(Path(model), data, config.samples, program)
        costs = config.costs or read_choices(Path(model)).get("costs")
        return Subject(model, program, recordings, None, config, costs, recordings.notes)
    config = with_built_in_options(model, config)
    chip = load_target(target or DEFAULT_TARGET)
    chip.cost_set(config.costs)  # refuses one that there is not
    progress.stage("reading")
    graph = load_graph(model, config)
    recordings = open_data(model, data, graph, config)
    if config.convert is not None:
        progress.stage("converting")
        graph = prepare(convert_graph(graph, recordings, config))
    compiled = compile_model(graph, chip, recordings, config, progress)
    notes = (*graph.assumptions, *recordings.notes, *compiled.notes)
    known = built_in(model) if data is None else None
    return Subject(model, compiled.program, recordings, graph, config, config.costs, notes, known)


def subject_stages(model: str, config: Configuration) -> int:
    """How many stages `open_subject` tells of."""
    return 0 if Path(model).is_dir() else network_stages(model, config)


def _refuse_other_choices(folder: str, program: Program, target: str | None, config: Configuration) -> None:
    """A deployed folder has been read, encoded and mapped already."""
    if target is not None and target != program.target.name:
        raise UsageError(
            f"{folder} is deployed on {program.target.name}; for {target}, name the model that it was made from."
        )
    ignored = sorted(config.model_fields_set - OF_ANY_SUBJECT)
    if ignored:
        raise UsageError(
            f"{folder} was deployed with choices of its own: leave out {', '.join(ignored)}, or name the model that it "
            "was made from."
        )


def _fingerprint(program: Program) -> str:
    """Of everything in a program: its files are the same for the same program."""
    result = hashlib.sha256()
    with tempfile.TemporaryDirectory() as folder:
        program.save(Path(folder))
        for file in sorted(Path(folder).iterdir()):
            result.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return result.hexdigest()
