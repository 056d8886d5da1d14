"""Naming a helper: somebody who may stand in with their own browser for a person who has none.

The person, or an agent who speaks with them, names a work address of the closed set. The page answers
alike for every address; an agent hears who may not. Nobody is written to: the two sit beside each other.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.facts import Person, Unreadable
from bot.core.helping import may_help
from bot.core.law import Law
from bot.core.model import Oid, Reason
from bot.core.records import Attempt, Case, Check, Evidence, Helping, Request, Session
from bot.errors import KeyturnError, Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.store import Among, Store, UnitOfWork
from bot.service import helping
from bot.service.arrivals import leads
from bot.service.attempts import Attempts
from bot.service.cards import refresh
from bot.service.chance import new_id
from bot.service.helper_set import HelperSet
from bot.service.keys import Keys, hashed
from bot.service.membership import Membership
from bot.service.stops import Stops

MOST_NAMED = 5
"""Helpers that a page may name in one case a day."""


class Naming:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        law: Law,
        directory: Directory,
        closed_set: HelperSet,
        attempts: Attempts,
        stops: Stops,
    ) -> None:
        self._store, self._clock, self._entropy, self._keys = store, clock, entropy, keys
        self._law, self._directory, self._set = law, directory, closed_set
        self._attempts, self._stops = attempts, stops
        self._members = Membership(directory, clock, law.agents)

    async def name(self, handle: str, browser: str, address: str) -> None:
        at = self._clock.now()
        case, attempt = await self._store.read(
            lambda work: self._attempts.readable(work, handle, browser, at)
        )
        if attempt.helper_oid:
            raise Refused(Reason.PROOF_CLOSED)
        person, role = await self._found(address, case.subject_oid)

        def fn(work: UnitOfWork) -> None:
            case, own = self._attempts.usable(work, handle, browser, at)
            if not leads(work, case, own):  # a helper's sign-in ends every other page of the case
                raise Refused(Reason.PROOF_CLOSED)
            if work.bump(f"helper/{case.id}", until=at + timedelta(days=1)) > MOST_NAMED:
                raise Refused(Reason.TOO_MANY)
            if self._busy(work, case) or self._elsewhere(work, case, own):
                raise Refused(Reason.PROOF_CLOSED)
            self._add(work, case, person if role else None, role, "", at)

        await self._store.transact(fn)
        self._store.notify(case.id)

    async def name_for(self, case_id: str, agent: Session, address: str) -> None:
        await self._members.demand(agent.oid)
        at = self._clock.now()
        case = await self._store.read(lambda work: work.get(Case, case_id))
        if case is None or not case.subject_oid:
            raise Refused(Reason.SUBJECT_CHANGED)
        person, role = await self._found(address, case.subject_oid)
        if person is None or not role:
            raise Refused(Reason.HELPER_REFUSED)

        def fn(work: UnitOfWork) -> None:
            now = work.case(case_id)
            if now is None or now.status not in ("open", "with_person"):
                raise Refused(Reason.CASE_ENDED)
            if self._busy(work, now):
                raise Refused(Reason.PROOF_CLOSED)
            self._add(work, now, person, role, agent.oid, at)

        await self._store.transact(fn)
        self._store.notify(case_id)

    async def name_for_number(self, number: str, agent: Session, address: str) -> None:
        digits = "".join(c for c in number if c.isdigit() and c.isascii())
        case = await self._store.read(lambda work: work.first(Case, number=digits))
        if case is None:
            raise Refused(Reason.UNKNOWN_CASE)
        await self.name_for(case.id, agent, address)

    async def _found(self, address: str, subject: str) -> tuple[Person | None, str]:
        """Whom an address names, and why they may help; ("" where they may not, or cannot be read)."""
        try:
            person = await self._directory.find(address.strip().lower())
            about = await self._directory.person(Oid(subject)) if subject else None
        except KeyturnError:
            return None, ""
        if person is None or about is None or not may_help(self._law, person):
            return None, ""
        if self._law.humans.same(person, about):
            return None, ""
        role = await self._set.role(person.oid, subject)
        return (person, role) if not isinstance(role, Unreadable) else (None, "")

    def _busy(self, work: UnitOfWork, case: Case) -> bool:
        """Once approvers are asked, the page that asks is settled."""
        return work.first(Request, case_id=case.id, status=Among(("open", "executing"))) is not None

    def _elsewhere(self, work: UnitOfWork, case: Case, own: Attempt) -> bool:
        """Whether somebody else's browser has proven something here: it alone may give its part away."""
        if case.proven_at is None:
            return False
        return work.first(Evidence, attempt_id=own.id, voided_at=None) is None

    def _add(
        self, work: UnitOfWork, case: Case, person: Person | None, role: str, by: str, at: datetime
    ) -> None:
        for row in work.find(Helping, case_id=case.id):
            if row.status in helping.LIVE:
                self._end(work, case, row, "named_anew", at)
        ident = new_id(self._entropy, at)
        row = Helping(
            ident, hashed(self._keys.handle("helper", ident)), case.id, person.oid if person else "",
            person.name if person else "", role, by, at, at + helping.ASKED_FOR, "asked", "", None,
            "", "", "",
        )  # fmt: skip
        helping.keep(work, self._keys, row)
        self._audit(
            work, case, at, Tag.HELPER_NAMED, by or "person", helping=ident, helper=row.helper_oid, role=role
        )
        refresh(work, case.id, f"helper/{ident}", at)

    def _end(self, work: UnitOfWork, case: Case, row: Helping, why: str, at: datetime) -> None:
        helping.keep(work, self._keys, row, status="ended", ended_reason=why)
        attempt = work.get(Attempt, row.attempt_id) if row.attempt_id else None
        if attempt is not None and attempt.status == "open":
            self._close(work, attempt, why, at)
        self._audit(work, case, at, Tag.HELPER_ENDED, "bot", helping=row.id, helper=row.helper_oid, why=why)

    def _close(self, work: UnitOfWork, attempt: Attempt, why: str, at: datetime) -> None:
        work.put(replace(attempt, status="ended", ended_reason=why, challenge="", challenge_wire=""))
        self._stops.void(work, attempt.id, "helper", at)  # given away, not doubted
        for check in work.find(Check, attempt_id=attempt.id):
            if check.status in ("asked", "signed"):
                work.put(replace(check, status="ended", ended_reason=why))

    def _audit(
        self,
        work: UnitOfWork,
        case: Case,
        at: datetime,
        tag: Tag,
        actor: str,
        *,
        auth_time: datetime | None = None,
        **body: Any,
    ) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor=actor,
                actor_auth_time=auth_time, subject=case.subject_oid, **body,
            )
        )  # fmt: skip
