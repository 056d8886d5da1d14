"""How often the methods endpoints may be asked: five times in ten seconds, by all replicas together.

Counted in the store, in whole windows. Watching gets two of the five, so that a decision never
waits behind it; it is told to come back, while a decision waits for the next window.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from enum import Enum

from bot.errors import TransientError
from bot.ports.clock import Clock
from bot.ports.store import Store, UnitOfWork

WINDOW = 10
LIMIT = 5


class Share(Enum):
    """Who asks, and how much of a window they may use."""

    DECISION = LIMIT
    WATCH = 2


class Budget:
    """The requests of one share. Several with different shares count together in one store."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        share: Share = Share.DECISION,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        windows: int = 2,
    ) -> None:
        """*windows*: how many later windows a decision waits for."""
        self._store, self._clock, self._share, self._sleep = store, clock, share, sleep
        self._windows = windows

    async def take(self) -> None:
        """Have one request counted. Raises TransientError when the budget stays spent."""
        for _ in range(self._windows + 1):
            now = self._clock.now()
            start = int(now.timestamp()) // WINDOW * WINDOW
            if await self._store.transact(lambda work, start=start: self._counted(work, start)):  # type: ignore[misc]
                return
            wait = start + WINDOW - now.timestamp()
            if self._share is Share.WATCH:
                raise TransientError("the methods budget is spent", retry_after=wait)
            await self._sleep(wait)
        raise TransientError("the methods budget is spent", retry_after=WINDOW)

    def _counted(self, work: UnitOfWork, start: int) -> bool:
        until = datetime.fromtimestamp(start, UTC) + timedelta(seconds=6 * WINDOW)
        if self._share is Share.WATCH and work.bump(f"graph/watch/{start}", until=until) > Share.WATCH.value:
            return False
        return work.bump(f"graph/methods/{start}", until=until) <= LIMIT
