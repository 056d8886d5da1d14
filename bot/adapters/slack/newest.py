"""Changing one thing over and over: the newest state is sent, one a second, and no other.

Whoever comes while one is under way waits; the first to go on sends what is newest by then, and the
others have nothing left to do. What fails, fails for its sender only: those behind it try themselves.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.adapters.slack.sending import SPACING, Sleep
from bot.ports.clock import Clock

Send = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Slot:
    send: Send
    asked: int = 0
    sent: int = 0
    waiting: int = 0
    at: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Newest:
    """One per kind of thing. *key* names the thing; *send* brings it up to date."""

    def __init__(self, clock: Clock, *, sleep: Sleep = asyncio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._slots: OrderedDict[str, _Slot] = OrderedDict()

    async def send(self, key: str, send: Send) -> None:
        self._forget()
        slot = self._slots.setdefault(key, _Slot(send))
        slot.send, slot.asked, slot.waiting = send, slot.asked + 1, slot.waiting + 1
        mine = slot.asked
        try:
            async with slot.lock:
                if slot.sent < mine:
                    await self._send(slot)
        finally:
            slot.waiting -= 1
            self._slots.move_to_end(key)

    async def _send(self, slot: _Slot) -> None:
        wait = (slot.at + SPACING - self._clock.now()).total_seconds() if slot.at else 0.0
        if wait > 0:
            await self._sleep(wait)
        newest, send = slot.asked, slot.send
        slot.at = self._clock.now()
        await send()
        slot.sent = newest

    def _forget(self) -> None:
        """What was quiet for a second needs no remembering; the longest quiet are in front."""
        now = self._clock.now()
        while self._slots:
            key, slot = next(iter(self._slots.items()))
            if slot.waiting or (slot.at and slot.at + SPACING > now):
                return
            del self._slots[key]
