"""Does a model fit a chip, and if not, what stands against it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..mapping.explanation import Explanation
from ..mapping.learning_engine import check_learning
from ..mapping.mapper import find_fit
from ..mapping.problem import Problem
from ..mapping.target_files import load_target
from ..models.graph import Graph
from ..models.input_code import ANALOG_BITS, input_code
from ..models.network import Role
from .configuration.configuration import Configuration
from .conversion.calibrated import convert_graph
from .learning import learning_rules
from .lowering.lower import lower, prepare
from .lowering.relays import with_relays
from .model_source import Model, Recordings, built_in, load_graph, open_data, with_built_in_options
from .progress.progress import MAPPING_TOTAL, Progress, Quiet, share_of


@dataclass(frozen=True)
class Check:
    """The answer of `spikeloom check`.

    Attributes
    ----------
    fits : whether the network can be laid out on the target.
    cores : cores that the best mapping takes; None where there is none.
    explanation : how the mapping came to be and how good it is; None where there is none.
    problems : what stands against it.
    assumptions : what the model file left open.
    """

    fits: bool
    cores: int | None
    explanation: Explanation | None
    problems: tuple[Problem, ...]
    assumptions: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON takes them."""
        return {
            "fits": self.fits,
            "cores": self.cores,
            "mapping": None if self.explanation is None else self.explanation.as_dict(),
            "problems": [problem.as_dict() for problem in self.problems],
            "assumptions": list(self.assumptions),
        }


def check(
    model: Model,
    target: str,
    config: Configuration | None = None,
    data: Recordings = None,
    progress: Progress | None = None,
) -> Check:
    """Lay a model out on a target without quantizing it.

    Parameters
    ----------
    model : path of a model file, the name of a built-in model, or a graph that was read before.
    target : name of a target, or path of a YAML file.
    data : shows whether the input's spikes carry numbers. Without any, that of a built-in model does, and others are
        taken to get plain spikes.

    Raises
    ------
    UnsupportedModelError, UsageError, DataError : see `load_graph`, `load_target` and `open_data`.
    """
    config = with_built_in_options(model, config or Configuration())
    chip, progress = load_target(target), progress or Quiet()
    progress.stage("reading")
    graph = load_graph(model, config)
    given = (
        None
        if data is None and (isinstance(model, Graph) or built_in(model) is None)
        else (open_data(model, data, graph, config))
    )
    if config.convert is not None:
        progress.stage("converting")
        graph = prepare(convert_graph(graph, given, config))
    network, notes = with_relays(lower(graph), chip.limits.of("delay_steps"))
    config.check_layers([population.name for population in network.populations if population.role is Role.NEURON])
    if given is None and config.convert is not None and config.encoder == "constant":
        bits = ANALOG_BITS
        notes = (*notes, f"input: numbers of {bits} bits; recordings would show which they are (--data, --encoder).")
    elif given is None:
        bits, notes = 1, (*notes, "input: plain spikes; recordings would show whether they carry numbers (--data).")
    else:
        bits, notes = input_code(given.x).bits, (*notes, *given.notes)
    told = share_of(progress, "mapping", MAPPING_TOTAL)
    rules = learning_rules(network, config, graph.name)
    cannot_learn = tuple(check_learning(rules, chip.learning, chip.name))
    fit = find_fit(network, chip, None, config.mapping, bits, config.search(told))
    cores = None if fit.mapping is None else fit.mapping.cores
    fits = fit.mapping is not None and not cannot_learn
    return Check(fits, cores, fit.explanation, (*cannot_learn, *fit.problems), (*graph.assumptions, *notes))
