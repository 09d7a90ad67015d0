"""Reading a PyTorch module, ordinary or spiking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import UnsupportedModelError, UsageError, unsupported_model
from ...graph import Graph, GraphError
from ..activation_quantizers import listed
from .copying import Copy, copied
from .interpreter import Read, read
from .options import TorchOptions
from .outputs import add_outputs
from .tracing import Program, trace

if TYPE_CHECKING:
    from torch import nn

ENOUGH = 2


def read_module(module: nn.Module, example_input: Any, options: TorchOptions | None = None) -> Graph:
    """Read a network of PyTorch, with neurons of snnTorch, Norse, SpikingJelly or Sinabs, or without.

    The module itself, its states, hooks and mode of training stay as they are.

    Parameters
    ----------
    module : the network.
    example_input : a tensor (samples, *shape) as the network takes it, with an axis for time where it takes one; or a
        tuple of that and further arguments.
    options : what the module leaves open.

    Raises
    ------
    UnsupportedModelError : PyTorch cannot follow it, or it holds what cannot be deployed (all of it listed).
    UsageError : an option or the example does not suit it.
    """
    import torch

    options = options or TorchOptions()
    example = example_input if isinstance(example_input, tuple) else (example_input,)
    example = tuple(part.detach().to("cpu") if isinstance(part, torch.Tensor) else part for part in example)
    if not example or not isinstance(example[0], torch.Tensor) or example[0].ndim < 2:
        raise UsageError("The example input must be a tensor with an axis for samples in front, such as (1, 784).")
    name = type(module).__name__
    copy = copied(module, options)
    example = (_suiting(example[0], copy.module), *example[1:])
    try:
        program = _traced(copy.module, example)
    except UnsupportedModelError:
        if copy.problems:
            raise unsupported_model(name, copy.problems) from None
        raise
    return graph_of(program, copy, name, options)


def _traced(module: nn.Module, example: tuple[Any, ...]) -> Program:
    """The program of a module; two samples or steps tell as much as a large batch, where the module takes so few."""
    if len(example) == 1 and example[0].shape[0] > ENOUGH:
        try:
            return trace(module, (example[0][:ENOUGH],))
        except UnsupportedModelError:
            pass  # it wants the size that it was given
    return trace(module, example)


def graph_of(program: Program, copy: Copy, name: str, options: TorchOptions) -> Graph:
    """The graph of a program; raises as `read_module`."""
    result, axis = _in_time(program, copy, options)
    problems = [*copy.problems, *result.problems]
    if not problems:
        problems += add_outputs(result.reading, result.returned, options.output)
    if problems:
        raise unsupported_model(name, problems)
    flow = result.reading.flow
    if axis is not None:
        how = "as asked" if options.time_axis is not None else "as its neurons say"
        if options.time_axis is None and copy.time_axes[0] is None:
            how = "as the network can be read in no other way"
        flow.assumptions.insert(0, f"time: axis {axis} of the example input counts time steps, {how} (--time-axis).")
    elif copy.layers:
        flow.assumptions.insert(0, "time: the example input is one time step, without an axis for time (--time-axis).")
    flow.assumptions += copy.notes
    for assumption, names in result.reading.notes.items():
        flow.assumptions.append(assumption.format(listed(list(dict.fromkeys(names)))))
    try:
        return flow.graph(name)
    except GraphError as error:
        raise UnsupportedModelError(f"{name}: {error}.") from None


def _in_time(program: Program, copy: Copy, options: TorchOptions) -> tuple[Read, int | None]:
    """Read with the axis of time that is asked for, or with the first that nothing speaks against."""
    dimensions = len(program.shape)
    if options.time_axis is not None:
        if options.time_axis not in (0, 1) or dimensions < 3:
            raise UsageError(
                f"The axis of time must be 0 or 1, of an example input with an axis for samples beside it and at least "
                f"one more, not {options.time_axis} of shape {tuple(program.shape)} (--time-axis)."
            )
        return read(program, copy, options.time_axis), options.time_axis
    axes = copy.time_axes if copy.layers and dimensions >= 3 else (None,)
    attempts = []
    for axis in axes:
        result = read(program, copy, axis)
        if not result.out_of_time:
            return result, axis
        attempts.append(result)
    return attempts[0], axes[0]


def _suiting(example: Any, module: nn.Module) -> Any:
    """The example in the floats of the network."""
    if any(type(part).__name__ == "Embedding" for part in module.modules()):
        return example  # of row numbers, which will be refused for what they are
    kinds = {parameter.dtype for parameter in module.parameters() if parameter.is_floating_point()}
    return example.to(next(iter(kinds))) if len(kinds) == 1 else example.float() if not kinds else example
