"""Browser sessions of the desk, my page and the voucher page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from bot.core.records import Session
from bot.ports.sign_in import SignedIn


class Sessions(Protocol):
    """A session can read and deny. It never approves: that takes a fresh sign-in each time."""

    async def open(self, kind: str, who: SignedIn, facts: Mapping[str, Any]) -> str:
        """Open a session of *kind* (`desk`, `me`, `voucher`) and return the cookie's new value."""
        ...

    async def current(self, kind: str, value: str, *, touch: bool = True) -> Session | None:
        """The session behind a cookie, or None when there is none, or it is over, too old or idle
        too long. *touch* marks it as used; pages that poll by themselves pass False."""
        ...

    async def close(self, kind: str, value: str) -> None:
        """End it; nothing happens when there is none."""
        ...

    async def close_all(self, oid: str) -> None:
        """End every session of a person, as when the account was disabled."""
        ...
