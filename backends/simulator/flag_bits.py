"""Flags as bits, of which those that are set are found without a look at each."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .compiled_loops import compiled_loop, keep_loops
from .wide_vectors import processor_has

keep_loops()

FLAGS_OF_A_WORD = 64
_COMPRESSED = 16  # numbers that AVX-512 writes at a time
_HAS_COMPRESSION = processor_has("avx512f")


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


@intrinsic
def _write_sixteen(typing_context: Any, numbers: Any, at: Any, first: Any, bits: Any) -> Any:
    """numbers[at], numbers[at + 1] ... = first + k for each bit k of the lowest 16 that is set.

    What follows, up to numbers[at + 15], is overwritten with anything. Returns how many bits are set.
    """
    signature = types.uint64(numbers, types.uint64, types.uint64, types.uint64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        _, at, first, bits = arguments
        number, vector = ir.IntType(32), ir.VectorType(ir.IntType(32), _COMPRESSED)
        flags = ir.VectorType(ir.IntType(1), _COMPRESSED)
        chosen = builder.trunc(bits, ir.IntType(_COMPRESSED))
        base = builder.insert_element(vector(ir.Undefined), builder.trunc(first, number), number(0))
        base = builder.shuffle_vector(base, vector(ir.Undefined), vector(None))
        values = builder.add(base, vector([number(lane) for lane in range(_COMPRESSED)]))
        kind = ir.FunctionType(vector, [vector, vector, flags])
        compress = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx512.mask.compress.v16i32")
        packed = builder.call(compress, [values, vector(None), builder.bitcast(chosen, flags)])
        builder.store(packed, builder.bitcast(builder.gep(data, [at]), vector.as_pointer()), align=4)
        return builder.zext(builder.ctpop(chosen), ir.IntType(64))

    return signature, generate


def _list_bits_one_by_one(bits, first, numbers, end, limit):
    while bits:
        numbers[end] = first + lowest_bit(bits)
        end += np.uint64(1)
        bits &= bits - np.uint64(1)
    return end


_one_by_one = compiled_loop(cache=True)(_list_bits_one_by_one)


def _list_bits_together(bits, first, numbers, end, limit):
    if end + np.uint64(FLAGS_OF_A_WORD) > limit:
        return _one_by_one(bits, first, numbers, end, limit)
    for part in range(np.uint64(0), np.uint64(FLAGS_OF_A_WORD), np.uint64(_COMPRESSED)):
        # A branch for every bit would be foreseen wrongly every few bits.
        end += _write_sixteen(numbers, end, first + part, bits >> part)
    return end


list_bits = compiled_loop(cache=True)(_list_bits_together) if _HAS_COMPRESSION else _one_by_one
"""Write first + k into a list of numbers for each bit k that is set.

Parameters
----------
bits, first : uint64.
numbers, end, limit : int32, where to write, uint64, and beyond which entry not to; what lies between may change.

Returns
-------
end : uint64, after what was written.
"""
