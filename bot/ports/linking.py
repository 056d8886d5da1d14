"""Linking a chat account to a work account by its owner's own sign-in.

A link says whom the chat may be told personal things about. It is never proof: nothing that the policy
asks for is passed by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import Place, Reason
from bot.ports.sign_in import Redirect
from bot.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class LinkAsked:
    """What is shown in the account's own chat: the page behind ``link:<id>``, and the number to type
    there, which nobody else is shown."""

    id: str
    number: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """What the page may show to whoever opens it. *status*: open, done (in this browser) or over."""

    status: str
    channel: str
    tenant: str
    user: str
    until: datetime


class AccountLinks(Protocol):
    """What a chat account may want of its link; inside the transaction of what was pressed."""

    def ask(
        self, work: UnitOfWork, place: Place, user: str, *, locale: str, at: datetime
    ) -> LinkAsked | Reason | None:
        """Begin to link the account. None where there is nothing to link: the account is unknown here,
        or its platform itself names the work account."""
        ...

    def remove(self, work: UnitOfWork, place: Place, user: str, *, at: datetime) -> bool:
        """Take the link away; False when there was none."""
        ...


class LinkPages(Protocol):
    """The page behind a link. Raises Refused(UNKNOWN_CASE) for a handle that never was."""

    async def view(self, handle: str, browser: str) -> LinkView: ...

    async def sign(self, handle: str, number: str, browser: str) -> Redirect:
        """Leave for the sign-in that links. Raises Refused: WRONG_CODE for another number than the one
        in the account's own chat, LINK_OVER after five of them, or too late."""
        ...
