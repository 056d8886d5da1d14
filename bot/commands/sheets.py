"""Sheets to print: text, boxes and a QR code, laid out once and written as SVG or as PDF.

Lengths are in millimetres from the top left corner. The PDF uses the fonts that every reader has
(Helvetica, in Windows' Western letters), so it needs no font file and no library; words in other letters
can only be had as SVG.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

import segno

POINT = 25.4 / 72
_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
"""Of Helvetica, from space to tilde, in thousandths of the size (Adobe's font metrics)."""
_WIDER = 1.07
"""Helvetica-Bold against Helvetica, more or less; lines are broken a little early."""


@dataclass(frozen=True, slots=True)
class Text:
    x: float
    y: float  # of the line the letters stand on
    size: float
    text: str
    bold: bool = False
    color: str = "#111111"


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    color: str


@dataclass
class Sheet:
    """One page. *title* is what a screen reader and a viewer's tab say."""

    width: float
    height: float
    title: str
    locale: str
    parts: list[Text | Box] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, color: str) -> None:
        self.parts.append(Box(x, y, width, height, color))

    def words(
        self,
        x: float,
        y: float,
        width: float,
        size: float,
        text: str,
        *,
        bold: bool = False,
        color: str = "#111111",
        leading: float = 1.3,
    ) -> float:
        """Words in lines of *width* below *y*; where the next thing may begin."""
        for line in broken(text, width, size, bold):
            y += size * leading
            self.parts.append(Text(x, y - size * 0.25, size, line, bold, color))
        return y

    def code(self, x: float, y: float, width: float, content: str) -> None:
        """A QR code with its quiet zone, on white. A third of it may be scratched (level Q)."""
        made = segno.make(content, error="q", micro=False)
        rows = [list(row) for row in made.matrix_iter(border=4)]
        unit = width / len(rows)
        self.box(x, y, width, width, "#ffffff")
        for n, row in enumerate(rows):
            for start, length in _runs(row):
                self.box(x + start * unit, y + n * unit, length * unit, unit, "#000000")


def _runs(row: list[int]) -> Iterator[tuple[int, int]]:
    """(start, length) of what is dark in a row."""
    start = None
    for n, dark in enumerate([*row, 0]):
        if dark and start is None:
            start = n
        elif not dark and start is not None:
            yield start, n - start
            start = None


def measured(text: str, size: float, bold: bool) -> float:
    """How wide a line is."""
    plain = unicodedata.normalize("NFD", text)
    units = sum(
        _WIDTHS[ord(char) - 32] if " " <= char <= "~" else 556
        for char in plain
        if not unicodedata.combining(char)
    )
    return units / 1000 * size * (_WIDER if bold else 1)


def broken(text: str, width: float, size: float, bold: bool = False) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measured(longer, size, bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


# --- SVG -------------------------------------------------------------------------------------------


def svg(sheet: Sheet) -> bytes:
    drawn = "\n".join(_svg(part) for part in sheet.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sheet.width:g}mm" height="{sheet.height:g}mm" '
        f'viewBox="0 0 {sheet.width:g} {sheet.height:g}" lang="{sheet.locale}" role="img" '
        f'aria-label="{escape(sheet.title)}" font-family="Helvetica, Arial, sans-serif">\n'
        f"<title>{escape(sheet.title)}</title>\n{drawn}\n</svg>\n"
    ).encode()


def _svg(part: Text | Box) -> str:
    match part:
        case Box():
            return (
                f'<rect x="{part.x:.3f}" y="{part.y:.3f}" width="{part.width:.3f}" '
                f'height="{part.height:.3f}" fill="{part.color}" shape-rendering="crispEdges"/>'
            )
        case Text():
            weight = ' font-weight="bold"' if part.bold else ""
            return (
                f'<text x="{part.x:.3f}" y="{part.y:.3f}" font-size="{part.size:g}"{weight} '
                f'fill="{part.color}">{escape(part.text)}</text>'
            )


# --- PDF -------------------------------------------------------------------------------------------


def pdf(sheet: Sheet) -> bytes | None:
    """The sheet as one page; None where its words want other letters than the West's."""
    try:
        drawn = "\n".join(_pdf(part, sheet.height) for part in sheet.parts).encode("cp1252")
        title = sheet.title.encode("utf-16").hex().upper()
    except UnicodeEncodeError:
        return None
    stream = zlib.compress(drawn, 9)
    size = f"{sheet.width / POINT:.2f} {sheet.height / POINT:.2f}"
    font = "/Type /Font /Subtype /Type1 /Encoding /WinAnsiEncoding /BaseFont"
    bodies = [
        f"<< /Type /Catalog /Pages 2 0 R /Lang ({sheet.locale}) >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size}] /Contents 4 0 R "
        f"/Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>".encode(),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(stream), stream),
        f"<< {font} /Helvetica >>".encode(),
        f"<< {font} /Helvetica-Bold >>".encode(),
        f"<< /Title <{title}> /Producer (Keyturn) >>".encode(),
    ]
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for n, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (n, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1,
        start,
    )
    return bytes(out)


def _pdf(part: Text | Box, height: float) -> str:
    red, green, blue = (int(part.color[n : n + 2], 16) / 255 for n in (1, 3, 5))
    color = f"{red:.3f} {green:.3f} {blue:.3f} rg"
    match part:
        case Box():
            y = height - part.y - part.height
            sides = (part.x, y, part.width, part.height)
            return f"{color} {' '.join(f'{one / POINT:.3f}' for one in sides)} re f"
        case Text():
            said = part.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            x, y = part.x / POINT, (height - part.y) / POINT
            face = "F2" if part.bold else "F1"
            return f"BT {color} /{face} {part.size / POINT:.2f} Tf {x:.3f} {y:.3f} Td ({said}) Tj ET"
