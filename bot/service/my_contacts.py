"""Naming a recovery contact on my page, and agreeing to be one: a fresh sign-in each.

A contact is a colleague in the directory, another human, and not the own manager, whose word is a proof
of its own. Asking and agreeing are told to both by mail; counting starts when the contact agreed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.facts import Person
from bot.core.humans import Humans
from bot.core.model import Oid, ProofKind, Reason
from bot.core.records import Contact, Evidence, Session
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.my_ways import ContactKept
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id
from bot.service.contacts import ContactBook
from bot.service.grants import SLOW, spend, wait_of
from bot.service.notices import notice_job
from bot.service.stops import Stops

MOST = 3


class MyContacts:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        directory: Directory,
        book: ContactBook,
        humans: Humans,
        stops: Stops,
    ) -> None:
        self._store, self._clock, self._entropy, self._stops = store, clock, entropy, stops
        self._directory, self._book, self._humans = directory, book, humans

    async def kept(self, oid: str) -> tuple[tuple[ContactKept, ...], tuple[ContactKept, ...]]:
        """(whom this person named, who named this person)."""
        at = self._clock.now()
        mine, others = await self._store.read(
            lambda work: (self._book.of(work, oid), self._book.named(work, oid))
        )
        return (
            tuple([await self._shown(row, row.contact_oid, at) for row in mine]),
            tuple([await self._shown(row, row.subject_oid, at) for row in others]),
        )

    async def _shown(self, row: Contact, oid: str, at: datetime) -> ContactKept:
        try:
            person = await self._directory.person(Oid(oid))
        except (TransientError, PermanentError):
            person = None
        name = person.name if person else ""
        return ContactKept(row.id, name, row.status == "good", row.counts_from, self._book.counts(row, at))

    # --- naming ----------------------------------------------------------------------------------

    async def name(self, session: Session, typed: str) -> None:
        at, oid = self._clock.now(), session.oid
        contact = await self._found(oid, typed)

        def fn(work: UnitOfWork) -> None:
            work.bump(f"contacts/{oid}", until=at + SLOW)  # two at once meet here
            known = self._book.of(work, oid)
            if any(row.contact_oid == contact.oid for row in known):
                raise Refused(Reason.KNOWN_ALREADY)
            if len(known) >= MOST:
                raise Refused(Reason.TOO_MANY)
            strong = spend(work, session, at)
            row = self._book.put(
                work,
                Contact(
                    new_id(self._entropy, at), oid, contact.oid, "asked", strong, at, None, None, None, ""
                ),
            )
            self._audit(work, Tag.CONTACT_NAMED, row, at, oid)
            work.enqueue(
                [
                    notice_job(f"contact/{row.id}/asked", "contact_asked", oid=contact.oid, at=at, stops="-",
                               name=session.name),
                    notice_job(f"contact/{row.id}", "contact_named", oid=oid, at=at,
                               stops=f"contact:{row.id}", name=contact.name),
                ]
            )  # fmt: skip

        await self._store.transact(fn)

    async def _found(self, oid: str, typed: str) -> Person:
        """Raises Refused(NO_CONTACT) for nobody, oneself, one's own manager, or an account that cannot
        sign in here as an employee does."""
        try:
            own = await self._directory.person(Oid(oid))
            found = await self._directory.find(typed.strip())
            above = await self._directory.manager(Oid(oid))
        except (TransientError, PermanentError) as err:
            raise Refused(Reason.UNAVAILABLE) from err
        if own is None or found is None or not found.enabled or found.guest or found.external:
            raise Refused(Reason.NO_CONTACT)
        if self._humans.same(found, own) or (above is not None and self._humans.same(found, above)):
            raise Refused(Reason.NO_CONTACT)
        return found

    async def remove(self, session: Session, ident: str) -> None:
        """Either of the two ends it, at once; the one who named spends a fresh sign-in on it."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            row = work.lock(Contact, ident)
            if row is None or session.oid not in (row.subject_oid, row.contact_oid):
                raise Refused(Reason.NOT_YOURS)
            if row.status not in ("asked", "good"):
                raise Refused(Reason.ATTEMPT_ENDED)
            if session.oid == row.subject_oid:
                spend(work, session, at)
            self.ended(work, row, at, by=session.oid)

        await self._store.transact(fn)

    def ended(self, work: UnitOfWork, row: Contact, at: datetime, *, by: str) -> None:
        row = self._book.put(work, replace(row, status="removed", removed_at=at))
        self._audit(work, Tag.CONTACT_REMOVED, row, at, by)
        for proof in work.find(Evidence, subject_oid=row.subject_oid, voided_at=None):
            if proof.kind == ProofKind.CONTACT and proof.by_oid == row.contact_oid:
                self._stops.void_row(work, proof, "contact_ended", at)
        work.enqueue(
            [notice_job(f"contact/{row.id}/ended", "contact_ended", oid=row.subject_oid, at=at, stops="")]
        )

    # --- agreeing ----------------------------------------------------------------------------------

    async def agree(self, session: Session, ident: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            row = work.lock(Contact, ident)
            if row is None or row.contact_oid != session.oid or not self._book.intact(row):
                raise Refused(Reason.NOT_YOURS)
            if row.status != "asked":
                raise Refused(Reason.ATTEMPT_ENDED)
            spend(work, session, at)
            before = [r for r in work.find(Contact, subject_oid=row.subject_oid) if r.accepted_at]
            wait = wait_of(work, row.subject_oid, at, strong=row.strong, first=not before)
            row = self._book.put(work, replace(row, status="good", accepted_at=at, counts_from=at + wait))
            self._audit(work, Tag.CONTACT_AGREED, row, at, session.oid)
            work.enqueue(
                [
                    notice_job(
                        f"contact/{row.id}/agreed", "contact_agreed", oid=row.subject_oid, at=at,
                        stops=f"contact:{row.id}", name=session.name,
                    )
                ]
            )  # fmt: skip

        await self._store.transact(fn)

    def _audit(self, work: UnitOfWork, tag: Tag, row: Contact, at: datetime, actor: str, **body: Any) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, actor=actor, actor_method="sign_in",
                subject=row.subject_oid, contact=row.contact_oid, row=row.id, **body,
            )
        )  # fmt: skip
