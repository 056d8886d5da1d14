"""A manager's word, or a recovery contact's: asked for by the case page, given on an own page after an
own fresh sign-in.

The manager hears of it by a notice without a link ("write *confirm 482913* to me"); the bot's answer
carries the link. Then: read who asks and from where, see or call the person, say how (a closed
list), sign in freshly, and give the check digits to the person. It may be added to codes or a live
check, and never counts as a code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.humans import Humans
from bot.core.model import Oid, ProofKind, Reason, VouchHow
from bot.core.records import Attempt, Case, Check, Session, Signing
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.checks import Seen
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.sessions import Sessions
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignInAsk, SignIns
from bot.ports.store import Store, UnitOfWork
from bot.ports.vouchers import VoucherGlance, VoucherView
from bot.service import digits as six
from bot.service.attempts import closed, present
from bot.service.chance import new_id
from bot.service.contacts import ContactBook
from bot.service.evidence import passed_here
from bot.service.keys import Keys, b64, canonical, hashed
from bot.service.notices import notice_job
from bot.service.stops import Stops
from bot.service.voucher_bars import Bars

LIVE = ("asked", "signed")
VOUCHED = (ProofKind.MANAGER, ProofKind.CONTACT)
"""Proofs that somebody gives on a voucher page: the manager, or a recovery contact."""
MOST_ASKED = 5
"""Times a day that somebody may ask their manager; each time a mail goes out."""


class VoucherService:
    """Implements both ports of `ports.vouchers`, and answers the managers' sign-ins."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        directory: Directory,
        sign_ins: SignIns,
        sessions: Sessions,
        stops: Stops,
        humans: Humans,
        *,
        deputies: Mapping[str, tuple[str, ...]],
        contacts: ContactBook | None = None,
    ) -> None:
        """*deputies* by the manager's object id; *contacts*: whom people named as theirs."""
        self._contacts = contacts
        self._store, self._clock, self._entropy, self._keys = store, clock, entropy, keys
        self._directory, self._sign_ins, self._sessions = directory, sign_ins, sessions
        self._stops, self._deputies = stops, deputies
        self._bars = Bars(store, directory, humans)

    # --- asked by the case page ------------------------------------------------------------------

    async def has_manager(self, subject_oid: str) -> bool:
        try:
            return await self._directory.manager(Oid(subject_oid)) is not None
        except (TransientError, PermanentError):
            return False

    async def ask(self, case: Case, attempt: Attempt) -> Reason | None:
        told = await self._store.read(lambda work: passed_here(work, attempt))
        if not case.subject_oid or not told:  # before one evidence nobody is written to
            return Reason.PROOF_CLOSED
        try:
            manager = await self._directory.manager(Oid(case.subject_oid))
        except (TransientError, PermanentError):
            return Reason.UNAVAILABLE
        if manager is None or manager.oid == case.subject_oid or not manager.enabled:
            return Reason.PROOF_CLOSED
        asked = (manager.oid, *self._deputies.get(manager.oid, ()))
        return await self._asked(case, attempt, ProofKind.MANAGER, manager.oid, asked)

    async def ask_contact(self, case: Case, attempt: Attempt, contact: str) -> Reason | None:
        at = self._clock.now()

        def whom(work: UnitOfWork) -> str:
            if self._contacts is None or not passed_here(work, attempt):
                return ""
            rows = self._contacts.counting(work, case.subject_oid, at)
            return next((r.contact_oid for r in rows if r.id == contact), "")

        oid = await self._store.read(whom)
        if not oid:  # before one evidence nobody is written to
            return Reason.PROOF_CLOSED
        return await self._asked(case, attempt, ProofKind.CONTACT, oid, (oid,))

    async def _asked(
        self, case: Case, attempt: Attempt, kind: ProofKind, expected: str, asked: Sequence[str]
    ) -> Reason | None:
        """Note that *expected* (or who stands for them) may speak for the person, and tell *asked*."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Reason | None:
            known_case, page = work.case(case.id), work.get(Attempt, attempt.id)
            if known_case is None or page is None:
                return Reason.UNKNOWN_CASE
            if reason := closed(known_case, page, at):
                return reason
            open_now = work.find(Check, attempt_id=attempt.id)
            if any(c.kind == kind and c.status in LIVE for c in open_now):
                return None
            asked_today = f"vouch/{case.subject_oid}/{at:%Y-%m-%d}"
            if work.bump(asked_today, until=at + timedelta(days=1)) > MOST_ASKED:
                return Reason.TOO_MANY
            ident = new_id(self._entropy, at)
            check = Check(
                ident, case.id, attempt.id, kind.value, "", at, "asked",
                hashed(self._keys.handle("voucher", ident)), expected,
            )  # fmt: skip
            work.add(check)
            self._audit(work, check, at, Tag.VOUCH_ASKED, "person", known_case)
            work.enqueue(
                [
                    notice_job(f"vouch/{ident}/{n}", "vouch_asked", oid=oid, case=known_case, at=at)
                    for n, oid in enumerate(o for o in asked if o != case.subject_oid)
                ]
            )
            return None

        return await self._store.transact(fn)

    async def asked_of(self, oid: str, number: str) -> str | None:
        def fn(work: UnitOfWork) -> str | None:
            case = work.first(Case, number=number)
            if case is None or case.status == "ended":
                return None
            checks = work.find(Check, case_id=case.id, order="-asked_at")
            found = (c for c in checks if c.kind in VOUCHED and c.status in LIVE)
            return next((c.id for c in found if self._may(c, oid)), None)

        return await self._store.read(fn) if oid else None

    # --- the page --------------------------------------------------------------------------------

    async def exists(self, handle: str) -> bool:
        found = await self._store.read(lambda work: work.first(Check, handle_hash=hashed(handle)))
        return found is not None and found.kind in VOUCHED

    async def open(self, handle: str, browser_hash: str) -> Redirect:
        check, _, _ = await self._found(handle)
        return await self._sign_ins.begin(SignInAsk(Purpose.VOUCH_OPEN, browser_hash, subject_ref=check.id))

    async def opened(self, done: Finished) -> Landing:
        """Handler of `Purpose.VOUCH_OPEN`: anybody may sign in; only the one asked sees anything."""
        value = await self._sessions.open("voucher", done.who, {})
        return Landing(self.back(done.signing), session=value, session_kind="voucher")

    async def glance(self, handle: str, session: Session) -> VoucherGlance:
        check, case, attempt = await self._found(handle)
        if not self._may(check, session.oid):
            raise Refused(Reason.NOT_THE_MANAGER)
        at = self._clock.now()
        over = check.status in LIVE and closed(case, attempt, at) is not None
        digits = None if over else six.shown(self._keys, check, session.oid, at)
        return VoucherGlance("ended" if over else check.status, digits, present(attempt, at))

    async def view(self, handle: str, session: Session) -> VoucherView:
        glance = await self.glance(handle, session)
        check, case, attempt = await self._found(handle)
        try:
            person = await self._directory.person(Oid(case.subject_oid))
        except (TransientError, PermanentError) as err:
            raise Refused(Reason.UNAVAILABLE) from err
        if person is None:
            raise Refused(Reason.SUBJECT_CHANGED)
        at = self._clock.now()
        return VoucherView(
            name=person.name,
            upn=person.upn,
            department=person.department,
            number=case.number,
            asked_at=check.asked_at,
            at=at,
            channel=str(case.opener.get("channel", "")),
            seen=Seen(attempt.network, attempt.country, attempt.device, attempt.claimed_at, glance.present),
            status=glance.status,
            digits=glance.digits,
            barred=await self._bars.reason(session.oid, person, attempt, at),
        )

    async def sign(self, handle: str, session: Session, *, how: str, browser_hash: str) -> Redirect:
        check, case, attempt = await self._found(handle)
        if not self._may(check, session.oid):
            raise Refused(Reason.NOT_THE_MANAGER)
        if how not in set(VouchHow):
            raise Refused(Reason.BAD_FORM)
        at = self._clock.now()
        if check.status not in LIVE:
            raise Refused(Reason.ATTEMPT_ENDED)
        if reason := closed(case, attempt, at):
            raise Refused(reason)
        if not present(attempt, at):
            raise Refused(Reason.PAGE_ABSENT)
        return await self._sign_ins.begin(
            SignInAsk(
                Purpose.VOUCH, browser_hash, subject_ref=check.id, expected_oid=session.oid,
                digest=digest_of(check, attempt, case, session.oid, how), payload={"how": how},
            )
        )  # fmt: skip

    async def signed(self, done: Finished) -> Landing:
        """Handler of `Purpose.VOUCH`. Raises Refused when anything it covers has changed."""
        signing, oid = done.signing, str(done.who.oid)
        how = str(signing.payload.get("how", ""))
        handle = self._keys.handle("voucher", signing.subject_ref)
        _, known_case, page = await self._found(handle)
        at = self._clock.now()
        person = await self._directory.person(Oid(known_case.subject_oid))
        if person is None:
            raise Refused(Reason.SUBJECT_CHANGED)
        if reason := await self._bars.reason(oid, person, page, at):
            raise Refused(reason)

        def fn(work: UnitOfWork) -> None:
            check = work.lock(Check, signing.subject_ref)
            case = work.case(check.case_id) if check else None
            attempt = work.get(Attempt, check.attempt_id) if check else None
            if check is None or case is None or attempt is None or check.status not in LIVE:
                raise Refused(Reason.ATTEMPT_ENDED)
            if not self._may(check, oid) or not self._stands(work, check, case, at):
                raise Refused(Reason.NOT_THE_MANAGER)
            if reason := closed(case, attempt, at):
                raise Refused(reason)
            if signing.digest != digest_of(check, attempt, case, oid, how):
                raise Refused(Reason.EVIDENCE_CHANGED)
            check = six.issue(
                self._keys, check, by_oid=oid, auth_time=done.who.auth_time, signing_id=signing.id,
                how=how, at=at,
            )  # fmt: skip
            work.put(check)
            self._audit(
                work, check, at, Tag.VOUCH_SIGNED, oid, case, auth_time=done.who.auth_time,
                digest=signing.digest, signing=signing.id, attempt=attempt.id,
            )  # fmt: skip

        await self._store.transact(fn)
        self._store.notify(known_case.id)
        return Landing(self.back(signing))

    async def refuse(self, handle: str, session: Session) -> None:
        found, _, _ = await self._found(handle)
        if not self._may(found, session.oid):
            raise Refused(Reason.NOT_THE_MANAGER)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            check = work.lock(Check, found.id)
            case = work.case(found.case_id)
            attempt = work.get(Attempt, found.attempt_id)
            if check is None or case is None or check.status not in LIVE:
                raise Refused(Reason.ATTEMPT_ENDED)
            work.put(replace(check, status="failed", ended_reason="refused", by_oid=session.oid))
            self._audit(work, check, at, Tag.VOUCH_REFUSED, session.oid, case)
            self._stops.object_to(work, case, attempt, "manager_refused", at)

        await self._store.transact(fn)
        self._store.notify(found.case_id)

    def back(self, signing: Signing) -> str:
        """The voucher page that a sign-in returns to."""
        return f"/v/{self._keys.handle('voucher', signing.subject_ref)}"

    # --- rules -----------------------------------------------------------------------------------

    def _may(self, check: Check, oid: str) -> bool:
        deputies = self._deputies.get(check.expected_oid, ()) if check.kind == ProofKind.MANAGER else ()
        return oid == check.expected_oid or oid in deputies

    def _stands(self, work: UnitOfWork, check: Check, case: Case, at: datetime) -> bool:
        """Whether a contact is one still, at the signature itself; managers are the directory's."""
        if check.kind != ProofKind.CONTACT:
            return True
        book = self._contacts
        return book is not None and book.stands(work, case.subject_oid, check.expected_oid, at)

    async def _found(self, handle: str) -> tuple[Check, Case, Attempt]:
        def fn(work: UnitOfWork) -> tuple[Check, Case, Attempt]:
            check = work.first(Check, handle_hash=hashed(handle))
            case = work.get(Case, check.case_id) if check else None
            attempt = work.get(Attempt, check.attempt_id) if check else None
            if check is None or case is None or attempt is None or check.kind not in VOUCHED:
                raise Refused(Reason.UNKNOWN_CASE)
            return check, case, attempt

        return await self._store.read(fn)

    def _audit(
        self,
        work: UnitOfWork,
        check: Check,
        at: datetime,
        tag: Tag,
        actor: str,
        case: Case,
        *,
        auth_time: datetime | None = None,
        **body: Any,
    ) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor=actor, actor_auth_time=auth_time,
                subject=case.subject_oid, check=check.id, how=check.how, **body,
            )
        )  # fmt: skip


def digest_of(check: Check, attempt: Attempt, case: Case, oid: str, how: str) -> str:
    """What the manager's sign-in attests: who vouches for whom, how, for which page."""
    what = {
        "check": check.id, "case": case.id, "subject": case.subject_oid, "by": oid, "how": how,
        "attempt": attempt.id, "thumbprint": attempt.thumbprint,
    }  # fmt: skip
    return b64(hashlib.sha256(b"keyturn/voucher" + canonical(what)).digest())
