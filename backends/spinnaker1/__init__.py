"""SpiNNaker 1: a program in the arithmetic of its processors, their memory, and whether they keep up with real time."""
