"""Waits as they happen: begun when a case asks the desk for something, taken, over.

Called inside the transaction of whatever happened. What is kept holds no person, only times and how
busy the desk was.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.core.records import Card, Shift, Stretch
from bot.ports.store import Under, UnitOfWork


def begun(work: UnitOfWork, card: Card, at: datetime) -> None:
    """*card* asks for what it `wants` now; asking for the same again goes on with the same wait."""
    open_one = current(work, card.case_id)
    if open_one is not None and open_one.kind == card.wants:
        return
    over(work, card.case_id, at)
    agents = work.count(Shift, ended_at=None)
    ident = f"{card.case_id}/{card.version}"
    taken = at if card.taken_by else None
    work.save(Stretch(ident, card.case_id, card.wants, at, agents, before(work, card), taken))


def taken(work: UnitOfWork, case_id: str, at: datetime) -> None:
    """An agent has it; the first time counts."""
    open_one = current(work, case_id)
    if open_one is not None and open_one.taken_at is None:
        work.put(replace(open_one, taken_at=at))


def over(work: UnitOfWork, case_id: str, at: datetime) -> None:
    """It waits for nothing any more."""
    open_one = current(work, case_id)
    if open_one is not None:
        work.put(replace(open_one, done_at=at))


def current(work: UnitOfWork, case_id: str) -> Stretch | None:
    return work.first(Stretch, case_id=case_id, done_at=None)


def before(work: UnitOfWork, card: Card) -> int:
    """Cases that nobody has taken and that asked earlier than this one."""
    earlier = work.count(Card, status="open", taken_by="", asked_at=Under(card.asked_at))
    return max(0, earlier - (1 if not card.taken_by and card.status == "open" else 0))
