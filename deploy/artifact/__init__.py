"""The folder that a deployment leaves behind: written whole or not at all, and checked when it is read."""
