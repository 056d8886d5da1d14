"""Who waits for what: the hint behind `Store.changed`, for this process and for other replicas.

Within a process a commit wakes the waiters of the topics it touched. What another replica wrote is
noticed by a mark that the database itself moves with every commit; it is read only while somebody
waits, and then everything may have changed, since a mark does not say what.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

LOOK_EVERY = 0.5
"""Seconds between looks at the database's mark."""
REMEMBERED = 10_000
"""Topics whose last change is remembered one by one."""


class Waiting:
    """Counters and waiters by topic. Lives in the event loop; all of it is to be called there."""

    def __init__(self, mark: Callable[[], Awaitable[int]], seen: int, *, every: float = LOOK_EVERY) -> None:
        """*seen* is the mark as it is now: what comes after may be news."""
        self._mark = mark
        self._every = every
        self._seen = seen
        self._count = 1
        self._floor = 1  # no topic's last change is later than this, unless remembered
        self._last: dict[str, int] = {}
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}
        self._looking: asyncio.Task[None] | None = None

    def wake(self, topics: Iterable[str]) -> None:
        """Something about *topics* may have changed."""
        for topic in topics:
            self._count += 1
            self._last.pop(topic, None)
            self._last[topic] = self._count
            if len(self._last) > REMEMBERED:
                self._floor = self._last.pop(next(iter(self._last)))
            self._release(topic)

    def wake_all(self) -> None:
        """Anything may have changed."""
        self._count += 1
        self._floor = self._count
        self._last.clear()
        for topic in self._waiters:
            self._release(topic)

    def _release(self, topic: str) -> None:
        for waiter in self._waiters.get(topic, ()):
            if not waiter.done():
                waiter.set_result(None)

    async def changed(self, topic: str, *, after: int, timeout: float) -> int:
        """See `Store.changed`; the first call, with *after* 0, answers at once."""
        known = self._last.get(topic, self._floor)
        if known > after:
            return known
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiters.setdefault(topic, set()).add(waiter)
        if self._looking is None or self._looking.done():
            self._looking = loop.create_task(self._look())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await waiter
        finally:
            waiters = self._waiters[topic]
            waiters.discard(waiter)
            if not waiters:
                del self._waiters[topic]
        return self._last.get(topic, self._floor)

    async def _look(self) -> None:
        """Compare marks while somebody waits; the last one seen outlives the wait, so that a change
        between two waits is not missed."""
        while self._waiters:
            mark = await self._mark()
            if mark != self._seen:
                self._seen = mark
                self.wake_all()
            await asyncio.sleep(self._every)

    async def close(self) -> None:
        """Stop looking and let everybody go."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
        self.wake_all()
