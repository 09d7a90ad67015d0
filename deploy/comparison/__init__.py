"""Deployments side by side: what each gives and costs, what differs between them, and what is better at what price."""
