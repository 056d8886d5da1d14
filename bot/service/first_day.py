"""The demo's first day: printed codes in the drawer, and putting a person back to it.

Nothing of this exists under `serve`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from bot.core.events import Commanded
from bot.core.model import Command
from bot.core.records import (
    Attempt,
    Card,
    Case,
    ChatRow,
    Execution,
    Handover,
    Job,
    Limit,
    Line,
    RememberedBrowser,
    SavedCode,
    Sighting,
    Withdrawal,
)
from bot.ports.chat_pages import Chatter, Chatters, chat_of
from bot.ports.clock import Clock
from bot.ports.demo import Tenant
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service.codes import CodeBook
from bot.service.first_addresses import FirstAddresses
from bot.service.sightings import beside

PRINTED = timedelta(days=30)
"""How long ago the codes in the drawer were printed."""

_QUICK = PasswordHasher.from_parameters(CHEAPEST)
"""Everybody may look into these drawers, so nobody need wait seconds at each start for the making of
verifiers that are hard to guess from."""

WITH_CODES = ("employee", "hello_user", "executive", "agent")


class FirstDay:
    """Implements `ports.demo.StartOver`."""

    def __init__(
        self,
        store: Store,
        turns: Turns,
        codes: CodeBook,
        tenant: Tenant,
        chatters: Chatters,
        clock: Clock,
        addresses: FirstAddresses | None = None,
    ) -> None:
        self._addresses = addresses
        self._store = store
        self._turns = turns
        self._codes = codes
        self._tenant = tenant
        self._chatters = chatters
        self._clock = clock

    async def begin(self) -> None:
        """Print codes for whoever has some and has none here yet."""
        for person in WITH_CODES:
            chatter = self._chatters.find(person)
            if chatter and await self._codes.state(chatter.oid) == "none":
                await self._print(chatter)
        for one in self._chatters.all():
            await self._lay(one)

    async def _lay(self, chatter: Chatter) -> None:
        if self._addresses is not None:
            await self._addresses.lay(chatter.id, chatter.oid, self._clock.now())

    async def _print(self, chatter: Chatter) -> None:
        printed = self._clock.now() - PRINTED
        codes = self._codes.draw()
        rows = await self._codes.prepare(chatter.oid, codes, at=printed, counts_from=printed, hasher=_QUICK)
        await self._store.transact(lambda work: self._codes.keep(work, rows, by=chatter.oid, method="demo"))
        await self._tenant.put_codes(chatter.id, codes, printed)

    async def start_over(self, person: str) -> None:
        chatter = self._chatters.find(person)
        if person and chatter is None:
            return
        await self._tenant.start_over(person)
        for one in (chatter,) if chatter else self._chatters.all():
            await self._store.transact(partial(self._forget, chatter=one))
            self._store.notify(chat_of(one.id).key)
            if one.id in WITH_CODES:
                await self._print(one)
            await self._lay(one)

    def _forget(self, work: UnitOfWork, chatter: Chatter) -> None:
        at = self._clock.now()
        place = chat_of(chatter.id).key
        cases = {c.id: c for c in work.find(Case, place=place)}
        cases |= {c.id: c for c in work.find(Case, subject_oid=chatter.oid)}
        for found in cases.values():
            case = work.case(found.id)
            if case is not None and case.status != "ended":
                self._turns.take(
                    work, case, Commanded(Command.CANCEL), dedupe_key=f"start-over/{case.id}/{at}", at=at
                )
            self._end(work, found.id)
        for job in work.find(Job, lane=f"place:{place}", status="waiting"):
            work.put(replace(job, status="skipped"))  # or the new chat would begin with an old farewell
        for line in work.find(Line, place=place):
            work.remove(Line, line.effect_key)
        work.remove(ChatRow, place)
        for code in work.find(SavedCode, subject_oid=chatter.oid):
            work.remove(SavedCode, code.selector)
        if self._addresses is not None:
            self._addresses.forget(work, chatter.oid)
        for browser in work.find(RememberedBrowser, subject_oid=chatter.oid):
            work.remove(RememberedBrowser, browser.browser_hash)
        for owner in (chatter.oid, beside(chatter.oid)):
            for sighting in work.find(Sighting, subject_oid=owner):
                work.remove(Sighting, sighting.id)
        for execution in work.find(Execution, subject_oid=chatter.oid, status="closed"):
            work.remove(Execution, execution.id)  # or who recovered could vouch for nobody for a day
        for withdrawal in work.find(Withdrawal, status="open"):
            if withdrawal.subject_oid == chatter.oid:  # the sandbox has just taken the pass away
                work.put(replace(withdrawal, status="done", by_oid="demo", done_at=self._clock.now()))
        for limit in work.find(Limit):
            if chatter.oid in limit.id or place in limit.id or limit.id.startswith("open/network/"):
                work.remove(Limit, limit.id)

    def _end(self, work: UnitOfWork, case_id: str) -> None:
        at = self._clock.now()
        case = work.case(case_id)
        if case is not None:  # without its subject it is in nobody's history
            outcome, ended = (case.outcome, case.ended_at) if case.status == "ended" else ("started_over", at)
            work.put(replace(case, status="ended", outcome=outcome, ended_at=ended, subject_oid=""))
        for attempt in work.find(Attempt, case_id=case_id, status="open"):
            work.put(replace(attempt, status="ended", ended_reason="started_over"))
        for handover in work.find(Handover, case_id=case_id):
            if handover.sealed:
                work.put(replace(handover, status="destroyed", sealed=""))
        card = work.get(Card, case_id)
        if card is not None and card.status == "open":
            work.put(replace(card, status="done", version=card.version + 1))
