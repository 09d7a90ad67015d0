"""How large what a file describes may become; files come from strangers, so it is looked at before memory is taken.

A few bytes can declare a tensor of any size, so the limits are set by what a network for a chip can be, and by the size
of the file that describes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from math import prod

LARGEST_LAYER = 2**24
"""Elements of what enters or leaves one node, padding counted: the neurons of sixteen Loihi 2 chips."""
LARGEST_NETWORK = 2**27
"""Elements of what leaves all nodes together: ordinary networks for images of 500 by 500 pixels have fewer."""
MOST_NODES = 2**14
"""Nodes of a network: three for each core of a board with 5,000."""
MOST_EXPANSION = 128
"""Times its file's size that a model may take: compressed weights, most of them zero, take some ten times."""
FREE_BYTES = 2**25
"""Bytes that any model may take, however small its file: 32 MiB, less than Python with its libraries takes."""
MOST_DEFLATED = 1032
"""Bytes that DEFLATE, by which gzip and zip pack, can make of one."""
DEEPEST_NESTING = 64
"""Graphs within graphs, groups within groups, lists within lists."""
LONGEST_NAME = 1024
"""Characters of a name; it is to be shown."""
MOST_AXES = 16
"""Axes of a shape; the tensors of networks have five or six."""
MOST_LISTED = 40
"""Things that a message lists; it counts the others."""


def most_bytes(file_size: int) -> int:
    """Bytes that what is read from a model file of a size may take."""
    return min(max(FREE_BYTES, MOST_EXPANSION * file_size), machine_memory())


def machine_memory() -> int:
    """Bytes of memory that the machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def excess(shape: Sequence[int]) -> str | None:
    """What is wrong with a shape that is too large, such as "has ..., more than ..."; None where it is not."""
    if len(shape) > MOST_AXES:
        return f"has a shape of {len(shape)} axes, more than {MOST_AXES}"
    sizes = tuple(map(int, shape))
    elements = prod(sizes)
    if elements > LARGEST_LAYER:
        return f"has shape {sizes}, of {elements} elements, more than the {LARGEST_LAYER} that a layer may have"
    return None


def listed(names: Iterable[str]) -> str:
    """Names for a message, the first few of them where there are many."""
    every = list(names)
    more = len(every) - MOST_LISTED
    shown = ", ".join(map(repr, every[:MOST_LISTED]))
    return shown if more <= 0 else f"{shown} and {more} more"


def in_bytes(count: int) -> str:
    """A number of bytes for people."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} PiB"


def is_showable(name: str) -> bool:
    """Whether a name can stand in a message and in a report: no control characters, no halves of characters."""
    return len(name) <= LONGEST_NAME and name.isprintable()
