"""The decision: may this signed draft be carried out, now?

`decide` is pure and is asked in the very transaction that would write the execution. It looks at
everything again, whatever earlier pages and checks have seen: who signs, whose account it is, which
evidence stands, what the policy says, whether the page is there. Every refusal found is returned, not
the first one only. A refusal about the approver or an absent page leaves the request open; one about
subject, evidence, policy or key ends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.approver import approver_faults, person_of, quorum, witness_people
from bot.core.facts import Person, Unreadable
from bot.core.helping import helper_faults
from bot.core.law import Approval, Facts, Law, Proof
from bot.core.model import Act, ActKind, PassShape, ProofKind, Rank, Reason
from bot.core.plan import (
    Draft,
    act_of,
    contents,
    keeps_a_way_in,
    methods_as_asked,
    ordered,
    pass_allowed,
    takes_nothing_with_a_day_pass,
)
from bot.core.policy import Row, satisfied
from bot.core.rank import rank_of
from bot.core.records import Request
from bot.core.sets import Passed

ENDING = frozenset(
    {
        Reason.CASE_ENDED,
        Reason.CASE_FROZEN,
        Reason.ATTEMPT_ENDED,
        Reason.KEY_CHANGED,
        Reason.EVIDENCE_SHORT,
        Reason.EVIDENCE_CHANGED,
        Reason.EVIDENCE_OLD,
        Reason.POLICY_CHANGED,
        Reason.RANK_REFUSED,
        Reason.RANK_CHANGED,
        Reason.SUBJECT_DISABLED,
        Reason.SUBJECT_CHANGED,
        Reason.PASS_NOT_ALLOWED,
        Reason.RECENT_PASS,
        Reason.DAY_PASSES,
        Reason.RECENT_FORGET,
        Reason.WOULD_LOCK_OUT,
        Reason.FORBIDDEN,
        Reason.HELPER_REFUSED,
    }
)
"""Reasons after which asking another approver would change nothing."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Carry out *plan*, in this order. *approvals* are the signatures it rests on."""

    plan: tuple[Act, ...]
    approvals: tuple[str, ...]
    busy: bool = False  # the approver passed the warning mark today
    solo: bool = False  # the checker approved, as `solo_desk` allows


@dataclass(frozen=True, slots=True)
class Counted:
    """The signature counts, but *missing* more are needed."""

    missing: int


@dataclass(frozen=True, slots=True)
class Refusal:
    reasons: tuple[Reason, ...]

    @property
    def ends(self) -> bool:
        return any(r in ENDING for r in self.reasons)


Decision = Allowed | Counted | Refusal


def decide(
    law: Law,
    request: Request,
    draft: Draft,
    evidence: Sequence[Proof],
    earlier: Sequence[Approval],
    facts: Facts,
    now: datetime,
) -> Decision:
    """Judge *draft*, signed by its approver just now, against the request and the world."""
    acts = draft.acts
    ranked = rank_of(facts.subject, law.ranks, now, had_methods=facts.ledger.had_methods)
    needed = law.row_for(acts, ranked.rank, facts.subject)
    reasons = [
        *_about_request(request, facts, now),
        *_about_draft(law, request, draft, evidence, ranked.rank),
        *_about_subject(law, request, draft, facts, needed, ranked.rank, now),
        *_about_evidence(law, request, evidence, needed, facts, now),
        *_about_page(law, request, acts, facts, now),
        *helper_faults(law, request, draft, evidence, facts),
        *approver_faults(law, draft.approver_oid, evidence, needed, facts, now),
    ]
    if reasons:
        return Refusal(tuple(dict.fromkeys(reasons)))
    counting = quorum(law, draft, evidence, earlier, needed, facts, now)
    if counting is None:
        return Refusal((Reason.DECIDED_ALREADY,))
    if len(counting) < needed.approvers:
        return Counted(needed.approvers - len(counting))
    solo = any(
        isinstance(p, Person) and law.humans.same(p, person_of(facts, draft.approver_oid))
        for p in (
            *witness_people(evidence, facts, ProofKind.LIVE_CHECK),
            facts.witnesses.get(facts.starter),
        )
    )
    busy = facts.ledger.passes_today >= law.policy.caps.agent_warn
    return Allowed(ordered(acts), tuple(counting), busy=busy, solo=solo)


def _about_request(request: Request, facts: Facts, now: datetime) -> Iterator[Reason]:
    ledger = facts.ledger
    if ledger.case_status == "frozen":
        yield Reason.CASE_FROZEN
    elif ledger.case_status == "ended":
        yield Reason.CASE_ENDED
    if ledger.request_status == "executing" or ledger.execution_open:
        yield Reason.EXECUTION_OPEN
    elif ledger.request_status != "open" or now >= request.expires_at:
        yield Reason.REQUEST_ENDED


