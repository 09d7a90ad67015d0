"""Neuron models: each in one file, with its equation, its float rule and its integer rule."""
