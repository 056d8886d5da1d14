"""Drawn portraits as PNG: the same face for the same person, every one visibly different."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from dataclasses import dataclass
from functools import cache

SIZE = 144
Colour = tuple[int, int, int]
SKINS: tuple[Colour, ...] = ((246, 218, 196), (232, 190, 156), (202, 150, 112), (150, 102, 70), (98, 64, 46))
HAIRS: dict[str, Colour] = {
    "black": (34, 28, 28),
    "brown": (92, 58, 34),
    "fair": (206, 168, 104),
    "grey": (168, 168, 176),
    "red": (158, 74, 40),
}
SHIRTS: tuple[Colour, ...] = ((42, 92, 142), (150, 60, 72), (58, 120, 84), (112, 80, 150), (196, 132, 40))
GROUNDS: tuple[Colour, ...] = (
    (214, 228, 240),
    (240, 226, 206),
    (220, 236, 218),
    (238, 218, 228),
    (226, 222, 242),
)


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody is drawn. *length* of the hair: 0 short, 1 to the chin, 2 to the shoulders."""

    skin: int
    hair: str
    length: int = 0
    beard: bool = False
    glasses: bool = False


LOOKS = {
    "employee": Look(4, "black", 1),
    "hello_user": Look(1, "black", 0, glasses=True),
    "manager": Look(2, "brown", 2),
    "deputy": Look(0, "fair", 0, beard=True),
    "agent": Look(0, "red", 0),
    "agent2": Look(3, "black", 2),
    "author": Look(0, "brown", 1, glasses=True),
    "officer": Look(4, "grey", 0, beard=True),
    "executive": Look(0, "grey", 1),
    "global_admin": Look(1, "brown", 0, beard=True, glasses=True),
    "eligible_admin": Look(2, "black", 2, glasses=True),
    "disabled": Look(1, "red", 2),
    "new_starter": Look(3, "brown", 2, glasses=True),
    "floor_worker": Look(2, "brown", 0, beard=True),
    "shift_leader": Look(1, "fair", 2),
    "reception": Look(4, "black", 0, glasses=True),
}
PLAIN = Look(2, "grey")


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


def _darker(colour: Colour, by: float) -> Colour:
    red, green, blue = colour
    return round(red * by), round(green * by), round(blue * by)


@cache
def portrait(person: str) -> tuple[bytes, str]:
    """(PNG, etag) of a person."""
    look = LOOKS.get(person, PLAIN)
    dice = hashlib.sha256(f"keyturn portrait {person}".encode()).digest()
    skin, hair = SKINS[look.skin], HAIRS[look.hair]
    canvas = Canvas(GROUNDS[dice[3] % 5])
    if look.length:
        canvas.ellipse(72, 66 + 14 * look.length, 37 + look.length, 40 + 12 * look.length, hair)
    canvas.ellipse(72, 156, 56, 42, SHIRTS[dice[2] % 5])
    canvas.ellipse(72, 112, 13, 18, _darker(skin, 0.9))
    canvas.ellipse(72, 70, 29 + dice[5] % 4, 36, skin)
    if look.beard:
        canvas.ellipse(72, 94, 22, 15, hair)
        canvas.ellipse(72, 82, 20, 10, skin)
    canvas.ellipse(72, 54, 33, 27, hair, above=50 + dice[6] % 8)
    for side in (-1, 1):
        if look.glasses:
            canvas.ellipse(72 + side * 12, 70, 10.5, 9.5, (60, 60, 72))
            canvas.ellipse(72 + side * 12, 70, 8.8, 7.8, skin)
        canvas.ellipse(72 + side * 12, 70, 3.6, 3.2, (24, 20, 24))
        canvas.ellipse(72 + side * 12, 60, 6.5, 1.4, hair)
    canvas.ellipse(72, 80, 3.2, 5, _darker(skin, 0.85))
    canvas.ellipse(72, 92, 8 + dice[9] % 4, 2.6, _darker((188, 84, 84), 0.75 if look.skin > 2 else 1))
    body = canvas.png()
    return body, hashlib.sha256(body).hexdigest()[:16]
