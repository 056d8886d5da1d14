"""Saved codes, as the proof that uses them needs them."""

from __future__ import annotations

from typing import Protocol

from bot.core.model import Reason
from bot.ports.store import UnitOfWork


class SavedCodes(Protocol):
    async def verify(self, subject_oid: str, typed: str) -> str | Reason:
        """The selector of a good code of that subject, or why not (WRONG_CODE, USED_CODE,
        YOUNG_CODE). Changes nothing; Argon2 runs in a thread, outside every transaction, and an
        unknown subject or selector takes as long as a known one."""
        ...

    def consume(self, work: UnitOfWork, selector: str) -> bool:
        """Use the code up, in the transaction of the evidence; False when another was first."""
        ...

    async def state(self, subject_oid: str) -> str:
        """`good`, `young` (none counts yet) or `none`."""
        ...
