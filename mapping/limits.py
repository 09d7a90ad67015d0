"""What a chip's cores, routers and numbers have room for."""

from __future__ import annotations

from .constant import Limit, StateWidth, Strict, Width

UNKNOWN_WIDTH = Limit.model_validate(
    {"value": None, "unit": "bits", "kind": "assumed", "source": "not given: no narrower than the simulator's 24 bits"}
)
NO_SHARED_MEMORY = Limit.model_validate(
    {"value": None, "unit": "bits", "kind": "assumed", "source": "not given: not limited"}
)
NO_ROUTING_TABLE = Limit.model_validate(
    {"value": None, "unit": "entries", "kind": "assumed", "source": "not given: not limited"}
)


class Limits(Strict):
    """What must not be exceeded; a limit with value None is not checked.

    Attributes
    ----------
    neurons, synaptic_memory_bits, input_axons, output_axons : of a core. An input axon is a source neuron (or input)
        that has a synapse on the core; an output axon is a pair of a neuron on the core and a core it reaches, its
        own core included, for a neuron knows its targets only through the axon table.
    memory_bits : of a core, for all uses together; see `SharedMemory`.
    routing_entries : of a tile's router, with multicast routing: each set of neurons of a core, or of inputs, that
        reach the same cores, their own one not counted, takes one at every tile where its tree begins, ends, turns or
        branches. A tree is the union of the ways to its cores. On a triangular mesh it is the real tables that must not
        be longer; see `routing_tables`.
    delay_steps : the longest delay of a projection.
    graded_spike_bits : 1 where a spike carries no number.
    weight_bits : with the sign; weights that share a factor of two are stored without it.
    threshold_bits : without a sign.
    membrane_bits, current_bits : of a neuron's states, with the sign. The rules of the simulator hold 24: within a
        smaller width quantization keeps the states by its choice of scales.
    """

    neurons: Limit
    synaptic_memory_bits: Limit
    input_axons: Limit
    output_axons: Limit
    delay_steps: Limit
    graded_spike_bits: Width
    weight_bits: Width
    threshold_bits: Width
    membrane_bits: StateWidth = UNKNOWN_WIDTH
    current_bits: StateWidth = UNKNOWN_WIDTH
    memory_bits: Limit = NO_SHARED_MEMORY
    routing_entries: Limit = NO_ROUTING_TABLE

    def of(self, resource: str) -> int | None:
        """The limit of a resource by its name, such as "neurons"; None where it is not public."""
        limit: Limit = getattr(self, resource)
        return limit.value
