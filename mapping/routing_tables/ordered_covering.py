"""Fewer entries that route the same keys the same way: ordered covering.

After Mundy, Heathcote and Garside (On-chip order-exploiting routing table minimization for a multicast supercomputer
network, HPSR 2016): entries with the same route are merged to one that names all their keys, and more. A merged entry
stands below all that are no more general than it, that is, have as few or fewer bits without a meaning. Two things
could go wrong, and are checked against the blocks of keys that really arrive:

- down: the merged entry takes a key of a block that is routed otherwise, by an entry below or by default routing;
- up: an entry between the old place of a merged one and the new place takes a key of it.

Members that stand in the way are left out until neither happens. A merge that takes a key with the same route is no
harm. So each block always has an entry of its route that names all its keys, and above it no entry of another route
that names any.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ..compiled_loops import keep_loops
from .tables import KEY_BITS

Array = NDArray[Any]
KEY, MASK, ROUTE = 0, 1, 2  # columns of blocks and of entries
# Further columns of blocks: the entry that names all keys of the block, and the next block of the same entry.
OWNER, NEXT = 3, 4
# Further columns of entries: bits without a meaning, the place in the table, whether it was merged, the last block of
# its list, which begins with the block of the entry's own number.
FREE, PLACE, MERGED, LAST = 3, 4, 5, 6
NONE = -1
keep_loops()


def compress(keys: Array, masks: Array, routes: Array, default: Array) -> tuple[Array, Array, Array]:
    """Merge as many entries of a table as can be found.

    Parameters
    ----------
    keys, masks, routes : (blocks,) int64, an entry for each block that arrives at the chip, by ascending keys; no two
        name the same key.
    default : (blocks,) bool, which ones default routing serves: they need no entry, but no entry may take their keys to
        another route.

    Returns
    -------
    Keys, masks and routes, (entries,) int64 in the order in which they are to be compared.
    """
    number = np.arange(keys.size)
    nothing = np.full(keys.size, NONE)
    free = KEY_BITS - np.bitwise_count(masks).astype(np.int64)
    blocks = np.stack([keys, masks, routes, np.where(default, NONE, number), nothing], axis=1).astype(np.int64)
    own = [keys, masks, routes, free, nothing, np.zeros(keys.size), number]
    entries = np.stack(own, axis=1).astype(np.int64)
    order = np.flatnonzero(~default)
    order = order[np.argsort(free[order], kind="stable")]
    entries[order, PLACE] = np.arange(order.size)
    order = _cover(blocks, entries, order)
    return entries[order, KEY], entries[order, MASK], entries[order, ROUTE]


@numba.njit(cache=True)
def _cover(blocks: Array, entries: Array, order: Array) -> Array:
    """Merge entries in place; a merged entry has the number of its first member.

    Parameters
    ----------
    blocks, entries : (blocks, columns) int64.
    order : (entries,) int64, numbers of the entries of the table, in their order.

    Returns
    -------
    (entries,) int64, numbers of those that are left, in their order.
    """
    members = np.empty(order.size, np.int64)
    found = True
    while found:
        found = False
        # By route, and by number where it is the same; Numba takes seconds to compile a stable sort.
        alike = np.sort(entries[order, ROUTE] * blocks.shape[0] + order) % blocks.shape[0]
        first = 0
        while first < alike.size:
            end = first
            while end < alike.size and entries[alike[end], ROUTE] == entries[alike[first], ROUTE]:
                end += 1
            left, together = alike[first:end].copy(), True
            first = end
            # All that are left at once; where that fails, each with the next.
            while left.size > 1:
                count = left.size if together else 2
                members[:count] = left[:count]
                count = _refine(members, count, blocks, entries, order)
                if count < 2:
                    left = left if together else left[1:].copy()
                    together = False
                    continue
                found = True
                order = _merge(members[:count], blocks, entries, order)
                left = left[(entries[left, PLACE] != NONE) & (left != members[0])]
    return order


@numba.njit(cache=True)
def _covering(members: Array, entries: Array) -> tuple[int, int]:
    """Key and mask that name all keys of some entries."""
    key, mask = entries[members[0], KEY], entries[members[0], MASK]
    for member in members[1:]:
        mask &= entries[member, MASK] & ~(entries[member, KEY] ^ key)
    return key & mask, mask


@numba.njit(cache=True)
def _free_bits(mask: int) -> int:
    """Bits of a mask without a meaning."""
    free = KEY_BITS
    while mask:
        mask &= mask - 1
        free -= 1
    return free


@numba.njit(cache=True)
def _place_for(free: int, entries: Array, order: Array) -> int:
    """The place below all entries that are no more general."""
    low, high = 0, order.size
    while low < high:
        middle = (low + high) // 2
        if entries[order[middle], FREE] <= free:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(cache=True)
def _refine(members: Array, count: int, blocks: Array, entries: Array, order: Array) -> int:
    """Leave members out until the rest can be merged; returns how many are left, at the beginning of `members`."""
    while count > 1:
        key, mask = _covering(members[:count], entries)
        place = _place_for(_free_bits(mask), entries, order)
        taken = _taken_block(key, mask, entries[members[0], ROUTE], place, blocks, entries)
        kept = 0
        if taken != NONE:
            kept = _keep_apart(members, count, mask, blocks[taken], entries)
        else:
            for index in range(count):
                if not _is_hidden(members[index], place, blocks, entries, order):
                    members[kept] = members[index]
                    kept += 1
            if kept == count:
                break
        count = kept
    return count


@numba.njit(cache=True)
def _taken_block(key: int, mask: int, route: int, place: int, blocks: Array, entries: Array) -> int:
    """The first block that an entry at some place would take from another route; -1 for none."""
    for block in range(blocks.shape[0]):
        if (blocks[block, KEY] ^ key) & blocks[block, MASK] & mask == 0 and blocks[block, ROUTE] != route:
            owner = blocks[block, OWNER]
            if owner == NONE or entries[owner, PLACE] >= place:
                return block
    return NONE


@numba.njit(cache=True)
def _keep_apart(members: Array, count: int, mask: int, block: Array, entries: Array) -> int:
    """Leave out as few members as possible for one bit to tell the others from a block."""
    best_bit, most = 0, 0
    for position in range(KEY_BITS):
        bit = 1 << position
        if block[MASK] & bit == 0 or mask & bit != 0:
            continue
        differ = 0
        for index in range(count):
            own = entries[members[index]]
            differ += own[MASK] & bit != 0 and (own[KEY] ^ block[KEY]) & bit != 0
        # Of two that are as good the upper bit, so that ranges of keys stay together.
        if differ >= most:
            best_bit, most = bit, differ
    kept = 0
    for index in range(count):
        own = entries[members[index]]
        if own[MASK] & best_bit != 0 and (own[KEY] ^ block[KEY]) & best_bit != 0:
            members[kept] = members[index]
            kept += 1
    return kept


@numba.njit(cache=True)
def _is_hidden(member: int, place: int, blocks: Array, entries: Array, order: Array) -> bool:
    """Whether an entry of another route between a member and a place below it names a key of its blocks.

    Only merged entries can: the others name the keys of one block.
    """
    for above in range(entries[member, PLACE] + 1, place):
        other = entries[order[above]]
        if other[MERGED] == 0 or other[ROUTE] == entries[member, ROUTE]:
            continue
        block = member
        while block != NONE:
            if (blocks[block, KEY] ^ other[KEY]) & blocks[block, MASK] & other[MASK] == 0:
                return True
            block = blocks[block, NEXT]
    return False


@numba.njit(cache=True)
def _merge(members: Array, blocks: Array, entries: Array, order: Array) -> Array:
    """Put one entry in the place of some; returns the new order."""
    key, mask = _covering(members, entries)
    free = _free_bits(mask)
    place = _place_for(free, entries, order)
    head = members[0]
    for member in members[1:]:
        blocks[entries[head, LAST], NEXT] = member
        entries[head, LAST] = entries[member, LAST]
        block = member
        while block != NONE:
            blocks[block, OWNER] = head
            block = blocks[block, NEXT]
    for member in members:
        entries[member, PLACE] = NONE
    result = np.empty(order.size - members.size + 1, np.int64)
    count = 0
    for index in range(order.size + 1):
        if index == place:
            result[count] = head
            count += 1
        if index < order.size and entries[order[index], PLACE] != NONE:
            result[count] = order[index]
            count += 1
    entries[head, KEY], entries[head, MASK], entries[head, FREE], entries[head, MERGED] = key, mask, free, 1
    for index in range(result.size):
        entries[result[index], PLACE] = index
    return result
