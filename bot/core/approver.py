"""Who may sign: another human than everybody else in the case, an agent with a role that reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.core.facts import AccountFacts, Person, Read, Unreadable
from bot.core.law import Approval, Facts, Law, Proof
from bot.core.model import ActKind, ProofKind, Reason
from bot.core.plan import Draft
from bot.core.policy import Row
from bot.core.rank import acts_at_all, covers
from bot.core.sets import CODES


def approver_faults(
    law: Law, oid: str, evidence: Sequence[Proof], needed: Row, facts: Facts, now: datetime
) -> tuple[Reason, ...]:
    """Why this account may not approve this request, all of it; empty when it may."""
    account = facts.people.get(oid)
    if account is None or isinstance(account.person, Unreadable):
        return (Reason.FACTS_UNREADABLE,)
    if account.person is None or not account.person.enabled or account.person.guest:
        return (Reason.NOT_AN_AGENT,)
    person = account.person
    return tuple(
        dict.fromkeys(
            (
                *_rights(law, account, needed, facts),
                *_apartness(law, person, evidence, needed, facts),
                *_record(law, person, needed, facts, now),
            )
        )
    )


def _rights(law: Law, account: AccountFacts, needed: Row, facts: Facts) -> Iterator[Reason]:
    group = law.security if needed.separate_group else law.agents
    if isinstance(account.groups, Unreadable):
        yield Reason.FACTS_UNREADABLE
    elif not group or group not in account.groups:
        yield Reason.NOT_AN_AGENT
    active = account.roles.active
    if isinstance(active, Unreadable):
        yield Reason.FACTS_UNREADABLE
    elif not any(acts_at_all(r) for r in active):
        yield Reason.ROLE_INACTIVE
    elif not any(covers(r, facts.subject) for r in active):
        yield Reason.ROLE_NOT_COVERING


def _apartness(
    law: Law, person: Person, evidence: Sequence[Proof], needed: Row, facts: Facts
) -> Iterator[Reason]:
    if not law.humans.linked(person):
        yield Reason.UNLINKED_HUMAN
    subject = facts.subject.person
    if isinstance(subject, Person):
        if person.oid.lower() == subject.oid.lower():
            yield Reason.SELF
        elif law.humans.same(person, subject):
            yield Reason.SAME_HUMAN
    if facts.opener:
        yield from _not_this_one(law, person, facts.witnesses.get(facts.opener), Reason.SAME_HUMAN)
    if facts.stand is not None:
        yield from _not_this_one(law, person, facts.stand.person, Reason.WAS_HELPER)
    for one in witness_people(evidence, facts, ProofKind.MANAGER, ProofKind.CONTACT):
        yield from _not_this_one(law, person, one, Reason.WAS_VOUCHER)
    if needed.solo_desk and any(p.row.kind in CODES and p.intact and p.counts for p in evidence):
        return
    if facts.starter:
        yield from _not_this_one(law, person, facts.witnesses.get(facts.starter), Reason.WAS_CHECKER)
    for one in witness_people(evidence, facts, ProofKind.LIVE_CHECK):
        yield from _not_this_one(law, person, one, Reason.WAS_CHECKER)


def _not_this_one(
    law: Law, person: Person, other: Read[Person | None] | None, reason: Reason
) -> Iterator[Reason]:
    match other:
        case Person():
            if law.humans.same(person, other):
                yield reason
        case _:
            # Whoever cannot be read, or is gone, might be the approver.
            yield Reason.FACTS_UNREADABLE


def witness_people(
    evidence: Sequence[Proof], facts: Facts, *kinds: ProofKind
) -> list[Read[Person | None] | None]:
    return [facts.witnesses.get(p.row.by_oid) for p in evidence if p.row.kind in kinds and p.row.by_oid]


def _record(law: Law, person: Person, needed: Row, facts: Facts, now: datetime) -> Iterator[Reason]:
    recovered = facts.ledger.recovered.get(person.oid)
    if recovered is not None and now - recovered < law.policy.times.no_vouching:
        yield Reason.RECENT_RECOVERY
    if facts.ledger.passes_today >= law.policy.caps.agent_stop and ActKind.ISSUE_PASS in needed.acts:
        yield Reason.TOO_MANY


def quorum(
    law: Law,
    draft: Draft,
    evidence: Sequence[Proof],
    earlier: Sequence[Approval],
    needed: Row,
    facts: Facts,
    now: datetime,
) -> list[str] | None:
    """Everyone whose signature counts, this approver last; None when this human has signed already.

    An earlier approver who would be refused now does not count, nor does a signature over another plan.
    """
    counting: list[Person] = []
    me = person_of(facts, draft.approver_oid)
    for approval in earlier:
        if not approval.intact or approval.plan_digest != draft.plan_digest:
            continue
        account = facts.people.get(approval.oid)
        if account is None or not isinstance(account.person, Person):
            continue
        if law.humans.same(account.person, me):
            return None
        if any(law.humans.same(account.person, c) for c in counting):
            continue
        if not approver_faults(law, approval.oid, evidence, needed, facts, now):
            counting.append(account.person)
    return [*(str(p.oid) for p in counting), draft.approver_oid]


def person_of(facts: Facts, oid: str) -> Person:
    person = facts.people[oid].person
    assert isinstance(person, Person), "approver_faults has refused everybody else"
    return person
