"""What leakage, reset and recurrence are good for."""
