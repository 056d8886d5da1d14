"""The pieces of `keyturn door`, laid out."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.manifest import Words
from bot.commands.sheets import Sheet, broken, measured, pdf, svg
from bot.errors import UnusableError

_DARK, _PALE, _WHITE, _SOFT = "#0f3b44", "#e3efef", "#ffffff", "#33474b"
_A4 = (210.0, 297.0)
FOOT = 44.0
_BADGE = (85.6, 54.0)  # ISO/IEC 7810 ID-1, as badges are
_SCREEN = (480.0, 270.0)  # 16:9; whoever sets a lock screen says how many dots


@dataclass(frozen=True, slots=True)
class House:
    """What every piece says."""

    url: str
    phone: str
    hours: str

    @property
    def help(self) -> str:
        return f"{self.url}/help"

    @property
    def shown(self) -> str:
        """The address as people type it."""
        return self.help.partition("://")[2]


def files(house: House, locale: str, kind: str) -> dict[str, bytes]:
    """Every file of one language by its name; *kind* is `svg`, `pdf` or `both`. Raises UnusableError
    where a PDF is wanted and its letters cannot be had."""
    words = Words(locale)
    made: dict[str, bytes] = {f"lock-screen.{locale}.txt": _lines(house, words).encode()}
    for name, sheet in (
        ("poster", poster(house, words)),
        ("badge", badge(house, words)),
        ("lock-screen", lock_screen(house, words)),
    ):
        if kind in ("svg", "both"):
            made[f"{name}.{locale}.svg"] = svg(sheet)
        if kind in ("pdf", "both"):
            printed = pdf(sheet)
            if printed is None:
                raise UnusableError(
                    f"--locale {locale}", "its letters are not in a PDF's own fonts.", "Use --format svg."
                )
            made[f"{name}.{locale}.pdf"] = printed
    return made


def poster(house: House, words: Words) -> Sheet:
    width, height = _A4
    sheet = Sheet(width, height, words.of("door", "title"), words.locale)
    title = words.of("door", "title")
    head = 18 + len(broken(title, width - 36, 15, bold=True)) * 15 * 1.15 + 12
    sheet.box(0, 0, width, head, _DARK)
    sheet.words(18, 18, width - 36, 15, title, bold=True, color=_WHITE, leading=1.15)
    y = sheet.words(18, head + 6, width - 36, 6.6, words.of("door", "lead"), color=_SOFT) + 4
    sheet.code(10, y, 84, house.help)
    below = _fitting(sheet, 100, y + 6, 92, 10.5, house.shown)
    below = sheet.words(100, below + 2, 92, 5.2, words.of("door", "type"), color=_SOFT)
    below = sheet.words(100, below + 4, 92, 5.6, words.of("door", "call"), bold=True)
    below = _fitting(sheet, 100, below + 1, 92, 9, house.phone)
    if house.hours:
        sheet.words(100, below + 1, 92, 5.2, house.hours, color=_SOFT)
    y += 87
    for n, step in enumerate(("first", "second", "third"), 1):
        sheet.words(18, y, 10, 6.2, f"{n}.", bold=True, color=_DARK)
        y = sheet.words(28, y, width - 46, 6.2, words.of("door", step)) + 2
    sheet.box(0, height - FOOT, width, FOOT, _PALE)
    sheet.words(18, height - FOOT + 5, width - 36, 6, words.of("door", "never"), bold=True, color=_DARK)
    return sheet


def badge(house: House, words: Words) -> Sheet:
    width, height = _BADGE
    sheet = Sheet(width, height, words.of("door", "title"), words.locale)
    sheet.box(0, 0, width, height, _WHITE)
    sheet.box(0, 0, width, 10, _DARK)
    sheet.words(4, 1.4, width - 8, 5, words.of("door", "short"), bold=True, color=_WHITE)
    sheet.code(2, 12, 30, house.help)
    y = _fitting(sheet, 34, 12, width - 37, 4.6, house.shown)
    y = _fitting(sheet, 34, y + 1, width - 37, 4.6, house.phone)
    if house.hours:
        y = sheet.words(34, y + 0.4, width - 37, 2.8, house.hours, color=_SOFT)
    sheet.words(4, 43.4, width - 8, 2.7, words.of("door", "never"), color=_DARK, leading=1.2)
    return sheet


def lock_screen(house: House, words: Words) -> Sheet:
    """Light letters on dark, in the upper half: below it Windows shows its own."""
    width, height = _SCREEN
    sheet = Sheet(width, height, words.of("door", "title"), words.locale)
    sheet.box(0, 0, width, height, _DARK)
    sheet.code(40, 52, 96, house.help)
    y = sheet.words(156, 46, 290, 20, words.of("door", "title"), bold=True, color=_WHITE, leading=1.2)
    y = _fitting(sheet, 156, y + 6, 290, 15, house.shown, color=_WHITE)
    y = sheet.words(156, y + 3, 290, 9, f"{words.of('door', 'call')} {house.phone}", color=_PALE)
    if house.hours:
        y = sheet.words(156, y, 290, 7, house.hours, color=_PALE)
    sheet.words(156, y + 5, 290, 7, words.of("door", "never"), color=_PALE)
    return sheet


def _fitting(
    sheet: Sheet, x: float, y: float, width: float, size: float, text: str, *, color: str = _DARK
) -> float:
    """One bold line that must not break, as large as it fits."""
    wide = measured(text, size, bold=True)
    size = min(size, size * width / wide)
    return sheet.words(x, y, width + 1, size, text, bold=True, color=color)


def _lines(house: House, words: Words) -> str:
    """For a lock screen that takes text only."""
    call = f"{words.of('door', 'call')} {house.phone}"
    lines = [words.of("door", "title"), house.help, f"{call} ({house.hours})" if house.hours else call]
    return "\n".join([*lines, words.of("door", "never")]) + "\n"
