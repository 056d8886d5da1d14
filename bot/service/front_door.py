"""The front door's books: which browser has which conversation, and coming to a case by its number.

A wrong number, an unknown address and a pair that does not fit take the same way: counted first, one
look in the directory, one transaction, and an answer that is never quicker than `STEADY`. A number's
budget counts what was typed, so that it does not tell which numbers exist.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.core.audit import Tag, audit_row
from bot.core.model import Place, Reason, Visitor
from bot.core.records import Attempt, Case, ChatRow
from bot.errors import PermanentError, Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.front_door import BrowserOf, Visit
from bot.ports.store import Store, UnitOfWork
from bot.service.arrivals import Arrivals
from bot.service.attempts import Attempts, closed
from bot.service.chance import new_id
from bot.service.keys import Keys
from bot.service.limits import Limits

STEADY = 0.8
"""Seconds; the directory's own answers lie well below."""
LENGTH = 6
"""Digits of a case number."""
_OPEN = ("open", "with_person")


class FrontDoorService:
    """Implements `ports.front_door.FrontDoor`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        directory: Directory,
        attempts: Attempts,
        limits: Limits,
        arrivals: Arrivals,
        *,
        learn: Callable[[str], Awaitable[bool]],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """*learn* makes sure that a flow version of another replica is known here."""
        self._store, self._clock, self._entropy, self._keys = store, clock, entropy, keys
        self._directory, self._attempts, self._limits = directory, attempts, limits
        self._arrivals, self._learn, self._pause = arrivals, learn, pause

    # --- the browser that opens ------------------------------------------------------------------

    async def visit(self, place: Place, browser_of: BrowserOf) -> Visit:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Visit:
            row = work.get(ChatRow, place.key)
            if row is None or not row.case_id:
                return Visit("talk", locale=row.locale if row else "")
            case = work.get(Case, row.case_id)
            if case is None or case.place != place.key:
                return Visit("elsewhere")
            handle = self._keys.handle("case", case.id)
            attempt = self._attempts.of_browser(work, case, browser_of(handle))
            state = self._state(work, case, attempt, at)
            return Visit(state, handle, case.number, case.locale, attempt.shared if attempt else False)

        return await self._store.read(fn)

    def _state(self, work: UnitOfWork, case: Case, attempt: Attempt | None, at: datetime) -> str:
        if attempt is None:  # until `settle`, nobody has it
            return "elsewhere" if work.first(Attempt, case_id=case.id) else "open"
        if attempt.status == "ended" or attempt.expires_at <= at:
            return "elsewhere" if attempt.ended_reason == "moved" else "closed"
        why = closed(case, attempt, at)
        return "over" if why is Reason.CASE_ENDED else "open"

    async def admit(self, place: Place, network: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> bool:
            row = work.get(ChatRow, place.key)
            case = work.get(Case, row.case_id) if row and row.case_id else None
            if case is not None and case.proven_at is not None:
                return True
            return self._limits.talking(work, network=network, at=at)

        if not await self._store.transact(fn):
            raise Refused(Reason.TOO_MANY)

    async def settle(self, place: Place, browser: str, visitor: Visitor, *, shared: bool) -> str:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> str:
            row = work.get(ChatRow, place.key)
            case = work.case(row.case_id) if row and row.case_id else None
            if case is None or case.place != place.key or case.status not in _OPEN:
                return ""
            if work.first(Attempt, case_id=case.id) is not None:
                return ""
            self._attempts.enter(work, case, browser, visitor, at, shared=shared, via="door")
            return case.id

        case_id = await self._store.transact(fn)
        return self._keys.handle("case", case_id) if case_id else ""

    # --- the browser that comes later --------------------------------------------------------------

    async def claim(
        self, place: Place, number: str, address: str, browser: str, visitor: Visitor, *, shared: bool
    ) -> str:
        began = asyncio.get_running_loop().time()
        case_id = await self._claim(place, _digits(number), address, browser, visitor, shared)
        if not case_id:
            await self._pause(max(0.0, STEADY - (asyncio.get_running_loop().time() - began)))
            raise Refused(Reason.NO_SUCH_CASE)
        self._store.notify(case_id)
        self._store.notify(place.key)
        return self._keys.handle("case", case_id)

    async def _claim(
        self, place: Place, number: str, address: str, browser: str, visitor: Visitor, shared: bool
    ) -> str:
        at = self._clock.now()

        def counted(work: UnitOfWork) -> tuple[bool, bool, str]:
            network, typed = self._limits.claiming(work, network=visitor.network, number=number, at=at)
            case = work.first(Case, number=number)
            return network, typed, case.flow_hash if case else ""

        network, typed, flow_hash = await self._store.transact(counted)
        if not network:
            raise Refused(Reason.TOO_MANY)
        if flow_hash:
            await self._learn(flow_hash)
        try:
            person = await self._directory.find(address)
        except PermanentError:
            person = None
        now = self._clock.now()

        def fn(work: UnitOfWork) -> str:
            found = work.first(Case, number=number)
            case = work.case(found.id) if found else None
            said, meant = str(person.oid) if person else "-", case.subject_oid if case else ""
            fits = hmac.compare_digest(said.encode(), (meant or "?").encode())
            if case is None or not fits or not typed or case.status not in _OPEN:
                self._audit(work, case, now, visitor)
                return ""
            if not self._limits.claimed(work, network=visitor.network, number=number, at=at):
                self._audit(work, case, now, visitor)
                return ""
            attempt = self._attempts.enter(work, case, browser, visitor, now, shared=shared, via="number")
            self._arrivals.arrive(work, case, attempt, place, now)
            return case.id

        return await self._store.transact(fn)

    def _audit(self, work: UnitOfWork, case: Case | None, at: datetime, visitor: Visitor) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.ATTEMPT_REFUSED, case_id=case.id if case else "",
                actor="person", network=visitor.network, via="number",
            )
        )  # fmt: skip


def _digits(typed: str) -> str:
    """The digits of a typed number; "" for what is none, which may be anything and is not kept."""
    digits = "".join(char for char in typed if char.isdigit() and char.isascii())
    return digits if len(digits) == LENGTH else ""
