"""What takes the place of a library's neurons while PyTorch follows the network.

`torch.export` would take a neuron apart into comparisons and products. So a copy of the network is made in which each
module of neurons is replaced by one that calls a single operator, `spikeloom::neurons`, and returns what the library's
module returns. The operators compute nothing; they mark a place:

    neurons(x, state, layer, time_axis) -> spikes, potential, current
    loop_begin(x, loop, time_axis) -> x, to which the end of the loop is added one step later
    loop_end(x, feedback, loop) -> x
"""

from __future__ import annotations

from collections import namedtuple
from functools import cache
from typing import TYPE_CHECKING, Any

from .neuron_layer import Refusal
from .recognition import Found

if TYPE_CHECKING:
    from torch import nn

NO_TIME = -1
TIME_AMONG_SAMPLES = -2
State = namedtuple("State", ("z", "v", "i"))  # what Norse returns; its own differ by model, with these names
# A library's states, which a stand-in does not have.
STATES = {"mem", "syn", "spk", "v", "v_seq", "v_mem", "i_syn", "y", "recordings", "firing_rate"}


@cache
def define_operators() -> None:
    """Tell PyTorch of the operators, once."""
    import torch

    library: Any = torch.library.Library("spikeloom", "DEF")  # type: ignore[no-untyped-call,unused-ignore]
    library.define("neurons(Tensor x, Tensor? state, int layer, int time_axis) -> (Tensor, Tensor, Tensor)")
    library.define("loop_begin(Tensor x, int loop, int time_axis) -> Tensor")
    library.define("loop_end(Tensor x, Tensor feedback, int loop) -> Tensor")

    def neurons(x: Any, state: Any, layer: int, time_axis: int) -> Any:
        return torch.empty_like(x), torch.empty_like(x), torch.empty_like(x)

    def loop_begin(x: Any, loop: int, time_axis: int) -> Any:
        return torch.empty_like(x)

    def loop_end(x: Any, feedback: Any, loop: int) -> Any:
        return torch.empty_like(x)

    for function in (neurons, loop_begin, loop_end):
        torch.library.register_fake(f"spikeloom::{function.__name__}", function, lib=library)
    _LIBRARIES.append(library)


_LIBRARIES: list[Any] = []  # a definition lasts as long as its library object


