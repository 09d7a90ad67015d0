"""Runs the network beside this file in Lava: `python run.py --input spikes.npz --output activity.npz`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True  # this folder stays as it was written
sys.path.insert(0, str(HERE))  # PYTHONSAFEPATH and -P leave it out

from supervisor import supervise  # noqa: E402

DEFAULT_TIMEOUT = 600.0
LONGEST_TIMEOUT = 1e6  # eleven days; the operating system takes no much longer waits


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """The command line; see README.md."""
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    parser.add_argument("--input", type=Path, required=True, help="array x: integer (samples, steps, *input shape)")
    parser.add_argument("--output", type=Path, required=True, help="arrays (samples, steps, neurons) by population")
    parser.add_argument("--record", choices=("all", "output"), default="all", help="populations to write")
    parser.add_argument("--processes", choices=("layer", "core"), default="layer", help="one Lava process per ...")
    parser.add_argument("--timeout", type=_seconds, default=DEFAULT_TIMEOUT, help="seconds until the run is ended")
    parser.add_argument("--network", type=Path, default=HERE, help="folder of network.json; default: this one")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Check the command line and have the worker do it, under supervision."""
    timeout = parse_arguments(arguments).timeout
    try:
        return supervise([sys.executable, str(HERE / "worker.py"), *arguments], timeout)
    except KeyboardInterrupt:
        return 130


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < LONGEST_TIMEOUT:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
