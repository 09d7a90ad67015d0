"""Asking for memory before it is needed."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LINE_BYTES = 64


@intrinsic
def prefetch(typing_context: Any, values: Any, index: Any) -> Any:
    """Let the processor fetch the cache line of an array's element, which may lie beyond its end."""
    signature = types.none(values, index)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        place = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        )
        builder.call(function, [place, word(0), word(3), word(1)])  # to read, to stay in all caches, data
        return context.get_dummy_value()

    return signature, generate
