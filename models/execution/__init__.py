"""Plain renderings of what a graph and a network mean, in NumPy: the reference that faster backends are held to."""
