"""Dead letters: events whose turn failed, effects and timers that were given up.

An agent may retry or dismiss one; both are audited. An event is tried again as a new one after all that
happened since, so a button that has become stale meanwhile is refused as any old button is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.events import (
    Answered,
    Chose,
    Commanded,
    Entered,
    Happening,
    Opened,
    TimerFired,
    Wrote,
)
from bot.core.model import Command
from bot.core.records import Case, EventRow, Job, Timer
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import DeadLetter
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service.chance import new_id

log = logging.getLogger(__name__)

DEAD: tuple[tuple[type[EventRow | Job | Timer], str], ...] = (
    (EventRow, "failed"), (Job, "dead"), (Timer, "dead"),
)  # fmt: skip
"""Rows, and the status that makes a dead letter of each."""

_HAPPENINGS: Mapping[str, Callable[..., Happening]] = {
    kind.__name__: kind for kind in (Opened, Chose, Wrote, Entered, Answered, TimerFired)
} | {"Commanded": lambda command, value: Commanded(Command(command), value)}


class DeadLetterBox:
    """Implements `ports.desk.DeadLetters`."""

    def __init__(self, store: Store, turns: Turns, clock: Clock, entropy: Entropy) -> None:
        self._store, self._turns, self._clock, self._entropy = store, turns, clock, entropy

    async def listed(self, limit: int = 50) -> tuple[DeadLetter, ...]:
        def fn(work: UnitOfWork) -> tuple[DeadLetter, ...]:
            events = work.find(EventRow, status="failed", order="-id", limit=limit)
            jobs = work.find(Job, status="dead", order="-seq", limit=limit)
            timers = work.find(Timer, status="dead", order="-key", limit=limit)
            found = [_letter(work, f"event/{e.id}", e.kind, e.case_id, e.at, e.error) for e in events]
            found += [_letter(work, f"effect/{j.key}", j.kind, j.case_id, j.at, j.error) for j in jobs]
            found += [_letter(work, f"timer/{t.key}", t.kind, t.case_id, t.due_at, "") for t in timers]
            return tuple(sorted(found, key=lambda one: one.at, reverse=True)[:limit])

        return await self._store.read(fn)

    async def retry(self, key: str, *, by: str) -> bool:
        sort, _, ident = key.partition("/")
        now = self._clock.now()

        def fn(work: UnitOfWork) -> bool:
            match sort:
                case "event":
                    case_id = self._event_again(work, ident, now)
                case "effect":
                    case_id = _effect_again(work, ident, now)
                case "timer":
                    case_id = _timer_again(work, ident, now)
                case _:
                    case_id = None
            return self._audited(work, Tag.LETTER_RETRIED, key, case_id, by, now)

        try:
            return await self._store.transact(fn)
        except Exception:  # a turn that failed may fail again; the letter stays, the reason is in the log
            log.exception("a dead letter failed again", extra={"letter": key})
            return False

    async def dismiss(self, key: str, *, by: str) -> bool:
        sort, _, ident = key.partition("/")
        now = self._clock.now()

        def fn(work: UnitOfWork) -> bool:
            case_id: str | None = None
            if sort == "event" and (event := work.lock(EventRow, ident)) and event.status == "failed":
                work.put(replace(event, status="dismissed"))
                case_id = event.case_id
            elif sort == "effect" and (job := work.lock(Job, ident)) and job.status == "dead":
                work.put(replace(job, status="dismissed"))
                case_id = job.case_id
            elif sort == "timer" and (timer := work.lock(Timer, ident)) and timer.status == "dead":
                work.put(replace(timer, status="dismissed"))
                case_id = timer.case_id
            return self._audited(work, Tag.LETTER_DISMISSED, key, case_id, by, now)

        return await self._store.transact(fn)

    def _audited(
        self, work: UnitOfWork, tag: Tag, key: str, case_id: str | None, by: str, now: datetime
    ) -> bool:
        """Audit what was done; nothing was when *case_id* is None."""
        if case_id is None:
            return False
        work.audit(audit_row(new_id(self._entropy, now), now, tag, case_id=case_id, actor=by, letter=key))
        return True

    def _event_again(self, work: UnitOfWork, ident: str, now: datetime) -> str | None:
        row = work.lock(EventRow, ident)
        if row is None or row.status != "failed" or row.kind not in _HAPPENINGS:
            return None
        case = work.case(row.case_id)
        if case is None:
            return None
        what = _HAPPENINGS[row.kind](**row.body)
        work.put(replace(row, status="retried"))
        self._turns.take(work, case, what, dedupe_key=f"{row.dedupe_key}/again/{row.id}", at=now)
        return row.case_id


def _effect_again(work: UnitOfWork, key: str, now: datetime) -> str | None:
    job = work.lock(Job, key)
    if job is None or job.status != "dead":
        return None
    work.put(replace(job, status="waiting", attempts=0, error="", not_before=now))
    work.enqueue([job])  # left alone, since its key is there; wakes the runner
    return job.case_id


def _timer_again(work: UnitOfWork, key: str, now: datetime) -> str | None:
    timer = work.lock(Timer, key)
    if timer is None or timer.status != "dead":
        return None
    again = replace(timer, status="waiting", attempts=0, due_at=now)
    work.put(again)
    work.schedule(again)  # wakes the runner
    return timer.case_id


def _letter(work: UnitOfWork, key: str, kind: str, case_id: str, at: datetime, error: str) -> DeadLetter:
    case: Any = work.get(Case, case_id) if case_id else None
    return DeadLetter(key, kind, case.number if case else "", at, error)
