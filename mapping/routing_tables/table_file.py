"""Routing tables as a file from which any program can load routers and send every key; see docs/spinnaker.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.errors import UnsupportedModelError
from .tables import Board, KeyBlock, RoutingTable, RoutingTables

Array = NDArray[Any]
FORMAT, VERSION = "spikeloom routing tables", 1
TABLES_NAME = "routing_tables.json"


def write_tables(tables: RoutingTables, path: Path) -> None:
    """Write the file, an entry and a block a line."""
    board = tables.board
    head = {
        "format": FORMAT,
        "version": VERSION,
        "board": {
            "width": board.width,
            "height": board.height,
            "wraps": list(board.wraps),
            "absent_chips": [list(chip) for chip in board.absent],
        },
    }
    chips = [
        f'{{"x": {table.chip[0]}, "y": {table.chip[1]}, "uncompressed": {table.uncompressed}, "entries": [\n'
        + ",\n".join(json.dumps([_hex(word) for word in entry]) for entry in _entries(table))
        + "\n]}"
        for table in tables.tables
    ]
    blocks = [json.dumps(_block(block)) for block in tables.blocks]
    text = json.dumps(head)[:-1] + ', "chips": [\n' + ",\n".join(chips) + '\n], "blocks": [\n' + ",\n".join(blocks)
    path.write_text(text + "\n]}\n", encoding="utf-8")


def read_tables(path: Path) -> RoutingTables:
    """Read the file back.

    Raises
    ------
    UnsupportedModelError : it cannot be read, or is none of this format and version.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise UnsupportedModelError(
                f"{path} is {document['format']!r} of version {document['version']}, and this version reads {FORMAT!r} "
                f"of version {VERSION}: deploy again."
            )
        board = document["board"]
        return RoutingTables(
            Board(
                board["width"],
                board["height"],
                (board["wraps"][0], board["wraps"][1]),
                tuple((x, y) for x, y in board["absent_chips"]),
            ),
            tuple(_read_table(part) for part in document["chips"]),
            tuple(_read_block(part) for part in document["blocks"]),
        )
    except (OSError, KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
        reason = " ".join(str(error).split())
        raise UnsupportedModelError(f"{path} holds no readable routing tables ({reason}): deploy again.") from error


def _entries(table: RoutingTable) -> list[list[int]]:
    entries: list[list[int]] = np.stack([table.keys, table.masks, table.routes], axis=1).tolist()
    return entries


def _block(block: KeyBlock) -> dict[str, Any]:
    x, y, processor = block.source
    # Neurons on a core are mostly neighbours: as ranges they take little room.
    begins = np.flatnonzero(np.diff(block.neurons, prepend=-2) != 1)
    ends = np.append(begins[1:], block.neurons.size) - 1
    ranges = np.stack([block.neurons[begins], block.neurons[ends]], axis=1).tolist()
    return {
        "population": block.population,
        "x": x,
        "y": y,
        "processor": processor,
        "key": _hex(block.key),
        "mask": _hex(block.mask),
        "neurons": ranges,
        "destinations": [list(destination) for destination in block.destinations],
    }


def _read_table(part: dict[str, Any]) -> RoutingTable:
    words = np.asarray([[int(word, 16) for word in entry] for entry in part["entries"]], dtype=np.uint32).reshape(-1, 3)
    keys, masks, routes = words.T
    return RoutingTable((part["x"], part["y"]), keys, masks, routes, part["uncompressed"])


def _read_block(part: dict[str, Any]) -> KeyBlock:
    neurons = np.concatenate([np.arange(first, last + 1) for first, last in part["neurons"]])
    return KeyBlock(
        part["population"],
        (part["x"], part["y"], part["processor"]),
        neurons,
        int(part["key"], 16),
        int(part["mask"], 16),
        tuple((x, y, processor) for x, y, processor in part["destinations"]),
    )


def _hex(word: int) -> str:
    return f"{word:#010x}"
