"""Text from outside: made harmless to look at, and recognised when it looks like a secret.

Names, labels and typed words are data. They are shown as they are, in one line, with everything
that would not be seen (or would move what is seen) spelled out: ``⟨U+202E⟩``.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Container
from enum import StrEnum

MAX_VALUE = 300
_MOST_MARKS = 4  # accents on one letter; more of them paint over the lines around
_JOINERS = "\u200c\u200d"
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc")


def clean(value: object, longest: int = MAX_VALUE) -> str:
    """*value* in one line of at most *longest* characters, hidden characters spelled out.

    Joiners stay where a script (or an emoji) needs them; real right-to-left letters stay."""
    text = unicodedata.normalize("NFC", str(value)[: 4 * longest])
    out: list[str] = []
    marks = 0
    for place, char in enumerate(text):
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if marks > _MOST_MARKS:
            continue
        if char.isspace() or kind in ("Zl", "Zp"):
            out.append(" ")
        elif char in _INVISIBLE or (kind[0] == "C" and not _joins(text, place)):
            out.append(f"⟨U+{ord(char):04X}⟩")
        else:
            out.append(char)
    return clipped(" ".join("".join(out).split()), longest)


def clipped(text: str, longest: int) -> str:
    """*text*, or its beginning and an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _joins(text: str, place: int) -> bool:
    """A joiner between two characters of scripts that join (Hebrew and all after it)."""
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    return (
        text[place] in _JOINERS
        and len(around) == 2
        and all(ord(char) >= 0x590 and unicodedata.category(char)[0] in "LMS" for char in around)
    )


class SecretShape(StrEnum):
    """What typed text looks like."""

    SAVED_CODE = "saved_code"
    DIGITS = "digits"
    PASS = "pass"  # noqa: S105
    PASSWORD = "password"  # noqa: S105


_DIGITS = re.compile(r"(?<![\w+-])(\d{3}[ -]?\d{3}|\d{4}[ -]?\d{4})(?![\w-])")
_SOLID = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{20,}(?![A-Za-z0-9])")
_GROUPED = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Za-z0-9]{4,6}([ -])(?:[A-Za-z0-9]{4,6}\1){2,}[A-Za-z0-9]{1,6})(?![A-Za-z0-9])"
)
_TOKEN = re.compile(r"\S{8,48}")
_NAMED = re.compile(
    r"(?:passwords?|passwort|kennwort|contraseña|clave|mot de passe|senha|passcode|pwd|pass|pin|tap|codes?"
    r"|パスワード)"
    r"\s*(?P<link>[:=：]|\bis\b|\bist\b|\blautet\b|\bes\b|\best\b|\bé\b|は)\s*(?P<word>\S+)",
    re.IGNORECASE,
)
_EVERYDAY = re.compile(
    r"https?://\S+|\S+@\S+\.\w+|aadsts\d+|iphones?|ipad|windows|microsoft|galaxy|\b[as]\d\d(?:ultra|plus|pro|fe)?\b|macbook",
    re.IGNORECASE,
)
_SPECIAL = frozenset("+!#$%^&*=~@")


def secret_shape(text: str, *, public: Container[str] = ()) -> SecretShape | None:
    """What kind of secret *text* seems to hold, if any. *public* are numbers that may be said
    aloud, such as the open case's own. Errs towards dropping: a dropped message can be typed again,
    a stored secret cannot be taken back."""
    folded = unicodedata.normalize("NFKC", text)
    if any(_is_saved_code(found[0]) for found in _SOLID.finditer(folded)):
        return SecretShape.SAVED_CODE
    if any(_is_grouped_code(found[0]) for found in _GROUPED.finditer(folded)):
        return SecretShape.SAVED_CODE
    if any(re.sub(r"\D", "", found[0]) not in public for found in _DIGITS.finditer(folded)):
        return SecretShape.DIGITS
    plain = _EVERYDAY.sub(" ", folded)
    if any(_is_pass(found[0]) for found in _TOKEN.finditer(plain)):
        return SecretShape.PASS
    if any(_gives_away(found) for found in _NAMED.finditer(folded)):
        return SecretShape.PASSWORD
    return None


def looks_secret(text: str, *, public: Container[str] = ()) -> bool:
    """Whether *text* must not be kept."""
    return secret_shape(text, public=public) is not None


def _is_saved_code(run: str) -> bool:
    return (any(c.isdigit() for c in run) and any(c.isalpha() for c in run)) or (
        run.isupper() and len(run) >= 24
    )


def _is_grouped_code(run: str) -> bool:
    """Groups of letters and digits in a row. Short words in a row are no code: between spaces, at
    least one group must mix both, or they are five long as ours are printed."""
    groups = re.split(r"[ -]", run)
    mixed = sum(any(c.isdigit() for c in g) and any(c.isalpha() for c in g) for g in groups)
    letters = "".join(groups)
    if len(letters) >= 24 and ("-" in run or {len(group) for group in groups[:-1]} == {5}):
        return True
    return len(letters) >= 16 and any(c.isdigit() for c in letters) and (mixed >= 1 or "-" in run)


def _is_pass(token: str) -> bool:
    """Eight or more characters of several kinds thrown together."""
    token = token.strip(".,;:!?()[]\"'„“”")
    kinds = [_kind(char) for char in token]
    runs = 1 + sum(a != b for a, b in itertools.pairwise(kinds))
    if len(token) < 8 or any(ord(char) > 127 for char in token):
        return False
    plain = len({"lower", "upper", "digit"} & set(kinds))
    if "special" in kinds:
        return plain >= 2
    return plain == 3 and "other" not in kinds and len(token) / runs < 2.2


def _kind(char: str) -> str:
    if char.isdigit():
        return "digit"
    if char.isalpha():
        return "upper" if char.isupper() else "lower"
    return "special" if char in _SPECIAL else "other"


def _gives_away(found: re.Match[str]) -> bool:
    """After a colon anything is a secret; after "is", only what is no ordinary word."""
    word = found["word"].strip(".,;!?\"'„“”")
    if found["link"] in (":", "=", "："):
        return len(word) >= 4
    return len(word) >= 4 and not (word.isalpha() and (word.islower() or word.istitle()))
