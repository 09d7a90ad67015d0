"""Adding up rows of weights with the sums held in registers.

Left to itself the compiler loads and stores every sum for every row. Here as many sums as the processor's registers
hold stay there while all rows are added; weights of 8 bits are summed in 16, which 255 of them cannot leave. Sums wrap,
so that sums of 16 bits are right wherever the last of them has no more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .compiled_loops import compiled_loop, keep_loops
from .convolution_tables import RUN_STEP, SHORT_RUN
from .wide_vectors import processor_has, use_wide_vectors

keep_loops()

# Rows after which sums of 16 bits are carried over to 32.
_ROWS_HELD = 255
_ALL_ROWS = 1 << 62
# Sums of 16 bits that fill half of the processor's registers.
_WIDEST = 512 if processor_has("avx512bw") else 128 if processor_has("avx2") else 64
_HALF, _QUARTER = _WIDEST // 2, _WIDEST // 4
_NARROWEST = 16
ROOM_BEYOND = 512
_LINE_BYTES = 64


def aligned_sums(rows: int, size: int, dtype: Any) -> Any:
    """(rows, at least size + ROOM_BEYOND) zeros; each row begins where a line of the processor's cache does."""
    width = -(-(size + ROOM_BEYOND) // _LINE_BYTES) * _LINE_BYTES
    memory = np.zeros(rows * width * np.dtype(dtype).itemsize + _LINE_BYTES, dtype=np.int8)
    start = -memory.ctypes.data % _LINE_BYTES
    return memory[start : memory.size - _LINE_BYTES + start].view(dtype).reshape(rows, width)


@intrinsic(prefer_literal=True)
def _add_tile(
    typing_context: Any,
    total: Any,
    at: Any,
    filled: Any,
    weights: Any,
    begin: Any,
    width: Any,
    fired: Any,
    start: Any,
    count: Any,
    lanes: Any,
) -> Any:
    """total[at + i] += sum of weights[begin + fired[e] * width + i] over e in start .. start + count - 1.

    For i in 0 .. `filled` - 1, or as many sums as fit. `lanes`, a literal, is how many of 16 bits fit; half as many are
    of 32 bits, which sums of 32 bits of weights of 16 need. As many weights of every row are read. Returns how many
    sums fit.
    """
    signature = types.int64(total, at, filled, weights, begin, width, fired, start, count, lanes)
    bits = min(total.dtype.bitwidth, 2 * weights.dtype.bitwidth)
    longest = _ROWS_HELD if bits < total.dtype.bitwidth else _ALL_ROWS
    fitting = lanes.literal_value * 16 // bits
    held = ir.VectorType(ir.IntType(bits), fitting)
    read = ir.VectorType(ir.IntType(weights.dtype.bitwidth), fitting)
    added = ir.VectorType(ir.IntType(total.dtype.bitwidth), fitting)

    def widened(builder: Any, value: Any, wide: Any) -> Any:
        return value if value.type == wide else builder.sext(value, wide)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        sums, rows, numbers = (
            context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in (0, 3, 6)
        )
        at, filled, begin, width, start, count = (
            context.cast(builder, arguments[k], signature.args[k], types.int64) for k in (1, 2, 4, 5, 7, 8)
        )
        sums = builder.gep(sums, [at])
        rows = builder.gep(rows, [begin])
        numbers = builder.gep(numbers, [start])
        registers = cgutils.alloca_once(builder, held)
        with cgutils.for_range_slice(builder, word(0), count, word(longest), intp=word) as (first, _):
            builder.store(held(None), registers)
            left = builder.sub(count, first)
            some = builder.select(builder.icmp_signed("<", left, word(longest)), left, word(longest))
            with cgutils.for_range(builder, some, intp=word) as loop:
                number = builder.load(builder.gep(numbers, [builder.add(first, loop.index)]))
                row = builder.gep(rows, [builder.mul(builder.sext(number, word), width)])
                part = builder.load(builder.bitcast(row, read.as_pointer()), align=1)
                builder.store(builder.add(builder.load(registers), widened(builder, part, held)), registers)
            whole = builder.icmp_signed(">=", filled, word(fitting))
            with builder.if_else(whole) as (complete, partial):
                with complete:
                    place = builder.bitcast(sums, added.as_pointer())
                    more = widened(builder, builder.load(registers), added)
                    builder.store(builder.add(builder.load(place, align=2), more), place, align=2)
                with partial:
                    spread = cgutils.alloca_once(builder, held)
                    builder.store(builder.load(registers), spread)
                    single = builder.bitcast(spread, held.element.as_pointer())
                    with cgutils.for_range(builder, filled, intp=word) as loop:
                        place = builder.gep(sums, [loop.index])
                        more = widened(builder, builder.load(builder.gep(single, [loop.index])), added.element)
                        builder.store(builder.add(builder.load(place), more), place)
        return word(fitting)

    return signature, generate


@intrinsic(prefer_literal=True)
def _add_lanes(typing_context: Any, total: Any, at: Any, weights: Any, first: Any, lanes: Any) -> Any:
    """total[at + i] += weights[first + i] for i in 0 .. lanes - 1, which is a literal."""
    signature = types.void(total, at, weights, first, lanes)
    read = ir.VectorType(ir.IntType(weights.dtype.bitwidth), lanes.literal_value)
    added = ir.VectorType(ir.IntType(total.dtype.bitwidth), lanes.literal_value)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, rows = (context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in (0, 2))
        place = builder.bitcast(builder.gep(sums, [arguments[1]]), added.as_pointer())
        row = builder.bitcast(builder.gep(rows, [arguments[3]]), read.as_pointer())
        part = builder.load(row, align=1)
        part = part if read == added else builder.sext(part, added)
        builder.store(builder.add(builder.load(place, align=2), part), place, align=2)
        return context.get_dummy_value()

    return signature, generate


@compiled_loop(inline="always")
def add_run(total, at, weights, first, run):
    """Add a run of weights: total[at + i] += weights[first + i] for i in 0 .. run - 1.

    All of them uint64; `run` is `SHORT_RUN` or a multiple of `RUN_STEP`.
    """
    if run == np.uint64(SHORT_RUN):
        _add_lanes(total, at, weights, first, SHORT_RUN)
        return
    for step in range(np.uint64(0), run, np.uint64(RUN_STEP)):
        _add_lanes(total, at + step, weights, first + step, RUN_STEP)


@compiled_loop(inline="always")
def add_line(total, at, more, first, size):
    """total[at + i] += more[first + i] for i in 0 .. size - 1, all uint64; for short lines, and sums of one kind."""
    done = np.uint64(0)
    while done + np.uint64(32) <= size:
        _add_lanes(total, at + done, more, first + done, 32)
        done += np.uint64(32)
    if size & np.uint64(16):
        _add_lanes(total, at + done, more, first + done, 16)
        done += np.uint64(16)
    if size & np.uint64(8):
        _add_lanes(total, at + done, more, first + done, 8)
        done += np.uint64(8)
    if size & np.uint64(4):
        _add_lanes(total, at + done, more, first + done, 4)
        done += np.uint64(4)
    while done < size:
        total[at + done] += more[first + done]
        done += np.uint64(1)


@compiled_loop(cache=True)
def add_rows(total, size, weights, begin, width, fired, start, count):
    """Add the rows of plain spikes.

    Parameters
    ----------
    total : int16 or int32, at least `size` sums, which wrap; is changed.
    weights, begin : int8 or int16, and the first weight of row 0 that is wanted; after the last row there is room for
        `ROOM_BEYOND` more.
    width : weights of a row.
    fired, start, count : int32, numbers of rows, and where those to be added stand.
    """
    use_wide_vectors()
    widest = _WIDEST * 2 // min(total.itemsize, 2 * weights.itemsize)
    done = np.int64(0)
    while done < size:
        left = size - done
        if left > widest // 2:
            done += _add_tile(total, done, left, weights, begin + done, width, fired, start, count, _WIDEST)
        elif left > widest // 4:
            done += _add_tile(total, done, left, weights, begin + done, width, fired, start, count, _HALF)
        elif left > _NARROWEST * 2 // min(total.itemsize, 2 * weights.itemsize):
            done += _add_tile(total, done, left, weights, begin + done, width, fired, start, count, _QUARTER)
        else:
            done += _add_tile(total, done, left, weights, begin + done, width, fired, start, count, _NARROWEST)
