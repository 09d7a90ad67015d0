"""Runs networks as Lava processes, and writes them as programs that need only Lava."""
