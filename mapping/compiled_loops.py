"""Where the mapper's compiled loops are kept."""

from __future__ import annotations

from pathlib import Path

from ..models.compiled_code import keep_compiled_code


def keep_loops() -> None:
    """Let Numba keep what this package compiles from now on.

    Loops call loops of other files, and take constants from there. So a change anywhere in the package makes all of
    them anew: they are short, and a list of who needs whom would sooner or later be wrong.
    """
    keep_compiled_code(*sorted(Path(__file__).parent.rglob("*.py")))
