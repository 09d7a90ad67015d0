"""The file `routing_tables.json`: every packet sent by a program that knows the documented format and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikeloom as package
from spikeloom.deploy.artifact.artifact import load_program
from spikeloom.mapping.target_files import load_target
from spikeloom.models.graph import Graph
from spikeloom.models.neurons import LeakyIntegrateAndFire
from spikeloom.models.operators import Convolution, Flatten, Input, Linear, Neurons, Output

LEAKY = LeakyIntegrateAndFire(
    current_retention=np.asarray(0.3), voltage_retention=np.asarray(0.9), threshold=np.asarray(0.7),
    input_gain=np.asarray(0.8), current_gain=np.asarray(1.0), bias=np.asarray(0.02),
)  # fmt: skip
FREE = {"lava_samples": 0, "effort": "fast", "max_loss": 1.0, "allow": ["silent", "saturated", "loss", "overflow"]}
MOST_ENTRIES = 1023  # of a chip's router
PROCESSORS = 18
STEPS_OF_LINKS = ((1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1))


def delivered(document: Any, start: tuple[int, int], packet: int) -> Counter[tuple[int, int, int]]:
    """Where a packet ends, and how often."""
    board = document["board"]
    absent = {tuple(place) for place in board["absent_chips"]}
    tables = {(chip["x"], chip["y"]): [tuple(int(word, 16) for word in entry) for entry in chip["entries"]] for chip
              in document["chips"]}  # fmt: skip
    found: Counter[tuple[int, int, int]] = Counter()
    waiting: list[tuple[int, int, int | None]] = [(*start, None)]
    passed = 0
    while waiting:
        x, y, moving = waiting.pop()
        passed += 1
        assert passed < 10_000, "a packet runs in circles"
        route = next((route for key, mask, route in tables.get((x, y), ()) if packet & mask == key), None)
        if route is None:
            assert moving is not None, "a packet is dropped where it begins"
            route = 1 << moving
        for link, (across, up) in enumerate(STEPS_OF_LINKS):
            if route >> link & 1:
                there = [x + across, y + up]
                for axis, size in enumerate((board["width"], board["height"])):
                    there[axis] = there[axis] % size if board["wraps"][axis] else there[axis]
                    assert 0 <= there[axis] < size, "a packet leaves the board"
                assert tuple(there) not in absent, "a packet leaves the board"
                waiting.append((there[0], there[1], link))
        for processor in range(PROCESSORS):
            if route >> (6 + processor) & 1:
                found[x, y, processor] += 1
    return found


def deliver_all(folder: Path) -> int:
    """Send every key of a deployment; the number of keys."""
    document = json.loads((folder / "routing_tables.json").read_text(encoding="utf-8"))
    assert (document["format"], document["version"]) == ("spikeloom routing tables", 1)
    assert all(len(chip["entries"]) <= MOST_ENTRIES for chip in document["chips"])
    keys: set[int] = set()
    for block in document["blocks"]:
        first, mask = int(block["key"], 16), int(block["mask"], 16)
        neurons = sum(last - start + 1 for start, last in block["neurons"])
        wanted = Counter(tuple(place) for place in block["destinations"])
        assert wanted and max(wanted.values()) == 1
        for packet in range(first, first + neurons):
            assert packet & mask == first and packet not in keys
            keys.add(packet)
            assert delivered(document, (block["x"], block["y"]), packet) == wanted
    senders = {block["population"] for block in document["blocks"]}
    network = load_program(folder).network
    assert senders == {projection.source for projection in network.projections}
    return len(keys)


@pytest.mark.slow
def test_every_packet_of_digits_arrives(tmp_path: Path, hash_anew: Callable[[Path], None]) -> None:
    report = package.deploy("digits", "spinn3", out=tmp_path / "out", samples=16, calibration_samples=16, **FREE)
    assert deliver_all(tmp_path / "out") > 1500
    assert report["spinnaker1"]["routing"]
    tables = json.loads((tmp_path / "out" / "routing_tables.json").read_text(encoding="utf-8"))
    tables["chips"][0]["entries"].pop(0)  # and one that was left out is noticed
    (tmp_path / "out" / "routing_tables.json").write_text(json.dumps(tables), encoding="utf-8")
    hash_anew(tmp_path / "out")
    with pytest.raises(AssertionError):
        deliver_all(tmp_path / "out")


@pytest.mark.slow
def test_every_packet_of_convolutions_on_many_chips_arrives(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    nodes: dict[str, Any] = {"input": Input((2, 24, 24))}
    shape = (2, 24, 24)
    for number, (channels, stride) in enumerate(((8, 1), (12, 1), (16, 2))):
        weights = random.normal(0.05, 0.3, (channels, shape[0], 3, 3))
        nodes[f"kernel {number}"] = Convolution(weights, None, (stride, stride), ((1, 1), (1, 1)), (1, 1), 1)
        shape = (channels, shape[1] // stride, shape[2] // stride)
        nodes[f"layer {number}"] = Neurons(LEAKY, shape)
    nodes |= {"flat": Flatten(), "to last": Linear(random.normal(0, 0.05, (3, int(np.prod(shape)))))}
    nodes |= {"last": Neurons(LEAKY, (3,)), "output": Output()}
    graph = Graph.with_loops_closed(nodes, list(pairwise(nodes)), (), "convolutions")
    x = (random.random((2, 4, 2, 24, 24)) < 0.3).astype(np.uint8)
    small = {"real_time": False, "calibration_samples": 2}
    report = package.deploy(graph, "spinnaker1", (x, np.arange(2)), tmp_path / "out", **FREE, **small)
    chips = {(place["column"], place["row"]) for place in report["mapping"]["places"]}
    assert len(chips) >= 4 and report["cores"] > 50
    assert not chips & {(tile.column, tile.row) for tile in load_target("spinnaker1").topology.absent_tiles}
    assert deliver_all(tmp_path / "out") > 14_000
