"""The program that PyTorch makes of a network: its operators one by one, in order, without side effects."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

from ...errors import UnsupportedModelError
from ...size_limits import LARGEST_LAYER
from .operations import known
from .stand_ins import State

if TYPE_CHECKING:
    from torch import nn

LONGEST_MESSAGE = 400
LARGEST_TENSOR = 4 * LARGEST_LAYER  # a layer at some steps


@dataclass(frozen=True)
class Program:
    """A program over tensors.

    Attributes
    ----------
    nodes : of its torch.fx graph, in order.
    constants : what placeholders hold, by their names: parameters and buffers.
    data : name of the placeholder that the data enters by.
    shape : of the example data.
    """

    nodes: list[Any]
    constants: dict[str, Any]
    data: str
    shape: tuple[int, ...]


def trace(module: nn.Module, example: tuple[Any, ...]) -> Program:
    """Follow a module in evaluation.

    Raises
    ------
    UnsupportedModelError : PyTorch cannot follow it.
    """
    import torch
    from torch.utils import _pytree as pytree

    class Tensors(torch.nn.Module):  # type: ignore[misc,unused-ignore]
        """Returns the tensors of whatever the network returns."""

        def __init__(self) -> None:
            super().__init__()
            self.network = module

        def forward(self, *inputs: Any) -> list[Any]:
            returned = pytree.tree_leaves(self.network(*inputs), is_leaf=lambda value: isinstance(value, State))
            return [value for value in returned if isinstance(value, torch.Tensor)]  # a state is none

    with torch.no_grad(), quietly():
        try:
            exported = torch.export.export(Tensors().eval(), example, strict=False)
        except Exception as error:
            raise UnsupportedModelError(_why(module, error)) from error
        return program_of(exported)


def program_of(exported: Any) -> Program:
    """The program of a `torch.export.ExportedProgram`; a batch of unknown size is taken for two samples."""
    import torch

    with torch.no_grad(), quietly():
        pure = exported.run_decompositions(_decompositions())
    signature = pure.graph_signature
    constants: dict[str, Any] = {}
    for names in (signature.inputs_to_parameters, signature.inputs_to_buffers):
        constants |= {name: pure.state_dict.get(key, pure.constants.get(key)) for name, key in names.items()}
    constants |= {name: pure.constants[key] for name, key in signature.inputs_to_lifted_tensor_constants.items()}
    inputs = list(signature.user_inputs)
    nodes = list(pure.graph.nodes)
    placeholders = {node.name: node for node in nodes if node.op == "placeholder"}
    _require_moderate(nodes, set(inputs))
    if not inputs or not hasattr(placeholders[inputs[0]].meta.get("val"), "shape"):
        raise UnsupportedModelError("The network takes no tensor, so that there is nothing to feed it.")
    for name in inputs[1:]:
        value = placeholders[name].meta.get("val")
        if hasattr(value, "shape"):
            constants[name] = torch.zeros(tuple(map(_size, value.shape)), dtype=value.dtype)
        else:
            constants[name] = value
    shape = tuple(map(_size, placeholders[inputs[0]].meta["val"].shape))
    return Program(nodes, constants, inputs[0], shape)


@contextmanager
def quietly() -> Iterator[None]:
    """Without PyTorch's warnings, and without what it logs and prints of that which becomes one sentence here.

    What the network itself prints is left out, too: it would stand between the lines of a report, or in its JSON.
    """
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@cache
def _decompositions() -> dict[Any, Any]:
    """How PyTorch takes operators apart that are not known here but consist of such: einsum, hstack and others."""
    import torch

    table: Any = torch.export.default_decompositions()
    return {target: parts for target, parts in table.items() if not known(target._schema.name.split("::")[-1])}


def _require_moderate(nodes: list[Any], inputs: set[str]) -> None:
    """Refuse tensors that are larger than layers and stored weights are, before they are made."""
    sizes: dict[str, int] = {}
    for node in nodes:
        value = node.meta.get("val")
        for part in value if isinstance(value, list | tuple) else [value]:
            if hasattr(part, "shape"):
                sizes[node.name] = max(sizes.get(node.name, 0), prod(map(_size, part.shape)))
    stored = {node.name for node in nodes if node.op == "placeholder"} - inputs
    most = max([LARGEST_TENSOR, *(sizes.get(name, 0) for name in stored)])
    for name, size in sizes.items():
        if size > most:
            raise UnsupportedModelError(f"{name} is a tensor of {size} elements; {most} are the most here.")


def _size(size: Any) -> int:
    return size if isinstance(size, int) else 2


def _why(module: nn.Module, error: Exception) -> str:
    said = str(error).strip().splitlines()
    first = said[0].strip() if said else ""
    first = first.rstrip(".") if len(first) <= LONGEST_MESSAGE else first[:LONGEST_MESSAGE] + " ..."
    return (
        f"PyTorch cannot follow {type(module).__name__} on the example input: {type(error).__name__}: {first}; "
        "the network must run on the example in evaluation, and must not decide by the values of its data."
    )
