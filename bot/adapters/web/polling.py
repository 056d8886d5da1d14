"""Long polls: hold a request until there is something new, or its time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from bot.ports.store import Store

T = TypeVar("T")
LONGEST = 25.0
"""Seconds; below the idle limit of the load balancers we know."""


class Polls:
    """Waiting on topics of the store. `close` lets go of everybody, so that a stop is not held up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._closing = asyncio.Event()

    def close(self) -> None:
        self._closing.set()

    async def until(
        self, topic: str, seconds: float, read: Callable[[], Awaitable[T]], there: Callable[[T], bool]
    ) -> T:
        """Call *read* now and whenever *topic* may have changed, until *there* accepts its result
        or *seconds* are over; the last result is returned either way."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + min(max(seconds, 0.0), LONGEST)
        mark = await self._store.changed(topic, after=0, timeout=0)
        found = await read()
        while not there(found) and (left := ends - loop.time()) > 0 and not self._closing.is_set():
            mark = await self._wait(topic, mark, left)
            found = await read()
        return found

    async def unless_closing(self, waiting: Coroutine[Any, Any, T]) -> T | None:
        """The result of something that waits by itself; None when everybody has to let go first."""
        asked = asyncio.ensure_future(waiting)
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({asked, closing}, return_when=asyncio.FIRST_COMPLETED)
            return asked.result() if asked.done() else None
        finally:
            asked.cancel()
            closing.cancel()

    async def _wait(self, topic: str, mark: int, left: float) -> int:
        news = asyncio.ensure_future(self._store.changed(topic, after=mark, timeout=left))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({news, closing}, return_when=asyncio.FIRST_COMPLETED)
            return news.result() if news.done() else mark
        finally:
            news.cancel()
            closing.cancel()
