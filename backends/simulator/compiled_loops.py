"""Where the simulator's compiled loops are kept."""

from __future__ import annotations

from pathlib import Path

from ...models.compiled_code import keep_compiled_code
from ...models.neurons.neuron_model import IntegerRule


def keep_loops(*rules: IntegerRule) -> None:
    """Let Numba keep what is compiled from now on, until a file of the simulator or one of the rules changes."""
    # The rule as it was imported, for the file may have changed since.
    imported = [
        (rule.states, rule.parameters, rule.step.__code__.co_code, rule.step.__code__.co_consts) for rule in rules
    ]
    files = sorted(Path(__file__).parent.glob("*.py"))
    keep_compiled_code(*files, *(rule.file for rule in rules), also=repr(imported))
