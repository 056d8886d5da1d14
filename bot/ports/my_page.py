"""My page: what a person has enrolled, since when it counts, and making saved codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.core.records import Session
from bot.ports.sign_in import Redirect


@dataclass(frozen=True, slots=True)
class CodesKept:
    """One set of saved codes: how many are left and since (or until) when it counts."""

    left: int
    used: int
    made_at: datetime
    counts_from: datetime
    counts: bool


@dataclass(frozen=True, slots=True)
class MethodKept:
    """A sign-in method and since when it is known; *baseline*: since Keyturn was installed."""

    type: str
    label: str
    since: datetime | None
    baseline: bool


@dataclass(frozen=True, slots=True)
class ChatKept:
    """A chat account that is linked to this work account; *account* names it in a form."""

    account: str
    channel: str
    tenant: str
    user: str
    since: datetime


@dataclass(frozen=True, slots=True)
class MyView:
    """*may_make*: a fresh enrolment sign-in waits to be used."""

    name: str
    at: datetime
    codes: Sequence[CodesKept]
    methods: Sequence[MethodKept] | None  # None: could not be read now
    may_make: bool
    chats: Sequence[ChatKept] = ()


@dataclass(frozen=True, slots=True)
class CodeSheet:
    """Ten codes, shown once. Their repr shows none."""

    codes: tuple[str, ...] = field(repr=False)
    name: str
    made_at: datetime
    counts_from: datetime
    slow: bool


class MyPage(Protocol):
    async def view(self, session: Session) -> MyView: ...

    async def sign_in(self, browser_hash: str) -> Redirect:
        """Open my page: any sign-in will do, it only reads."""
        ...

    async def enrol(
        self, session: Session, browser_hash: str, *, slow: bool, what: str = "codes"
    ) -> Redirect:
        """A fresh sign-in of the same person, before something is enrolled or changed. *slow*: without a
        phishing-resistant method; *what*: the part of the page to come back to."""
        ...

    async def make(self, session: Session) -> CodeSheet:
        """Make ten codes, once per enrolment sign-in. Raises Refused(STALE_SIGN_IN) without one."""
        ...

    async def unlink(self, session: Session, account: str) -> None:
        """Take a chat account's link away. Raises Refused(NOT_YOURS) for one of somebody else."""
        ...
