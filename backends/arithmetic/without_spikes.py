"""The work of the same network without spikes: every neuron takes one value an inference.

    each synapse is a multiply-accumulate, each bias an accumulate; a neuron's own function costs nothing
    each weight and bias is read once, each map reads its whole input once, each neuron's value is written once

That is a machine that reuses whatever it has fetched. Beside it stands one that fetches the weight and the activation
anew for each multiplication. Weights that are zero are left out, as they are with spikes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from ...models.connectivity import Connectivity, Pool
from ...models.graph import Graph
from ...models.network import Network, Population, Projection, Role
from ...models.operators import Convolution, Linear, MaxPool, Operator, Select, Shape, TransposedConvolution
from ...models.operators import Pool as PoolOperator
from .neuron_updates import update_work
from .work import NOTHING, Storage, Work, total_work

WEIGHTED = (Linear, Convolution, TransposedConvolution)


@dataclass(frozen=True)
class MapWork:
    """The work of a map from one layer's values to the next.

    Attributes
    ----------
    reused : where everything is fetched once.
    anew : where it is fetched for each operation.
    """

    reused: Work = NOTHING
    anew: Work = NOTHING

    def __add__(self, other: MapWork) -> MapWork:
        return MapWork(self.reused + other.reused, self.anew + other.anew)

    @classmethod
    def same(cls, work: Work) -> MapWork:
        """Work of which nothing can be reused."""
        return cls(work, work)


@dataclass(frozen=True)
class OrdinaryWork:
    """The work of one inference.

    Attributes
    ----------
    layers : per population of the spiking network, what leads to its values.
    storage : of weights, and of the largest pair of a map's input and output.
    trained : whether it was counted on the network as it was trained, not on the deployed synapses.
    """

    layers: Mapping[str, MapWork]
    storage: Storage
    trained: bool

    @cached_property
    def together(self) -> MapWork:
        """All layers in one."""
        layers = self.layers.values()
        return MapWork(total_work(layer.reused for layer in layers), total_work(layer.anew for layer in layers))


def work_of_synapses(network: Network, matrices: Sequence[Projection]) -> OrdinaryWork:
    """Count on the deployed synapses.

    Where pooling has been merged into a convolution, or a maximum became rectifiers, these are more than the trained
    network has.

    Parameters
    ----------
    matrices : the network's projections, of which those that stand for one weight matrix together are one.
    """
    layers, weights, activations = {}, 0, 0
    for population in network.populations:
        if population.role is not Role.NEURON:
            continue
        biases = update_work(population).biased
        work = MapWork.same(_of_biases(biases, biases) + Work(activation_accesses=population.size))
        weights += biases
        for projection in matrices:
            if projection.target == population.name:
                source = network.by_name[projection.source]
                work += _of_projection(projection.connectivity, source)
                weights += int(projection.connectivity.weights.size)
                activations = max(activations, source.size + population.size)
        layers[population.name] = work
    return OrdinaryWork(MappingProxyType(layers), Storage(weights, activations), False)


def work_of_graph(graph: Graph, network: Network) -> OrdinaryWork:
    """Count on the network as it was trained, ordinary or spiking, before its maps were merged.

    Scales and shifts of single elements cost nothing, as they can be merged into the weights beside them.

    Parameters
    ----------
    network : what was made of it; each map counts for the population that its result reaches first.
    """
    layers = {population.name: MapWork() for population in network.populations if population.role is Role.NEURON}
    weights, activations = 0, 0
    for name in graph.order:
        arriving, operator = graph.incoming(name), graph.nodes[name]
        if not arriving:
            continue
        shape = graph.shapes[arriving[0].source]
        inputs, outputs = int(np.prod(shape)), int(np.prod(graph.shapes[name]))
        added = max(0, sum(_present(graph.nodes[edge.source], inputs) for edge in arriving) - inputs)
        work = MapWork.same(Work(accumulates=added, activation_accesses=added))
        if isinstance(operator, (*WEIGHTED, PoolOperator, MaxPool)):
            work += _of_operator(operator, shape, outputs)
            activations = max(activations, inputs + outputs)
        if isinstance(operator, WEIGHTED):
            weights += int(operator.weight.size) + (0 if operator.bias is None else int(operator.bias.size))
        layers[_reached(graph, name, network)] += work
    return OrdinaryWork(MappingProxyType(layers), Storage(weights, activations), True)


def _present(operator: Operator, size: int) -> int:
    """How many of its outputs an operator can make other than zero: parts that are joined are not added."""
    return int(np.count_nonzero(operator.elements >= 0)) if isinstance(operator, Select) else size


def _of_projection(connectivity: Connectivity, source: Population) -> MapWork:
    if source.role is Role.CONSTANT:
        biases = connectivity.synapses()
        return MapWork.same(_of_biases(biases, biases))
    if isinstance(connectivity, Pool):
        return _of_pool(connectivity)
    return _of_weights(connectivity, int(np.count_nonzero(connectivity.weights)))


def _of_operator(operator: Operator, shape: Shape, outputs: int) -> MapWork:
    written = MapWork.same(Work(activation_accesses=outputs))
    if isinstance(operator, PoolOperator):
        return written + _of_pool(operator.connectivity(shape))
    if isinstance(operator, MaxPool):
        seen = int(np.count_nonzero(operator.windows(shape) >= 0))
        compared = Work(accumulates=seen - outputs)
        once, often = Work(activation_accesses=int(np.prod(shape))), Work(activation_accesses=seen)
        return written + MapWork(compared + once, compared + often)
    assert isinstance(operator, WEIGHTED)
    bias = operator.constant(shape)
    stored = 0 if operator.bias is None else int(np.count_nonzero(operator.bias))
    added = 0 if bias is None else int(np.count_nonzero(bias))
    biases = MapWork(_of_biases(added, stored), _of_biases(added, added))
    return written + biases + _of_weights(operator.connectivity(shape), int(np.count_nonzero(operator.weight)))


def _of_biases(added: int, read: int) -> Work:
    return Work(accumulates=added, weight_accesses=read)


def _of_weights(connectivity: Connectivity, stored: int) -> MapWork:
    """A multiply-accumulate for each synapse; `stored` weights other than zero."""
    synapses = connectivity.synapses()
    products = Work(multiply_accumulates=synapses)
    once = Work(weight_accesses=stored, activation_accesses=connectivity.sources)
    return MapWork(products + once, products + Work(weight_accesses=synapses, activation_accesses=synapses))


def _of_pool(pool: Connectivity) -> MapWork:
    """Sums of windows, each scaled by one number, which is at hand."""
    seen = pool.synapses()
    sums = Work(multiply_accumulates=pool.targets, accumulates=max(0, seen - pool.targets))
    return MapWork(sums + Work(activation_accesses=pool.sources), sums + Work(activation_accesses=seen))


def _reached(graph: Graph, name: str, network: Network) -> str:
    """The first population on the ways from a node, nearest first; the output where there is none."""
    seen, front = {name}, [name]
    while front:
        node = front.pop(0)
        if node in network.by_name and network.by_name[node].role is Role.NEURON:
            return node
        following = [edge.target for edge in graph.edges if edge.source == node and edge.target not in seen]
        seen.update(following)
        front += following
    return network.output
