"""Understanding "is Sam working on my case?": who is asked about, and whether that is them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 80


def asking(phrases: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Sentences as they stand in a words file; `*` is where the name or badge is."""
    return tuple(
        re.compile(r"(.+?)".join(map(re.escape, _spaced(phrase).split("*"))).replace(r"\ ", " "))
        for phrase in phrases
    )


def asked(patterns: Iterable[re.Pattern[str]], typed: str) -> str | None:
    """The name or badge asked about: empty where the sentence names none, None for another sentence."""
    text = _spaced(typed[: _LONGEST + 1])
    if not text or len(text) > _LONGEST:
        return None
    for pattern in patterns:
        if found := pattern.fullmatch(text):
            return found[1].strip() if found.groups() else ""
    return None


def fits(told: str, name: str, badge: str) -> bool:
    """Whether *told* is that badge, or that name: some of its words whole, the others their beginning
    ("Sam", "Sam B", "Sam Brandt" for Sam Brandt)."""
    said = _spaced(told)
    if _letters(said) == _letters(_spaced(badge)):
        return True
    words, own = said.split(), _spaced(name).split()
    if not words or not own:
        return False
    return any(len(word) > 1 and word in own for word in words) and all(
        any(part.startswith(word) for part in own) for word in words
    )


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def _spaced(text: str) -> str:
    """Words only, without case, accents or marks; `*` and the badge's hyphen stay."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(map(_kept, plain)).split())


def _kept(char: str) -> str:
    if char.isalnum() or char in "*-":
        return char
    return "" if unicodedata.combining(char) or char in "'\u2019" else " "
