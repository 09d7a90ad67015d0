"""What runs or prices a compiled program: the simulator, Lava, and the cost model."""
