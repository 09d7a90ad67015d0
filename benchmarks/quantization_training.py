"""Spiking networks in PyTorch as chains of operators and neurons, their training, and their export to NIR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikeloom.models.training.surrogate import Arctan

Array = NDArray[Any]

DT = 1e-4  # seconds; only sets the scale of NIR's time constants
BATCH = 64
LABEL_SMOOTHING = 0.02
TEST_BATCH = 500


class Neurons(nn.Module):  # type: ignore[misc,unused-ignore]
    """Leaky neurons with a membrane and, where it keeps anything, a synaptic current; reset to zero.

    Parameters
    ----------
    shape : of the population.
    voltage_retention, current_retention : share kept from step to step, one number or `shape`.
    threshold : above which a neuron spikes, one number or `shape`.
    recurrent : the weights of the spikes of the step before, (neurons, neurons), or None.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        voltage_retention: float | Tensor,
        current_retention: float = 0.0,
        threshold: float | Tensor = 1.0,
        recurrent: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.shape = shape
        self.current_retention = current_retention
        self.voltage_retention: Tensor
        self.threshold: Tensor
        self.register_buffer("voltage_retention", torch.as_tensor(voltage_retention, dtype=torch.float32))
        self.register_buffer("threshold", torch.as_tensor(threshold, dtype=torch.float32))
        self.recurrent = None if recurrent is None else nn.Parameter(recurrent)

    def forward(self, arriving: Tensor) -> Tensor:
        """Input of all steps, (steps, samples, *shape), to spikes of the same shape."""
        current = voltage = spike = torch.zeros_like(arriving[0])
        spikes = []
        for step in arriving:
            if self.recurrent is not None:
                step = step + spike @ self.recurrent.T
            current = self.current_retention * current + step
            voltage = self.voltage_retention * voltage + current
            # In units of the threshold: otherwise the surrogate of a high one would be too narrow to learn from.
            spike = Arctan()((voltage - self.threshold) / self.threshold)
            voltage = torch.where(spike.detach() > 0, 0.0, voltage)
            spikes.append(spike)
        return torch.stack(spikes)


class SpikingNetwork(nn.Module):  # type: ignore[misc,unused-ignore]
    """Operators and neurons, one after the other, all within the same step.

    Parameters
    ----------
    layers : by the name of the node in NIR.
    input_shape : of a step of a sample.
    steps : for which static data is shown; None where the data has steps of its own.
    """

    def __init__(self, layers: dict[str, nn.Module], input_shape: tuple[int, ...], steps: int | None) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)
        self.input_shape = input_shape
        self.steps = steps

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Static (samples, *shape) or (samples, steps, *shape) to spikes of each population, (steps, samples, ...)."""
        x = x.float()
        # What static data brings to the first neurons is the same at each step, so it is computed once.
        activity = x[None] if self.steps is not None else x.transpose(0, 1)
        spikes = {}
        for name, layer in self.layers.items():
            if isinstance(layer, Neurons):
                if self.steps is not None and activity.shape[0] == 1:
                    activity = activity.expand(self.steps, *activity.shape[1:])
                activity = spikes[name] = layer(activity)
            else:
                activity = layer(activity.flatten(0, 1)).unflatten(0, activity.shape[:2])
        return spikes


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes
    ----------
    epochs : times to go through the training data.
    rate : of learning, its peak.
    weight_decay : of all weights.
    spikes : a neuron of the hidden layers sends per step, as a goal.
    spike_penalty : times the squared distance from that goal.
    augment : makes another batch of a batch.
    """

    epochs: int
    rate: float = 4e-3
    weight_decay: float = 1e-2
    spikes: float = 0.1
    spike_penalty: float = 20.0
    augment: Callable[[Tensor, np.random.Generator], Tensor] = lambda batch, random: batch


