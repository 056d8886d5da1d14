"""The outbox handler of `code` jobs: finds out whether an issued code has somewhere to go, and sends it.

All of that happens here, after the page has answered: the person learns nothing from the answer or its
timing, whether the name, the address or both are unknown. The digits are remade for the letter and go
nowhere else. Codes leave by mail only; no chat adapter knows of them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.audit import Tag, audit_row
from bot.core.model import Oid
from bot.core.records import Address, Attempt, Case, IssuedCode, Job
from bot.errors import PermanentError
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.mail import Mail
from bot.ports.store import Store, UnitOfWork
from bot.ports.words import Words
from bot.service.addresses import AddressBook
from bot.service.chance import new_id
from bot.service.hiring import WHERE, HiringMails
from bot.service.issued_codes import ENROL, LIVE, IssuedBook

MOST_LETTERS = 20
"""Codes a day to one person, however many pages ask; more is a flood and no help. Strangers' pages have a
count of their own, or whoever knows the address could use up the letters of its owner."""
_DAY = timedelta(days=1)


class CodeMail:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        directory: Directory,
        words: Words,
        mail: Mail | None,
        codes: IssuedBook,
        book: AddressBook,
        hiring: HiringMails,
        *,
        host: str,
        phone: str,
    ) -> None:
        self._store, self._clock, self._entropy = store, clock, entropy
        self._directory, self._words, self._mail = directory, words, mail
        self._codes, self._book, self._hiring = codes, book, hiring
        self._values = {"host": host, "phone": phone}

    async def handle(self, job: Job) -> None:
        at = self._clock.now()
        row = await self._store.read(lambda work: work.get(IssuedCode, str(job.body["code"])))
        if row is None or row.status not in LIVE or not self._codes.intact(row):
            return
        found = None if self._mail is None or at >= row.expires_at else await self._to(row, at)
        sent = await self._store.transact(lambda work: self._settled(work, row.id, found, at))
        if found is None or not sent or self._mail is None:
            return
        address, _ = found
        digits, what = self._codes.code(row), row.purpose
        number = await self._store.read(lambda work: _number(work, row))
        values = {
            **self._values, "code": f"{digits[:4]} {digits[4:]}", "number": number, "until": row.expires_at,
        }  # fmt: skip
        say, locale = self._words.say, row.locale
        subject = say(locale, f"issued.{what}_subject", **values)
        text = say(locale, f"issued.{what}", **values)
        await self._mail.send(address, subject, text, key=job.key, locale=locale)

    async def _to(self, row: IssuedCode, at: datetime) -> tuple[str, str] | None:
        """(address, its id) that this code may be sent to, or None."""
        if row.purpose == ENROL:
            return await self._store.read(lambda work: self._unproven(work, row))
        if not row.subject_oid:
            return None
        if own := await self._store.read(lambda work: self._own(work, row, at)):
            return own
        try:
            person = await self._directory.person(Oid(row.subject_oid))
        except PermanentError:
            return None
        if person is None or not person.enabled:
            return None
        before = await self._store.read(lambda work: self._hiring.address(work, person, row.match, at))
        return (before, WHERE) if before else None

    def _unproven(self, work: UnitOfWork, row: IssuedCode) -> tuple[str, str] | None:
        found = work.get(Address, row.owner)
        if found is None or found.status != "unproven" or found.subject_oid != row.subject_oid:
            return None
        address = self._book.clear(found)
        return (address, found.id) if address else None

    def _own(self, work: UnitOfWork, row: IssuedCode, at: datetime) -> tuple[str, str] | None:
        rows = self._book.counting(work, row.subject_oid, at)
        found = next((r for r in rows if r.match == row.match), None)
        return (self._book.clear(found), found.id) if found else None

    def _settled(
        self, work: UnitOfWork, ident: str, found: tuple[str, str] | None, at: datetime
    ) -> IssuedCode | None:
        """Note before the letter leaves where it goes; a repeat of this job finds it noted."""
        row = work.lock(IssuedCode, ident)
        if row is None or row.status not in LIVE:
            return None
        if row.status == "sent":
            return row if found and found[1] == row.address else None
        sent = found is not None
        if sent:
            day = f"code-mail/{_pool(work, row)}/{row.subject_oid}/{at:%Y-%m-%d}"
            sent = work.bump(day, until=at + _DAY) <= MOST_LETTERS
        status, where = ("sent", found[1]) if sent and found else ("unsent", "")
        row = self._codes.put(work, replace(row, status=status, address=where))
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.ISSUED_SENT if sent else Tag.ISSUED_UNSENT,
                case_id=row.case_id, subject=row.subject_oid, code=row.id, purpose=row.purpose,
                address=where,
            )
        )  # fmt: skip
        return row if sent else None


def _pool(work: UnitOfWork, row: IssuedCode) -> str:
    """Whose letters these are: a stranger's, a known page's, or of an own sign-in on my page."""
    if row.purpose == ENROL:
        return "own"
    case, attempt = work.get(Case, row.case_id), work.get(Attempt, row.owner)
    known = case is not None and attempt is not None and (attempt.remembered or case.agent_started)
    return "known" if known else "strangers"


def _number(work: UnitOfWork, row: IssuedCode) -> str:
    case = work.get(Case, row.case_id) if row.case_id else None
    return case.number if case else ""
