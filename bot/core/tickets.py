"""Ticket numbers: what looks like one, and whose it then is."""

from __future__ import annotations

import re

from bot.core.text import clean, looks_secret

LONGEST = 40
_SHAPES = (
    ("servicenow", re.compile(r"[A-Z]{2,12}\d{5,12}")),
    ("jira", re.compile(r"[A-Z][A-Z0-9_]{1,19}-[1-9]\d{0,9}")),
    ("other", re.compile(r"[A-Z0-9][A-Z0-9#/._-]{1,39}")),
)


def ticket(typed: str) -> tuple[str, str] | None:
    """(system, number) of what somebody typed, or None when no system would call a ticket so."""
    said = clean(typed).strip().removeprefix("#")
    number = said.upper()
    found = next(((system, number) for system, shape in _SHAPES if shape.fullmatch(number)), None)
    if found is None or len(number) > LONGEST or (found[0] == "other" and looks_secret(said)):
        return None
    return found
