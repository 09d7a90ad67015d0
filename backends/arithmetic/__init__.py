"""The arithmetic and the memory accesses of a network with spikes and of the same without, counted and priced."""
