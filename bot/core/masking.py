"""What people write to each other in a talk: made plain, and without what must not be written there.

A dropped message can be typed again, but in a talk with a person the rest of it matters: so what looks
like a secret is masked where it stands, before anything is kept. Where the pieces cannot be told apart,
all of it goes. The rules of `core.text` say what looks like a secret; a talk also masks what somebody
spells out sign by sign, and every group of six to eight digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from bot.core.text import clean, looks_secret

LONGEST = 2000
"""Characters of one line."""
MOST_ROWS = 12
MASK = "•••••"

_DIGITS = re.compile(r"(?<![\w+])(?<!\d[ \-])\d(?:[ \-\u2010-\u2015]?\d){5,7}(?![\w])(?![ \-]?\d)")
_GROUPED = re.compile(r"(?<![\w.,/])(?:\d{3}[.,/·_]\d{3}|\d{4}[.,/·_]\d{4})(?![.,/]?\w)")
"""Digits as some write them to be read more easily; addresses of networks have more groups."""
_DATE = re.compile(r"(?:19|20)\d\d-\d\d-\d\d|\d\d-\d\d-(?:19|20)\d\d")
_SPELLED = re.compile(r"(?<!\S)(?:\S[ ,]+){5,}\S(?!\S)")
_WORD = re.compile(r"\S+")
_NAMED = re.compile(
    r"(?:pass(?:word|wort|code)?s?|kennwort|contraseña|clave|mot de passe|senha|pwd|pin|tap|codes?)\s*"
    r"(?::|=|\bis\b|\bist\b|\blautet\b|\bes\b|\best\b)\s*(?P<word>\S+)",
    re.IGNORECASE,
)
_DOMAIN = re.compile(
    r"(?:https?://|www\.)\S+|[\w.%+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w.-])(?:[\w-]+\.)+[^\W\d_]{2,24}(?![\w-])\S*",
    re.IGNORECASE,
)
_DOTS = str.maketrans({"\u3002": ".", "\uff61": "."})  # dots to a browser
_JOINERS = "\u200c\u200d"
_HOST = re.compile(r"(?:https?://)?(?:[^/\s@]*@)?([\w.-]+)", re.IGNORECASE)


def written(text: str) -> str:
    """*text* as it is kept and shown: at most `MOST_ROWS` rows, no hidden or turning-round characters,
    no control characters, one blank at most between words."""
    text = text[: 4 * LONGEST].replace("\r\n", "\n").replace("\r", "\n")
    seen = "".join(char for at, char in enumerate(text) if _visible(text, at))
    rows = [clean(row, LONGEST) for row in seen.split("\n")]
    kept = [row for row in rows if row][:MOST_ROWS]
    return "\n".join(kept)[:LONGEST]


def masked(text: str, *, public: Collection[str] = ()) -> tuple[str, bool]:
    """*text* without what looks like a secret, and whether anything was taken out. *public* are numbers
    that may be said aloud, such as the case's own."""
    plain = unicodedata.normalize("NFKC", text)
    rows = [_row(row, public) for row in plain.split("\n")]
    found = "\n".join(rows)
    if looks_secret(found.replace(MASK, " "), public=public):  # in pieces nobody can tell apart
        return MASK, True
    return (found, True) if found != plain else (text, False)


def _row(row: str, public: Collection[str]) -> str:
    row = _NAMED.sub(lambda one: _without(one) if _telling(one) else one[0], row)
    row = _DIGITS.sub(lambda one: one[0] if _harmless(one[0], public) else MASK, row)
    row = _GROUPED.sub(lambda one: one[0] if _harmless(one[0], public) else MASK, row)
    row = _SPELLED.sub(MASK, row)
    return _WORD.sub(lambda one: MASK if _secret(one[0], public) else one[0], row)


def _secret(word: str, public: Collection[str]) -> bool:
    return MASK not in word and looks_secret(word, public=public)


def _without(named: re.Match[str]) -> str:
    at = named.start("word") - named.start()
    return named[0][:at] + MASK


def _telling(named: re.Match[str]) -> bool:
    """Whether this says a secret, as `core.text` judges it; "my code is wrong" does not."""
    return looks_secret(named[0])


def _harmless(digits: str, public: Collection[str]) -> bool:
    return re.sub(r"\D", "", digits) in public or _DATE.fullmatch(digits) is not None


def _visible(text: str, at: int) -> bool:
    """Without formatting, control and private characters; joiners stay between letters of scripts that
    join (Hebrew and all after it)."""
    char = text[at]
    if char in _JOINERS:
        around = text[max(at - 1, 0) : at] + text[at + 1 : at + 2]
        return len(around) == 2 and all(ord(one) >= 0x590 for one in around)
    return char in "\n\t" or unicodedata.category(char)[0] != "C"


def foreign_links(text: str, allowed: Collection[str]) -> bool:
    """Whether *text* names an address whose host is not in *allowed*: with a scheme or without, also a
    mail address, because people would follow it all the same."""
    plain = unicodedata.normalize("NFKC", text).translate(_DOTS)
    return any(_host(found[0]) not in allowed for found in _DOMAIN.finditer(plain))


def _host(address: str) -> str:
    found = _HOST.match(address)
    return found[1].lower().rstrip(".") if found else ""
