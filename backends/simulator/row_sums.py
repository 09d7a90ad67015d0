"""Adding up rows of weights with the sums held in registers.

Left to itself the compiler loads and stores every sum for every row. Here as many sums as the processor's registers
hold stay there while all rows are added; weights of 8 bits are summed in 16, which 255 of them cannot leave.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .compiled_loops import compiled_loop, keep_loops
from .wide_vectors import use_wide_vectors

keep_loops()

# Rows after which sums of 16 bits are carried over to 32.
_ROWS_HELD = 255
# Sums of 16 bits that fill half of the processor's registers.
_FEATURES = binding.get_host_cpu_features()
_WIDEST = 512 if _FEATURES.get("avx512bw") else 128 if _FEATURES.get("avx2") else 64
_HALF, _QUARTER = _WIDEST // 2, _WIDEST // 4
_NARROWEST = 16
ROOM_BEYOND = 512


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
    of 32 bits, which weights of 16 bits need. As many weights of every row are read. Returns how many sums fit.
    """
    signature = types.int64(total, at, filled, weights, begin, width, fired, start, count, lanes)
    narrow = weights.dtype.bitwidth == 8
    fitting = lanes.literal_value if narrow else lanes.literal_value // 2
    held = ir.VectorType(ir.IntType(16 if narrow else 32), fitting)
    read = ir.VectorType(ir.IntType(weights.dtype.bitwidth), fitting)
    added = ir.VectorType(ir.IntType(32), fitting)

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
        with cgutils.for_range_slice(builder, word(0), count, word(_ROWS_HELD), intp=word) as (first, _):
            builder.store(held(None), registers)
            left = builder.sub(count, first)
            some = builder.select(builder.icmp_signed("<", left, word(_ROWS_HELD)), left, word(_ROWS_HELD))
            with cgutils.for_range(builder, some, intp=word) as loop:
                number = builder.load(builder.gep(numbers, [builder.add(first, loop.index)]))
                row = builder.gep(rows, [builder.mul(builder.sext(number, word), width)])
                part = builder.load(builder.bitcast(row, read.as_pointer()), align=1)
                builder.store(builder.add(builder.load(registers), builder.sext(part, held)), registers)
            whole = builder.icmp_signed(">=", filled, word(fitting))
            with builder.if_else(whole) as (complete, partial):
                with complete:
                    place = builder.bitcast(sums, added.as_pointer())
                    more = builder.load(registers)
                    more = builder.sext(more, added) if narrow else more
                    builder.store(builder.add(builder.load(place, align=4), more), place, align=4)
                with partial:
                    spread = cgutils.alloca_once(builder, held)
                    builder.store(builder.load(registers), spread)
                    single = builder.bitcast(spread, held.element.as_pointer())
                    with cgutils.for_range(builder, filled, intp=word) as loop:
                        place = builder.gep(sums, [loop.index])
                        more = builder.load(builder.gep(single, [loop.index]))
                        more = builder.sext(more, ir.IntType(32)) if narrow else more
                        builder.store(builder.add(builder.load(place), more), place)
        return word(fitting)

    return signature, generate


@intrinsic(prefer_literal=True)
def _add_lanes(typing_context: Any, total: Any, at: Any, weights: Any, first: Any, run: Any, lanes: Any) -> Any:
    """total[at + i] += weights[first + i] for i in 0 .. run - 1; at most `lanes`, a literal of at most 64, of them.

    With one count of lanes for runs of many lengths there is no remainder to be taken one by one.
    """
    signature = types.void(total, at, weights, first, run, lanes)
    bits, count = weights.dtype.bitwidth, lanes.literal_value
    read = ir.VectorType(ir.IntType(bits), count)
    added = ir.VectorType(ir.IntType(32), count)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, row = (
            builder.bitcast(
                builder.gep(
                    context.make_array(signature.args[k])(context, builder, arguments[k]).data, [arguments[k + 1]]
                ),
                vector.as_pointer(),
            )
            for k, vector in ((0, added), (2, read))
        )
        numbers = read([ir.IntType(bits)(lane) for lane in range(count)])
        limit = ir.IntType(64)(count)
        some = builder.select(builder.icmp_unsigned("<", arguments[4], limit), arguments[4], limit)
        length = builder.trunc(some, ir.IntType(bits))
        spread = builder.insert_element(read(ir.Undefined), length, ir.IntType(32)(0))
        spread = builder.shuffle_vector(spread, read(ir.Undefined), ir.VectorType(ir.IntType(32), count)(None))
        within = builder.icmp_unsigned("<", numbers, spread)
        part = builder.select(within, builder.load(row, align=1), read(None))
        sum_ = builder.add(builder.load(sums, align=4), builder.sext(part, added))
        builder.store(sum_, sums, align=4)
        return context.get_dummy_value()

    return signature, generate


@compiled_loop(inline="always")
def add_run(total, at, weights, first, run):
    """Add one run of weights: total[at + i] += weights[first + i] for i in 0 .. run - 1.

    All of them uint64. There is room for `ROOM_BEYOND` more after both.
    """
    while run > np.uint64(64):
        _add_lanes(total, at, weights, first, run, 64)
        at += np.uint64(64)
        first += np.uint64(64)
        run -= np.uint64(64)
    if run <= np.uint64(16):
        _add_lanes(total, at, weights, first, run, 16)
    elif run <= np.uint64(32):
        _add_lanes(total, at, weights, first, run, 32)
    else:
        _add_lanes(total, at, weights, first, run, 64)


@compiled_loop(cache=True)
def add_rows(total, size, weights, begin, width, fired, start, count):
    """Add the rows of plain spikes.

    Parameters
    ----------
    total : int32, at least `size` sums; is changed.
    weights, begin : int8 or int16, and the first weight of row 0 that is wanted; after the last row there is room for
        `ROOM_BEYOND` more.
    width : weights of a row.
    fired, start, count : int32, numbers of rows, and where those to be added stand.
    """
    use_wide_vectors()
    widest = _WIDEST // weights.itemsize  # sums of weights of 16 bits have 32
    done = np.int64(0)
    while done < size:
        left = size - done
        if left > widest // 2:
            done += _add_tile(total, done, left, weights, begin + done, width, fired, start, count, _WIDEST)
        elif left > widest // 4:
            done += _add_tile(total, done, left, weights, begin + done, width, fired, start, count, _HALF)
        elif left > _NARROWEST // weights.itemsize:
            done += _add_tile(total, done, left, weights, begin + done, width, fired, start, count, _QUARTER)
        else:
            done += _add_tile(total, done, left, weights, begin + done, width, fired, start, count, _NARROWEST)
