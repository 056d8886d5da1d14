"""What one browser may see of a case now: one read, one value, no writes.

A browser that claimed nothing sees only that there is a case number to type. What is personal
(numbers, managers, whether codes exist) shows only after one evidence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from datetime import datetime

from bot.core import policy as rules
from bot.core.facts import STRONG_TYPES
from bot.core.model import ActKind, PassShape, ProofKind, Rank, Visitor
from bot.core.proofs import Circumstances, Door, Wanted, doors
from bot.core.proofs.door import SET_UP
from bot.core.records import (
    Attempt,
    Card,
    Case,
    Check,
    CounterBrowser,
    Evidence,
    Handover,
    HeldRequest,
    JsonMap,
    Proving,
    Request,
    Shift,
)  # fmt: skip
from bot.ports.case_page import (
    DAY_PASS,
    CaseView,
    Challenge,
    CheckUnderWay,
    ContactChoice,
    MethodChoice,
    NumberChoice,
    SealedPass,
    Stage,
    Waiting,
)  # fmt: skip
from bot.ports.front_door import at_the_door
from bot.ports.store import Among, UnitOfWork
from bot.ports.talk import PersonTalk
from bot.ports.thanks import Gratitude
from bot.ports.waiting import Standing, Waits
from bot.service.arrivals import leads
from bot.service.attempts import closed, present
from bot.service.evidence import EvidenceBook, as_passed, passed_here
from bot.service.handover import LIVE
from bot.service.issued_proof import IssuedProof
from bot.service.limits import Limits
from bot.service.moving import may_move
from bot.service.proving import Provings, strong_left
from bot.service.sealing import info

_UNSEEN = frozenset({"at", "challenge", "present", "version"})


class CaseViews:
    def __init__(
        self,
        book: EvidenceBook,
        provings: Provings,
        limits: Limits,
        *,
        open_now: Callable[[datetime], bool],
        video_url: str = "",
        talk_of: Callable[[UnitOfWork, Case, datetime], PersonTalk | None] = lambda work, case, at: None,
        issued: IssuedProof | None = None,
        ways: frozenset[ProofKind] = SET_UP,
        waits: Waits | None = None,
        thanks: Gratitude | None = None,
    ) -> None:
        """*open_now*: whether the desk's service hours hold. *ways*: the proofs that can be given here."""
        self._waits = waits
        self._thanks = thanks
        self._book = book
        self._provings = provings
        self._limits = limits
        self._open_now = open_now
        self._video_url = video_url
        self._talk_of = talk_of
        self._issued = issued
        self._ways = ways

    def of(self, work: UnitOfWork, case: Case, attempt: Attempt | None, at: datetime) -> CaseView:
        """The view of the browser whose attempt this is (None: it claimed nothing)."""
        over = closed(case, attempt, at) if attempt else None
        if attempt is None or (over and case.status not in ("ended", "frozen")):
            stage = {"ended": Stage.OVER, "frozen": Stage.FROZEN}.get(case.status, Stage.CLAIM)
            why = (attempt.ended_reason or "expired") if attempt else ""
            return _versioned(CaseView(stage, at, case.locale, ended=why))
        fields = self._common(case, attempt)
        if case.status == "ended" and (kept := self._day_pass(work, attempt, at)):
            return _versioned(
                CaseView(Stage.PASS, at, case.locale, sealed=kept, outcome=case.outcome, **fields)
            )
        if case.status in ("ended", "frozen") or over:
            stage = Stage.OVER if case.status == "ended" else Stage.FROZEN
            if self._thanks is not None and stage is Stage.OVER:
                fields["helped"] = self._thanks.helped(work, case.id)
            return _versioned(CaseView(stage, at, case.locale, outcome=case.outcome, **fields))
        return _versioned(self._live(work, case, attempt, at, fields))

    def _day_pass(self, work: UnitOfWork, attempt: Attempt, at: datetime) -> SealedPass | None:
        """A pass for the day outlives the talk: whoever opened it once may look at it until it runs out."""
        sealed = self._sealed(work, attempt)
        if sealed is None or sealed.shape != PassShape.DAY or attempt.status != "open":
            return None
        return sealed if sealed.wire and at < min(sealed.expires_at, attempt.expires_at) else None

    def _common(self, case: Case, attempt: Attempt) -> JsonMap:
        return {
            "number": case.number, "opened_at": case.opened_at,
            "channel": str(case.opener.get("channel", "")),
            "seen": Visitor(attempt.network, attempt.country, attempt.device),
            "ends_at": attempt.expires_at, "shared": attempt.shared, "thumbprint": attempt.thumbprint,
            "tries_left": max(0, self._limits.budgets.wrong_tries - attempt.wrong_tries),
            "wait_until": attempt.wait_until,
        }  # fmt: skip

    def _live(
        self, work: UnitOfWork, case: Case, attempt: Attempt, at: datetime, fields: JsonMap
    ) -> CaseView:
        fields |= {
            "present": present(attempt, at), "challenge": challenge_of(attempt),
            "key_needed": not attempt.page_key,
            "talk": self._talk_of(work, case, at) if leads(work, case, attempt) else None,
            "movable": may_move(work, case, attempt), "door": at_the_door(case.place),
        }  # fmt: skip
        sealed = self._sealed(work, attempt)
        if sealed is not None:
            stage = Stage.PASS if sealed.expires_at > at and sealed.id else Stage.REGISTER
            return CaseView(stage, at, case.locale, sealed=sealed, **fields)
        if not attempt.key_tested_at:
            return CaseView(Stage.KEY, at, case.locale, **fields)
        if case.status == "with_person":
            return self._with_person(work, case, at, fields)
        request = work.first(Request, case_id=case.id, status=Among(("open", "executing")))
        if request is not None and request.attempt_id == attempt.id:
            waiting = self._waiting(work, case, request)
            fields["standing"] = self._standing(work, case, at)
            return CaseView(Stage.WAIT, at, case.locale, waiting=waiting, **fields)
        proving = work.get(Proving, case.id)
        if proving is None or proving.closed_at is not None:
            card = work.get(Card, case.id)
            if card is not None and card.status == "open" and card.wants == "person":
                return self._with_person(work, case, at, fields)
            paused = work.get(HeldRequest, case.id) is not None
            return CaseView(Stage.TALK, at, case.locale, paused=paused, **fields)
        return self._proving(work, case, attempt, proving, at, fields)

    def _with_person(self, work: UnitOfWork, case: Case, at: datetime, fields: JsonMap) -> CaseView:
        fields["standing"] = self._standing(work, case, at)
        return CaseView(Stage.PERSON, at, case.locale, waiting=self._card(work, case, at), **fields)

    def _standing(self, work: UnitOfWork, case: Case, at: datetime) -> Standing | None:
        return self._waits.standing(work, case.id, at) if self._waits is not None else None

    # --- proofs --------------------------------------------------------------------------------------

    def _proving(
        self, work: UnitOfWork, case: Case, attempt: Attempt, proving: Proving, at: datetime, fields: JsonMap
    ) -> CaseView:
        rows = self._book.standing(work, case, attempt, at)
        checks = [c for c in work.find(Check, attempt_id=attempt.id) if c.status in ("asked", "signed")]
        fields |= {
            "asks": tuple(map(str, proving.acts)),
            "passed": tuple((r.kind, r.at) for r in rows),
            "under_way": tuple(self._under_way(work, c, proving) for c in checks),
            "standing": self._standing(work, case, at) if checks else None,
            "address_needed": case.proven_at is None
            and case.identified_by in ("", "typed")
            and attempt.via != "number",
            "address_given": case.identified_by == "typed",
        }
        if rows and not proving.rank:
            return CaseView(Stage.LOOK, at, case.locale, **fields)
        if self._provings.satisfied(work, case, proving, attempt, at):
            if not self._provings.asks_of_methods(proving):
                return CaseView(Stage.LOOK, at, case.locale, **fields)  # answered in a moment
            gone = {m["id"] for m in attempt.gone}
            fields["methods"] = tuple(
                MethodChoice(m["id"], m["type"], m["label"], m["type"] in STRONG_TYPES, m["id"] in gone)
                for m in proving.methods
            )
            if attempt.gone_at and attempt.gone_at >= proving.opened_at:
                fields["still_strong"] = tuple(strong_left(proving, attempt))
            return CaseView(Stage.TICK, at, case.locale, **fields)
        if passed_here(work, attempt):
            numbers = proving.known.get("numbers", ())
            fields["numbers"] = tuple(NumberChoice(n["ref"], n["masked"], n["source"]) for n in numbers)
        if passed_here(work, attempt):
            contacts = proving.known.get("contact_names", ())
            fields["contacts"] = tuple(ContactChoice(c["id"], c["name"]) for c in contacts)
        if self._issued is not None:
            fields["addresses"] = self._issued.choices(work, case, attempt, at)
            fields["code_sent"] = self._issued.sent(work, attempt, at)
        fields["doors"] = self._doors(work, case, attempt, proving, rows, checks, at)
        return CaseView(Stage.PROVE, at, case.locale, **fields)

    def _doors(
        self,
        work: UnitOfWork,
        case: Case,
        attempt: Attempt,
        proving: Proving,
        rows: tuple[Evidence, ...],
        checks: list[Check],
        at: datetime,
    ) -> tuple[Door, ...]:
        told = bool(proving.rank) and passed_here(work, attempt)
        codes = str(proving.known.get("codes", "")) if told else ""
        mail = self._mail(proving) if told else ""
        contacts = str(proving.known.get("contacts", "")) if told else ""
        manager = bool(proving.known.get("manager", True)) if told else None
        wanted = None
        if told:
            available = self._ways - ({ProofKind.SAVED_CODE} if codes in ("none", "young") else set())
            available -= {ProofKind.ISSUED_CODE} if mail in ("none", "young") else set()
            available -= {ProofKind.CONTACT} if contacts in ("none", "young") else set()
            if manager is False:
                available -= {ProofKind.MANAGER}
            needs = rules.open_proofs(
                self._provings.row(work, proving), as_passed(rows), remembered=attempt.remembered,
                available=available,
            )  # fmt: skip
            wanted = tuple(Wanted(n.kind, n.how) for n in needs)
        found = doors(
            Circumstances(
                passed=frozenset(ProofKind(r.kind) for r in rows),
                wanted=wanted,
                under_way=frozenset(ProofKind(c.kind) for c in checks),
                desk_open=bool(work.count(Shift, ended_at=None)) or self._open_now(at),
                video=bool(self._video_url),
                counters=work.count(CounterBrowser, revoked_at=None) > 0,
                codes=codes or None,
                manager=manager,
                strong_left=not (attempt.gone_at and not strong_left(proving, attempt)),
                mail=mail or None,
                contacts=contacts or None,
                set_up=self._ways,
            )
        )
        # In a helper's browser nobody signs in to the person's account: it would stay signed in there.
        return tuple(d for d in found if not (attempt.helper_oid and d.kind is ProofKind.SIGN_IN))

    @staticmethod
    def _mail(proving: Proving) -> str:
        """Whether a code by mail can help: on a first day only one to HR's address, later never that."""
        if proving.rank == Rank.NEW_ACCOUNT:
            return "good" if proving.known.get("hiring") else "none"
        return str(proving.known.get("mail", ""))

    def _under_way(self, work: UnitOfWork, check: Check, proving: Proving) -> CheckUnderWay:
        card = work.get(Card, check.case_id)
        numbers = {n["ref"]: str(n["masked"]) for n in proving.known.get("numbers", ())}
        return CheckUnderWay(
            check.id, check.kind, check.how, check.asked_at, check.status == "signed", check.digits_until,
            card.taken_name if card and check.kind == ProofKind.LIVE_CHECK else "",
            self._video_url if check.how == "video" else "", numbers.get(check.number_ref, ""),
        )  # fmt: skip

    # --- waiting and pass ----------------------------------------------------------------------------

    def _waiting(self, work: UnitOfWork, case: Case, request: Request) -> Waiting:
        card = work.get(Card, case.id)
        return Waiting(
            request.asked_at, request.expires_at, work.count(Shift, ended_at=None),
            card.taken_name if card else "", bool(card and card.escalated_at), asked_for(request.acts),
        )  # fmt: skip

    def _card(self, work: UnitOfWork, case: Case, at: datetime) -> Waiting:
        card = work.get(Card, case.id)
        since = card.asked_at if card else at
        taken = card.taken_name if card else ""
        return Waiting(
            since, since, work.count(Shift, ended_at=None), taken, bool(card and card.escalated_at)
        )

    def _sealed(self, work: UnitOfWork, attempt: Attempt) -> SealedPass | None:
        """The newest pass made for this attempt; one that is over has no id."""
        rows = work.find(Handover, case_id=attempt.case_id, order="-made_at")
        own = (attempt.id, attempt.thumbprint)
        handover = next((h for h in rows if (h.attempt_id, h.thumbprint) == own), None)
        if handover is None or handover.status == "withdrawn":
            return None
        live = handover.status in LIVE and handover.sealed
        if not live and handover.shown_at is None:
            return None
        request = work.get(Request, handover.request_id)
        act: JsonMap = (
            next((a for a in request.acts if a["kind"] == ActKind.ISSUE_PASS), {}) if request else {}
        )
        return SealedPass(
            id=handover.id if live else "",
            info=info(attempt.case_id, handover.request_id, ActKind.ISSUE_PASS.value).decode(),
            ready_at=handover.ready_at,
            expires_at=handover.expires_at,
            taken=handover.status == "shown",
            wire=json.loads(handover.sealed) if handover.status == "shown" and handover.sealed else {},
            minutes=int(act.get("minutes", 0)),
            once=act.get("shape") != PassShape.DAY,  # what the shapes mean; the row is older than the draft
            shape=str(act.get("shape", "")),
        )


def asked_for(acts: Iterable[JsonMap]) -> tuple[str, ...]:
    """The acts of a request, one word per kind, in order; a day pass has a word of its own."""
    return tuple(dict.fromkeys(DAY_PASS if a.get("shape") == PassShape.DAY else str(a["kind"]) for a in acts))


def challenge_of(attempt: Attempt) -> Challenge | None:
    """The challenge the page has yet to answer."""
    if not attempt.challenge or not attempt.challenge_wire:
        return None
    label = info(attempt.case_id, attempt.id, "challenge").decode()
    return Challenge(json.loads(attempt.challenge_wire), label)


def _versioned(view: CaseView) -> CaseView:
    """With a mark that changes whenever the screen does, and not with every pulse."""
    shown = [(f.name, getattr(view, f.name)) for f in fields(view) if f.name not in _UNSEEN]
    return replace(view, version=hashlib.sha256(repr(shown).encode()).hexdigest()[:16])
