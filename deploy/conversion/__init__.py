"""Ordinary networks become spiking ones: passes over the graph that put neurons where rectifiers were."""
