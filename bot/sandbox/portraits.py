"""Drawn portraits as PNG: the same face for the same person, every one visibly different."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from functools import cache

SIZE = 144
Colour = tuple[int, int, int]
SKINS: tuple[Colour, ...] = ((244, 214, 190), (228, 184, 150), (198, 146, 108), (150, 102, 70), (104, 68, 48))
HAIRS: tuple[Colour, ...] = ((38, 28, 26), (92, 58, 34), (168, 112, 52), (190, 190, 196), (132, 44, 30))
SHIRTS: tuple[Colour, ...] = ((42, 92, 142), (150, 60, 72), (58, 120, 84), (112, 80, 150), (196, 132, 40))
GROUNDS: tuple[Colour, ...] = (
    (214, 228, 240),
    (240, 226, 206),
    (220, 236, 218),
    (238, 218, 228),
    (226, 222, 242),
)


class Canvas:
    """Pixels and one brush: a soft-edged ellipse."""

    def __init__(self, ground: Colour) -> None:
        self._rows = [bytearray(bytes(ground) * SIZE) for _ in range(SIZE)]

    def ellipse(
        self, cx: float, cy: float, rx: float, ry: float, colour: Colour, *, above: float = SIZE
    ) -> None:
        """Fill an ellipse; only rows above the line *above* are painted."""
        for y in range(max(0, math.floor(cy - ry)), min(SIZE, math.ceil(cy + ry) + 1, math.ceil(above))):
            row = self._rows[y]
            for x in range(max(0, math.floor(cx - rx)), min(SIZE, math.ceil(cx + rx) + 1)):
                away = math.hypot((x - cx) / rx, (y - cy) / ry)
                cover = min(1.0, max(0.0, (1 - away) * min(rx, ry) + 0.5))
                if cover > 0:
                    for n, part in enumerate(colour):
                        at = 3 * x + n
                        row[at] = round(row[at] + (part - row[at]) * cover)

    def png(self) -> bytes:
        raw = b"".join(b"\0" + bytes(row) for row in self._rows)
        head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n"
            + _chunk(b"IHDR", head)
            + _chunk(b"IDAT", zlib.compress(raw, 9))
            + _chunk(b"IEND", b"")
        )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@cache
def portrait(person: str) -> tuple[bytes, str]:
    """(PNG, etag) of a person."""
    dice = hashlib.sha256(f"keyturn portrait {person}".encode()).digest()
    skin, hair = SKINS[dice[0] % 5], HAIRS[dice[1] % 5]
    canvas = Canvas(GROUNDS[dice[3] % 5])
    canvas.ellipse(72, 150, 56, 42, SHIRTS[dice[2] % 5])
    long_hair = dice[4] % 3
    if long_hair:
        canvas.ellipse(72, 70 + 12 * long_hair, 38, 40 + 8 * long_hair, hair)
    canvas.ellipse(72, 112, 13, 18, tuple(part * 9 // 10 for part in skin))  # type: ignore[arg-type]
    canvas.ellipse(72, 70, 29 + dice[5] % 4, 36, skin)
    canvas.ellipse(72, 54, 33, 27, hair, above=50 + dice[6] % 10)
    for side in (-1, 1):
        canvas.ellipse(72 + side * 12, 70, 3.6, 3.2, (34, 30, 34))
        canvas.ellipse(72 + side * 12, 62, 6.5, 1.4, hair)
        if dice[7] % 3 == 0:
            canvas.ellipse(72 + side * 12, 70, 9.5, 8.5, (70, 70, 84))
            canvas.ellipse(72 + side * 12, 70, 8, 7, skin)
            canvas.ellipse(72 + side * 12, 70, 3.6, 3.2, (34, 30, 34))
    if dice[8] % 4 == 0:
        canvas.ellipse(72, 96, 20, 12, hair)
    canvas.ellipse(72, 80, 3.2, 5, tuple(part * 17 // 20 for part in skin))  # type: ignore[arg-type]
    canvas.ellipse(72, 92, 8 + dice[9] % 4, 2.6, (168, 74, 74))
    body = canvas.png()
    return body, hashlib.sha256(body).hexdigest()[:16]
