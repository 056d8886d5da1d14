"""Asking a manager to vouch, and the page on which they do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import Reason
from bot.core.records import Attempt, Case, Session
from bot.ports.checks import Seen, ShownDigits
from bot.ports.sign_in import Redirect


class Vouchers(Protocol):
    """As the case page needs it."""

    async def ask(self, case: Case, attempt: Attempt) -> Reason | None:
        """Ask the subject's manager (or configured deputy) to vouch for this attempt, or say why
        not. Asking twice is asking once."""
        ...

    async def ask_contact(self, case: Case, attempt: Attempt, contact: str) -> Reason | None:
        """The same of a recovery contact, named by the id of their row."""
        ...

    async def has_manager(self, subject_oid: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class VoucherView:
    """Who asks, from where, since when. *barred* says why this manager cannot vouch now."""

    name: str
    upn: str
    department: str
    number: str
    asked_at: datetime
    at: datetime
    channel: str
    seen: Seen
    status: str  # asked, signed, passed, failed, ended
    digits: ShownDigits | None
    barred: Reason | None


@dataclass(frozen=True, slots=True)
class VoucherGlance:
    """What may change while the page is open; read without asking Graph."""

    status: str
    digits: ShownDigits | None
    present: bool


class VoucherPages(Protocol):
    """The voucher page. Handles and sessions that fit nothing raise Refused(UNKNOWN_CASE)."""

    async def exists(self, handle: str) -> bool:
        """Whether the page may ask for a sign-in; nothing personal is shown before one."""
        ...

    async def open(self, handle: str, browser_hash: str) -> Redirect:
        """Sign in to read who asks."""
        ...

    async def view(self, handle: str, session: Session) -> VoucherView: ...

    async def glance(self, handle: str, session: Session) -> VoucherGlance: ...

    async def sign(self, handle: str, session: Session, *, how: str, browser_hash: str) -> Redirect:
        """Begin the manager's own fresh sign-in, bound to attempt, page key and *how* (`VouchHow`)."""
        ...

    async def refuse(self, handle: str, session: Session) -> None:
        """ "I do not know of this": freezes the case and alerts."""
        ...

    async def asked_of(self, oid: str, number: str) -> str | None:
        """The id of the open voucher for case *number* that *oid* may give, or None. What a chat
        answers to `confirm <number>`; it grants nothing, the page asks for a sign-in."""
        ...
