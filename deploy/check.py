"""Does a model fit a chip, and if not, what stands against it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..mapping.mapper import find_fit
from ..mapping.problem import Problem
from ..mapping.target_files import load_target
from ..models.input_code import input_code
from .configuration import Configuration
from .lowering.lower import lower
from .lowering.relays import with_relays
from .model_source import Recordings, built_in, load_graph, open_data, with_built_in_options


@dataclass(frozen=True)
class Check:
    """The answer of `spikeloom check`.

    Attributes
    ----------
    fits : whether the network can be laid out on the target.
    cores : cores that the best mapping takes; None where there is none.
    problems : what stands against it.
    assumptions : what the model file left open.
    """

    fits: bool
    cores: int | None
    problems: tuple[Problem, ...]
    assumptions: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON takes them."""
        return {
            "fits": self.fits,
            "cores": self.cores,
            "problems": [problem.as_dict() for problem in self.problems],
            "assumptions": list(self.assumptions),
        }


def check(model: str, target: str, config: Configuration | None = None, data: Recordings = None) -> Check:
    """Lay a model out on a target without quantizing it.

    Parameters
    ----------
    model : path of a `.nir` file, or the name of a built-in model.
    target : name of a target, or path of a YAML file.
    data : shows whether the input's spikes carry numbers. Without any, that of a built-in model does, and others are
        taken to get plain spikes.

    Raises
    ------
    UnsupportedModelError, UsageError, DataError : see `load_graph`, `load_target` and `open_data`.
    """
    config = with_built_in_options(model, config or Configuration())
    chip = load_target(target)
    graph = load_graph(model, config)
    network, notes = with_relays(lower(graph), chip.limits.of("delay_steps"))
    if data is None and built_in(model) is None:
        bits, notes = 1, (*notes, "input: plain spikes; recordings would show whether they carry numbers (--data).")
    else:
        recordings = open_data(model, data, graph, config)
        bits, notes = input_code(recordings.x).bits, (*notes, *recordings.notes)
    fit = find_fit(network, chip, None, config.mapping, bits)
    cores = None if fit.mapping is None else fit.mapping.cores
    return Check(fit.mapping is not None, cores, fit.problems, (*graph.assumptions, *notes))
