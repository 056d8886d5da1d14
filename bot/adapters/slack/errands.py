"""What is done after the acknowledgement and may be lost with the process: looks, never facts.

Settling a pressed message, drawing App Home, opening a form: each is done again by the next press, and
the engine refuses an old button whether or not it still looks alive.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from bot.errors import PermanentError, TransientError

log = logging.getLogger("keyturn.slack")
MOST = 200
"""More at once than this are not begun: a flood must not take the memory. What somebody waits for with
a window open (*urgent*) has as much room again."""


class Errands:
    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, errand: Coroutine[Any, Any, object], *, urgent: bool = False) -> None:
        if len(self._under_way) >= (2 * MOST if urgent else MOST):
            errand.close()
            log.warning("an errand was not begun: too many under way")
            return
        task = asyncio.create_task(_run(errand))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def done(self) -> None:
        """Until those under way, and what they began, are through."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    async def close(self, seconds: float) -> None:
        """As `done`, for at most *seconds*."""
        try:
            async with asyncio.timeout(seconds):
                await self.done()
        except TimeoutError:
            for task in self._under_way:
                task.cancel()


async def _run(errand: Coroutine[Any, Any, object]) -> None:
    try:
        await errand
    except (TransientError, PermanentError) as err:
        log.info("errand left undone: %s", err)
    except Exception as err:  # noqa: BLE001 - nobody waits for it; class only, a text may quote somebody
        log.warning("errand failed: %s", type(err).__name__)
