"""Vectors as wide as the processor has them.

LLVM takes 256 bits on processors that have 512, since older ones slowed down with them. Loops that do little else than
add up rows are a third faster with all of them.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import codegen, config
from numba.extending import intrinsic


@intrinsic
def use_wide_vectors(typing_context: Any) -> Any:
    """Called anywhere in a compiled function: let its loops use vectors of up to 512 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # llvmlite knows only attributes without a value, and would refuse this one.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.none(), generate


def processor_has(feature: str) -> bool:
    """Whether loops are compiled for a processor that has a feature, by LLVM's name for it.

    That is the one at hand, but for Numba's environment variables (`NUMBA_CPU_NAME`, `NUMBA_CPU_FEATURES`).
    """
    given: str | None = config.CPU_FEATURES  # type: ignore[attr-defined]
    features = codegen.get_host_cpu_features() if given is None else given  # type: ignore[no-untyped-call]
    return f"+{feature}" in features.split(",")
