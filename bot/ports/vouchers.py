"""Asking a manager, as the case page needs it."""

from __future__ import annotations

from typing import Protocol

from bot.core.model import Reason
from bot.core.records import Attempt, Case


class Vouchers(Protocol):
    async def ask(self, case: Case, attempt: Attempt) -> Reason | None:
        """Ask the subject's manager (or configured deputy) to vouch for this attempt, or say why
        not. Asking twice is asking once."""
        ...

    async def has_manager(self, subject_oid: str) -> bool: ...
