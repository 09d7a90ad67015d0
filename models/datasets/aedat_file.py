"""Events of an AEDAT 3.1 file, the format of the sensors' maker.

After a text header come packets: 28 bytes that say what they hold, then the events. One of polarity takes eight bytes,
of which the first four are x in bits 17 to 31, y in 2 to 16, the polarity in 1 and in 0 whether it counts; then the
microseconds (https://docs.inivation.com/software/software-advanced-usage/file-formats/aedat-3.1.html;
https://research.ibm.com/interactive/dvsgesture/).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .local_files import content_of

_VERSION: Final = b"#!AER-DAT3.1\r\n"
_HEADER_END: Final = b"#!END-HEADER\r\n"
_PACKET: Final = struct.Struct(
    "<HHIIIIII"
)  # type, source, bytes of an event, time's place, overruns, room, number, valid
_POLARITY_TYPE: Final = 1
_POLARITY_BYTES: Final = 8
_OVERRUN_BITS: Final = 31
_ADDRESS_BITS: Final = 0x7FFF

Integers = NDArray[np.int64]


def polarity_events(path: Path, dataset: str) -> tuple[Integers, Integers, Integers, Integers]:
    """Read all events of polarity; those of other kinds, such as an inertial unit's, are skipped.

    Parameters
    ----------
    path : of the file.
    dataset : for messages.

    Returns
    -------
    times, x, y, polarity : (events,) each; times in microseconds, in the order of the file.

    Raises
    ------
    DataError : it cannot be read, is of another format, or truncated.
    """
    content = content_of(path, dataset)
    end = content.find(_HEADER_END)
    if not content.startswith(_VERSION) or end < 0:
        raise DataError(f"{dataset}: {path} is no AEDAT 3.1 file.")
    place = end + len(_HEADER_END)
    words = [np.zeros((0, 2), dtype=np.int64)]
    while place < len(content):
        if place + _PACKET.size > len(content):
            raise _truncated(path, dataset)
        kind, _, size, _, overruns, _, number, _ = _PACKET.unpack_from(content, place)
        place += _PACKET.size
        if place + size * number > len(content):
            raise _truncated(path, dataset)
        if kind == _POLARITY_TYPE:
            if size != _POLARITY_BYTES:
                raise DataError(f"{dataset}: {path} has events of {size} bytes in place of {_POLARITY_BYTES}.")
            held = np.frombuffer(content, "<u4", 2 * number, place).reshape(-1, 2).astype(np.int64)
            held[:, 1] += overruns << _OVERRUN_BITS
            words.append(held)
        place += size * number
    data, times = np.concatenate(words).T
    counts = data & 1 == 1
    data = data[counts]
    return times[counts], data >> 17 & _ADDRESS_BITS, data >> 2 & _ADDRESS_BITS, data >> 1 & 1


def _truncated(path: Path, dataset: str) -> DataError:
    return DataError(f"{dataset}: {path} is truncated: it ends within a packet.")
