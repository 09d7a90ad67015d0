"""Where the simulator's compiled loops are kept."""

from __future__ import annotations

from pathlib import Path

from ...models.compiled_code import keep_compiled_code


def keep_loops(*rules: Path) -> None:
    """Let Numba keep what is compiled from now on, until a file of the simulator or one of the rules changes."""
    keep_compiled_code(*sorted(Path(__file__).parent.glob("*.py")), *rules)
