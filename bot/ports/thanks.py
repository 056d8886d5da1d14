"""Thanks: what a person may send back to whoever helped, once for each case and without words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import Place, Reason
from bot.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Helped:
    """Who helped in a case that is over, by first name; *given*: they were thanked already."""

    names: tuple[str, ...]
    given: bool


class Gratitude(Protocol):
    def helped(self, work: UnitOfWork, case_id: str) -> Helped | None:
        """Inside a transaction; None while the case runs, and where nobody helped."""
        ...

    def said(self, work: UnitOfWork, place: Place, case_id: str, at: datetime) -> Helped | Reason:
        """The person pressed the button in the case's own chat. Pressing it again changes nothing."""
        ...

    async def pressed(self, handle: str, browser: str) -> None:
        """The same on the case page. Raises Refused for a browser that is not of this case."""
        ...
