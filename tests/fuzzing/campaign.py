"""Mutated files for every reader, by the thousands: `make fuzz`.

    python tests/fuzzing/campaign.py --files 20000 --kinds nir,onnx --workers 2 --seed 1

A finding is whatever is neither a graph nor one clear message: another exception, a crash, a hang, too much memory. The
file and what happened are kept in `build/fuzz`, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from corpus import REPOSITORY, write_corpus
from readers import READERS
from worker import case

LONGEST = 10.0  # seconds of a processor
PATIENCE = 300.0  # seconds after which a worker is ended, for the processors may be busy with other things
MOST_MEGABYTES = 1024
SHOWN_EVERY = 10.0  # seconds
TURNS = 3  # of a kind in a round
SLOW_KINDS = ("pt", "pt2")  # have one turn only: PyTorch takes ten times as long for a file as other readers


@dataclass
class Campaign:
    """What is to be read, and what came of it.

    Attributes
    ----------
    corpus : folder of sound files, one folder a kind.
    findings : folder for bad files that were not answered as they should be.
    """

    corpus: Path
    findings: Path
    seed: int
    waiting: queue.Queue[tuple[str, int]]
    total: int
    counts: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)
    slowest: float = 0.0
    largest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self) -> None:
        """Have one worker read until nothing waits; a worker that dies is replaced."""
        with tempfile.TemporaryDirectory() as folder:
            worker = self._started(Path(folder))
            while (following := self._next()) is not None:
                answer = self._answer(worker, *following)
                if answer is None:
                    worker.kill()
                    code = worker.wait()
                    worker = self._started(Path(folder))
                    answer = {"outcome": "died", "why": f"the process ended with code {code}, or had to be ended"}
                self._note(*following, answer)
            worker.stdin.close()  # type: ignore[union-attr]
            worker.wait()

    def _next(self) -> tuple[str, int] | None:
        try:
            return self.waiting.get_nowait()
        except queue.Empty:
            return None

    def _started(self, folder: Path) -> subprocess.Popen[str]:
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), str(self.corpus), str(folder)]
        return subprocess.Popen(
            [*command, str(self.seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def _answer(self, worker: subprocess.Popen[str], kind: str, number: int) -> dict[str, object] | None:
        """What a worker tells; None where it died, or had to be ended for it took too long."""
        timer = threading.Timer(PATIENCE, worker.kill)
        timer.start()
        try:
            assert worker.stdin is not None and worker.stdout is not None
            worker.stdin.write(f"{kind} {number}\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        return json.loads(line) if line else None

    def _note(self, kind: str, number: int, answer: dict[str, object]) -> None:
        seconds, megabytes = (float(str(answer.get(name, 0.0))) for name in ("seconds", "megabytes"))
        why = answer.get("why")
        if why is None and seconds > LONGEST:
            why = f"took {seconds:.1f} s of a processor"
        if why is None and megabytes > MOST_MEGABYTES:
            why = f"took {megabytes:.0f} MiB"
        with self.lock:
            self.counts[f"{kind} {answer['outcome']}"] += 1
            self.slowest, self.largest = max(self.slowest, seconds), max(self.largest, megabytes)
            if why is not None:
                self.findings.mkdir(parents=True, exist_ok=True)
                path = self.findings / f"seed{self.seed}-{number}.{kind}"
                path.write_bytes(case(self.corpus, kind, self.seed, number))
                path.with_suffix(f".{kind}.txt").write_text(f"{why}\n")
                self.found.append(f"{path}: {str(why).splitlines()[-1]}")

    def line(self, seconds: float) -> str:
        """Where it stands."""
        done = sum(self.counts.values())
        outcomes = Counter(key.split()[1] for key in self.counts.elements())
        shares = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
        return (
            f"[{done}/{self.total}] {seconds:.0f} s: {shares}; {len(self.found)} findings; at most "
            f"{self.slowest:.1f} s and {self.largest:.0f} MiB a file"
        )


def main() -> int:
    """Run a campaign; 1 where something was found."""
    options = _options()
    kinds = options.kinds.split(",") if options.kinds else [kind for kind in READERS if _readable(kind)]
    corpus = options.out / "corpus"
    real = Path(os.environ.get("SPIKELOOM_DATA") or REPOSITORY.parent / "shared" / "data")
    for kind in kinds:
        write_corpus(corpus / kind, kind, real if real.is_dir() else None)
    waiting: queue.Queue[tuple[str, int]] = queue.Queue()
    turns = [kind for turn in range(TURNS) for kind in kinds if turn == 0 or kind not in SLOW_KINDS]
    for number in range(options.files):
        waiting.put((turns[number % len(turns)], number))
    campaign = Campaign(corpus, options.out / "findings", options.seed, waiting, options.files)
    start = time.monotonic()
    threads = [threading.Thread(target=campaign.work) for _ in range(options.workers)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        for thread in threads:
            thread.join(SHOWN_EVERY / len(threads))
        print(campaign.line(time.monotonic() - start), flush=True)
    print(campaign.line(time.monotonic() - start))
    for kind in kinds:
        print(kind, {key.split()[1]: count for key, count in sorted(campaign.counts.items()) if key.split()[0] == kind})
    for found in campaign.found:
        print(f"FOUND {found}")
    return int(bool(campaign.found))


def _readable(kind: str) -> bool:
    """Whether what a kind's reader needs is installed; PyTorch need not be."""
    return kind not in SLOW_KINDS or importlib.util.find_spec("torch") is not None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000, help="mutated files in all")
    parser.add_argument("--kinds", default="", help=f"of {','.join(READERS)}; all where none is said")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other files")
    parser.add_argument(
        "--out", type=Path, default=REPOSITORY / "build" / "fuzz", help="folder for corpus and findings"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
