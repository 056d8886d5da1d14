"""My page's further ways back in: addresses, remembered browsers, recovery contacts.

Each change takes a fresh enrolment sign-in (`service.grants`); reading takes a session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.core.records import Session


@dataclass(frozen=True, slots=True)
class AddressKept:
    """An address, masked. *proven* False: its code was not typed back yet."""

    id: str
    masked: str
    proven: bool
    added_at: datetime
    counts_from: datetime | None
    counts: bool
    tries_left: int = 0


@dataclass(frozen=True, slots=True)
class BrowserKept:
    """A browser that keeps a key of its own since an enrolment."""

    id: str
    device: str
    since: datetime
    counts_from: datetime
    counts: bool
    thumbprint: str


@dataclass(frozen=True, slots=True)
class ContactKept:
    """A recovery contact, or somebody who named this person as one. *name* is the directory's label."""

    id: str
    name: str
    agreed: bool
    counts_from: datetime | None
    counts: bool


@dataclass(frozen=True, slots=True)
class WaysView:
    """*may_change*, *may_remember*: a fresh enrolment sign-in waits to be used for that. *mail*: letters
    leave here, so that addresses are of use."""

    addresses: Sequence[AddressKept] = ()
    browsers: Sequence[BrowserKept] = ()
    mail: bool = False
    may_change: bool = False
    may_remember: bool = False
    contacts: Sequence[ContactKept] = ()
    named_by: Sequence[ContactKept] = ()


@dataclass(frozen=True, slots=True)
class KeyTest:
    """What a new browser key must open to be remembered. *ticket* comes back with the answer."""

    wire: Mapping[str, Any]
    info: str
    ticket: str


class MyWays(Protocol):
    async def view(self, session: Session) -> WaysView: ...

    async def add_address(self, session: Session, typed: str) -> None:
        """Send a code to a new address. Spends the sign-in. Raises Refused(WORK_MAILBOX) for a mailbox
        of the company, which nobody reads who is locked out."""
        ...

    async def prove_address(self, session: Session, ident: str, typed: str) -> None:
        """The code that came there: from then on its wait runs."""
        ...

    async def again(self, session: Session, ident: str) -> None:
        """Another code to an address not proven yet; gives no try back."""
        ...

    async def remove_address(self, session: Session, ident: str) -> None:
        """Stops counting at once; the address itself still hears of it. Spends the sign-in."""
        ...

    async def test_browser(self, session: Session, jwk: Mapping[str, Any]) -> KeyTest:
        """A challenge for a key that a browser just made. Changes nothing."""
        ...

    async def remember_browser(self, session: Session, *, ticket: str, answer: str, device: str) -> None:
        """Remember the browser whose key opened the challenge. Spends the sign-in's second leave."""
        ...

    async def forget_browser(self, session: Session, ident: str) -> None:
        """Needs no fresh sign-in: it takes away, and only from who forgets."""
        ...

    async def name_contact(self, session: Session, typed: str) -> None:
        """Ask a colleague, by work address, to be a recovery contact. Spends the sign-in."""
        ...

    async def agree(self, session: Session, ident: str) -> None:
        """Agree to be somebody's contact. Spends the sign-in."""
        ...

    async def end_contact(self, session: Session, ident: str) -> None:
        """Either of the two ends it. The one who named spends a sign-in on it."""
        ...
