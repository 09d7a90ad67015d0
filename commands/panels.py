"""How the help of commands is arranged: the groups that they stand in, and examples at their end."""

from __future__ import annotations

BEFORE = "Before deploying"
DEPLOYING = "Deploying"
AFTER = "With a deployment"
TRAINING = "Training and studies"
HERE = "This machine"

BEGINNING, PROMPT = "Examples:", "$ "


def examples(*lines: str) -> str:
    """Command lines for the end of a help text, each in a line of its own; tests run them."""
    return "\n\n".join([BEGINNING, *(f"{PROMPT}{line}" for line in lines)])
