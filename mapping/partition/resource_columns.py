"""The resources of a block, as columns of the arrays that the compiled loops work on."""

from __future__ import annotations

NEURONS = 0
SYNAPSES = 1
SYNAPTIC_BITS = 2
MEMORY_BITS = 3
INPUT_AXONS = 4
OUTPUT_AXONS = 5
COLUMNS = 6
NO_LIMIT = 1 << 62
