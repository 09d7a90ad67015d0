"""The integer steps of the neuron models, a file a family: plain NumPy, also compiled, also copied beside Lava."""
