"""Studies: the same deployed network, or the same training, many times over with one thing changed each time."""
