"""What is being done, and how much of it there is: bars on terminals, lines elsewhere."""
