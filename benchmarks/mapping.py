"""The mapper against the libraries that it builds on, called directly: partitions, placements, whole networks, growth.

    python benchmarks/mapping.py [--tables partition placement networks growth] [--runs 3] [--quick]

Every row runs in a process of its own, so that memory is its own and no library keeps threads that slow the next one
down. Times are medians over the runs, of everything from the arrays to the result, on however many cores there are;
compiled code is kept from an unmeasured first run, as it is for users after their first mapping.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from mapping_rows import ROWS, TABLES


def main() -> None:
    """Measure and print the tables that were asked for."""
    parser = argparse.ArgumentParser(description="Quality and speed of mapping.")
    parser.add_argument("--tables", nargs="+", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="Leave out the rows that take minutes.")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        print(json.dumps(ROWS[options.row].measure()))
        return
    for table in options.tables:
        columns = TABLES[table]
        print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
        for name, row in ROWS.items():
            if row.table == table and not (options.quick and row.slow):
                print(f"| {' | '.join(_cells(_median(name, options.runs), columns))} |", flush=True)


def _median(name: str, runs: int) -> dict[str, Any]:
    """The median run by its seconds; all runs give the same result where the method is deterministic."""
    results = [_run(name) for _ in range(runs + 1)][1:]
    middle = sorted(results, key=lambda result: result["seconds"])[(len(results) - 1) // 2]
    return {**middle, "seconds": statistics.median(result["seconds"] for result in results)}


def _run(name: str) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__)), "--row", name]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _cells(result: dict[str, Any], columns: tuple[str, ...]) -> list[str]:
    def text(value: Any) -> str:
        if isinstance(value, float):
            return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        return f"{value:,}" if isinstance(value, int) else str(value)

    return [text(result.get(column, "")) for column in columns]


if __name__ == "__main__":
    main()
