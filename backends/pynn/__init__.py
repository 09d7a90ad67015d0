"""Writing a program as a PyNN script."""
