"""Adding a mail address on my page: a fresh sign-in, a code sent there, the code typed back.

The first address of a person counts after 72 hours if that sign-in was phishing-resistant; after 14 days
otherwise, and after every change (NIST SP 800-63B-4, 4.2.1.2 asks for the proof of the address, and for
at least two of them). Taking one away stops it at once, and it still hears of that itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.addresses import domain_of, masked
from bot.core.audit import Tag, audit_row
from bot.core.model import Oid, ProofKind, Reason
from bot.core.records import Address, Evidence, Session
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.my_ways import AddressKept
from bot.ports.store import Store, UnitOfWork
from bot.service.addresses import AddressBook, plain
from bot.service.chance import new_id
from bot.service.grants import SLOW, spend, wait_of
from bot.service.issued_codes import ENROL, IssuedBook
from bot.service.notices import notice_job
from bot.service.stops import Stops

MOST = 5
"""Addresses a person may have."""
MOST_TRIES = 5
MOST_CODES = 4
"""Codes sent to one address before it is proven."""
_AGAIN = timedelta(seconds=30)


class MyAddresses:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        directory: Directory,
        book: AddressBook,
        codes: IssuedBook,
        stops: Stops,
    ) -> None:
        self._store, self._clock, self._entropy, self._directory = store, clock, entropy, directory
        self._book, self._codes, self._stops = book, codes, stops

    def kept(self, work: UnitOfWork, oid: str, at: datetime) -> tuple[AddressKept, ...]:
        return tuple(
            AddressKept(
                row.id, self._book.mask(row), row.status == "good", row.added_at, row.counts_from,
                self._book.counts(row, at), MOST_TRIES - row.tries,
            )
            for row in self._book.of(work, oid)
            if row.status == "good" or self._pending(work, row, at)
        )  # fmt: skip

    def _pending(self, work: UnitOfWork, row: Address, at: datetime) -> bool:
        codes = self._codes.of(work, row.id)
        return bool(codes) and at < codes[0].expires_at

    # --- adding ----------------------------------------------------------------------------------

    async def add(self, session: Session, typed: str) -> None:
        at, oid = self._clock.now(), session.oid
        address = plain(typed)
        if address is None:
            raise Refused(Reason.NO_ADDRESS)
        locale = await self._outside(oid, address)

        def fn(work: UnitOfWork) -> None:
            work.bump(f"addresses/{oid}", until=at + SLOW)  # two at once meet here
            known = [r for r in self._book.of(work, oid) if r.status == "good"]
            match = self._book.match(oid, address)
            if any(row.match == match for row in known):
                raise Refused(Reason.KNOWN_ALREADY)
            if len(known) >= MOST:
                raise Refused(Reason.TOO_MANY)
            strong = spend(work, session, at)
            for row in work.find(Address, subject_oid=oid, status="unproven"):
                self._ended(work, row)
            row = self._book.put(
                work,
                Address(
                    new_id(self._entropy, at), oid, match, self._book.seal(oid, address), "unproven", strong,
                    at, None, None, 0, "",
                ),
            )  # fmt: skip
            self._codes.ask(work, ENROL, row.id, subject_oid=oid, match=match, locale=locale, at=at)

        await self._store.transact(fn)

    async def _outside(self, oid: str, address: str) -> str:
        """The person's language. Raises Refused(WORK_MAILBOX) for anything that lies behind the very
        sign-in that will be gone, one's own or a colleague's; what cannot be read is not added."""
        try:
            person = await self._directory.person(Oid(oid))
            somebody = await self._directory.find(address)
        except (TransientError, PermanentError) as err:
            raise Refused(Reason.UNAVAILABLE) from err
        if person is None:
            raise Refused(Reason.UNAVAILABLE)
        own = {domain_of(a) for a in (person.mail, person.upn) if a}
        if somebody is not None or domain_of(address) in own:
            raise Refused(Reason.WORK_MAILBOX)
        return person.locale or "en"

    async def again(self, session: Session, ident: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            row = self._own(work, session, ident, "unproven")
            codes = self._codes.of(work, row.id)
            if len(codes) >= MOST_CODES:
                raise Refused(Reason.TOO_MANY)
            if at - codes[0].made_at < _AGAIN:
                raise Refused(Reason.TOO_SOON)
            self._codes.ask(
                work, ENROL, row.id, subject_oid=row.subject_oid, match=row.match,
                locale=codes[0].locale, at=at,
            )  # fmt: skip

        await self._store.transact(fn)

    async def prove(self, session: Session, ident: str, typed: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Reason | None:
            row = self._own(work, session, ident, "unproven")
            code = self._codes.fitting(work, row.id, typed)
            if code is None or code.status != "sent" or code.match != row.match:
                return self._wrong(work, row, at)
            if at >= code.expires_at:
                return Reason.CODE_LATE
            self._codes.put(work, replace(code, status="passed"))
            self._codes.settle(work, row.id, "ended")
            before = [
                a for a in work.find(Address, subject_oid=row.subject_oid) if a.status in ("good", "removed")
            ]
            wait = wait_of(work, row.subject_oid, at, strong=row.strong, first=not before)
            row = self._book.put(work, replace(row, status="good", counts_from=at + wait))
            self._audit(work, Tag.ADDRESS_ADDED, row, at, counts_from=(at + wait).isoformat())
            work.enqueue(
                [
                    notice_job(
                        f"address/{row.id}", "address_added", oid=row.subject_oid, at=at,
                        stops=f"address:{row.id}", mask=masked(self._book.clear(row)),
                    )
                ]
            )  # fmt: skip
            return None

        if reason := await self._store.transact(fn):
            raise Refused(reason)

    def _wrong(self, work: UnitOfWork, row: Address, at: datetime) -> Reason:
        row = self._book.put(work, replace(row, tries=row.tries + 1))
        if row.tries >= MOST_TRIES:
            self._ended(work, row)
        self._audit(work, Tag.ADDRESS_FAILED, row, at, tries=row.tries)
        return Reason.TOO_MANY if row.tries >= MOST_TRIES else Reason.WRONG_CODE

    def _ended(self, work: UnitOfWork, row: Address) -> None:
        self._book.put(work, replace(row, status="ended"))
        self._codes.settle(work, row.id, "ended")

    # --- taking away -------------------------------------------------------------------------------

    async def remove(self, session: Session, ident: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            row = self._own(work, session, ident, "good")
            spend(work, session, at)
            self.taken_away(work, row, at, by=session.oid)

        await self._store.transact(fn)

    def taken_away(self, work: UnitOfWork, row: Address, at: datetime, *, by: str) -> None:
        """The address counts no more, nor what was proved with it in a case that still runs."""
        row = self._book.put(work, replace(row, status="removed", removed_at=at))
        self._audit(work, Tag.ADDRESS_REMOVED, row, at, actor=by)
        for proof in work.find(Evidence, subject_oid=row.subject_oid, voided_at=None):
            if proof.kind == ProofKind.ISSUED_CODE and proof.how.get("address") == row.id:
                self._stops.void_row(work, proof, "address_removed", at)
        work.enqueue(
            [
                notice_job(
                    f"address/{row.id}/removed", "address_removed", oid=row.subject_oid, at=at, stops="",
                    mask=masked(self._book.clear(row)),
                )
            ]
        )  # fmt: skip

    def _own(self, work: UnitOfWork, session: Session, ident: str, status: str) -> Address:
        row = work.lock(Address, ident)
        if row is None or row.subject_oid != session.oid or not self._book.intact(row):
            raise Refused(Reason.NOT_YOURS)
        if row.status != status:
            raise Refused(Reason.ATTEMPT_ENDED)
        return row

    def _audit(
        self, work: UnitOfWork, tag: Tag, row: Address, at: datetime, *, actor: str = "", **body: Any
    ) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, actor=actor or row.subject_oid, actor_method="sign_in",
                subject=row.subject_oid, address=row.id, **body,
            )
        )  # fmt: skip
