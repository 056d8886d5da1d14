"""Firing timers: on time, at least once, by one replica at a time.

The replica that holds the lease `timers` fires what is due and sleeps until the next is; a commit that
sets a timer wakes it. A handler may be called again for a timer whose firing was not recorded, so it
names what it does by the timer's key. A handler may move its own timer to a later time; it then stays.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from bot.core.audit import Tag, audit_row
from bot.core.records import Timer
from bot.errors import TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id
from bot.service.news import news

log = logging.getLogger(__name__)

Handler = Callable[[Timer], Awaitable[None]]

TOPIC = "timers"
LEASE = timedelta(seconds=10)
AT_ONCE = 100
MOST_ATTEMPTS = 10
FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0


class Timers:
    """The runner. One per process; the others stand by."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        handlers: Mapping[str, Handler],
        *,
        holder: str,
    ) -> None:
        self._store, self._clock, self._entropy = store, clock, entropy
        self._handlers = handlers
        self._holder = holder
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Fire until `stop`."""
        seen = 0
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            while not self._stopped.is_set():
                wait = LEASE.total_seconds() / 3
                try:
                    if await self._leading():
                        await self.fire_due()
                        wait = min(wait, await self._until_next())
                except TransientError:
                    log.warning("timers cannot be read now")
                if wait > 0:
                    seen = await news(self._store, TOPIC, after=seen, wait=wait, stopped=stopped)
        finally:
            stopped.cancel()

    def stop(self) -> None:
        """Fire nothing more; `run` returns after what is under way."""
        self._stopped.set()

    async def fire_due(self) -> int:
        """Fire what is due now; how many."""
        fired = 0
        while due := await self._store.due_timers(now=self._clock.now(), limit=AT_ONCE):
            lanes: dict[str, list[Timer]] = defaultdict(list)
            for timer in due:
                lanes[timer.case_id or timer.key].append(timer)
            done = await asyncio.gather(*(self._fire_in_turn(lane) for lane in lanes.values()))
            fired += sum(done)
            if self._stopped.is_set() or not await self._leading():
                break
        return fired

    async def _fire_in_turn(self, timers: list[Timer]) -> int:
        """One case's timers, earliest first."""
        for timer in timers:
            await self._fire(timer)
        return len(timers)

    async def _leading(self) -> bool:
        now = self._clock.now()
        return await self._store.transact(
            lambda work: work.lease("timers", self._holder, now=now, span=LEASE)
        )

    async def _until_next(self) -> float:
        following = await self._store.read(lambda work: work.first(Timer, status="waiting", order="due_at"))
        if following is None:
            return LEASE.total_seconds()
        return max((following.due_at - self._clock.now()).total_seconds(), 0.0)

    async def _fire(self, timer: Timer) -> None:
        handler = self._handlers.get(timer.kind)
        if handler is None:
            await self._failed(timer, "no handler", most=0)
            return
        try:
            await handler(timer)
        except TransientError as err:
            await self._failed(timer, err.code, wait=err.retry_after)
        except Exception as err:
            log.exception("timer failed", extra={"timer": timer.key, "kind": timer.kind})
            await self._failed(timer, type(err).__name__)
        else:
            await self._settle(timer, lambda kept: replace(kept, status="fired"))

    async def _failed(
        self, timer: Timer, error: str, *, most: int = MOST_ATTEMPTS, wait: float | None = None
    ) -> None:
        now = self._clock.now()
        if timer.attempts + 1 < most:
            spell = max(min(FIRST_WAIT * 2**timer.attempts, LONGEST_WAIT), wait or 0.0)
            later = now + timedelta(seconds=spell)
            await self._settle(timer, lambda kept: replace(kept, due_at=later, attempts=kept.attempts + 1))
            return
        ident = new_id(self._entropy, now)
        row = audit_row(
            ident, now, Tag.TIMER_DEAD, case_id=timer.case_id, timer=timer.key, kind=timer.kind, error=error
        )
        await self._settle(
            timer, lambda kept: replace(kept, status="dead"), also=lambda work: work.audit(row)
        )

    async def _settle(
        self,
        timer: Timer,
        change: Callable[[Timer], Timer],
        *,
        also: Callable[[UnitOfWork], None] = lambda work: None,
    ) -> None:
        """Record what became of a firing, unless the timer was moved or cancelled meanwhile."""

        def settle(work: UnitOfWork) -> None:
            kept = work.lock(Timer, timer.key)
            if kept is not None and kept.status == "waiting" and kept.due_at == timer.due_at:
                work.put(change(kept))
                also(work)

        await self._store.transact(settle)
