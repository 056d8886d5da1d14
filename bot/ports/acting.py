"""Privileged changes in the approver's own name (delegated token of the `act` registration)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.core.facts import LivePass
from bot.core.model import Oid


class ActToken:
    """A delegated access token, used once and dropped. Its repr shows nothing."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "ActToken(…)"


@dataclass(frozen=True, slots=True)
class IssuedPass:
    """A pass just made; *value* never shows in a repr."""

    id: str
    value: str = field(repr=False)
    lifetime_minutes: int = 0
    starts_at: datetime | None = None


class ActsRefused(Exception):
    """Graph said a clear no (4xx): nothing was changed. *status* and *code* are Graph's."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code
        super().__init__(f"graph refused: {status} {code}")


class ActsUnknown(Exception):
    """Time-out, 5xx, an empty answer: the change may or may not have been made."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"outcome unknown: {why}")


class Acting(Protocol):
    """Each call reaches Graph exactly once: no retry, no redirect, no claims re-send.
    Raises ActsRefused or ActsUnknown."""

    async def issue_pass(self, token: ActToken, oid: Oid, *, minutes: int, once: bool) -> IssuedPass: ...

    async def remove_method(self, token: ActToken, oid: Oid, *, method_type: str, method_id: str) -> None:
        """A method already gone (404) counts as done."""
        ...

    async def forget_devices(self, token: ActToken, oid: Oid) -> None: ...

    async def list_passes(self, token: ActToken, oid: Oid) -> LivePass | None: ...

    async def withdraw_pass(self, token: ActToken, oid: Oid, pass_id: str) -> None:
        """Delete a pass; 404 counts as done."""
        ...
