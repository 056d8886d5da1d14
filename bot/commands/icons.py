"""Our picture, drawn: a key in its keyhole's ring, about to turn. PNG without a graphics library.

Teams wants two: 192×192 in full colour, and 32×32 in white on nothing.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from functools import cache

ACCENT = "#1d3557"
_NAVY, _WHITE = (0x1D, 0x35, 0x57), (0xFF, 0xFF, 0xFF)
_SAMPLES = 4
"""Per pixel and direction; what lies between is the soft edge."""


@cache
def color(size: int = 192) -> bytes:
    """The key in white on our navy."""

    def pixel(cover: float) -> tuple[int, int, int, int]:
        mixed = [round(n + (w - n) * cover) for n, w in zip(_NAVY, _WHITE, strict=True)]
        return mixed[0], mixed[1], mixed[2], 255

    return _png(size, pixel, scale=0.62)


@cache
def outline(size: int = 32) -> bytes:
    """The key in white; the rest is see-through."""
    return _png(size, lambda cover: (*_WHITE, round(255 * cover)), scale=0.84)


def _key(x: float, y: float) -> bool:
    """Whether the point belongs to the key, which lies in the square from -1 to 1."""
    along, across = (x - y) / math.sqrt(2) - 0.02, (x + y) / math.sqrt(2) + 0.06
    if 0.24 < math.hypot(along + 0.62, across) < 0.50:
        return True  # the bow
    if -0.14 < along < 1.12 and abs(across) < 0.115:
        return True  # the shaft
    teeth = 0.56 < along < 0.76 or 0.92 < along < 1.12
    return teeth and -0.115 <= across < 0.42


def _png(size: int, pixel: Callable[[float], tuple[int, int, int, int]], *, scale: float) -> bytes:
    rows = bytearray()
    for row in range(size):
        rows.append(0)
        for column in range(size):
            rows += bytes(pixel(_cover(column, row, size, scale)))
    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + _chunk(b"IEND", b"")
    )


def _cover(column: int, row: int, size: int, scale: float) -> float:
    inside = 0
    for n in range(_SAMPLES * _SAMPLES):
        x = (column + (n % _SAMPLES + 0.5) / _SAMPLES) / size
        y = (row + (n // _SAMPLES + 0.5) / _SAMPLES) / size
        inside += _key((2 * x - 1) / scale, (2 * y - 1) / scale)
    return inside / (_SAMPLES * _SAMPLES)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
