"""What only a chip has whose cores are processors with memories of their own and one that a tile's cores share.

SpiNNaker 1's are: 64 KB beside each processor hold the neurons, the ring buffers and the tables; the synapses are in
the chip's SDRAM, from where a spike fetches its row.
"""

from __future__ import annotations

from pydantic import model_validator

from .constant import Bytes, BytesAlways, Count, Limit, Strict

BYTES_A_WORD = 4


class ProcessorMemory(Strict):
    """Sizes in bytes, except where the name says otherwise.

    Attributes
    ----------
    core_bytes : memory for data beside a processor; None where it is not known.
    tile_bytes : memory that all processors of a tile share.
    system_bytes : of a core's memory, for the system: stacks, heap, variables.
    neuron_bytes : parameters and states of a neuron, in the core's memory.
    key_bytes : the key that a neuron sends.
    ring_slots : steps that a ring buffer looks ahead; a neuron has one for each sign of its synapses.
    slot_bytes : of a ring buffer.
    source_bytes : of the table of sources, each block of keys that reaches the core.
    matrix_bytes : of the same table, each population on the core that a block reaches.
    table_bytes : of the same table, whatever it holds.
    spike_buffer_bytes : for spikes that have come and are not worked on yet.
    row_buffers : rows of synapses that are held in the core's memory at a time.
    row_header_words, synapse_words : of a row of synapses, in words of 4 bytes.
    """

    core_bytes: Bytes
    tile_bytes: Bytes
    system_bytes: Bytes
    neuron_bytes: Bytes
    key_bytes: Bytes
    ring_slots: Count
    slot_bytes: BytesAlways
    source_bytes: Bytes
    matrix_bytes: Bytes
    table_bytes: Bytes
    spike_buffer_bytes: Bytes
    row_buffers: Limit
    row_header_words: Limit
    synapse_words: Count

    @model_validator(mode="after")
    def _sizes_are_known(self) -> ProcessorMemory:
        missing = [name for name, limit in self if limit.value is None and name not in ("core_bytes", "tile_bytes")]
        if missing:
            raise ValueError(f"processor_memory.{missing[0]} has a value, for without it nothing can be counted")
        return self

    def of(self, name: str) -> int:
        """A size by its name, 0 where it is not known."""
        limit: Limit = getattr(self, name)
        return limit.value or 0
