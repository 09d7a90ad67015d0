"""A short training of an integer network, through its own integers, towards the float network it came from."""
