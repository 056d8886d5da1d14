"""The order of the desk's queue, what is said of a wait, and what one agent may write to another.

Pure: the rows come from the store, the moment from the caller.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from statistics import median
from unicodedata import category

from bot.core.text import clean, looks_secret

WITHIN = timedelta(minutes=60)
"""A case without a deadline of its own is treated as if it had this one: as long as evidence holds."""
AWAY = timedelta(minutes=15)
"""How much later a case counts whose page is not there just now: little can be done for it."""
FEWEST = 5
"""Waits that must be known before one is foretold."""
LONGEST = 90
"""Minutes beyond which a guess helps nobody."""
MAX_NOTE = 300
HIDDEN = "•••"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE = timedelta(minutes=1)


def urgency(
    asked_at: datetime, deadline: datetime | None, *, away: bool, escalated: bool, frozen: bool
) -> tuple[bool, bool, datetime, datetime]:
    """What the queue is sorted by, the most urgent first: stopped cases last, those that waited too long
    first, then by deadline, then by age. *away*: the person opened a page and is not there now."""
    due = min(deadline or asked_at + WITHIN, asked_at + WITHIN)
    return frozen, not escalated, due + (AWAY if away else timedelta(0)), asked_at


@dataclass(frozen=True, slots=True)
class Wait:
    """One wait of the past: until somebody had it, and from then to its end; and how busy the desk was
    when it began."""

    taken: timedelta
    worked: timedelta
    agents: int
    before: int


def usual(waits: Sequence[Wait], *, before: int, agents: int, reading: bool) -> int | None:
    """Whole minutes that a wait usually takes from now on; None when too little is known, nobody is on
    duty, or it would be long.

    Each wait of the past is brought to one turn of the desk: so many cases before it, shared by so many
    agents. The median turn, times the turns still to come, and the median time of the work itself."""
    if len(waits) < FEWEST:
        return None
    found = median(wait.worked / _MINUTE for wait in waits)
    if not reading:
        if agents < 1:
            return None
        turn = median(wait.taken / _MINUTE / turns(wait.before, wait.agents) for wait in waits)
        found += turn * turns(before, agents)
    minutes = max(1, math.ceil(round(found, 3)))
    return minutes if minutes <= LONGEST else None


def turns(before: int, agents: int) -> float:
    """How often the desk takes a case until this one's turn."""
    return before / max(1, agents) + 1


def opening_day(at: datetime, opens_at: datetime, zone: tzinfo) -> str:
    """How people name the day on which the desk opens: `today`, `tomorrow`, or the weekday."""
    day = opens_at.astimezone(zone).date()
    apart = (day - at.astimezone(zone).date()).days
    return {0: "today", 1: "tomorrow"}.get(apart, DAYS[day.weekday()])


def first_name(name: str) -> str:
    """What people call each other: the first word, or the first after the comma of *Raman, Priya*."""
    family, comma, given = clean(name, 200).partition(",")
    words = (given if comma and given.strip() else family).split()
    return words[0] if words else ""


def note(text: str, *, public: Container[str] = ()) -> str:
    """What one agent writes to another, as it is kept: one short line, without hidden characters, and
    with whatever looks like a secret struck out. *public* are numbers that may be said aloud."""
    seen = "".join(char for char in text[: 4 * MAX_NOTE] if char.isspace() or category(char)[0] != "C")
    line = clean(seen, MAX_NOTE)
    if looks_secret(line, public=public):
        line = " ".join(HIDDEN if looks_secret(word, public=public) else word for word in line.split())
    return HIDDEN if looks_secret(line, public=public) else line
