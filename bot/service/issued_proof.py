"""The proof `issued_code` on a case page: ask for a code by mail, type it back.

Asking is the same for every name and every address: a row, a job, and one answer. Only the job finds
out whether a letter leaves. What the answer could tell a stranger (that an address is somebody's) it
therefore does not know.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.audit import Tag
from bot.core.model import Oid, ProofKind, Reason
from bot.core.proofs.issued_code import PROVES, ReadOn
from bot.core.records import Address, Attempt, Case, IssuedCode
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.case_page import AddressChoice, CodeSent
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.store import Store, UnitOfWork
from bot.service.addresses import AddressBook, plain
from bot.service.attempts import Attempts
from bot.service.evidence import EvidenceBook, passed_here
from bot.service.hiring import WHERE, HiringMails
from bot.service.issued_codes import PROVE, IssuedBook
from bot.service.limits import Limits
from bot.service.proving import Provings
from bot.service.stops import Stops
from bot.service.trying import Trying

MOST_ASKED = 5
"""Codes that one attempt may ask for."""
AGAIN = timedelta(seconds=30)


class IssuedProof(Trying):
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        directory: Directory,
        attempts: Attempts,
        limits: Limits,
        evidence: EvidenceBook,
        stops: Stops,
        provings: Provings,
        codes: IssuedBook,
        book: AddressBook,
        hiring: HiringMails,
    ) -> None:
        super().__init__(store, clock, entropy, attempts, limits, stops, provings)
        self._directory, self._evidence = directory, evidence
        self._codes, self._book, self._hiring = codes, book, hiring

    # --- asking ----------------------------------------------------------------------------------

    async def ask(self, handle: str, browser: str, *, typed: str, choice: str, read_on: str) -> None:
        """Raises Refused for what is wrong with the form or the page, never for who is meant."""
        at = self._clock.now()
        if read_on == ReadOn.LOST_DEVICE:
            raise Refused(Reason.MAILBOX_LOST)
        if read_on not in PROVES:
            raise Refused(Reason.BAD_FORM, detail="read_on")
        address = plain(typed) if typed else None
        if address is None and not choice:
            raise Refused(Reason.NO_ADDRESS)

        def fn(work: UnitOfWork) -> str:
            case, attempt = self._try(work, handle, browser, at)
            before = self._codes.of(work, attempt.id)
            if len(before) >= MOST_ASKED:
                raise Refused(Reason.TOO_MANY)
            if before and at - before[0].made_at < AGAIN:
                raise Refused(Reason.TOO_SOON)
            match = self._chosen(work, case, attempt, choice, at) if choice else ""
            row = self._codes.ask(
                work, PROVE, attempt.id, subject_oid=case.subject_oid,
                match=match or self._book.match(case.subject_oid, address or ""),
                locale=case.locale, at=at, case_id=case.id, read_on=read_on,
            )  # fmt: skip
            self._audit(work, case, at, Tag.ISSUED_ASKED, attempt=attempt.id, code=row.id, read_on=read_on)
            return case.id

        self._store.notify(await self._store.transact(fn))

    def _chosen(self, work: UnitOfWork, case: Case, attempt: Attempt, choice: str, at: datetime) -> str:
        told = passed_here(work, attempt)
        rows = self._book.counting(work, case.subject_oid, at) if told else []
        found = next((r for r in rows if r.id == choice), None)
        if found is None:
            raise Refused(Reason.BAD_FORM, detail="to")
        return found.match

    # --- typing it back ----------------------------------------------------------------------------

    async def enter(self, handle: str, browser: str, typed: str) -> None:
        at = self._clock.now()
        subject = await self._store.read(
            lambda work: self._try(work, handle, browser, at, lock=False)[0].subject_oid
        )
        hired = await self._before_hiring(handle, browser, subject, typed, at)
        now = self._clock.now()

        def fn(work: UnitOfWork) -> Reason | None:
            case, attempt = self._try(work, handle, browser, now)
            if case.subject_oid != subject:
                return Reason.SUBJECT_CHANGED
            if not self._codes.of(work, attempt.id):
                raise Refused(Reason.PROOF_CLOSED)
            row = self._codes.fitting(work, attempt.id, typed)
            if reason := self._fault(work, case, row, now, hired=hired):
                if reason is not Reason.CODE_LATE:  # it was right: late costs no try
                    self._wrong(work, case, attempt, ProofKind.ISSUED_CODE, now)
                return reason
            assert row is not None
            self._codes.put(work, replace(row, status="passed"))
            self._codes.settle(work, attempt.id, "ended")
            self._evidence.pass_proof(
                work, case, attempt, ProofKind.ISSUED_CODE, self._how(work, row), "", now
            )
            return None

        await self._after(handle, await self._store.transact(fn))

    def _fault(
        self, work: UnitOfWork, case: Case, row: IssuedCode | None, at: datetime, *, hired: bool
    ) -> Reason | None:
        """Why the row whose code was typed does not count now, or None."""
        if row is None or row.subject_oid != case.subject_oid or row.case_id != case.id:
            return Reason.WRONG_CODE
        if row.status == "passed":
            return Reason.USED_CODE
        if row.status != "sent":
            return Reason.WRONG_CODE
        if at >= row.expires_at:
            return Reason.CODE_LATE
        if row.address == WHERE:
            return None if hired else Reason.WRONG_CODE
        address = work.get(Address, row.address)
        if address is None or address.match != row.match or address.subject_oid != case.subject_oid:
            return Reason.WRONG_CODE
        return None if self._book.counts(address, at) else Reason.WRONG_CODE

    def _how(self, work: UnitOfWork, row: IssuedCode) -> dict[str, str]:
        """What is kept of it, in closed words and ids; agents see the address only behind its mask."""
        how = {"how": "mail", "code": row.id, "address": row.address, "read_on": row.read_on}
        if row.address == WHERE:
            return how | {"how": WHERE}
        address = work.get(Address, row.address)
        return how | ({"mask": self._book.mask(address)} if address else {})

    async def _before_hiring(self, handle: str, browser: str, subject: str, typed: str, at: datetime) -> bool:
        """Whether a code that went to HR's address may count still; asks only when one was typed."""

        def which(work: UnitOfWork) -> IssuedCode | None:
            _, attempt = self._try(work, handle, browser, at, lock=False)
            return self._codes.fitting(work, attempt.id, typed)

        row = await self._store.read(which)
        if row is None or row.address != WHERE:
            return False
        try:
            person = await self._directory.person(Oid(subject))
        except (TransientError, PermanentError) as err:
            raise Refused(Reason.UNAVAILABLE) from err
        if person is None:
            return False
        return bool(await self._store.read(lambda work: self._hiring.address(work, person, row.match, at)))

    # --- for the page ------------------------------------------------------------------------------

    def choices(
        self, work: UnitOfWork, case: Case, attempt: Attempt, at: datetime
    ) -> tuple[AddressChoice, ...]:
        """The person's own addresses behind masks; none before one evidence in this browser."""
        if not passed_here(work, attempt):
            return ()
        rows = self._book.counting(work, case.subject_oid, at)
        return tuple(AddressChoice(row.id, self._book.mask(row)) for row in rows)

    def sent(self, work: UnitOfWork, attempt: Attempt, at: datetime) -> CodeSent | None:
        """When a code was last asked for, whether or not a letter left."""
        rows = self._codes.of(work, attempt.id)
        if not rows or rows[0].status in ("passed", "ended") or at >= rows[0].expires_at:
            return None
        return CodeSent(rows[0].made_at, rows[0].expires_at, len(rows) < MOST_ASKED)
