"""Flags as bits, of which those that are set are found without a look at each."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

FLAGS_OF_A_WORD = 64


@intrinsic
def flag_bits(typing_context: Any, flags: Any, first: Any) -> Any:
    """Of 64 integers in an array, from number `first` on: uint64, whose bit k says whether number k is not zero."""
    signature = types.uint64(flags, first)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        vector = ir.VectorType(ir.IntType(signature.args[0].dtype.bitwidth), FLAGS_OF_A_WORD)
        place = builder.bitcast(builder.gep(data, [arguments[1]]), vector.as_pointer())
        flags = builder.icmp_unsigned(
            "!=", builder.load(place, align=signature.args[0].dtype.bitwidth // 8), vector(None)
        )
        return builder.bitcast(flags, ir.IntType(64))

    return signature, generate


@intrinsic
def lowest_bit(typing_context: Any, bits: Any) -> Any:
    """The number of the lowest bit that is set, of a uint64 other than 0."""
    signature = types.uint64(types.uint64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return signature, generate
