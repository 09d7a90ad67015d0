"""The intermediate graph, the network, their readers, neuron models and the built-in models."""
