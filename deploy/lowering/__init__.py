"""From a graph to a network, in passes that each leave it valid."""
