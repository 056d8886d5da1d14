"""Browser sessions: opened by a sign-in, ended by time, idleness or a word.

Only a hash of the cookie's value is kept. A session lets its holder read, and deny; whatever
matters takes a fresh sign-in of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.records import Session
from bot.ports.clock import Clock, Entropy
from bot.ports.sign_in import SignedIn
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id, token
from bot.service.keys import hashed


@dataclass(frozen=True, slots=True)
class Life:
    """How long a session lasts, and how long unused."""

    longest: timedelta
    idle: timedelta


LIVES = {
    "desk": Life(timedelta(hours=8), timedelta(minutes=15)),
    "me": Life(timedelta(minutes=30), timedelta(minutes=10)),
    "voucher": Life(timedelta(minutes=30), timedelta(minutes=15)),
}
_TOUCH_EVERY = timedelta(seconds=30)
"""A page load within this of the last one writes nothing."""


class SessionService:
    """Implements `ports.sessions.Sessions`."""

    def __init__(self, store: Store, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy

    async def open(self, kind: str, who: SignedIn, facts: Mapping[str, Any]) -> str:
        value = token(self._entropy)
        at = self._clock.now()
        row = Session(hashed(value), kind, who.oid, who.name, at, at, who.auth_time, dict(facts))
        assert kind in LIVES

        def fn(work: UnitOfWork) -> None:
            work.add(row)
            self._audit(work, Tag.SESSION_OPENED, row, at)

        await self._store.transact(fn)
        return value

    async def current(self, kind: str, value: str, *, touch: bool = True) -> Session | None:
        at = self._clock.now()
        found = await self._store.read(lambda work: work.get(Session, hashed(value)))
        if found is None or found.kind != kind or over(found, at):
            return None
        if not touch or at - found.seen_at < _TOUCH_EVERY:
            return found

        def fn(work: UnitOfWork) -> Session | None:
            row = work.lock(Session, found.id_hash)
            if row is None or over(row, at):
                return None
            seen = replace(row, seen_at=at)
            work.put(seen)
            return seen

        return await self._store.transact(fn)

    async def close(self, kind: str, value: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            row = work.lock(Session, hashed(value))
            if row is not None and row.kind == kind and row.ended_at is None:
                self._end(work, row, at)

        await self._store.transact(fn)

    async def close_all(self, oid: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            for row in work.find(Session, oid=oid, ended_at=None):
                self._end(work, row, at)

        await self._store.transact(fn)

    def _end(self, work: UnitOfWork, row: Session, at: datetime) -> None:
        work.put(replace(row, ended_at=at))
        self._audit(work, Tag.SESSION_ENDED, row, at)

    def _audit(self, work: UnitOfWork, tag: Tag, row: Session, at: datetime) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at),
                at,
                tag,
                actor=row.oid,
                actor_method="sign_in",
                actor_auth_time=row.auth_time,
                kind=row.kind,
            )
        )


def over(row: Session, at: datetime) -> bool:
    """Whether a session has ended, by itself or by a word. An unknown kind never lasts."""
    life = LIVES.get(row.kind)
    return (
        row.ended_at is not None
        or life is None
        or at - row.made_at >= life.longest
        or at - row.seen_at >= life.idle
    )
