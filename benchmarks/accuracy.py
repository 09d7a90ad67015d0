"""Accuracy from training to chip: every stage of the deployments that the README quotes, as a Markdown table.

    python benchmarks/accuracy.py

The Braille network is left out where its data is absent (SPIKELOOM_DATA, by default ../shared/data).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from spikeloom.deploy.configuration.configuration import configuration
from spikeloom.deploy.deployment import deploy

DATA = Path(os.environ.get("SPIKELOOM_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
STAGES = ("graph", "network", "integer", "simulator", "lava")


def main() -> None:
    """Deploy each model and print its row."""
    models: list[tuple[str, Path | None]] = [("digits", None)]
    if DATA.is_dir():
        models.append((str(DATA / "nir" / "braille.nir"), DATA / "braille" / "braille.npz"))
    print("| model | samples |", " | ".join(STAGES), "| cores | energy a sample, µJ | latency a sample, µs |")
    print("|---|---|", "|".join("---" for _ in STAGES), "|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for model, data in models:
            report = deploy(model, "loihi2", data, Path(folder) / Path(model).stem, configuration(None))
            print(row(report))


def row(report: dict[str, Any]) -> str:
    """One line of the table; Lava's samples, where they are fewer, in brackets."""
    ledger = {entry["stage"]: entry for entry in report["ledger"]}
    samples = ledger["simulator"]["samples"]
    cells = []
    for stage in STAGES:
        if stage not in ledger:
            cells.append("–")
            continue
        few = f" ({ledger[stage]['samples']})" if ledger[stage]["samples"] != samples else ""
        cells.append(f"{ledger[stage]['accuracy']:.1%}{few}")
    energy, latency = report["energy_per_sample"], report["latency_per_sample"]
    ranges = (
        f"{energy['low'] * 1e6:.2f}–{energy['high'] * 1e6:.2f}",
        f"{latency['low'] * 1e6:.0f}–{latency['high'] * 1e6:.0f}",
    )
    return f"| {report['model']['name']} | {samples} | " + " | ".join((*cells, str(report["cores"]), *ranges)) + " |"


if __name__ == "__main__":
    main()
