"""Outages: what is broken for everybody, told once by an agent and shown everywhere until it is over.

Telling of one takes a desk session and is no privileged act: it changes no account. While one is on
that pauses, requests wait; what a person asked for opens by itself when it is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.core.model import Place, Reason
from bot.core.records import Session
from bot.ports.store import UnitOfWork

LONGEST = timedelta(hours=12)
"""From now; who still sees it then says so again."""
LONGEST_TEXT = 200


class What(StrEnum):
    """What does not work. Each has words of its own; `other` brings its text."""

    SIGN_IN = "sign_in"
    MFA_PUSH = "mfa_push"
    SMS_VOICE = "sms_voice"
    DIRECTORY = "directory"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class OutageView:
    """One outage that is on. *text* is by locale and for people to read, never markup."""

    id: str
    what: str
    started_at: datetime
    until: datetime
    by: str
    pauses: bool
    text: Mapping[str, str] = field(default_factory=dict)
    wishes: int = 0  # people who want to hear of the end
    held: int = 0  # requests that wait


class Outages(Protocol):
    async def now(self) -> OutageView | None:
        """The outage that is on."""
        ...

    def shown(self) -> OutageView | None:
        """The same without waiting, as of a moment ago; pages of one request ask for it many times."""
        ...

    async def freshen(self) -> None:
        """Read anew what `shown` tells, where that is due. Raises nothing."""
        ...

    async def start(
        self, agent: Session, what: str, *, span: timedelta, pauses: bool, texts: Mapping[str, str]
    ) -> None:
        """Raises Refused(BAD_FORM); Refused(TALK_LINK) for words that name an address; or
        Refused(DECIDED_ALREADY) while another one is on."""
        ...

    async def extend(self, agent: Session, ident: str, *, span: timedelta) -> None:
        """Until *span* from now. Raises Refused."""
        ...

    async def end(self, agent: Session, ident: str) -> None:
        """It is fixed. Raises Refused."""
        ...

    async def tell(self, handle: str, browser: str) -> None:
        """The person at a case page wants to hear of the end. Raises Refused."""
        ...

    def wished(self, work: UnitOfWork, place: Place, ident: str, locale: str, at: datetime) -> Reason | None:
        """The same, pressed in a chat; inside a transaction. None when it is noted."""
        ...
