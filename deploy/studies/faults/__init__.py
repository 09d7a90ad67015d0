"""What a deployed network withstands of broken neurons, cores, weights and packets."""
