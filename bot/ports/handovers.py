"""The sealed pass, as the case page takes and finishes it."""

from __future__ import annotations

from typing import Protocol

from bot.core.records import Attempt, Handover


class Handovers(Protocol):
    async def claim(self, attempt: Attempt) -> Handover:
        """The sealed pass of this attempt, marked as shown; the same attempt may take it again until
        it is finished. Raises Refused for any other attempt, or when there is none (any more)."""
        ...

    async def finish(self, attempt: Attempt) -> None:
        """The person is done with it: the ciphertext is destroyed. Nothing happens without one."""
        ...
