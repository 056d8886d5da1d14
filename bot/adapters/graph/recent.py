"""A directory for pages: what was read a few seconds ago is read again from memory.

Kept are single reads and, of `facts`, methods and live pass, whose budget is the tightest; rank,
groups and risk are asked of Graph each time. What is decided reads through no memory at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.core.facts import AccountFacts, LivePass, Method, PassPolicy, Person, Read, Unreadable
from bot.core.model import Oid
from bot.ports.clock import Clock
from bot.ports.directory import Directory

T = TypeVar("T")
FRESH = timedelta(seconds=15)
_MOST = 2000


class RecentDirectory:
    """The port `Directory` over another; failures are not kept."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[datetime, Any]] = {}

    async def person(self, oid: Oid) -> Person | None:
        return await self._once("person", oid, self._directory.person)

    async def find(self, address: str) -> Person | None:
        return await self._directory.find(address)

    async def manager(self, oid: Oid) -> Person | None:
        return await self._once("manager", oid, self._directory.manager)

    async def photo(self, oid: Oid) -> tuple[str, bytes] | None:
        return await self._once("photo", oid, self._directory.photo)

    async def methods(self, oid: Oid) -> tuple[Method, ...]:
        return await self._once("methods", oid, self._directory.methods)

    async def live_pass(self, oid: Oid) -> LivePass | None:
        return await self._directory.live_pass(oid)

    async def sessions_since(self, oid: Oid) -> datetime | None:
        return await self._directory.sessions_since(oid)

    async def pass_policy(self) -> Read[PassPolicy]:
        return await self._directory.pass_policy()

    async def sign_ins(self, oid: Oid) -> Read[tuple[dict[str, object], ...]]:
        return await self._once("sign_ins", oid, self._directory.sign_ins)

    async def facts(self, oid: Oid, *, groups: tuple[str, ...], methods: bool = True) -> AccountFacts:
        both = self._recent("both", oid) if methods else None
        if both is not None:
            facts = await self._directory.facts(oid, groups=groups, methods=False)
            return replace(facts, methods=both[0], live_pass=both[1])
        facts = await self._directory.facts(oid, groups=groups, methods=methods)
        if (
            methods
            and not isinstance(facts.methods, Unreadable)
            and not isinstance(facts.live_pass, Unreadable)
        ):
            self._keep("both", oid, (facts.methods, facts.live_pass))
            self._keep("methods", oid, facts.methods)
        return facts

    async def _once(self, what: str, oid: Oid, read: Callable[[Oid], Awaitable[T]]) -> T:
        found = self._kept.get((what, oid))
        if found is not None and self._fresh(found[0]):
            value: T = found[1]
            return value
        value = await read(oid)
        self._keep(what, oid, value)
        return value

    def _recent(self, what: str, oid: Oid) -> Any:
        found = self._kept.get((what, oid))
        return found[1] if found is not None and self._fresh(found[0]) else None

    def _fresh(self, at: datetime) -> bool:
        return timedelta(0) <= self._clock.now() - at < FRESH

    def _keep(self, what: str, oid: Oid, value: Any) -> None:
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[what, oid] = (self._clock.now(), value)
