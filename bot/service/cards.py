"""Cards: a case as agents see it, from the moment a human is wanted.

A card is a row; what it shows is read anew each time, for the desk and for the message in the
agents' channel. `show` and `done` belong inside the transaction of whatever happened. The message
is posted once and from then on changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.effects import CloseHandOff, EndCase, HandOff
from bot.core.events import Answered, Event
from bot.core.records import Card, Case, Evidence, Job, Timer, Transfer
from bot.ports.store import UnitOfWork
from bot.service import stretches, talk_rows
from bot.service.keys import Keys, hashed

TAKE_IDLE = timedelta(minutes=10)
"""A case taken and then left alone this long is free again."""


def show(work: UnitOfWork, keys: Keys, case: Case, wants: str, at: datetime) -> Card:
    """Put *case* before the agents (*wants*: `live_check`, `approval`, `person`), or say on its card
    what it wants now."""
    card = work.lock(Card, case.id)
    if card is None:
        card = Card(case.id, hashed(keys.handle("review", case.id)), at, "open", wants)
        work.add(card)
    else:
        since = card.asked_at if card.status == "open" else at
        card = replace(card, status="open", wants=wants, asked_at=since, version=card.version + 1)
        if wants == "approval" and _checked_by(work, card):  # who may not approve it keeps it from nobody
            card = given_back(card)
            work.cancel_timers(f"take/{card.case_id}")
        work.put(card)
    stretches.begun(work, card, at)
    redraw(work, card, at)
    return card


def done(work: UnitOfWork, case_id: str, at: datetime) -> None:
    """Nobody is wanted any more; the card says so and leaves the queue."""
    card = work.lock(Card, case_id)
    if card is not None and card.status == "open":
        card = replace(
            card, status="done", version=card.version + 1, taken_by="", taken_name="", taken_at=None
        )
        work.put(card)
        work.remove(Transfer, case_id)  # and the note with it
        stretches.over(work, case_id, at)
        redraw(work, card, at)


def redraw(work: UnitOfWork, card: Card, at: datetime, why: str = "") -> None:
    """Show the card as it is now; of several waiting redraws only the last is made. *why* names what
    happened, for life, where the card itself did not change."""
    talk_rows.noticed(work, card, at)
    key = f"card/{card.case_id}/{why or f'{card.version}/{int(at.timestamp() * 1000)}'}"
    body = {"case": card.case_id, "wants": card.wants}
    lane = f"card:{card.case_id}"
    work.enqueue([Job(key, lane, "card", body, card.case_id, at, at, coalesce=lane)])


def refresh(work: UnitOfWork, case_id: str, why: str, at: datetime) -> None:
    """Something about the case changed that its card, or the thread below it, tells."""
    card = work.get(Card, case_id)
    if card is not None:
        redraw(work, card, at, why)


def free(card: Card, at: datetime) -> bool:
    """Whether nobody has it, or whoever took it has left it alone too long."""
    return not card.taken_by or taken_until(card) <= at


def taken_until(card: Card) -> datetime:
    """When a take lapses, if nothing is done meanwhile."""
    since = max((time for time in (card.taken_at, card.touched_at) if time), default=card.asked_at)
    return since + TAKE_IDLE


def given_back(card: Card) -> Card:
    """The card as nobody's."""
    return replace(card, taken_by="", taken_name="", taken_at=None, touched_at=None)


def _checked_by(work: UnitOfWork, card: Card) -> bool:
    """Whether the agent who has it made one of its checks."""
    return (
        bool(card.taken_by)
        and work.count(Evidence, case_id=card.case_id, by_oid=card.taken_by, voided_at=None) > 0
    )


def touch(work: UnitOfWork, case_id: str, oid: str, at: datetime) -> None:
    """The agent who took the case just did something with it."""
    card = work.lock(Card, case_id)
    if card is not None and card.taken_by == oid and not free(card, at):
        work.put(replace(card, touched_at=at))
    stretches.taken(work, case_id, at)  # also of whoever helps without taking


def take_timer(card: Card) -> Timer:
    """Looks at the take again when it could lapse."""
    key = f"take/{card.case_id}/{card.version}"
    body = {"case": card.case_id, "oid": card.taken_by}
    return Timer(key, "take", card.case_id, taken_until(card), body, group=f"take/{card.case_id}")


class CardPerformers:
    """What the effects of a flow mean for the card."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def hand_off(
        self, work: UnitOfWork, case: Case, effect: HandOff, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `HandOff`: a person is to take over the talk."""
        show(work, self._keys, case, "person", event.at)
        return ()

    def close_hand_off(
        self, work: UnitOfWork, case: Case, effect: CloseHandOff, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `CloseHandOff`: nobody need come any more."""
        card = work.get(Card, case.id)
        if card is not None and card.wants == "person":
            done(work, case.id, event.at)
        return ()

    def end(
        self, work: UnitOfWork, case: Case, effect: EndCase, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `EndCase`."""
        done(work, case.id, event.at)
        refresh(work, case.id, f"end/{key}", event.at)
        return ()
