"""Going on with a case on another device: the page shows a QR code, the other device takes over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import Place, Visitor


@dataclass(frozen=True, slots=True)
class MoveOffered:
    """*token* is 256 random bits, shown once in the code and kept only as a hash."""

    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """*talk*: the conversation of the front door came along."""

    handle: str
    talk: bool


class Moves(Protocol):
    async def offer(self, handle: str, browser: str) -> MoveOffered:
        """For the browser that has the case; an earlier code is worth nothing any more. Raises Refused:
        as the case page does, and MOVE_OVER once approvers were asked."""
        ...

    async def look(self, token: str) -> bool:
        """Whether the code is still good. Changes nothing."""
        ...

    async def take(
        self, token: str, number: str, browser: str, visitor: Visitor, place: Place, *, shared: bool
    ) -> Moved:
        """Take over in the browser with that fresh hash: the other one's part ends, and what passed in it
        no longer counts. Raises Refused: MOVE_OVER, or WRONG_NUMBER, of which five end the code."""
        ...
