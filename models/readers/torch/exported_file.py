"""Reading what `torch.export.save` wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...errors import UnsupportedModelError
from ...graph import Graph
from .archive_check import check_exported
from .copying import Copy
from .module_reader import graph_of
from .options import TorchOptions
from .tracing import LONGEST_MESSAGE, program_of, quietly


def read_exported(path: Path, options: TorchOptions | None = None) -> Graph:
    """Read a `.pt2` file. The program in it has no modules of neurons any more, so only ordinary networks can be read.

    Raises
    ------
    UnsupportedModelError : unreadable, with more than operators of PyTorch in it, or with such as cannot be deployed.
    """
    import torch

    check_exported(path)
    try:
        with quietly():
            _define_quantizers()
            program = program_of(torch.export.load(path))
    except UnsupportedModelError as error:
        raise UnsupportedModelError(f"{path}: {error}") from None
    except Exception as error:
        said = " ".join(str(error).split())[:LONGEST_MESSAGE]
        raise UnsupportedModelError(
            f"{path} cannot be read by PyTorch {torch.__version__}: {type(error).__name__}: {said}"
        ) from None
    graph = graph_of(program, Copy(torch.nn.Identity()), str(path), options or TorchOptions())
    return replace(graph, name=path.stem)


def _define_quantizers() -> None:
    """Have PyTorch know the operators of its quantizers, which it defines where they are imported only."""
    import torch

    if not hasattr(torch.ops.quantized_decomposed, "dequantize_per_channel"):
        import torch.ao.quantization.fx._decomposed
