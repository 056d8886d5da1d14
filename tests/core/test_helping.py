"""Standing in for a browser: the decision's part, one thing wrong at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.facts import Person, Read, Unreadable
from bot.core.law import Proof, Stand
from bot.core.model import Act, ActKind, ProofKind, Reason
from bot.core.request import Allowed, Refusal
from tests.core.deciding import (
    AGENT,
    CHECKER,
    MANAGER,
    NOW,
    PROOFS,
    SUBJECT,
    THUMB,
    Case,
    Page,
    account,
    admin,
    evidence,
    person,
)

HELPER = "h-oid"


def helped(*, who: Read[Person | None] | None = None, role: Read[str] = "group", oid: str = HELPER) -> Case:
    """A request in order, collected in a helper's browser."""
    proofs = tuple(Proof(replace(p.row, how={**p.row.how, "helper": HELPER}), True) for p in PROOFS)
    case = Case(proofs=proofs, asked={"helper_oid": HELPER}, drafted={"helper": HELPER})
    case.page = replace(case.page, helper=HELPER)
    case.stand = Stand(oid, person(HELPER) if who is None else who, role)
    return case


def refused(case: Case) -> tuple[Reason, ...]:
    verdict = case.verdict()
    assert isinstance(verdict, Refusal)
    return verdict.reasons


def test_a_named_helper_stands_in() -> None:
    assert isinstance(helped().verdict(), Allowed)
    for role in ("manager", "deputy", "group"):
        assert isinstance(helped(role=role).verdict(), Allowed)


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (helped(role=""), Reason.HELPER_REFUSED),
        (helped(role=Unreadable("error")), Reason.FACTS_UNREADABLE),
        (helped(who=Unreadable("late")), Reason.FACTS_UNREADABLE),
        (helped(who=person(HELPER, enabled=False)), Reason.HELPER_REFUSED),
        (helped(who=person(HELPER, guest=True)), Reason.HELPER_REFUSED),
        (helped(who=person(HELPER, employee_id="")), Reason.HELPER_REFUSED),
        (helped(who=person(HELPER, employee_id=f"no-{SUBJECT}")), Reason.HELPER_REFUSED),
        (helped(who=person(HELPER, employee_id=f"no-{CHECKER}")), Reason.HELPER_REFUSED),
        (helped(who=person(HELPER, employee_id=f"no-{AGENT}")), Reason.WAS_HELPER),
        (helped(oid="another"), Reason.FACTS_UNREADABLE),
    ],
    ids=[
        "left the closed set", "set unreadable", "person unreadable", "disabled", "guest", "linked to nobody",
        "is the subject", "is the checker", "is the approver's other account", "somebody else was read",
    ],
)  # fmt: skip
def test_one_wrong_helper_is_enough_to_refuse(case: Case, reason: Reason) -> None:
    """Unknown means no; the same human is found behind every account."""
    assert reason in refused(case)


def _draft(case: Case) -> None:
    case.drafted = {"helper": ""}


def _request(case: Case) -> None:
    case.asked = {}


def _page(case: Case) -> None:
    case.page = replace(case.page, helper="")


def _evidence(case: Case) -> None:
    case.proofs = (PROOFS[0], case.proofs[1])


@pytest.mark.parametrize("change", [_draft, _request, _page, _evidence])
def test_request_draft_page_and_every_proof_name_the_same_helper(change: Callable[[Case], None]) -> None:
    """Nothing collected with a helper passes for the person's own, and the other way round."""
    case = helped()
    change(case)
    assert Reason.EVIDENCE_CHANGED in refused(case)


def test_a_page_whose_row_was_touched_fits_nobody() -> None:
    """The service says "?" where attempt and attested row differ."""
    case = Case()
    case.page = replace(case.page, helper="?")
    assert Reason.EVIDENCE_CHANGED in refused(case)


def test_a_missing_reading_of_the_helper_is_a_no() -> None:
    case = helped()
    case.stand = None
    assert Reason.FACTS_UNREADABLE in refused(case)


def test_a_witness_who_cannot_be_read_might_be_the_helper() -> None:
    case = helped()
    case.witnesses = {**case.witnesses, CHECKER: Unreadable("error")}
    assert Reason.FACTS_UNREADABLE in refused(case)


def test_the_manager_may_help_but_not_vouch_as_well() -> None:
    """One human would be alone with the page and with the word for the person."""
    case = helped(who=person(MANAGER), role="manager")
    case.stand = replace(case.stand or Stand("", None, ""), oid=HELPER)
    word = evidence(ProofKind.MANAGER, by=MANAGER, how="in_person")
    case.proofs = (*case.proofs, Proof(replace(word, how={**word.how, "helper": HELPER}), True))
    assert Reason.HELPER_REFUSED in refused(case)


def test_a_helper_changes_what_is_signed() -> None:
    assert helped().draft.digest != Case(proofs=helped().proofs).draft.digest
    assert Page("open", THUMB, NOW, NOW).helper == ""


def test_the_manager_who_opened_may_vouch_and_another_human_approves() -> None:
    """A newcomer's first day: opening and vouching are the manager's, approving is not."""
    word = Proof(evidence(ProofKind.MANAGER, by=MANAGER, how="in_person"), True)
    code = Proof(evidence(ProofKind.ISSUED_CODE, how="hiring"), True)
    newcomer = account(SUBJECT, person=person(SUBJECT, hired_at=NOW), methods=())
    acts = (Act(ActKind.ISSUE_PASS, shape="short", minutes=15),)
    case = Case(proofs=(word, code), opener=MANAGER, rank="new_account", subject=newcomer, acts=acts)
    case.ledger = replace(case.ledger, had_methods=False)
    case.law_changes = {"ways": frozenset({ProofKind.MANAGER, ProofKind.ISSUED_CODE})}
    assert isinstance(case.verdict(), Allowed), case.verdict()
    case.people = {MANAGER: admin(MANAGER)}
    case.approver = MANAGER
    assert {Reason.SAME_HUMAN, Reason.WAS_VOUCHER} <= set(refused(case))
