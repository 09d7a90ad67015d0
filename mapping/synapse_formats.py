"""How synapses lie in a core's memory."""

from __future__ import annotations

from typing import Literal

from .constant import Limit, Strict, TabledLimit

SynapseKind = Literal["dense", "sparse", "convolution"]
SYNAPSE_KINDS: tuple[SynapseKind, ...] = ("dense", "sparse", "convolution")
STORED_ZEROS = Limit.model_validate(
    {"value": None, "unit": "bits", "kind": "assumed", "source": "not given: a zero is stored as any other weight"}
)


class ListedSynapses(Strict):
    """Synapses stored one by one: an input axon takes ceil((header + synapses * bits) / word) words.

    Attributes
    ----------
    header_bits : of an axon.
    bits_per_synapse : weight, and target and delay where the format stores them; by the bits of the projection's
        weights where these are stored in their own width.
    """

    header_bits: Limit
    bits_per_synapse: TabledLimit


class SharedKernel(Strict):
    """A kernel stored once a core, whatever the number of positions the core holds.

    Each place of the kernel and input channel of a group takes ceil((header + weights * bits + zeros * bits) / word)
    words, where weights and zeros are those of the output channels of the group of which the core holds at least one
    neuron; a place of which no bit is stored takes none.

    Attributes
    ----------
    header_bits : with a stride of 1 along at least one axis.
    strided_header_bits : with a stride above 1 along all axes.
    bits_per_weight : of an output channel; by the bits of the projection's weights where these are stored in their own
        width.
    bits_per_zero : of an output channel whose weight is zero, never more than of another one; value None for as many.
    tiles : for how many neurons a core needs room where it holds some of a layer that such a kernel reaches. "any":
        for those. "powers of two": for those of a tile, which is all of the core's channels at the positions of a cell.
        Cells divide a layer along its first spatial axis into pieces of 1, 2, 4 ... rows, counted from its beginning,
        and have one column or all of them; the core has the smallest cell that holds its positions. A cell that the
        layer's end cuts off takes room for all of its rows. (A layer with one spatial axis has only rows.)
    """

    header_bits: Limit
    strided_header_bits: Limit
    bits_per_weight: TabledLimit
    bits_per_zero: Limit = STORED_ZEROS
    tiles: Literal["any", "powers of two"] = "any"

    def header(self, strided: bool) -> int:
        """Bits before the weights of a place and input channel; `strided` with a stride above 1 along all axes."""
        return (self.strided_header_bits if strided else self.header_bits).value or 0

    def bits(self, width: int | None) -> tuple[int, int]:
        """Of an output channel's weight, and of a zero in its place, for weights of so many bits (None: the most)."""
        each, free = self.bits_per_weight.at(width), self.bits_per_zero.value
        return each, each if free is None else min(free, each)


class SharedMemory(Strict):
    """What a core's memory holds where it is one for all uses; the limit of the sum is `Limits.memory_bits`.

    A core needs bits_per_neuron for each neuron that it has room for (see `SharedKernel.tiles`), and for each
    projection what its synapses take, but no less than bits_per_listed_synapse for each of the single synapses with a
    weight other than zero. Shared kernels have no single synapses.

    Attributes
    ----------
    bits_per_neuron : states and parameters.
    bits_per_listed_synapse : what a compiler sets aside for a synapse before it knows in which format it will be.
    """

    bits_per_neuron: Limit
    bits_per_listed_synapse: Limit


class SynapticMemory(Strict):
    """How synapses lie in a core's memory.

    What a core holds of a projection has one format, whatever the kind of its connectivity: a convolution's where the
    chip has it; otherwise the dense or the sparse one, whichever takes fewer bits on this core, and the dense one where
    both take the same.

    Attributes
    ----------
    word_bits : the unit in which memory is given out.
    dense : an axon stores a weight, zero or not, for every neuron of the layer on the core.
    sparse : an axon stores its synapses on the core.
    convolution : None where the chip cannot share weights, so that a convolution is stored as single synapses.
    shared : None where synapses have a memory of their own.
    """

    word_bits: Limit
    dense: ListedSynapses
    sparse: ListedSynapses
    convolution: SharedKernel | None
    shared: SharedMemory | None = None

    @property
    def neuron_bits(self) -> int:
        """Of one memory for all uses, what a neuron takes; 0 where synapses have a memory of their own."""
        return 0 if self.shared is None else self.shared.bits_per_neuron.value or 0

    @property
    def bits_set_aside(self) -> int:
        """Of one memory for all uses, what a listed synapse takes at least; 0 where synapses have their own."""
        return 0 if self.shared is None else self.shared.bits_per_listed_synapse.value or 0
