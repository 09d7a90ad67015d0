"""Reading checkpoints: the tensors of a state dict, put into the module that some Python code makes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UnsupportedModelError, UsageError
from ...graph import Graph
from ...size_limits import most_bytes
from ..trial import survived
from .architecture import made_by
from .archive_check import check_checkpoint, wanted_class
from .module_reader import read_module
from .options import TorchOptions
from .stand_ins import STATES

if TYPE_CHECKING:
    import torch
    from torch import nn

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params")
PREFIXES = ("module.", "model.", "net.", "network.", "_orig_mod.", "module._orig_mod.", "model._orig_mod.")
MOST_LISTED = 40


def read_checkpoint(
    path: Path,
    architecture: str | None,
    example_shape: Sequence[int] | None,
    options: TorchOptions | None = None,
) -> Graph:
    """Read a `.pt`, `.pth` or `.ckpt` file; nothing in it but tensors and plain containers is ever unpickled.

    Parameters
    ----------
    architecture : "file.py:name" or "package.module:name" of a class or function that, called without arguments,
        returns the module whose weights these are.
    example_shape : of an input as the module takes it: samples first, with an axis for time where it takes one.
    options : what the module leaves open.

    Raises
    ------
    UnsupportedModelError : no weights, weights of another module, or a module that cannot be deployed.
    UsageError : the architecture cannot be made.
    """
    import torch

    check_checkpoint(path)
    # Plain containers can still be made to take for ever to read.
    survived(path, lambda: _tensors(path), most_bytes(path.stat().st_size))
    tensors = _tensors(path)
    if architecture is None or example_shape is None:
        first = (
            f"{path} holds weights, but not the network they belong to; say where the network is made and what it "
            "takes: --architecture FILE.py:NAME --input-shape 1,28,28 (5,1,28,28 for 5 steps, where it takes all at "
            "once). Its tensors:"
        )
        rows = _listed(f"{name} {tuple(tensor.shape)}" for name, tensor in tensors.items())
        raise UnsupportedModelError("\n".join([first, *rows]))
    module = made_by(architecture)
    notes = _fill(path, architecture, module, tensors)
    if not example_shape or any(size < 1 for size in example_shape):
        raise UsageError(f"The input shape must be of positive numbers, not {tuple(example_shape)} (--input-shape).")
    try:
        graph = read_module(module, torch.zeros(tuple(example_shape)), options)
    except UnsupportedModelError as error:
        raise UnsupportedModelError(f"{path}, in {error}") from None
    return replace(graph, name=path.stem, assumptions=(*graph.assumptions, *notes))


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    """The state dict in a file, out of what training loops wrap around it."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        wanted = wanted_class(error, path)
        if wanted:
            raise UnsupportedModelError(
                f"{path} is a pickle that wants more than weights{wanted}, and could run any code; save weights only: "
                "torch.save(module.state_dict(), 'weights.pt'), and give --architecture."
            ) from None
        # PyTorch's own words are left out: they advise weights_only=False
        raise UnsupportedModelError(
            f"{path} is no file that torch.save wrote, or a truncated or damaged one; torch.save(module.state_dict(), "
            "'weights.pt') writes one."
        ) from None
    for wrapper in (None, *WRAPPERS):
        inner = content if wrapper is None else content.get(wrapper) if isinstance(content, Mapping) else None
        if isinstance(inner, Mapping) and inner and all(isinstance(value, torch.Tensor) for value in inner.values()):
            _require_plain(path, inner)
            return {str(name): value for name, value in inner.items()}
    held = (
        ", ".join(map(repr, islice(content, MOST_LISTED))) if isinstance(content, Mapping) else type(content).__name__
    )
    held = held or "an empty dictionary"
    raise UnsupportedModelError(
        f"{path} holds no weights, but {held}; looked for under {', '.join(WRAPPERS)}. Save module.state_dict()."
    )


def _require_plain(path: Path, tensors: Mapping[Any, torch.Tensor]) -> None:
    """Refuse tensors that are not all there: sparse, or a few numbers that stand for many."""
    import torch

    for name, tensor in tensors.items():
        whole = tensor.layout is torch.strided and not tensor.is_meta
        if not whole or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise UnsupportedModelError(
                f"{path} holds only a part of the tensor {name} of shape {tuple(tensor.shape)}; save it in full, with "
                "contiguous()."
            )


def _fill(path: Path, architecture: str, module: nn.Module, tensors: dict[str, torch.Tensor]) -> tuple[str, ...]:
    """Put tensors into a module, and say what the file left to the architecture.

    Raises
    ------
    UnsupportedModelError : they do not suit one another; all that is wrong is listed.
    """
    own = module.state_dict()
    parameters = {name for name, _ in module.named_parameters()}
    named = max((_without(tensors, prefix) for prefix in ("", *PREFIXES)), key=lambda names: len(own.keys() & names))
    named = {
        name: value
        for name, value in named.items()
        if name in parameters or name.rsplit(".", 1)[-1] not in STATES  # what was left of a run
    }
    missing = [name for name in own if name not in named and name.rsplit(".", 1)[-1] not in STATES]
    trained = [name for name in missing if name in parameters or name.endswith(("running_mean", "running_var"))]
    unexpected = [name for name in named if name not in own]
    unequal = [
        f"{name}: {tuple(value.shape)} in the file, {tuple(own[name].shape)} in the module"
        for name, value in named.items()
        if name in own and value.shape != own[name].shape
    ]
    wrong = [
        *(f"missing in the file: {name}" for name in trained),
        *(f"not in the module: {name}" for name in unexpected),
        *unequal,
        *(f"{name}: complex numbers" for name, value in named.items() if value.is_complex()),
    ]
    if wrong:
        raise UnsupportedModelError(
            "\n".join([f"{path} does not hold the weights of {architecture}:", *_listed(iter(wrong))])
        )
    module.load_state_dict(named, strict=False)
    rest = [name for name in missing if name not in trained and not name.endswith("num_batches_tracked")]
    if not rest:
        return ()
    return (f"checkpoint: it leaves {', '.join(rest)} as the architecture makes them (--architecture).",)


def _without(tensors: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The tensors by names without a prefix that all of them have."""
    if all(name.startswith(prefix) for name in tensors):
        return {name.removeprefix(prefix): value for name, value in tensors.items()}
    return {}


def _listed(lines: Any) -> list[str]:
    rows = [f"  {line}" for line in lines]
    more = len(rows) - MOST_LISTED
    return rows if more <= 0 else [*rows[:MOST_LISTED], f"  ... and {more} more"]
