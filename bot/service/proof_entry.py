"""What a person enters on the case page to prove who they are.

Every try that could be a guess goes the same way: may it be tried now; is it right; and, in one
transaction, either evidence or one wrong try more. Slow work (Argon2, Graph) happens between two
transactions, so the second asks again whether it may be tried: parallel guesses gain nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.audit import Tag
from bot.core.model import LiveHow, ProofKind, Reason
from bot.core.records import Attempt, Case, Check, CounterBrowser, Proving, Signing
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.saved_codes import SavedCodes
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignInAsk, SignIns
from bot.ports.store import Store, UnitOfWork
from bot.ports.vouchers import Vouchers
from bot.service import digits
from bot.service.arrivals import leads
from bot.service.attempts import Attempts
from bot.service.chance import new_id
from bot.service.counter import Counter
from bot.service.evidence import EvidenceBook, passed_here
from bot.service.keys import Keys, b64, canonical, hashed
from bot.service.limits import Limits
from bot.service.on_record import on_record
from bot.service.proving import Provings
from bot.service.stops import Stops
from bot.service.trying import Trying

_ADDRESSES = 5
"""How often a case may be told another account before evidence."""


class ProofEntry(Trying):
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        directory: Directory,
        attempts: Attempts,
        limits: Limits,
        book: EvidenceBook,
        stops: Stops,
        provings: Provings,
        saved_codes: SavedCodes,
        vouchers: Vouchers,
        sign_ins: SignIns,
        *,
        video: bool,
    ) -> None:
        super().__init__(store, clock, entropy, attempts, limits, stops, provings)
        self._keys, self._directory, self._book = keys, directory, book
        self._saved_codes, self._vouchers, self._sign_ins = saved_codes, vouchers, sign_ins
        self._counter = Counter(keys)
        self._video = video

    # --- whose account -------------------------------------------------------------------------------

    async def address(self, handle: str, browser: str, typed: str) -> None:
        """Note whose account it is about. The answer is the same whether the directory knows it."""
        at = self._clock.now()
        await self._store.read(lambda work: self._page(work, handle, browser, at, lock=False))
        try:
            person = await self._directory.find(typed.strip())
        except (TransientError, PermanentError):
            person = None

        def fn(work: UnitOfWork) -> None:
            case, attempt = self._page(work, handle, browser, at)
            typed_before = case.identified_by in ("", "typed") and case.proven_at is None
            if not typed_before or not leads(work, case, attempt):
                raise Refused(Reason.PROOF_CLOSED)
            if work.bump(f"address/{case.id}", until=at + timedelta(days=1)) > _ADDRESSES:
                raise Refused(Reason.TOO_MANY)
            work.put(replace(case, subject_oid=str(person.oid) if person else "", identified_by="typed"))

        await self._store.transact(fn)

    # --- saved code ------------------------------------------------------------------------------------

    async def saved_code(self, handle: str, browser: str, typed: str) -> None:
        at = self._clock.now()
        subject = await self._store.read(
            lambda work: self._try(work, handle, browser, at, lock=False)[0].subject_oid
        )
        found = await self._saved_codes.verify(subject, typed)
        now = self._clock.now()

        def fn(work: UnitOfWork) -> Reason | None:
            case, attempt = self._try(work, handle, browser, now)
            if case.subject_oid != subject:
                return Reason.SUBJECT_CHANGED
            if isinstance(found, Reason) or not case.subject_oid:
                self._wrong(work, case, attempt, ProofKind.SAVED_CODE, now)
                return found if isinstance(found, Reason) else Reason.WRONG_CODE
            if not self._saved_codes.consume(work, found):
                self._wrong(work, case, attempt, ProofKind.SAVED_CODE, now)
                return Reason.USED_CODE
            self._book.pass_proof(work, case, attempt, ProofKind.SAVED_CODE, {"selector": found}, "", now)
            return None

        await self._after(handle, await self._store.transact(fn))

    # --- live check and manager --------------------------------------------------------------------

    async def ask_check(self, handle: str, browser: str, *, how: str, number_ref: str, counter: str) -> None:
        """Ask an agent; asking again replaces what was asked before and gives no try back."""
        at = self._clock.now()
        way = _way(how)
        if way is LiveHow.VIDEO and not self._video:
            raise Refused(Reason.PROOF_CLOSED)
        case, told = await self._store.read(lambda work: self._told(work, handle, browser, at))
        numbers = (await on_record(self._store, self._directory, case, at))[0] if told else ()
        if number_ref and number_ref not in {n.ref for n in numbers if n.usable}:
            raise Refused(Reason.BAD_FORM, detail="number")

        def fn(work: UnitOfWork) -> Reason | None:
            case, attempt = self._page(work, handle, browser, at)
            there = ""
            if way is LiveHow.COUNTER:
                if reason := self._limits.may_try(work, case, attempt, at, in_person=True):
                    raise Refused(reason)
                screen = self._counter.take(work, counter, at)
                if screen is None:
                    self._wrong(work, case, attempt, ProofKind.LIVE_CHECK, at)
                    return Reason.WRONG_CODE
                there = screen.id
            self._end_checks(work, attempt, ProofKind.LIVE_CHECK, "asked_anew")
            ident = new_id(self._entropy, at)
            work.add(
                Check(
                    ident, case.id, attempt.id, ProofKind.LIVE_CHECK.value, way.value, at, "asked",
                    hashed(ident), number_ref=number_ref if way is LiveHow.CALL_BACK else "",
                    counter_id=there,
                )
            )  # fmt: skip
            self._audit(
                work, case, at, Tag.CHECK_ASKED, check=ident, attempt=attempt.id, how=way.value,
                counter=there,
            )  # fmt: skip
            self._stops.card(work, case, "live_check", at)
            return None

        await self._after(handle, await self._store.transact(fn))

    async def ask_manager(self, handle: str, browser: str) -> None:
        at = self._clock.now()
        case, attempt = await self._store.read(lambda work: self._page(work, handle, browser, at, lock=False))
        if reason := await self._vouchers.ask(case, attempt):
            raise Refused(reason)
        self._store.notify(case.id)

    async def ask_contact(self, handle: str, browser: str, contact: str) -> None:
        at = self._clock.now()
        case, attempt = await self._store.read(lambda work: self._page(work, handle, browser, at, lock=False))
        if reason := await self._vouchers.ask_contact(case, attempt, contact):
            raise Refused(reason)
        self._store.notify(case.id)

    async def digits(self, handle: str, browser: str, typed: str) -> None:
        """Six check digits, of whichever check of this attempt is signed. Late ones are said to be
        late; they cost no try, for they were right."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Reason | None:
            case, attempt = self._page(work, handle, browser, at)
            signed = [c for c in work.find(Check, attempt_id=attempt.id) if c.status == "signed"]
            in_person = any(c.how == LiveHow.COUNTER for c in signed)
            if reason := self._limits.may_try(work, case, attempt, at, in_person=in_person):
                raise Refused(reason)
            if not signed:
                raise Refused(Reason.PROOF_CLOSED)
            check = next((c for c in signed if digits.fit(self._keys, c, typed)), None)
            if check is None:
                self._wrong(work, case, attempt, ProofKind(signed[0].kind), at)
                work.put(replace(signed[0], tries=signed[0].tries + 1))
                return Reason.WRONG_CODE
            if digits.late(check, at):
                return Reason.DIGITS_LATE
            if check.how == LiveHow.COUNTER and not self._counter.stands(
                work.get(CounterBrowser, check.counter_id)
            ):
                return Reason.OTHER_COUNTER
            work.put(replace(check, status="passed"))
            how = {"how": check.how, "check": check.id, "signing": check.signing_id}
            if check.number_ref:
                how["number"] = check.number_ref
            if check.counter_id:
                how |= {"counter": check.counter_id, "paper": str(check.told.get("paper", ""))}
            self._book.pass_proof(work, case, attempt, ProofKind(check.kind), how, check.by_oid, at)
            return None

        await self._after(handle, await self._store.transact(fn))

    # --- a method that still works ---------------------------------------------------------------

    async def sign_in(self, handle: str, browser: str, browser_cookie: str) -> Redirect:
        at = self._clock.now()
        case, attempt = await self._store.read(lambda work: self._page(work, handle, browser, at, lock=False))
        if attempt.helper_oid:  # the person would stay signed in in somebody else's browser
            raise Refused(Reason.PROOF_CLOSED)
        return await self._sign_ins.begin(
            SignInAsk(
                Purpose.WORKING_METHOD, browser_cookie, subject_ref=case.id, expected_oid=case.subject_oid,
                digest=_digest(case, attempt), payload={"case_id": case.id, "attempt": attempt.id},
            )
        )  # fmt: skip

    async def signed_in(self, finished: Finished) -> Landing:
        """The subject signed in with a method of theirs: the case turns back to self-service, unless what
        is asked for needs no other proof than that."""
        signing, at = finished.signing, self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case = work.case(signing.subject_ref)
            attempt = work.get(Attempt, str(signing.payload.get("attempt", "")))
            if case is None or attempt is None:
                raise Refused(Reason.UNKNOWN_CASE)
            if case.subject_oid and case.subject_oid != finished.who.oid:
                raise Refused(Reason.OTHER_ACCOUNT)
            if signing.digest != _digest(case, attempt):
                raise Refused(Reason.EVIDENCE_CHANGED)
            if case.status != "open":
                raise Refused(Reason.CASE_FROZEN)
            proving = work.get(Proving, case.id)
            if proving is None or proving.closed_at is not None or self._provings.asks_of_methods(proving):
                self._provings.works(work, case, at)
            elif not any(
                row.kind == ProofKind.SIGN_IN for row in self._book.standing(work, case, attempt, at)
            ):
                self._book.pass_proof(work, case, attempt, ProofKind.SIGN_IN, {"signing": signing.id}, "", at)

        await self._store.transact(fn)
        await self._provings.assess(signing.subject_ref)
        self._store.notify(signing.subject_ref)
        return Landing(self.back(signing))

    def back(self, signing: Signing) -> str:
        """The case page that a sign-in for a case returns to."""
        return f"/c/{self._keys.handle('case', str(signing.payload.get('case_id', '')))}"

    def _told(self, work: UnitOfWork, handle: str, browser: str, at: datetime) -> tuple[Case, bool]:
        """The case, and whether this page may be told what is personal."""
        case, attempt = self._page(work, handle, browser, at, lock=False)
        return case, passed_here(work, attempt)


def _way(how: str) -> LiveHow:
    try:
        return LiveHow(how)
    except ValueError as err:
        raise Refused(Reason.BAD_FORM) from err


def _digest(case: Case, attempt: Attempt) -> str:
    what = canonical([case.id, attempt.id, attempt.thumbprint])
    return b64(hashlib.sha256(b"keyturn/working" + what).digest())
