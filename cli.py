"""The command line: hands over to `commands`, and says what happens to errors.

Nothing of any size is imported here before `main` listens to Ctrl-C.
"""

from __future__ import annotations

import contextlib
import errno
import io
import signal  # noqa: F401 - tests leave pytest its own handlers by this name
import sys

from .commands.interruption import INTERRUPTED, Interruption

TYPE_CHECKING = False  # as typing has it, which takes a while to import
if TYPE_CHECKING:
    from typing import NoReturn

USAGE_EXIT_CODE, DATA_EXIT_CODE, INTERRUPTED_EXIT_CODE = 2, 7, 130
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_TEMPORARY_FOLDER = "No usable temporary directory"  # how `tempfile` begins to say it


def main() -> None:
    """Run the command line; a user's mistake becomes one message and an exit code of its own."""
    interruption = Interruption()
    try:
        interruption.install()
        _run()
    except KeyboardInterrupt:
        _end(INTERRUPTED, INTERRUPTED_EXIT_CODE)
    finally:
        interruption.finish()


def _run() -> None:
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
        if error.errno not in FULL_DISK and NO_TEMPORARY_FOLDER not in str(error.strerror):
            raise
        _end(f"Error: Nothing more can be written: {error.strerror}.", USAGE_EXIT_CODE)
    except MemoryError:
        _end("Error: The memory of this machine is too small for that: use fewer samples or steps.", DATA_EXIT_CODE)


def _end(message: str, code: int) -> NoReturn:
    with contextlib.suppress(OSError):
        print(message, file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
