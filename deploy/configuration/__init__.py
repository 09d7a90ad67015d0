"""What a user decides about a deployment: its keys, its file, and what is said of mistakes in it."""
