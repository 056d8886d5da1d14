"""The badge of an agent on one case: short, made of the server key each time, and kept nowhere.

It answers "is Sam really working on my case?". A name can be guessed and said by anybody; the badge of
an agent differs from case to case, so hearing one before says nothing about the next. It is no secret
that opens anything: it only lets the person compare.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.core.records import Card, Case
from bot.core.spoken import clock_time
from bot.ports.store import UnitOfWork
from bot.service import cards
from bot.service.keys import Keys

_SIGNS = "ACDEFHJKMNPQRTUVWXY34679"
"""Letters and digits that nobody mixes up, on a screen or on the telephone."""
_LONG = 4


@dataclass(frozen=True, slots=True)
class OnCase:
    """The agent who has a case now, as its person may know it."""

    oid: str
    name: str
    badge: str
    since: datetime


def badge_of(keys: Keys, case_id: str, oid: str) -> str:
    """Such as `K7-RT`."""
    number = int.from_bytes(hashlib.sha256(keys.mac("badge", case_id, oid).encode()).digest()[:8])
    signs = []
    for _ in range(_LONG):
        number, at = divmod(number, len(_SIGNS))
        signs.append(_SIGNS[at])
    return f"{''.join(signs[:2])}-{''.join(signs[2:])}"


def on_case(work: UnitOfWork, keys: Keys, case: Case, at: datetime) -> OnCase | None:
    """Who has taken the case and not left it alone since; None when nobody has it, or it is over."""
    card = work.get(Card, case.id)
    if case.status == "ended" or card is None or card.status != "open" or cards.free(card, at):
        return None
    since = card.taken_at or card.asked_at
    return OnCase(card.taken_by, card.taken_name, badge_of(keys, case.id, card.taken_by), since)


def told_in(keys: Keys, zone: tzinfo) -> Callable[[UnitOfWork, Case, datetime], Mapping[str, object] | None]:
    """What a flow's `look: agent_of_case` answers, with times of day as they are in *zone*."""

    def fields(work: UnitOfWork, case: Case, at: datetime) -> Mapping[str, object] | None:
        found = on_case(work, keys, case, at)
        if found is None:
            return None
        return {"name": found.name, "badge": found.badge, "since": clock_time(found.since, zone)}

    return fields
