"""Calls of compiled loops by their address.

A loop that calls another by name is compiled together with it, and again for every other that it may call instead. By
its address, each is compiled once.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def call_at(typing_context: Any, address: Any, arguments: Any) -> Any:
    """Call the loop at an address, of `address_of`, with a tuple of arguments; whether it failed.

    The loop must return nothing and have been compiled for arrays of just these types, and int64 for whole numbers.
    """
    signature = types.boolean(types.int64, arguments)
    kinds = [types.int64 if isinstance(kind, types.Integer) else kind for kind in arguments.types]

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        passed = cgutils.unpack_tuple(builder, given[1])  # type: ignore[no-untyped-call]
        values = [
            context.cast(builder, value, before, kind)
            for value, before, kind in zip(passed, arguments.types, kinds, strict=True)
        ]
        convention = context.call_conv.get_function_type(types.none, kinds)
        results = [cgutils.alloca_once(builder, place.pointee) for place in convention.args[:2]]  # type: ignore[no-untyped-call]
        loop = builder.inttoptr(given[0], convention.as_pointer())
        status = builder.call(loop, [*results, *context.get_arg_packer(kinds).as_arguments(builder, values)])
        return builder.icmp_signed("!=", status, ir.IntType(32)(0))

    return signature, generate


def address_of(loop: Any, kinds: tuple[types.Type, ...]) -> int:
    """Where a loop lies in memory that was compiled, now or before, for arguments of some types."""
    loop.compile(kinds)
    compiled = loop.overloads[kinds]
    address = int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))
    if not address:
        raise RuntimeError(f"there is no machine code of {loop.py_func.__qualname__}")
    return address