def _about_draft(
    law: Law, request: Request, draft: Draft, evidence: Sequence[Proof], rank: Rank
) -> Iterator[Reason]:
    if draft.request_id != request.id or draft.case_id != request.case_id:
        yield Reason.SUPERSEDED
    if draft.subject_oid != request.subject_oid:
        yield Reason.SUBJECT_CHANGED
    if draft.policy_version != law.policy.version or request.policy_version != law.policy.version:
        yield Reason.POLICY_CHANGED
    if draft.evidence != contents(p.row for p in evidence):
        yield Reason.EVIDENCE_CHANGED
    if draft.thumbprint != request.thumbprint:
        yield Reason.KEY_CHANGED
    if draft.rank != rank or request.rank != rank:
        yield Reason.RANK_CHANGED
    asked = ordered(act_of(a) for a in request.acts)
    if not draft.acts or [_asked(a) for a in ordered(draft.acts)] != [_asked(a) for a in asked]:
        yield Reason.SUBJECT_CHANGED


def _asked(act: Act) -> Act:
    """An act without what is only settled when an approver drafts: length and once-only."""
    return replace(act, minutes=0, once=True)


def _about_subject(
    law: Law, request: Request, draft: Draft, facts: Facts, needed: Row, rank: Rank, now: datetime
) -> Iterator[Reason]:
    subject, times, ledger = facts.subject, law.policy.times, facts.ledger
    if not timedelta(0) <= now - facts.read_at <= times.facts or isinstance(subject.person, Unreadable):
        yield Reason.FACTS_UNREADABLE
    person = subject.person
    if isinstance(person, Person):
        if person.oid.lower() != request.subject_oid.lower():
            yield Reason.SUBJECT_CHANGED
        if not person.enabled:
            yield Reason.SUBJECT_DISABLED
    if needed.refused is not None:
        yield needed.refused
    for fault in (
        pass_allowed(facts.pass_policy, subject, draft.acts),
        keeps_a_way_in(subject, draft.acts, facts.page.said_gone),
        takes_nothing_with_a_day_pass(draft.acts),
        methods_as_asked(subject, draft.acts),
    ):
        if fault is not None:
            yield fault
    kinds = {a.kind for a in draft.acts}
    if ActKind.ISSUE_PASS in kinds:
        yield from _about_passes(law, draft, facts, now)
    forgotten = ledger.forgotten_at
    if ActKind.FORGET_DEVICES in kinds and forgotten and now - forgotten < times.between_forgets:
        yield Reason.RECENT_FORGET


def _about_passes(law: Law, draft: Draft, facts: Facts, now: datetime) -> Iterator[Reason]:
    live, ledger, times = facts.subject.live_pass, facts.ledger, law.policy.times
    if isinstance(live, Unreadable):
        yield Reason.FACTS_UNREADABLE
    elif live is not None and live.usable and live.id not in ledger.own_passes | {draft.replaces}:
        yield Reason.LIVE_PASS
    if all(a.shape == PassShape.DAY for a in draft.acts if a.kind is ActKind.ISSUE_PASS):
        month = [at for at in ledger.day_passes if now - at < timedelta(days=30)]
        if len(month) >= law.policy.caps.day_passes_a_month:
            yield Reason.DAY_PASSES
        return  # outside the spacing of passes that lead to a new method
    week = [at for at in ledger.used_passes if now - at < timedelta(days=7)]
    if any(now - at < times.between_used_passes for at in week) or len(week) >= law.policy.caps.passes_a_week:
        yield Reason.RECENT_PASS


def _about_evidence(
    law: Law, request: Request, evidence: Sequence[Proof], needed: Row, facts: Facts, now: datetime
) -> Iterator[Reason]:
    first = request.first_asked_at or request.asked_at
    if {p.row.id for p in evidence} != set(map(str, request.evidence_ids)):
        yield Reason.EVIDENCE_CHANGED
    for proof in evidence:
        r = proof.row
        theirs = (r.case_id, r.attempt_id, r.subject_oid)
        if not proof.intact or theirs != (request.case_id, request.attempt_id, request.subject_oid):
            yield Reason.EVIDENCE_CHANGED
        elif not proof.counts:
            yield Reason.EVIDENCE_SHORT
        if r.thumbprint != request.thumbprint:
            yield Reason.KEY_CHANGED
        if not timedelta(0) <= first - r.at <= law.policy.times.evidence:
            yield Reason.EVIDENCE_OLD
    if not timedelta(0) <= request.asked_at - first <= law.policy.times.again:
        yield Reason.EVIDENCE_OLD
    passed = [
        Passed(ProofKind(p.row.kind), p.row.at, str(p.row.how.get("how", "")))
        for p in evidence
        if p.intact and p.counts
    ]
    if satisfied(needed, passed, remembered=facts.page.remembered, now=now) is None:
        yield Reason.EVIDENCE_SHORT


def _about_page(
    law: Law, request: Request, acts: Sequence[Act], facts: Facts, now: datetime
) -> Iterator[Reason]:
    page = facts.page
    if page.status == "frozen":
        yield Reason.CASE_FROZEN
    elif page.status != "open" or now >= page.expires_at:
        yield Reason.ATTEMPT_ENDED
    if page.thumbprint != request.thumbprint or not page.thumbprint:
        yield Reason.KEY_CHANGED
    if any(a.kind is ActKind.ISSUE_PASS for a in acts):
        seen = page.answered_at
        if seen is None or not timedelta(0) <= now - seen <= law.policy.times.page:
            yield Reason.PAGE_ABSENT
