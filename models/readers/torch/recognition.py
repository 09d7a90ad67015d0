"""Which modules of a network are a library's neurons, told by the names of their classes.

No library is imported: a network that holds its modules has imported it already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import norse_neurons, sinabs_neurons, snntorch_neurons, spikingjelly_neurons
from .neuron_layer import NeuronLayer, Refusal
from .options import TorchOptions

if TYPE_CHECKING:
    from torch import nn

# Base classes, by library, of everything that keeps a state.
STATEFUL = {
    "snntorch": {"SpikingNeuron"},
    "norse": {"SNN", "SNNCell", "SNNRecurrent", "SNNRecurrentCell", "LILinearCell"},
    "spikingjelly": {"MemoryModule", "SimpleBaseNode", "BaseNode", "NonSpikingBaseNode"},
    "sinabs": {"StatefulLayer"},
}
REFUSED = {
    ("sinabs", "SpikingMaxPooling2dLayer"): "compares sums of all past spikes; use SumPool2d or AvgPool2d",
    ("snntorch", "BatchNormTT1d"): "has other parameters at every step; use BatchNorm1d",
    ("snntorch", "BatchNormTT2d"): "has other parameters at every step; use BatchNorm2d",
    ("norse", "RecurrentSequential"): "feeds its output back; use a recurrent layer such as LIFRecurrent",
}
# What a subclass may define without becoming another neuron.
HARMLESS = {"__init__", "__module__", "__doc__", "__qualname__", "__annotations__", "__parameters__", "extra_repr",
            "__repr__", "__firstlineno__", "__static_attributes__", "__classcell__", "__orig_bases__"}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A module that is neurons, or that feeds neurons back.

    Attributes
    ----------
    library : name of its top-level package.
    kind : name of its class there.
    """

    library: str
    kind: str


def recognise(module: nn.Module) -> Found | None:
    """What a module is, or None where PyTorch can follow it.

    Raises
    ------
    Refusal : it changes a library's neuron, or is a library's layer that cannot be deployed.
    """
    classes = type(module).__mro__
    own = next((cls for cls in classes if cls.__module__.split(".", 1)[0] in STATEFUL), None)
    if own is None:
        return None
    library, kind = own.__module__.split(".", 1)[0], own.__name__
    if (library, kind) in REFUSED:
        raise Refusal(REFUSED[library, kind])
    if not {cls.__name__ for cls in classes} & STATEFUL[library]:
        return None
    if kind == "MemoryModule" and not getattr(module, "_memories", None):
        return None
    if library == "spikingjelly" and kind.startswith("Dropout"):
        return Found(library, "Dropout")
    changed = {name for cls in classes[: classes.index(own)] for name in vars(cls)} - HARMLESS
    if changed:
        raise Refusal(
            f"{type(module).__name__} changes {', '.join(sorted(changed))} of {library}'s {kind}, so that it is "
            "another neuron, which cannot be read; use the library's own"
        )
    return Found(library, kind)


def layer_of(name: str, found: Found, module: nn.Module, options: TorchOptions) -> NeuronLayer:
    """The layer that a module describes; raises Refusal."""
    if found.library == "snntorch":
        return snntorch_neurons.read(name, found.kind, module)
    if found.library == "norse":
        return norse_neurons.read(name, found.kind, module)
    if found.library == "spikingjelly":
        return spikingjelly_neurons.read(name, found.kind, module)
    return sinabs_neurons.read(name, found.kind, module, options)
