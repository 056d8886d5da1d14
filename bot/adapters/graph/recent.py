"""A directory for pages: what was read a few seconds ago is read again from memory.

Only single reads are kept, for showing. `facts`, which decisions are made of, always asks Graph.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.core.facts import AccountFacts, LivePass, Method, PassPolicy, Person, Read
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

    async def pass_policy(self) -> Read[PassPolicy]:
        return await self._directory.pass_policy()

    async def sign_ins(self, oid: Oid) -> Read[tuple[dict[str, object], ...]]:
        return await self._once("sign_ins", oid, self._directory.sign_ins)

    async def facts(self, oid: Oid, *, groups: tuple[str, ...], methods: bool = True) -> AccountFacts:
        return await self._directory.facts(oid, groups=groups, methods=methods)

    async def _once(self, what: str, oid: Oid, read: Callable[[Oid], Awaitable[T]]) -> T:
        at = self._clock.now()
        found = self._kept.get((what, oid))
        if found is not None and timedelta(0) <= at - found[0] < FRESH:
            value: T = found[1]
            return value
        value = await read(oid)
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[what, oid] = (at, value)
        return value
