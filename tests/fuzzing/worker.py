"""A process that makes and reads bad files, one for each line on standard input, and tells what came of each.

It is a process of its own, so that a crash of a library is a finding and not the end of the campaign.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))

from mutations import mutated
from readers import outcome
from structures import BUILDERS, built

MOST_ADDRESSES = 16 * 2**30  # bytes; beyond, allocating fails, so that the machine is not harmed
MEGABYTE = 2**20
LAST_LINES = 12
SHARE_OF_BUILT = 0.3  # of files that are sound as far as their format goes


def case(corpus: Path, kind: str, seed: int, number: int) -> bytes:
    """The bad file of a number, the same each time."""
    random = Random(f"{seed} {kind} {number}")
    if kind in BUILDERS and random.random() < SHARE_OF_BUILT:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"case.{kind}"
            built(path, random)
            return path.read_bytes()
    seeds = [path.read_bytes() for path in sorted((corpus / kind).iterdir())]
    return mutated(random.choice(seeds), seeds, random)


def main() -> None:
    """Answer lines such as "nir 17" with a JSON document each."""
    corpus, folder, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        kind, number = line.split()
        path = folder / f"case.{kind}"
        path.write_bytes(case(corpus, kind, seed, int(number)))
        before, start = begin_to_measure_memory(), time.process_time()
        try:
            answer = {"outcome": outcome(path)}
        except Exception as error:  # all of them are findings
            lines = "".join(traceback.format_exception(error)).splitlines()
            answer = {"outcome": "raised", "why": "\n".join(lines[-LAST_LINES:])}
        answer |= {"seconds": time.process_time() - start, "megabytes": most_memory() - before}
        print(json.dumps(answer), file=answers, flush=True)


def begin_to_measure_memory() -> float:
    """Forget the most memory that was ever taken; what is taken now."""
    Path("/proc/self/clear_refs").write_text("5")
    return most_memory()


def most_memory() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / MEGABYTE


if __name__ == "__main__":
    main()
