"""Chips, and how a network is laid out on one: partition, placement, routing."""
