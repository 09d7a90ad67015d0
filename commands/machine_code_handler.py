"""A handler of Ctrl-C in machine code, for calls into libraries that let no Python run until they return.

Python's own handler only makes a note, which is looked at after the call; and no thread can look at it earlier while
the library holds the interpreter's lock. So the program ends within the handler itself, which may do no more than write
and exit. It is for calls that leave nothing half-done when they end.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import signal
from collections.abc import Iterator

# Addresses are passed as integers, for versions of LLVM differ in how they write pointers.
CODE = """
declare i64 @write(i32, i64, i64)
declare void @_exit(i32)
define void @end(i32 %number) {{
  %written = call i64 @write(i32 2, i64 {address}, i64 {length})
  %code = add i32 %number, 128
  call void @_exit(i32 %code)
  unreachable
}}
"""


@contextlib.contextmanager
def ending_at_once(words: str) -> Iterator[None]:
    """Within this context a Ctrl-C writes some words to standard error and ends the program, whoever computes.

    Parameters
    ----------
    words : what is written; a terminal gets back its cursor besides, which bars of progress hide.
    """
    usual = signal.getsignal(signal.SIGINT)
    address = _handler(words)
    libc = ctypes.CDLL(None)
    libc.signal.argtypes, libc.signal.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
    libc.signal(signal.SIGINT, address)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)  # by Python, which has waiting calls come back at a signal


@functools.cache
def _handler(words: str) -> int:
    """The address of the compiled handler; its text, and the machine code, stay in memory to the end."""
    from llvmlite import binding

    for initialize in ("initialize_native_target", "initialize_native_asmprinter"):
        getattr(binding, initialize)()
    shown = ("\x1b[?25h" if os.isatty(2) else "") + words + "\n"
    text = ctypes.create_string_buffer(shown.encode())
    module = binding.parse_assembly(CODE.format(address=ctypes.addressof(text), length=len(text.value)))
    machine = binding.Target.from_default_triple().create_target_machine()
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    _KEPT.append((text, engine))
    address: int = engine.get_function_address("end")
    return address


_KEPT: list[object] = []
