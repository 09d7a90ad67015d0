"""From a float network to the integers of a chip."""
