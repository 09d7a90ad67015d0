"""NIR out: a graph's wiring, its linear operators, layouts and neurons as NIR's nodes, what NIR has no place for."""

from .writer import write_nir as write_nir