@cache
def _classes() -> dict[str, Any]:
    """The stand-ins' classes, which can only be made once PyTorch is there."""
    import torch
    from torch import nn

    class StandIn(nn.Module):  # type: ignore[misc,unused-ignore]
        """Base: the module replaced is at hand for constants such as its threshold, but not for its state."""

        def __init__(self, module: nn.Module, kind: str, number: int) -> None:
            super().__init__()
            object.__setattr__(self, "replaced", module)
            self.kind, self.number = kind, number
            for name, values in self.constants(module).items():
                self.register_buffer(name, values.detach().to("cpu"))

        def constants(self, module: Any) -> dict[str, Any]:
            """Tensors of the module that `forward` wants."""
            return {}

        def __getattr__(self, name: str) -> Any:
            try:
                return super().__getattr__(name)
            except AttributeError:
                value = getattr(self.replaced, name)
                if name in STATES or callable(value):
                    raise AttributeError(
                        f"the network uses {name!r} of {type(self.replaced).__name__} beside calling it"
                    ) from None
                return value

        def reset(self, *_: Any, **__: Any) -> None:
            """States are not kept here."""

        reset_states = detach = initial_state = reset

        def neurons(self, x: Any, state: Any = None, axis: int = NO_TIME) -> Any:
            return torch.ops.spikeloom.neurons(x, state, self.number, axis)

        def begin(self, x: Any, axis: int = NO_TIME) -> Any:
            return torch.ops.spikeloom.loop_begin(x, self.number, axis)

        def end(self, x: Any, feedback: Any) -> Any:
            return torch.ops.spikeloom.loop_end(x, feedback, self.number)

    class SnnTorch(StandIn):
        """Leaky, Synaptic, Lapicque, RLeaky, RSynaptic."""

        def constants(self, module: Any) -> dict[str, Any]:
            factor = getattr(module, "graded_spikes_factor", torch.ones(()))
            return {} if bool((factor == 1).all()) else {"factor": factor}

        def reset_mem(self) -> Any:
            count = ("Synaptic" in self.kind) + self.kind.startswith("R") + 1
            return torch.zeros(0) if count == 1 else tuple(torch.zeros(0) for _ in range(count))

        init_leaky = init_synaptic = init_lapicque = init_rleaky = init_rsynaptic = reset_mem

        def forward(self, x: Any, *states: Any, mem: Any = None, syn: Any = None, spk: Any = None) -> Any:
            if states and mem is None:
                mem = states[-1]
            recurrent = self.kind.startswith("R")
            spikes, potential, current = self.neurons(self.begin(x) if recurrent else x, mem)
            if "factor" in self._buffers:
                spikes = spikes * self.factor
            if recurrent:
                spikes = self.end(spikes, self.recurrent(spikes))
            if self.replaced.init_hidden and not self.replaced.output:
                return spikes
            return (spikes, current, potential) if "Synaptic" in self.kind else (spikes, potential)

    class Norse(StandIn):
        """Its cells, and its layers over time."""

        def constants(self, module: Any) -> dict[str, Any]:
            names = {"forwards": "input_weights", "backwards": "recurrent_weights"}
            return {own: getattr(module, name) for own, name in names.items() if hasattr(module, name)}

        def forward(self, x: Any, state: Any = None) -> Any:
            axis = NO_TIME if self.kind.endswith("Cell") else 0
            if "forwards" in self._buffers:
                x = nn.functional.linear(x, self.forwards)
            recurrent = "backwards" in self._buffers
            if recurrent:
                x = self.begin(x, axis)
            spikes, potential, current = self.neurons(x, getattr(state, "v", None), axis)
            if recurrent:
                spikes = self.end(spikes, nn.functional.linear(spikes, self.backwards))
            return spikes, State(spikes, potential, current)

    class SpikingJelly(StandIn):
        """Its nodes, in either step mode."""

        def forward(self, x: Any) -> Any:
            if self.kind.startswith("NonSpiking"):
                return self.decoded(self.neurons(x, None, 0)[0])
            return self.neurons(x, None, 0 if self.replaced.step_mode == "m" else NO_TIME)[0]

        def decoded(self, potential: Any) -> Any:
            decode = self.replaced.decode
            if decode is None:
                return list(potential)
            if decode == "max-mem":
                return torch.max(potential, 0).values
            if decode == "mean-mem":
                return torch.mean(potential, 0)
            if decode == "last_mem":
                return potential[-1]
            raise NotImplementedError(f"SpikingJelly's decode={decode!r}; use 'max-mem' or 'mean-mem'")

    class Recurrent(StandIn):
        """SpikingJelly's containers that feed their output back."""

        def constants(self, module: Any) -> dict[str, Any]:
            if self.kind != "LinearRecurrentContainer":
                return {}
            size = module.rc.in_features - module.sub_module_out_features
            parts = {"forwards": module.rc.weight[:, :size], "backwards": module.rc.weight[:, size:]}
            return parts if module.rc.bias is None else parts | {"bias": module.rc.bias}

        def forward(self, x: Any) -> Any:
            axis = 0 if self.replaced.step_mode == "m" else NO_TIME
            weighted = "forwards" in self._buffers
            if weighted:
                x = nn.functional.linear(x, self.forwards, self._buffers.get("bias"))
            x = self.begin(x, axis)
            output = self.sub_module(x.flatten(0, 1)).unflatten(0, x.shape[:2]) if axis == 0 else self.sub_module(x)
            return self.end(output, nn.functional.linear(output, self.backwards) if weighted else output)

    class Sinabs(StandIn):
        """Its layers, with time as an axis or, squeezed, among the samples."""

        def forward(self, x: Any) -> Any:
            axis = TIME_AMONG_SAMPLES if "Squeeze" in self.kind else 1
            if not hasattr(self, "rec_connect"):
                return self.neurons(x, None, axis)[0]
            x = self.begin(x, axis)
            spikes = self.neurons(x, None, axis)[0]
            whole = spikes if axis == TIME_AMONG_SAMPLES else spikes.flatten(0, 1)
            return self.end(spikes, self.rec_connect(whole).reshape(spikes.shape))

    return {
        "snntorch": SnnTorch, "norse": Norse, "spikingjelly": SpikingJelly, "container": Recurrent, "sinabs": Sinabs,
    }  # fmt: skip


def stand_in(module: nn.Module, found: Found, number: int) -> Any:
    """What takes a module's place.

    Parameters
    ----------
    number : of the layer or loop.
    """
    from torch import nn

    if found.kind == "Dropout":
        return nn.Identity()
    container = found.kind.endswith("RecurrentContainer")
    return _classes()["container" if container else found.library](module, found.kind, number)


def inner_modules(module: nn.Module, found: Found) -> dict[str, nn.Module]:
    """What of a module its stand-in needs a copy of, by attribute.

    Raises
    ------
    Refusal : it feeds back in a way that cannot be deployed.
    """
    import torch

    parts: Any = module
    if found.kind == "ElementWiseRecurrentContainer":
        first, second = torch.rand(2, 3, 4), torch.rand(2, 3, 4)
        try:
            added = torch.equal(parts.element_wise_function(first, second), first + second)
        except Exception as error:
            raise Refusal(f"its element_wise_function fails: {error}") from error
        if not added:
            raise Refusal("its element_wise_function is not the sum of input and output, which alone can be deployed")
    if found.kind.endswith("RecurrentContainer"):
        return {"sub_module": parts.sub_module}
    if found.library == "snntorch" and found.kind.startswith("R"):
        return {"recurrent": parts.recurrent}
    if found.library == "sinabs" and "Recurrent" in found.kind:
        for part in parts.rec_connect.modules():
            bias = getattr(part, "bias", None)
            if isinstance(part, torch.nn.modules.batchnorm._BatchNorm) or (bias is not None and bool(bias.any())):
                raise Refusal(
                    "its rec_connect has a bias, which Sinabs leaves out at the first step and adds at all others; "
                    "train it without bias"
                )
        return {"rec_connect": parts.rec_connect}
    return {}
