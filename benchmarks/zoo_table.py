"""The table of docs/zoo.md, from the cards of the trained models that come along: `python benchmarks/zoo_table.py`."""

from __future__ import annotations

import json
from typing import Any

from spikeloom.deploy.quantities import format_count, format_quantity
from spikeloom.models.zoo.catalogue import COMMITTED, MODELS

HEADER = "| model | data | accuracy in float | in integers on Loihi 2 | spikes | energy a sample | latency | cores |"


def row(card: dict[str, Any]) -> str:
    """One model's line."""
    chip = card["deployed"]
    cells = (
        f"`{card['name']}`",
        MODELS[card["name"]].dataset,
        f"{card['test_accuracy']:.1%}".replace("%", " %"),
        f"{chip['accuracy']:.1%}".replace("%", " %"),
        format_count(round(chip["spikes_per_sample"])),
        format_quantity(chip["energy_per_sample"]["nominal"], "J"),
        format_quantity(chip["latency_per_sample"]["nominal"], "s"),
        str(chip["cores"]),
    )
    return f"| {' | '.join(cells)} |"


def table() -> str:
    """All lines, in Markdown."""
    cards = [json.loads(MODELS[name].card_file.read_text(encoding="utf-8")) for name in COMMITTED]
    return "\n".join([HEADER, "|---" * HEADER.count(" | ") + "|---|", *map(row, cards)])


if __name__ == "__main__":
    print(table())
