"""Requests: asking approvers for a plan, from the flow's `request` step to its outcome.

A request pins the evidence, rank, policy version and page key it was asked with; `decide` holds
them against the world again when somebody signs. It ends once, with one outcome, which answers the
flow in the same transaction. Reminding, escalating and expiring are timers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core import policy as rules
from bot.core.audit import Tag, audit_row
from bot.core.effects import CloseRequest, OpenRequest, Refuse
from bot.core.events import Answered, Event
from bot.core.facts import STRONG_TYPES
from bot.core.law import Law
from bot.core.model import Act, ActKind, ActResult, PassShape, Rank, Reason, RequestOutcome
from bot.core.plan import act_json, act_of, ordered, takes_nothing_with_a_day_pass
from bot.core.records import (
    Attempt,
    Card,
    Case,
    Evidence,
    Execution,
    Handover,
    Intent,
    Proving,
    Request,
    Timer,
)
from bot.ports.clock import Clock, Entropy
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service import cards
from bot.service.chance import new_id
from bot.service.evidence import EvidenceBook, as_passed
from bot.service.keys import Keys
from bot.service.notices import notice_job
from bot.service.spacing import day_passes, forgotten_at
from bot.service.threat_mode import threat_now
from bot.service.turns import say_job

REMIND, ESCALATE = timedelta(minutes=5), timedelta(minutes=15)


class Requests:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        turns: Turns,
        book: EvidenceBook,
        law: Law,
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._turns = turns
        self._book = book
        self._law = law

    # --- performers ------------------------------------------------------------------------------

    def open(
        self, work: UnitOfWork, case: Case, effect: OpenRequest, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `OpenRequest`. Answers at once where nothing is left to do, or nobody may ask."""
        at = event.at
        for old in work.find(Request, case_id=case.id, status="open"):
            self._close(work, case, old, "", at, refusal=Reason.SUPERSEDED.value)
        before = work.first(Request, case_id=case.id, status="ended", order="-asked_at")
        made = self._ask(work, case, effect, before, at)
        if not isinstance(made, Reason) and (fault := self._too_often(work, made, at)):
            # Nobody need sign in to hear what our own rows say; the person is told at once.
            work.enqueue([say_job(case, Refuse(fault), f"{key}/why", at)])
            made = fault
        if isinstance(made, Reason):
            self._audit(work, case, Tag.REQUEST_REFUSED, at, step=effect.step, reason=made.value)
            return (Answered(effect.step, effect.version, RequestOutcome.REFUSED.value),)
        if not made.acts:
            return (Answered(effect.step, effect.version, RequestOutcome.DONE.value),)
        work.add(made)
        self._audit(
            work, case, Tag.REQUEST_ASKED, at, request=made.id, acts=[_brief(a) for a in made.acts],
            rank=made.rank, policy=made.policy_version, evidence=made.evidence_ids, approvals=made.approvals,
        )  # fmt: skip
        for name, due in (
            ("remind", at + REMIND),
            ("escalate", at + ESCALATE),
            ("expire", made.expires_at),
        ):
            if name == "expire" or due < made.expires_at:
                body = {"request": made.id, "name": name}
                work.schedule(
                    Timer(f"request/{made.id}/{name}", "request", case.id, due, body, group=_group(made))
                )
        cards.show(work, self._keys, case, "approval", at)
        return ()

    def close(
        self, work: UnitOfWork, case: Case, effect: CloseRequest, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `CloseRequest`: the step was left, an undecided request is withdrawn. One that is
        being carried out is not stopped; its end finds the flow elsewhere."""
        for request in work.find(Request, case_id=case.id, status="open"):
            if request.step == effect.step:
                self._close(work, case, request, "", event.at, refusal="withdrawn")
        return ()

    def halt(self, work: UnitOfWork, case: Case, at: datetime, why: str) -> None:
        """A stopped or frozen case asks nobody for anything (a `Halt` of `service.stops`)."""
        for request in work.find(Request, case_id=case.id, status="open"):
            self.end(work, case, request, RequestOutcome.REFUSED, at, refusal=why)

    # --- making one --------------------------------------------------------------------------------

    def _ask(
        self, work: UnitOfWork, case: Case, effect: OpenRequest, before: Request | None, at: datetime
    ) -> Request | Reason:
        proving = work.get(Proving, case.id)
        if case.status != "open" or not case.subject_oid:
            return Reason.CASE_FROZEN if case.status == "frozen" else Reason.EVIDENCE_SHORT
        if proving is None or not proving.rank:
            return Reason.EVIDENCE_SHORT
        row = rules.row(
            self._law.policy, effect.acts, Rank(proving.rank), groups=frozenset(proving.groups),
            threat=threat_now(work, self._keys),
        )  # fmt: skip
        if row.refused is not None:
            return row.refused
        found = self._standing(work, case, before, row, at)
        if isinstance(found, Reason):
            return found
        attempt, evidence, first = found
        acts = self._left(work, case, effect, proving, attempt, before)
        times = self._law.policy.times
        return Request(
            id=new_id(self._entropy, at),
            case_id=case.id,
            attempt_id=attempt.id,
            subject_oid=case.subject_oid,
            step=effect.step,
            state_version=effect.version,
            acts=acts,
            rank=row.rank.value,
            policy_version=self._law.policy.version,
            evidence_ids=[e.id for e in evidence],
            thumbprint=attempt.thumbprint,
            approvals=row.approvers,
            asked_at=at,
            expires_at=at + min(effect.within, times.request),
            status="open",
            first_asked_at=first,
            helper_oid=attempt.helper_oid,
        )

    def _too_often(self, work: UnitOfWork, made: Request, at: datetime) -> Reason | None:
        policy, acts = self._law.policy, [act_of(a) for a in made.acts]
        if fault := takes_nothing_with_a_day_pass(acts):
            return fault
        if any(a.shape == PassShape.DAY for a in acts):
            had = day_passes(work, made.subject_oid, at)
            if len(had) >= policy.caps.day_passes_a_month:
                return Reason.DAY_PASSES
        if any(a.kind is ActKind.FORGET_DEVICES for a in acts):
            last = forgotten_at(work, made.subject_oid)
            if last is not None and at - last < policy.times.between_forgets:
                return Reason.RECENT_FORGET
        return None

    def _standing(
        self, work: UnitOfWork, case: Case, before: Request | None, row: rules.Row, at: datetime
    ) -> tuple[Attempt, tuple[Evidence, ...], datetime | None] | Reason:
        """The attempt whose evidence fills a set, and that evidence; what an earlier request pinned
        still stands for two hours."""
        max_age = self._law.policy.times.evidence
        for attempt in work.find(Attempt, case_id=case.id, status="open", order="-claimed_at"):
            unsaid = attempt.gone_at is None and rules.PASS_ACTS.intersection(row.acts)
            if attempt.expires_at <= at or unsaid:
                continue
            evidence = self._book.standing(work, case, attempt, at)
            filled = rules.satisfied(
                row, as_passed(evidence), remembered=attempt.remembered, now=at, max_age=max_age
            )
            if filled is not None:
                return attempt, evidence, None
            first = (before.first_asked_at or before.asked_at) if before else None
            if before is None or first is None or before.attempt_id != attempt.id:
                continue
            if at - first > self._law.policy.times.again:
                continue
            pinned = self._pinned(work, before, attempt)
            if rules.satisfied(row, as_passed(pinned), remembered=attempt.remembered, now=at) is not None:
                return attempt, pinned, first
        return Reason.EVIDENCE_SHORT

    def _pinned(self, work: UnitOfWork, before: Request, attempt: Attempt) -> tuple[Evidence, ...]:
        rows = (work.get(Evidence, str(i)) for i in before.evidence_ids)
        return tuple(
            r
            for r in rows
            if r is not None
            and r.voided_at is None
            and self._keys.row_mac_fits(r)
            and (r.attempt_id, r.thumbprint) == (attempt.id, attempt.thumbprint)
        )

    def _left(
        self,
        work: UnitOfWork,
        case: Case,
        effect: OpenRequest,
        proving: Proving,
        attempt: Attempt,
        before: Request | None,
    ) -> list[dict[str, Any]]:
        """The acts asked for, without those an earlier request of this case has done."""
        labels = {str(m["id"]): str(m.get("label", "")) for m in proving.methods}
        acts: list[Act] = []
        for kind in effect.acts:
            match kind:
                case ActKind.ISSUE_PASS:
                    acts.append(Act(kind, shape=effect.shape.value))
                case ActKind.REMOVE_METHOD:
                    acts += [Act(kind, str(m["id"]), str(m["type"])) for m in attempt.gone]
                case ActKind.RESET_METHODS:
                    acts += [
                        Act(ActKind.REMOVE_METHOD, str(m["id"]), str(m["type"]))
                        for m in proving.methods
                        if m["type"] in STRONG_TYPES
                    ]
                case ActKind.FORGET_DEVICES:
                    acts.append(Act(kind))
        done = _done(work, case)
        again = before is not None and before.outcome == RequestOutcome.DONE
        left = [
            a
            for a in ordered(acts)
            # Asked again after everything was done, the pass itself must have failed.
            if (a.kind, a.method_id) not in done or (again and a.kind is ActKind.ISSUE_PASS)
        ]
        return [act_json(a, labels.get(a.method_id, "")) for a in left]

    # --- ends --------------------------------------------------------------------------------------

    def end(
        self,
        work: UnitOfWork,
        case: Case,
        request: Request,
        outcome: RequestOutcome,
        at: datetime,
        *,
        refusal: str = "",
    ) -> Request:
        """End an open or executing request and answer the flow. *case* is locked."""
        ended = self._close(work, case, request, outcome.value, at, refusal=refusal)
        self._turns.take(
            work, work.case(case.id) or case, Answered(request.step, request.state_version, outcome.value),
            dedupe_key=f"request/{request.id}", at=at,
        )  # fmt: skip
        return ended

    def _close(
        self, work: UnitOfWork, case: Case, request: Request, outcome: str, at: datetime, *, refusal: str
    ) -> Request:
        ended = replace(request, status="ended", outcome=outcome, ended_at=at, refusal=refusal)
        work.put(ended)
        work.cancel_timers(_group(request))
        self._audit(work, case, Tag.REQUEST_ENDED, at, request=request.id, outcome=outcome, refusal=refusal)
        card = work.get(Card, case.id)
        if card is not None and card.wants == "approval":
            cards.done(work, case.id, at)
        return ended

    # --- timers ------------------------------------------------------------------------------------

    async def fire(self, timer: Timer) -> None:
        """Handles timers of kind `request`."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case = work.case(timer.case_id)
            request = work.lock(Request, timer.body["request"])
            if case is None or request is None or request.status != "open":
                return
            match timer.body["name"]:
                case "expire":
                    self.end(work, case, request, RequestOutcome.EXPIRED, at)
                case name:
                    card = work.lock(Card, case.id)
                    if card is None or card.status != "open":
                        return
                    if name == "escalate":
                        card = replace(card, escalated_at=at)
                        self._audit(work, case, Tag.REQUEST_ESCALATED, at, request=request.id)
                    card = replace(card, version=card.version + 1)
                    work.put(card)
                    cards.redraw(work, card, at)

        await self._store.transact(fn)
        self._store.notify(timer.case_id)

    # --- small -------------------------------------------------------------------------------------

    def notify_subject(self, work: UnitOfWork, case: Case, what: str, key: str, at: datetime) -> None:
        """Tell the account's addresses, in the transaction of what they are told of."""
        work.enqueue([notice_job(key, what, oid=case.subject_oid, case=case, at=at)])

    def _audit(self, work: UnitOfWork, case: Case, tag: Tag, at: datetime, **body: Any) -> None:
        work.audit(
            audit_row(new_id(self._entropy, at), at, tag, case_id=case.id, subject=case.subject_oid, **body)
        )


def _group(request: Request) -> str:
    return f"request/{request.id}"


def _brief(act: dict[str, Any]) -> str:
    return f"{act['kind']}:{act['method_id']}" if act["method_id"] else str(act["kind"])


def _done(work: UnitOfWork, case: Case) -> set[tuple[ActKind, str]]:
    """What earlier executions of this case have done, and still holds."""
    found: set[tuple[ActKind, str]] = set()
    for request in work.find(Request, case_id=case.id):
        for execution in work.find(Execution, request_id=request.id):
            for intent in work.find(Intent, execution_id=execution.id, result=ActResult.DONE.value):
                found.add((ActKind(intent.act["kind"]), str(intent.act["method_id"])))
    alive = any(h.status in ("waiting", "shown", "finished") for h in work.find(Handover, case_id=case.id))
    if not alive:
        found.discard((ActKind.ISSUE_PASS, ""))
    return found
