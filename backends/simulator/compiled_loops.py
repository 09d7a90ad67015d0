"""How the simulator's loops are compiled, and where they are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

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


def compiled_loop(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Numba's decorator for a loop that other threads may run at the same time.

    Without Numba's runtime, arrays' references are not counted: in loops over steps that takes longer than the sums
    do, and more so in two threads, which would pass the counters to and fro. Hence a loop cannot make arrays.
    """
    decorate: Callable[..., Any] = numba.njit
    return decorate(nogil=True, _nrt=False, **options)  # type: ignore[no-any-return]
