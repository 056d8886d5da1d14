"""What a person may type at an `input` step, and why something else is asked for again.

Pure: "today" and "yesterday" count from the time of the event. Countries come from a table in
this package, no network is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.core.countries import code_of
from bot.core.tables import InputKind

LONGEST = 500
_LONGEST_MODEL = 60
_LONGEST_NUMBER = 15
_LONGEST_ADDRESS = 113  # Entra's longest user principal name
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})([./])\s?(\d{1,2})\5\s?(\d{4})")
_ADDRESS = re.compile(r"[^\s@<>\",;:()\[\]\\]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_DAYS = {"today": 0, "heute": 0, "yesterday": 1, "gestern": 1}


@dataclass(frozen=True, slots=True)
class Valid:
    """What is kept: text, an ISO country code, an ISO date, or a number."""

    value: str | int | float


@dataclass(frozen=True, slots=True)
class Invalid:
    """*reason* names a sentence of the system words, `invalid_<reason>`."""

    reason: str


REASONS = ("empty", "long", "model", "country", "date", "date_order", "number", "address")
"""Every reason `check` gives; each has its sentence among the `common` system words."""


def check(kind: str, text: str, at: datetime) -> Valid | Invalid:
    """Validate what was typed. Total: an unknown *kind* is treated as text."""
    typed = " ".join(text.split())
    if not any(char.isalnum() for char in typed):
        return Invalid("empty")
    if len(typed) > LONGEST:
        return Invalid("long")
    match kind:
        case InputKind.PHONE_MODEL:
            return _model(typed)
        case InputKind.COUNTRY:
            return _country(typed)
        case InputKind.DATE:
            return _date(typed, at.date())
        case InputKind.NUMBER:
            return _number(typed)
        case InputKind.WORK_ADDRESS:
            return _address(typed)
    return Valid(typed)


def _model(typed: str) -> Valid | Invalid:
    if len(typed) > _LONGEST_MODEL:
        return Invalid("long")
    if len(typed) < 2 or not any(char.isalpha() for char in typed):
        return Invalid("model")
    return Valid(typed)


def _country(typed: str) -> Valid | Invalid:
    code = code_of(typed)
    return Valid(code) if code else Invalid("country")


def _date(typed: str, today: date) -> Valid | Invalid:
    if typed.casefold() in _DAYS:
        return Valid((today - timedelta(days=_DAYS[typed.casefold()])).isoformat())
    found = _DATE.fullmatch(typed)
    if found is None:
        return Invalid("date")
    if found[1]:
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    else:
        day, month, year = int(found[4]), int(found[6]), int(found[7])
        if found[5] == "/" and day != month and max(day, month) <= 12:
            return Invalid("date_order")  # the one country's third of April is the other's fourth of March
        if found[5] == "/" and month > 12:
            day, month = month, day
    try:
        return Valid(date(year, month, day).isoformat())
    except ValueError:
        return Invalid("date")


def _address(typed: str) -> Valid | Invalid:
    """Its form only; whether anybody has it is never told."""
    plain = typed.lower().removeprefix("mailto:").strip("<>")
    fits = len(plain) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(plain) is not None
    return Valid(plain) if fits else Invalid("address")


def _number(typed: str) -> Valid | Invalid:
    if len(typed) > _LONGEST_NUMBER or _NUMBER.fullmatch(typed) is None or not typed.isascii():
        return Invalid("number")
    plain = typed.replace(",", ".")
    return Valid(float(plain) if "." in plain else int(plain))
