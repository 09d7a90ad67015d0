"""Ways in which a file goes bad, by chance or by intent; every one depends on the given source of chance alone."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[bytearray, Random], None]

TELLING_INTEGERS = (0, 1, 2, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)
TELLING_DIGITS = (
    b"0",
    b"-1",
    b"1e400",
    b"99999999999",
    b"18446744073709551616",
    b"nan",
    b"null",
    b"[]",
    b"{}",
    b"9" * 5000,
)
MOST_AT_ONCE = 6
LONGEST_BLOCK = 512
ZIP_MARK = b"PK\3\4"


def mutated(content: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """A file with some changes.

    Parameters
    ----------
    others : files of the kind, of which parts may be put in.
    """
    if content.startswith(ZIP_MARK) and random.random() < 0.75:
        return _with_member_changed(content, random)
    if random.random() < 0.1:
        return _spliced(content, random.choice(others), random)
    return _changed(content, random)


def _changed(content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(random.randint(1, MOST_AT_ONCE)):
        random.choice(MUTATIONS)(changed, random)
    return bytes(changed)


def _spliced(content: bytes, other: bytes, random: Random) -> bytes:
    """The beginning of one file and the end of another."""
    cut = random.randint(0, len(content))
    return content[:cut] + other[min(cut, len(other)) :]


def _with_member_changed(content: bytes, random: Random) -> bytes:
    """A zip archive whose checksums hold, with something wrong in its members."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    chosen = random.randrange(len(members))
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        for number, (info, inside) in enumerate(members):
            if number != chosen:
                archive.writestr(info, inside)
            elif random.random() < 0.9:  # otherwise it is missing
                archive.writestr(info, _changed(inside, random))
    return result.getvalue()


def _flip_a_bit(content: bytearray, random: Random) -> None:
    if content:
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)


def _set_a_byte(content: bytearray, random: Random) -> None:
    if content:
        content[random.randrange(len(content))] = random.randrange(256)


def _set_an_integer(content: bytearray, random: Random) -> None:
    """A length, a count or an address that is wrong."""
    width = random.choice((1, 2, 4, 8))
    if len(content) > width:
        place = random.randrange(len(content) - width)
        place -= random.choice((0, place % width))  # such fields are often aligned
        number = random.choice((*TELLING_INTEGERS, len(content), place)) % 256**width
        content[place : place + width] = number.to_bytes(width, random.choice(("little", "big")))


def _truncate(content: bytearray, random: Random) -> None:
    del content[random.randint(0, len(content)) :]


def _delete(content: bytearray, random: Random) -> None:
    start, end = _block(content, random)
    del content[start:end]


def _repeat(content: bytearray, random: Random) -> None:
    start, end = _block(content, random)
    content[start:start] = content[start:end] * random.choice((1, 2, 50))


def _move(content: bytearray, random: Random) -> None:
    """A block in place of another."""
    start, end = _block(content, random)
    there = random.randint(0, len(content))
    content[there : there + end - start] = content[start:end]


def _blank(content: bytearray, random: Random) -> None:
    start, end = _block(content, random)
    content[start:end] = random.choice((b"\0", b"\xff")) * (end - start)


def _insert_chance(content: bytearray, random: Random) -> None:
    place = random.randint(0, len(content))
    content[place:place] = random.randbytes(random.randint(1, 32))


def _change_digits(content: bytearray, random: Random) -> None:
    """A number of a text."""
    numbers = list(re.finditer(rb"\d+", bytes(content)))
    if numbers:
        found = random.choice(numbers)
        content[found.start() : found.end()] = random.choice(TELLING_DIGITS)


def _swap_words(content: bytearray, random: Random) -> None:
    """A word of a text in place of another."""
    words = list(re.finditer(rb"[A-Za-z_]{3,}", bytes(content)))
    if words:
        here, there = random.choice(words), random.choice(words)
        content[here.start() : here.end()] = there.group()


def _block(content: bytearray, random: Random) -> tuple[int, int]:
    start = random.randint(0, len(content))
    return start, min(len(content), start + random.randint(1, LONGEST_BLOCK))


MUTATIONS: tuple[Mutation, ...] = (
    _flip_a_bit, _flip_a_bit, _set_a_byte, _set_an_integer, _set_an_integer, _set_an_integer, _truncate, _delete,
    _repeat, _move, _blank, _insert_chance, _change_digits, _swap_words,
)  # fmt: skip
