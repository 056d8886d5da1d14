"""Implements `ports.waiting.Waits`: expected waits, read from the waits of the past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo

from bot.core.queue import Wait, first_name, opening_day, usual
from bot.core.records import Card, Shift, Stretch
from bot.core.spoken import clock_time
from bot.ports.store import Not, Store, UnitOfWork
from bot.ports.waiting import Standing
from bot.service.cards import free
from bot.service.stretches import before

LATEST = 20
"""Waits that are looked at."""
_READ = 60
_OLDEST = timedelta(days=30)
_AROUND = timedelta(hours=3)
_DAY = timedelta(days=1)


class WaitBook:
    """*open_now*: whether the service hours hold at a moment; *opens_next*: when they begin next; *zone*:
    on whose clock."""

    def __init__(
        self,
        store: Store,
        *,
        open_now: Callable[[datetime], bool],
        opens_next: Callable[[datetime], datetime | None],
        zone: tzinfo = UTC,
    ) -> None:
        self._store = store
        self._zone = zone
        self._open_now = open_now
        self._opens_next = opens_next

    async def expected(self, queue: str, at: datetime) -> int | None:
        def fn(work: UnitOfWork) -> int | None:
            ahead = work.count(Card, status="open", taken_by="")
            return self._minutes(work, queue, ahead, work.count(Shift, ended_at=None), at, reading=False)

        return await self._store.read(fn)

    async def opens_at(self, at: datetime) -> datetime | None:
        agents = await self._store.read(lambda work: work.count(Shift, ended_at=None))
        return self._opening(agents, at)

    def standing(self, work: UnitOfWork, case_id: str, at: datetime) -> Standing | None:
        card = work.get(Card, case_id)
        if card is None or card.status != "open":
            return None
        agents = work.count(Shift, ended_at=None)
        reading = "" if free(card, at) else first_name(card.taken_name)
        ahead = 0 if reading else before(work, card)
        minutes = self._minutes(work, card.wants, ahead, agents, at, reading=bool(reading))
        opens_at = None if reading else self._opening(agents, at)
        standing = Standing(card.wants, card.asked_at, ahead, agents, reading, minutes)
        if opens_at is None:
            return standing
        day, time = opening_day(at, opens_at, self._zone), clock_time(opens_at, self._zone)
        return replace(standing, minutes=None, opens_at=opens_at, opens_day=day, opens_time=time)

    def _opening(self, agents: int, at: datetime) -> datetime | None:
        return None if agents or self._open_now(at) else self._opens_next(at)

    def _minutes(
        self, work: UnitOfWork, kind: str, ahead: int, agents: int, at: datetime, *, reading: bool
    ) -> int | None:
        return usual(self._comparable(work, kind, at), before=ahead, agents=agents, reading=reading)

    def _comparable(self, work: UnitOfWork, kind: str, at: datetime) -> list[Wait]:
        """The latest waits for the same thing that an agent ended, of the last days, begun at a like
        time: within or outside the service hours as now, and around this time of day where enough are
        known."""
        rows = work.find(Stretch, kind=kind, done_at=Not(None), order="-done_at", limit=_READ)
        alike = [
            row
            for row in rows
            if row.taken_at is not None
            and at - row.asked_at <= _OLDEST
            and self._open_now(row.asked_at) == self._open_now(at)
        ]
        near = [row for row in alike if _apart(row.asked_at, at) <= _AROUND]
        chosen = near if len(near) >= LATEST // 2 else alike
        return [wait for row in chosen[:LATEST] if (wait := _wait(row)) is not None]


def _wait(row: Stretch) -> Wait | None:
    if row.taken_at is None or row.done_at is None:
        return None
    return Wait(row.taken_at - row.asked_at, row.done_at - row.taken_at, row.agents, row.before)


def _apart(one: datetime, other: datetime) -> timedelta:
    """How far two moments lie apart on the clock."""
    apart = abs(one - other) % _DAY
    return min(apart, _DAY - apart)
