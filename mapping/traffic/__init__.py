"""What the cores of a partition send, counted exactly."""