def fit(network: SpikingNetwork, x: Array, y: Array, training: Training, seed: int) -> None:
    """Train a network in place with surrogate gradients; the class is the output neuron with the most spikes."""
    random = np.random.default_rng(seed)
    inputs, labels = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=training.weight_decay)
    batches = -(-len(y) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, training.rate, total_steps=training.epochs * batches)
    network.train()
    for _ in range(training.epochs):
        order = torch.from_numpy(random.permutation(len(y)))
        for first in range(0, len(y), BATCH):
            chosen = order[first : first + BATCH]
            *hidden, output = network(training.augment(inputs[chosen], random)).values()
            loss = nn.functional.cross_entropy(output.sum(0), labels[chosen], label_smoothing=LABEL_SMOOTHING)
            for spikes in hidden:
                loss = loss + training.spike_penalty * (spikes.mean() - training.spikes) ** 2
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    network.eval()


def test(network: SpikingNetwork, x: Array, y: Array) -> tuple[float, dict[str, float]]:
    """Accuracy in [0, 1], and the spikes per neuron and step of each population."""
    right, totals, steps = 0, dict[str, float](), 0
    with torch.no_grad():
        for first in range(0, len(y), TEST_BATCH):
            spikes = network(torch.from_numpy(x[first : first + TEST_BATCH]))
            output = list(spikes.values())[-1]
            # NumPy's argmax promises the lowest index where counts are equal; PyTorch's does not.
            right += int(np.count_nonzero(output.sum(0).numpy().argmax(1) == y[first : first + TEST_BATCH]))
            steps += output.shape[0] * output.shape[1]
            for name, fired in spikes.items():
                totals[name] = totals.get(name, 0.0) + float(fired.sum(dtype=torch.float64)) / fired[0, 0].numel()
    return right / len(y), {name: total / steps for name, total in totals.items()}


def export(network: SpikingNetwork) -> nir.NIRGraph:
    """A network as NIR; with forward Euler and `DT` its steps are those of the network."""
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input({"input": np.array(network.input_shape)})}
    edges, last, shape = [], "input", network.input_shape
    for name, layer in network.layers.items():
        nodes[name] = _node(layer, shape)
        edges.append((last, name))
        if isinstance(layer, Neurons) and layer.recurrent is not None:
            nodes[f"{name}.w_rec"] = nir.Linear(_array(layer.recurrent))
            edges += [(name, f"{name}.w_rec"), (f"{name}.w_rec", name)]
        with torch.no_grad():
            shape = shape if isinstance(layer, Neurons) else tuple(layer(torch.zeros(1, *shape)).shape[1:])
        last = name
    nodes["output"] = nir.Output({"output": np.array(shape)})
    return nir.NIRGraph(nodes, [*edges, (last, "output")], metadata={"dt": DT})


def _node(layer: nn.Module, shape: tuple[int, ...]) -> nir.NIRNode:
    if isinstance(layer, Neurons):
        return _neurons(layer)
    if isinstance(layer, nn.Linear):
        return nir.Affine(_array(layer.weight), _array(layer.bias))
    if isinstance(layer, nn.Conv2d):
        weight, bias = _array(layer.weight), _array(layer.bias)
        return nir.Conv2d(shape[1:], weight, layer.stride, layer.padding, layer.dilation, layer.groups, bias)
    if isinstance(layer, nn.AvgPool2d):
        window, stride = np.array([layer.kernel_size] * 2), np.array([layer.stride] * 2)
        return nir.AvgPool2d(kernel_size=window, stride=stride, padding=np.zeros(2, dtype=int))
    if isinstance(layer, nn.Flatten):
        return nir.Flatten({"input": np.array(shape)}, start_dim=0, end_dim=-1)
    raise TypeError(f"no NIR node is known here for {type(layer).__name__}")


def _neurons(layer: Neurons) -> nir.NIRNode:
    # In double precision: dt / (1 - retention) in float32 would give back another retention.
    ones = np.ones(layer.shape)
    membrane = DT / (1 - layer.voltage_retention.numpy().astype(np.float64)) * ones
    fields: dict[str, Array] = {
        "r": membrane / DT,
        "v_leak": 0 * ones,
        "v_threshold": layer.threshold.numpy().astype(np.float64) * ones,
        "v_reset": 0 * ones,
    }
    if not layer.current_retention:
        return nir.LIF(tau=membrane, **fields)
    synapse = DT / (1 - layer.current_retention) * ones
    return nir.CubaLIF(tau_syn=synapse, tau_mem=membrane, w_in=synapse / DT, **fields)


def _array(parameter: Any) -> Array:
    values: Array = parameter.detach().numpy().astype(np.float32)
    return values
