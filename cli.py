"""The command line: hands over to `commands`, and says what happens to errors.

Nothing is imported here before `main` can end at a Ctrl-C in an orderly way.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as typing has it, which takes a while to import
if TYPE_CHECKING:
    from typing import NoReturn

USAGE_EXIT_CODE, DATA_EXIT_CODE, INTERRUPTED_EXIT_CODE = 2, 7, 130
NO_TEMPORARY_FOLDER = "No usable temporary directory"  # how `tempfile` begins to say it


def main() -> None:
    """Run the command line; a user's mistake becomes one message and an exit code of its own."""
    try:
        from .commands.interruption import Interruption

        interruption = Interruption()
        try:
            interruption.install()
            _run()
        finally:
            interruption.finish()
    except KeyboardInterrupt:
        from .commands.interruption import INTERRUPTED

        _end(INTERRUPTED, INTERRUPTED_EXIT_CODE)


def _run() -> None:
    import errno
    import io

    from .commands.application import app
    from .models.errors import SpikeloomError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # none where it was closed
            stream.reconfigure(errors="replace")  # a terminal that knows no dashes still gets the figures
    try:
        app()
    except SpikeloomError as error:
        _end(f"Error: {error}", error.exit_code)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if not full and NO_TEMPORARY_FOLDER not in str(error.strerror):
            raise
        _end(f"Error: Nothing more can be written: {error.strerror}.", USAGE_EXIT_CODE)
    except MemoryError:
        _end("Error: The memory of this machine is too small for that: use fewer samples or steps.", DATA_EXIT_CODE)


def _end(message: str, code: int) -> NoReturn:
    import contextlib

    with contextlib.suppress(OSError):
        print(message, file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
