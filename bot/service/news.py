"""Waiting for news of the store, as runners do between two looks."""

from __future__ import annotations

import asyncio

from bot.ports.store import Store


async def news(store: Store, topic: str, *, after: int, wait: float, stopped: asyncio.Task[bool]) -> int:
    """Until a commit concerns *topic*, *wait* seconds are over, or *stopped* ends; what to wait after
    next."""
    heard = asyncio.create_task(store.changed(topic, after=after, timeout=wait))
    await asyncio.wait((heard, stopped), return_when=asyncio.FIRST_COMPLETED)
    if heard.done():
        return heard.result()
    heard.cancel()
    await asyncio.gather(heard, return_exceptions=True)
    return after
