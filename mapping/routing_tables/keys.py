"""Which keys the neurons send: blocks of a power of two, laid out so that few entries can name many of them.

An entry names all keys that agree in the bits of its mask. So the blocks of a population lie next to each other in an
aligned range of a power of two; what the range leaves free is never sent, and an entry may name it too. Within the
range there are two arrangements. "cores" follows the numbers of cores: mostly neighbours hold neighbouring neurons,
which reach much the same. "chips" puts the blocks of a chip together, and of these the ones with the same destinations,
which no chip can tell apart, each in an aligned range of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...models.errors import DoesNotFitError
from .tables import KEY_BITS

Arrangement = Literal["cores", "chips"]
Span = tuple[int, list[tuple[int, int]]]  # size of a range; blocks and their places in it


@dataclass(frozen=True)
class Sender:
    """A block that wants keys.

    Attributes
    ----------
    neurons : number of keys, at least 1.
    tile : number of the chip where they are sent.
    destinations : ascending numbers of the cores that they reach.
    """

    neurons: int
    tile: int
    destinations: tuple[int, ...]


def allocate_keys(
    populations: Sequence[Sequence[Sender]], arrangement: Arrangement = "cores"
) -> list[list[tuple[int, int]]]:
    """Key and mask of every block.

    A block of n neurons has 2**ceil(log2(n)) keys; blocks of a population are a multiple of its largest apart.

    Parameters
    ----------
    populations : the blocks of each, in the order of cores.
    arrangement : of the blocks of a population.

    Raises
    ------
    DoesNotFitError : there are not enough keys.
    """
    spans = [_population(senders, arrangement) for senders in populations]
    result: list[list[tuple[int, int]]] = [[(0, 0)] * len(senders) for senders in populations]
    used = 0
    # The largest first: so each begins where the last one ends, and nothing is left free between them.
    for index in sorted(range(len(spans)), key=lambda index: -spans[index][0]):
        size, places = spans[index]
        for block, place in places:
            keys = _power_of_two(populations[index][block].neurons)
            result[index][block] = (used + place, 2**KEY_BITS - keys)
        used += size
    if used > 2**KEY_BITS:
        raise DoesNotFitError(
            f"the network: keys {used} of {2**KEY_BITS}: packets have {KEY_BITS}-bit keys; make the network smaller"
        )
    return result


def _population(senders: Sequence[Sender], arrangement: Arrangement) -> Span:
    apart = max((_power_of_two(sender.neurons) for sender in senders), default=1)
    spans: list[Span] = [(apart, [(block, 0)]) for block in range(len(senders))]
    if arrangement == "cores":
        return _joined(spans)
    chips: dict[int, dict[tuple[int, ...], list[Span]]] = {}
    for sender, span in zip(senders, spans, strict=True):
        chips.setdefault(sender.tile, {}).setdefault(sender.destinations, []).append(span)
    return _joined([_joined([_joined(alike[key]) for key in sorted(alike)]) for _, alike in sorted(chips.items())])


def _joined(parts: Sequence[Span]) -> Span:
    """One range after the other, each aligned to its own size, in a range of a power of two."""
    end, places = 0, []
    for size, inside in parts:
        begin = -(-end // size) * size
        places += [(block, begin + place) for block, place in inside]
        end = begin + size
    return _power_of_two(end), places


def _power_of_two(number: int) -> int:
    """The smallest power of two that is not below a number; 1 for 0."""
    return 1 << max(0, number - 1).bit_length()
