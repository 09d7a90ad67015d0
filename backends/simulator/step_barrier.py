"""Where pieces of one population wait for each other, from step to step.

To meet in Python takes longer than many a step does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from .compiled_loops import compiled_loop, keep_loops

keep_loops()

SPREAD = 8  # entries of the table of steps a piece has, so that no two share a cache line
_PATIENCE = 2000  # looks at a piece that is behind before the processor is given to whoever needs it

# It is in every C library that Numba links to.
_give_way = types.ExternalFunction("sched_yield", types.int32())


@intrinsic
def _publish(typing_context: Any, steps: Any, index: Any, value: Any) -> Any:
    """Write an entry after all that was written before."""
    signature = types.void(steps, index, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        builder.store_atomic(arguments[2], builder.gep(data, [arguments[1]]), "release", 8)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def _published(typing_context: Any, steps: Any, index: Any) -> Any:
    """Read an entry before all that is read after."""
    signature = types.int64(steps, index)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.load_atomic(builder.gep(data, [arguments[1]]), "acquire", 8)

    return signature, generate


@compiled_loop(cache=True)
def wait_for_others(steps, own, pieces, step):
    """Tell that a piece is done with all before a step, and wait until all pieces are.

    Parameters
    ----------
    steps : (pieces * SPREAD,) int64, what the pieces told; of one that will tell no more, a number beyond all steps.
    own, pieces : which of how many.
    """
    _publish(steps, np.int64(own * SPREAD), step)
    for other in range(pieces):
        looks = 0
        while _published(steps, np.int64(other * SPREAD)) < step:
            looks += 1
            if looks > _PATIENCE:
                _give_way()
