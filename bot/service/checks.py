"""The live check, from the agent's side: meet the person, write down what they say, sign, give digits.

The agent types device and place as told on the line before the page shows what the server sees; then
an own fresh sign-in is bound to the attempt, its page key, the way and the number. Only after it
there are check digits, for 60 s, and only the one who signed sees them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.facts import Unreadable
from bot.core.humans import Humans
from bot.core.model import LiveHow, Oid, ProofKind, Reason
from bot.core.proofs.live_check import NumberOnRecord
from bot.core.records import Attempt, Case, Check, CounterBrowser, Signing
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.checks import CheckView, Seen, ShownDigits
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignInAsk, SignIns
from bot.ports.store import Store, UnitOfWork
from bot.service import cards
from bot.service import digits as six
from bot.service.attempts import closed, present
from bot.service.chance import new_id
from bot.service.counter import Counter
from bot.service.helper_set import not_the_helper
from bot.service.keys import Keys, b64, canonical
from bot.service.on_record import on_record

LIVE = ("asked", "signed")
PAPERS = ("badge", "id")
"""What a person shows at a counter."""
_LONGEST = 200


class LiveChecks:
    """Implements `ports.checks.Checks`, and answers the sign-ins of `Purpose.CHECK`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        directory: Directory,
        sign_ins: SignIns,
        humans: Humans,
        *,
        agents: str,
        video_url: str = "",
    ) -> None:
        """*agents* is the id of the agents' group."""
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._directory = directory
        self._sign_ins = sign_ins
        self._humans = humans
        self._agents = agents
        self._video_url = video_url
        self._counter = Counter(keys)

    # --- the review page ---------------------------------------------------------------------------

    async def of_case(self, case_id: str) -> CheckView | None:
        def newest(work: UnitOfWork) -> Check | None:
            rows = work.find(Check, case_id=case_id, order="-asked_at")
            return next((r for r in rows if r.kind == ProofKind.LIVE_CHECK), None)

        found = await self._store.read(newest)
        return await self._view(found) if found is not None and found.status in LIVE else None

    async def tell(
        self,
        check_id: str,
        oid: str,
        *,
        device: str,
        place: str,
        number_ref: str,
        counter: str = "",
        paper: str = "",
    ) -> CheckView:
        check, case = await self._open(check_id)
        await self._may_check(oid, case, check)
        device, place = device.strip()[:_LONGEST], place.strip()[:_LONGEST]
        at_counter = check.how == LiveHow.COUNTER
        if not device or not (place or at_counter):
            raise Refused(Reason.BAD_FORM)
        numbers, photo = await self._record(case)
        match LiveHow(check.how):
            case LiveHow.CALL_BACK:
                if number_ref not in {n.ref for n in numbers if n.usable}:
                    raise Refused(Reason.BAD_FORM, detail="number")
            case LiveHow.VIDEO:
                if photo is None:
                    raise Refused(Reason.PROOF_CLOSED, detail="photo")
            case LiveHow.COUNTER:
                if paper not in PAPERS:
                    raise Refused(Reason.BAD_FORM, detail="paper")
                if counter != check.counter_id:
                    raise Refused(Reason.OTHER_COUNTER)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Check:
            now = self._live(work, check_id, at)[0]
            if now.told.get("by") == oid:
                raise Refused(Reason.DECIDED_ALREADY)
            told = {"device": device, "place": place, "by": oid}
            if at_counter:
                row = work.get(CounterBrowser, now.counter_id)
                told |= {"place": row.name if row else "", "paper": paper}
            now = replace(now, told=told, number_ref=number_ref if now.how == LiveHow.CALL_BACK else "")
            work.put(now)
            cards.touch(work, now.case_id, oid, at)
            self._audit(work, now, at, Tag.CHECK_TOLD, oid, case, number=now.number_ref)
            return now

        return await self._view(await self._store.transact(fn))

    async def sign(self, check_id: str, oid: str, login_hint: str, browser_hash: str) -> Redirect:
        check, case = await self._open(check_id)
        await self._may_check(oid, case, check)
        at = self._clock.now()

        def ready(work: UnitOfWork) -> str:
            now, attempt = self._live(work, check_id, at)
            if now.told.get("by") != oid:
                raise Refused(Reason.BAD_FORM, detail="told")
            if not present(attempt, at):
                raise Refused(Reason.PAGE_ABSENT)
            return digest_of(now, attempt, case, oid)

        digest = await self._store.read(ready)
        return await self._sign_ins.begin(
            SignInAsk(
                Purpose.CHECK, browser_hash, subject_ref=check.id, expected_oid=oid, login_hint=login_hint,
                digest=digest, payload={"case_id": case.id},
            )
        )  # fmt: skip

    async def signed(self, finished: Finished) -> Landing:
        """The agent's sign-in came back. Raises Refused when anything it covers has changed."""
        signing, oid = finished.signing, str(finished.who.oid)
        check, case = await self._open(signing.subject_ref)
        await self._may_check(oid, case, check)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            now, attempt = self._live(work, check.id, at)
            if signing.digest != digest_of(now, attempt, case, oid):
                raise Refused(Reason.EVIDENCE_CHANGED)
            now = six.issue(
                self._keys, now, by_oid=oid, auth_time=finished.who.auth_time, signing_id=signing.id,
                how=now.how, at=at,
            )  # fmt: skip
            work.put(now)
            cards.touch(work, now.case_id, oid, at)
            self._audit(
                work, now, at, Tag.CHECK_SIGNED, oid, case, auth_time=finished.who.auth_time,
                digest=signing.digest, signing=signing.id, attempt=attempt.id, thumbprint=attempt.thumbprint,
            )  # fmt: skip

        await self._store.transact(fn)
        self._store.notify(case.id)
        return Landing(self.back(signing))

    def back(self, signing: Signing) -> str:
        """The review page that a sign-in for a check returns to."""
        return f"/r/{self._keys.handle('review', str(signing.payload.get('case_id', '')))}"

    async def digits(self, check_id: str, oid: str) -> ShownDigits | None:
        check = await self._store.read(lambda work: work.get(Check, check_id))
        return six.shown(self._keys, check, oid, self._clock.now()) if check else None

    # --- rules ---------------------------------------------------------------------------------------

    async def _open(self, check_id: str) -> tuple[Check, Case]:
        def fn(work: UnitOfWork) -> tuple[Check, Case]:
            check = work.get(Check, check_id)
            case = work.get(Case, check.case_id) if check else None
            if check is None or case is None or check.kind != ProofKind.LIVE_CHECK:
                raise Refused(Reason.UNKNOWN_CASE)
            return check, case

        return await self._store.read(fn)

    def _live(self, work: UnitOfWork, check_id: str, at: datetime) -> tuple[Check, Attempt]:
        """The check and its attempt, both still going on."""
        check = work.lock(Check, check_id)
        attempt = work.get(Attempt, check.attempt_id) if check else None
        case = work.get(Case, check.case_id) if check else None
        if check is None or attempt is None or case is None or check.status not in LIVE:
            raise Refused(Reason.ATTEMPT_ENDED)
        if reason := closed(case, attempt, at):
            raise Refused(reason)
        if check.how == LiveHow.COUNTER and not self._counter.stands(
            work.get(CounterBrowser, check.counter_id)
        ):
            raise Refused(Reason.OTHER_COUNTER)
        return check, attempt

    async def _may_check(self, oid: str, case: Case, check: Check) -> None:
        """Agents check, never themselves and never their own other account. Raises Refused."""
        if not case.subject_oid:
            raise Refused(Reason.SUBJECT_CHANGED, detail="no account found")
        if oid == case.subject_oid:
            raise Refused(Reason.SELF)
        facts = await self._directory.facts(Oid(oid), groups=(self._agents,), methods=False)
        if isinstance(facts.groups, Unreadable) or isinstance(facts.person, Unreadable):
            raise Refused(Reason.FACTS_UNREADABLE)
        if facts.person is None or not facts.person.enabled or self._agents not in facts.groups:
            raise Refused(Reason.NOT_AN_AGENT)
        if not self._humans.linked(facts.person):
            raise Refused(Reason.UNLINKED_HUMAN)
        try:
            subject = await self._directory.person(Oid(case.subject_oid))
        except (TransientError, PermanentError) as err:
            raise Refused(Reason.FACTS_UNREADABLE) from err
        if subject is None:
            raise Refused(Reason.SUBJECT_CHANGED)
        if self._humans.same(facts.person, subject):
            raise Refused(Reason.SAME_HUMAN)
        attempt = await self._store.read(lambda work: work.get(Attempt, check.attempt_id))
        if attempt is None:
            raise Refused(Reason.ATTEMPT_ENDED)
        if fault := await not_the_helper(self._directory, self._humans, attempt, facts.person):
            raise Refused(fault)

    async def _record(self, case: Case) -> tuple[tuple[NumberOnRecord, ...], datetime | None]:
        """Numbers on record, and since when the photo is known (None: none, or too young)."""
        return await on_record(self._store, self._directory, case, self._clock.now())

    async def _view(self, check: Check) -> CheckView:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> tuple[Attempt | None, Case | None, tuple[tuple[str, str], ...]]:
            live = self._counter.live(work) if check.how == LiveHow.COUNTER else []
            counters = tuple((c.id, f"{c.name}, {c.site}" if c.site else c.name) for c in live)
            return work.get(Attempt, check.attempt_id), work.get(Case, check.case_id), counters

        attempt, case, counters = await self._store.read(fn)
        numbers, photo = await self._record(case) if case else ((), None)
        seen = None
        if check.told and attempt is not None:
            seen = Seen(
                attempt.network, attempt.country, attempt.device, attempt.claimed_at, present(attempt, at)
            )
        return CheckView(
            check.id, check.case_id, check.how, check.asked_at, check.status, numbers, check.number_ref,
            photo, {k: str(v) for k, v in check.told.items()}, seen,
            self._video_url if check.how == LiveHow.VIDEO else "", counters,
        )  # fmt: skip

    def _audit(
        self,
        work: UnitOfWork,
        check: Check,
        at: datetime,
        tag: Tag,
        oid: str,
        case: Case,
        *,
        auth_time: datetime | None = None,
        **body: Any,
    ) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=check.case_id, actor=oid,
                actor_auth_time=auth_time, subject=case.subject_oid, check=check.id, how=check.how, **body,
            )
        )  # fmt: skip


def digest_of(check: Check, attempt: Attempt, case: Case, oid: str) -> str:
    """What the agent's sign-in attests: who met whom, how, on which number, for which page."""
    what = {
        "check": check.id, "case": case.id, "subject": case.subject_oid, "by": oid, "how": check.how,
        "attempt": attempt.id, "thumbprint": attempt.thumbprint, "number": check.number_ref,
        "told": check.told, "counter": check.counter_id,
    }  # fmt: skip
    return b64(hashlib.sha256(b"keyturn/check" + canonical(what)).digest())
