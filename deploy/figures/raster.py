"""Grids of colours as a picture within the page."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from .elements import element
from .palette import ramp

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LEVELS = 127  # colours of the ramp: odd, so that its middle is one of them; few, so that the file is small


def image(
    shares: NDArray[np.float64], stops: tuple[str, ...], x: float, y: float, width: float, height: float, *inside: str
) -> str:
    """Draw a grid of colours, without blurring its cells.

    Parameters
    ----------
    shares : places on the ramp, shape (rows, columns), the upper row first; NaN stays transparent.
    stops : the ramp.
    x, y, width, height : where it lies.
    inside : elements that it holds, such as what is said where the pointer rests on it.
    """
    data = base64.b64encode(png(shares, stops)).decode("ascii")
    return element(
        "image",
        *inside,
        href=f"data:image/png;base64,{data}",
        x=x,
        y=y,
        width=width,
        height=height,
        preserveAspectRatio="none",
        class_="raster",
    )


def png(shares: NDArray[np.float64], stops: tuple[str, ...]) -> bytes:
    """Write a grid of colours as a PNG file with a palette.

    Source: Portable Network Graphics (PNG) Specification (Second Edition), W3C 2003,
    https://www.w3.org/TR/2003/REC-PNG-20031110/.

    Parameters
    ----------
    shares : places on the ramp from 0 to 1, shape (rows, columns), at least one of each; NaN stays transparent.
    stops : the ramp.
    """
    rows, columns = shares.shape
    known = np.isfinite(shares)
    levels = np.rint(np.clip(np.where(known, shares, 0.0), 0, 1) * (LEVELS - 1)).astype(np.uint8) + np.uint8(1)
    levels[~known] = 0
    colours = ramp(stops, np.arange(LEVELS) / (LEVELS - 1))
    palette = np.concatenate([np.zeros((1, 3), np.uint8), colours])
    filtered = np.zeros((rows, columns + 1), np.uint8)  # each row begins with its filter, 0: none
    filtered[:, 1:] = levels
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    return SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette.tobytes()),
            _chunk(b"tRNS", b"\0"),
            _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
