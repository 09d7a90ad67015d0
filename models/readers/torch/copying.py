"""A copy of a network that PyTorch can follow: in evaluation, on the CPU, with stand-ins for its neurons."""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import Unsupported, UnsupportedModelError
from ..activation_quantizers import listed
from .converted_modules import replacing_converted
from .neuron_layer import NeuronLayer, Refusal
from .options import TorchOptions
from .quantizer_modules import replacing_quantizers, with_plain_tensors
from .recognition import Found, layer_of, recognise
from .stand_ins import define_operators, inner_modules, stand_in

if TYPE_CHECKING:
    from torch import nn

SINGLE = 4  # bytes of the smallest floats that the CPU has all operators for
BIASES = "biases: of {} are taken as trained, before quantizers whose scale follows that of what enters the layer."
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


@dataclass
class Copy:
    """A network to follow, and what its stand-ins stand for.

    Attributes
    ----------
    module : the copy; its neurons are stand-ins.
    layers : by the number that a stand-in gives to its operator.
    names : of layers and loops, by number.
    time_axes : axes of the example to take for time, None for none, the likeliest first.
    problems : modules that cannot be deployed.
    notes : what was assumed.
    """

    module: nn.Module
    layers: dict[int, NeuronLayer] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    time_axes: tuple[int | None, ...] = (None, 0, 1)
    problems: list[Unsupported] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def copied(module: nn.Module, options: TorchOptions) -> Copy:
    """Copy a network; the original stays as it is, its state and hooks too.

    Raises
    ------
    UnsupportedModelError : it is no network that can be copied.
    """
    from torch import nn

    define_operators()
    whole = _unwrapped(module)
    result = Copy(whole)
    memo: dict[int, Any] = {}
    inside: list[tuple[Any, str, nn.Module]] = []
    for path, part in whole.named_modules():
        if id(part) in memo:
            continue
        _spare(part, memo)
        number = len(result.names)
        try:
            found = recognise(part)
            if found is None:
                memo |= _replacing(part) | replacing_quantizers(part) | replacing_converted(part)
                continue
            result.names[number] = path or type(part).__name__
            inner = inner_modules(part, found)
            if not found.kind.endswith("RecurrentContainer") and found.kind != "Dropout":
                result.layers[number] = layer_of(result.names[number], found, part, options)
            result.time_axes = _time_axes(part, found) or result.time_axes
        except Refusal as refusal:
            result.problems.append(Unsupported(path or "the module", type(part).__name__, str(refusal)))
            memo[id(part)] = nn.Identity()
            continue
        memo[id(part)] = stand_in(part, found, number)
        inside += [(memo[id(part)], attribute, child) for attribute, child in inner.items()]
    try:
        result.module = copy.deepcopy(whole, memo)
        for parent, attribute, child in inside:
            setattr(parent, attribute, copy.deepcopy(child, memo))
    except Exception as error:
        raise UnsupportedModelError(f"{type(module).__name__} cannot be copied: {error}.") from error
    result.module = result.module.to("cpu").eval()
    unquantized = with_plain_tensors(result.module)
    if unquantized:
        result.notes.append(BIASES.format(listed(unquantized)))
    for parameter in result.module.parameters():
        parameter.requires_grad_(False)
    if any(parameter.dtype.itemsize < SINGLE for parameter in result.module.parameters()):
        result.module = result.module.float()
    return result


def _unwrapped(module: nn.Module) -> nn.Module:
    """Without what `torch.compile` and data parallelism put around it."""
    import torch

    while True:
        inner = getattr(module, "_orig_mod", None)
        if inner is None and type(module).__name__ in ("DataParallel", "DistributedDataParallel"):
            inner = module.module
        if not isinstance(inner, torch.nn.Module):
            break
        module = inner
    if isinstance(module, torch.jit.ScriptModule):
        raise UnsupportedModelError(
            "TorchScript modules cannot be read, as they keep no modules of neurons; give the module it was made from."
        )
    return module


def _spare(part: nn.Module, memo: dict[int, Any]) -> None:
    """Keep what must not run, or cannot be copied, out of a copy.

    Hooks of the user would run on the copy, so only PyTorch's own are kept, such as those of weight normalisation and
    those that quantize what leaves a module.
    Tensors that training left in a module refuse to be copied as long as they remember how they were computed.
    """
    import torch

    for hooks in HOOKS:
        own = getattr(part, hooks, None)
        if own:
            kept = [(key, hook) for key, hook in own.items() if _module_of(hook).startswith("torch.")]
            memo[id(own)] = OrderedDict(kept)
    waiting = [*vars(part).values()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, torch.Tensor):
            if not value.is_leaf:
                memo[id(value)] = value.detach().clone()
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value


def _module_of(hook: Any) -> str:
    """Where a hook was written: a function, or an object that can be called."""
    return str(getattr(hook, "__module__", None) or type(hook).__module__)


def _replacing(part: nn.Module) -> dict[int, Any]:
    """Stand-ins for modules of PyTorch itself that it would take apart: sums over windows, as Sinabs' SumPool2d."""
    from torch import nn

    if isinstance(part, nn.LPPool2d) and part.norm_type == 1 and not part.ceil_mode:
        return {id(part): nn.AvgPool2d(part.kernel_size, part.stride, divisor_override=1)}  # type: ignore[arg-type,unused-ignore]
    return {}


def _time_axes(part: Any, found: Found) -> tuple[int | None, ...]:
    """The axes to take for time where there is a module of this kind, or nothing where it says nothing of them."""
    with_time = {"norse": not found.kind.endswith("Cell"), "sinabs": True}
    with_time["spikingjelly"] = getattr(part, "step_mode", "s") == "m" or found.kind.startswith("NonSpiking")
    if not with_time.get(found.library, False):
        return ()
    if found.library == "sinabs":
        return (None, 1, 0) if "Squeeze" in found.kind else (1, None, 0)
    return (0, None, 1)
