"""A helper: somebody whose freshly signed-in browser stands in for that of a person who has none.

The request names them, the approver signs that name, and it must be the one under which every proof
was collected. They come from a closed set (the directory manager, a configured deputy, a member of the
helpers' group), are another human than everybody else in the case, and are looked up again when it
counts: what cannot be read is a no.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.core.facts import Person, Unreadable
from bot.core.law import Facts, Law, Proof
from bot.core.model import Reason
from bot.core.plan import Draft
from bot.core.records import Request


def helper_of(proof: Proof) -> str:
    """Under whose helping hand a proof was collected; "" for the person's own browser."""
    return str(proof.row.how.get("helper", ""))


def helper_faults(
    law: Law, request: Request, draft: Draft, evidence: Sequence[Proof], facts: Facts
) -> Iterator[Reason]:
    """Why the plan may not be carried out with this helper, or with none."""
    named = {request.helper_oid, draft.helper, facts.page.helper, *(helper_of(p) for p in evidence)}
    if named != {request.helper_oid}:
        yield Reason.EVIDENCE_CHANGED
    if not request.helper_oid:
        return
    stand = facts.stand
    if stand is None or stand.oid != request.helper_oid:
        yield Reason.FACTS_UNREADABLE
        return
    person, role = stand.person, stand.role
    if isinstance(person, Unreadable) or isinstance(role, Unreadable):
        yield Reason.FACTS_UNREADABLE
        return
    if person is None or not role or not may_help(law, person):
        yield Reason.HELPER_REFUSED
        return
    subject = facts.subject.person
    if isinstance(subject, Person) and law.humans.same(person, subject):
        yield Reason.HELPER_REFUSED
    for oid in {p.row.by_oid for p in evidence} - {""}:
        other = facts.witnesses.get(oid)
        if not isinstance(other, Person):
            yield Reason.FACTS_UNREADABLE
        elif law.humans.same(person, other):
            # One human would be alone with the page and with the word that it is the right person.
            yield Reason.HELPER_REFUSED


def may_help(law: Law, person: Person) -> bool:
    """In good standing, and known as one human: nobody unlinked can be told from the others."""
    good = person.enabled and not person.guest and not person.external
    return good and law.humans.linked(person)
