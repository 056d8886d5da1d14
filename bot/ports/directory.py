"""Reading people, methods and roles (application permissions, the `reader` registration)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot.core.facts import AccountFacts, LivePass, Method, PassPolicy, Person, Read
from bot.core.model import Oid


class Directory(Protocol):
    """Reads only. Single reads raise TransientError or PermanentError; `facts` never raises but
    returns `Unreadable` per part. All are by object id except `find`."""

    async def person(self, oid: Oid) -> Person | None: ...

    async def find(self, address: str) -> Person | None:
        """By user principal name or mail; more than one hit is None."""
        ...

    async def manager(self, oid: Oid) -> Person | None: ...

    async def photo(self, oid: Oid) -> tuple[str, bytes] | None:
        """(content type, bytes)."""
        ...

    async def methods(self, oid: Oid) -> tuple[Method, ...]: ...

    async def live_pass(self, oid: Oid) -> LivePass | None: ...

    async def pass_policy(self) -> Read[PassPolicy]: ...

    async def sessions_since(self, oid: Oid) -> datetime | None:
        """Sessions begun before this no longer count; what a call to sign out everywhere moves."""
        ...

    async def sign_ins(self, oid: Oid) -> Read[tuple[dict[str, object], ...]]:
        """Newest first: {"at","error","country","app"}; Unreadable("unlicensed") without P1."""
        ...

    async def facts(self, oid: Oid, *, groups: tuple[str, ...], methods: bool = True) -> AccountFacts:
        """Everything `decide` needs about one account; *groups* are the ids to test membership of.
        *methods* False leaves methods and live pass `Unreadable("unread")`: they cost the tightest
        of all budgets, and nobody asks about those of an approver."""
        ...


class AppTokens(Protocol):
    """Where the reader's access tokens come from. Raises TransientError or PermanentError."""

    async def token(self) -> str: ...

    async def renew(self) -> None:
        """The token was refused though it should be good: the next one is to be new."""
        ...
