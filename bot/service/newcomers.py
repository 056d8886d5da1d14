"""Looking at newcomers before their first day: which address HR holds of them, while nobody can sign in
to change it (`service.hiring`). A few times a day, and at each start; it asks for coming hires only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.facts import Person
from bot.core.records import Timer
from bot.ports.clock import Clock
from bot.ports.store import Store, UnitOfWork
from bot.service.hiring import HiringMails

KIND = "newcomers"
EVERY = timedelta(hours=6)


class Newcomers(Protocol):
    async def hired_after(self, at: datetime) -> Sequence[Person]:
        """Everybody whose day of hiring is after *at*. Raises TransientError or PermanentError."""
        ...


class NewcomerSweep:
    def __init__(self, store: Store, clock: Clock, directory: Newcomers, hiring: HiringMails) -> None:
        self._store, self._clock, self._directory, self._hiring = store, clock, directory, hiring

    async def begin(self) -> None:
        """Look now, unless a replica has in this part of the day."""
        await self._store.transact(lambda work: work.schedule(_timer(self._clock.now())))

    async def fire(self, timer: Timer) -> None:
        at = self._clock.now()
        people = await self._directory.hired_after(at)

        def fn(work: UnitOfWork) -> None:
            for person in people:
                self._hiring.note(work, person, at)
            work.schedule(_timer(at + EVERY))

        await self._store.transact(fn)


def _timer(at: datetime) -> Timer:
    """The timer of the part of the day that *at* is in; a key that fired stays so."""
    part = f"{at:%Y-%m-%d}/{at.hour // 6}"
    return Timer(f"{KIND}/{part}", KIND, "", at, {})
