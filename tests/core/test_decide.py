# ruff: noqa: E501 -- one refusal a line reads as the table it is
"""The decision: what may be done, and every reason for which nothing may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.facts import LivePass, Method, Risk, Role, Roles
from bot.core.humans import Humans
from bot.core.law import Approval, Ledger, Page, Proof
from bot.core.model import Act, ActKind, ProofKind, Reason
from bot.core.plan import contents
from bot.core.policy_file import parse
from bot.core.rank import GLOBAL_ADMINISTRATOR, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
from bot.core.request import ENDING, Allowed, Counted, Refusal
from tests.core.deciding import (
    ACTS,
    AGENT,
    CHECKER,
    ELIGIBLE,
    MANAGER,
    NOW,
    PASS_POLICY,
    PROOFS,
    SECOND,
    SECURITY,
    SUBJECT,
    UNREADABLE,
    Case,
    account,
    admin,
    evidence,
    person,
)

DAY = timedelta(days=1)
Change = Callable[[Case], None]


def reasons(case: Case) -> tuple[Reason, ...]:
    verdict = case.verdict()
    assert isinstance(verdict, Refusal), verdict
    return verdict.reasons


def test_a_request_in_order_is_allowed_pass_first() -> None:
    """The pass comes before anything is taken away, whatever order was asked for."""
    case = Case(acts=tuple(reversed(ACTS)))
    verdict = case.verdict()
    assert isinstance(verdict, Allowed)
    assert [a.kind for a in verdict.plan] == [ActKind.ISSUE_PASS, ActKind.REMOVE_METHOD]
    assert verdict.approvals == (AGENT,)


def swap(case: Case, oid: str, **more: object) -> None:
    case.people[oid] = replace(case.people[oid], **more)  # type: ignore[arg-type]


def subject(**more: object) -> Change:
    return lambda c: setattr(c, "subject", replace(c.subject, **more))  # type: ignore[arg-type]


def ledger(**more: object) -> Change:
    return lambda c: setattr(c, "ledger", replace(c.ledger, **more))  # type: ignore[arg-type]


def page(**more: object) -> Change:
    return lambda c: setattr(c, "page", replace(c.page, **more))  # type: ignore[arg-type]


def put(name: str, value: object) -> Change:
    return lambda c: setattr(c, name, value)


def approver(**more: object) -> Change:
    return lambda c: swap(c, AGENT, **more)


def proof(n: int, *, intact: bool = True, signed_before: bool = True, **more: object) -> Change:
    """Change one evidence row after it was signed (or, *signed_before* False, before)."""

    def change(case: Case) -> None:
        rows = list(case.proofs)
        rows[n] = Proof(replace(rows[n].row, **more), intact)  # type: ignore[arg-type]
        if signed_before and case.signed is None:
            case.signed = case.proofs
        case.proofs = tuple(rows)

    return change


REFUSALS: list[tuple[str, Change, Reason, bool]] = [
    # who signs
    ("self", lambda c: (setattr(c, "approver", SUBJECT), c.people.update({SUBJECT: admin(SUBJECT)}))[0], Reason.SELF, False),
    ("same human by list", put("humans", Humans.of([[SUBJECT, AGENT]], by_employee_id=True)), Reason.SAME_HUMAN, False),
    ("same human by employee id", subject(person=person(SUBJECT, employee_id=" NO-A-OID ")), Reason.SAME_HUMAN, False),
    ("unlinked", approver(person=person(AGENT, employee_id="")), Reason.UNLINKED_HUMAN, False),
    ("out of the group", approver(groups=frozenset({ELIGIBLE})), Reason.NOT_AN_AGENT, False),
    ("groups unreadable", approver(groups=UNREADABLE), Reason.FACTS_UNREADABLE, False),
    ("approver disabled", approver(person=person(AGENT, enabled=False)), Reason.NOT_AN_AGENT, False),
    ("approver a guest", approver(person=person(AGENT, guest=True)), Reason.NOT_AN_AGENT, False),
    ("approver gone", approver(person=None), Reason.NOT_AN_AGENT, False),
    ("approver unreadable", approver(person=UNREADABLE), Reason.FACTS_UNREADABLE, False),
    ("role only eligible", lambda c: c.people.update({AGENT: admin(AGENT, eligible=True)}), Reason.ROLE_INACTIVE, False),
    ("no role", approver(roles=Roles((), (), ())), Reason.ROLE_INACTIVE, False),
    ("other role", approver(roles=Roles((Role("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk", "/"),), (), ())), Reason.ROLE_INACTIVE, False),
    ("roles unreadable", approver(roles=Roles(UNREADABLE, (), ())), Reason.FACTS_UNREADABLE, False),
    ("role in another unit", lambda c: c.people.update({AGENT: admin(AGENT, scope="/administrativeUnits/u9")}), Reason.ROLE_NOT_COVERING, False),
    ("units unreadable", lambda c: (c.people.update({AGENT: admin(AGENT, scope="/administrativeUnits/u1")}), subject(units=UNREADABLE)(c))[0], Reason.ROLE_NOT_COVERING, False),
    ("was the checker", lambda c: (setattr(c, "approver", CHECKER), c.people.update({CHECKER: admin(CHECKER)}))[0], Reason.WAS_CHECKER, False),
    ("checker's other account", put("humans", Humans.of([[CHECKER, AGENT]], by_employee_id=True)), Reason.WAS_CHECKER, False),
    ("checker unreadable", lambda c: c.witnesses.update({CHECKER: UNREADABLE}), Reason.FACTS_UNREADABLE, False),
    ("checker gone", lambda c: c.witnesses.update({CHECKER: None}), Reason.FACTS_UNREADABLE, False),
    ("checker not read", lambda c: c.witnesses.pop(CHECKER), Reason.FACTS_UNREADABLE, False),
    ("opened it", lambda c: (setattr(c, "opener", "o"), c.witnesses.update({"o": person("o", employee_id="no-a-oid")}))[0], Reason.SAME_HUMAN, False),
    ("opened it for a caller", lambda c: (setattr(c, "starter", AGENT), c.witnesses.update({AGENT: person(AGENT)}))[0], Reason.WAS_CHECKER, False),
    ("other account opened it for a caller", lambda c: (setattr(c, "starter", "o"), c.witnesses.update({"o": person("o", employee_id="NO-A-oid")}), put("humans", Humans.of([["o", AGENT]], by_employee_id=True))(c))[0], Reason.WAS_CHECKER, False),
    ("who opened it for a caller not read", put("starter", "o"), Reason.FACTS_UNREADABLE, False),
    ("own recovery yesterday", ledger(recovered={AGENT: NOW - timedelta(hours=23)}), Reason.RECENT_RECOVERY, False),
    ("sixty today", ledger(passes_today=60), Reason.TOO_MANY, False),
    # the request and the draft
    ("request over", ledger(request_status="ended"), Reason.REQUEST_ENDED, False),
    ("request expired", put("asked", {"expires_at": NOW}), Reason.REQUEST_ENDED, False),
    ("being carried out", ledger(request_status="executing"), Reason.EXECUTION_OPEN, False),
    ("another execution open", ledger(execution_open=True), Reason.EXECUTION_OPEN, False),
    ("case frozen", ledger(case_status="frozen"), Reason.CASE_FROZEN, True),
    ("case over", ledger(case_status="ended"), Reason.CASE_ENDED, True),
    ("draft of another request", put("drafted", {"request_id": "other"}), Reason.SUPERSEDED, False),
    ("draft of another subject", put("drafted", {"subject_oid": "other"}), Reason.SUBJECT_CHANGED, True),
    ("draft of other acts", put("drafted", {"acts": ACTS[:1]}), Reason.SUBJECT_CHANGED, True),
    ("draft without acts", put("drafted", {"acts": ()}), Reason.SUBJECT_CHANGED, True),
    ("policy changed", put("drafted", {"policy_version": "old"}), Reason.POLICY_CHANGED, True),
    ("policy changed since asked", put("asked", {"policy_version": "old"}), Reason.POLICY_CHANGED, True),
    ("other browser key in the draft", put("drafted", {"thumbprint": "other"}), Reason.KEY_CHANGED, True),
    # the subject
    ("became an admin", subject(roles=Roles((Role("x", "Some Admin", "/"),), (), ())), Reason.RANK_CHANGED, True),
    ("became eligible", subject(roles=Roles((), (Role("x", "Some Admin", "/", True),), ())), Reason.RANK_REFUSED, True),
    ("joined a role group", subject(roles=Roles((), (), ("rg",))), Reason.RANK_REFUSED, True),
    ("restricted", subject(person=person(SUBJECT, management_restricted=True)), Reason.RANK_REFUSED, True),
    ("roles not readable", subject(roles=Roles(UNREADABLE, (), ())), Reason.RANK_REFUSED, True),
    ("became risky", subject(risk=Risk("high")), Reason.RANK_CHANGED, True),
    ("left the eligible group", subject(groups=frozenset()), Reason.RANK_REFUSED, True),
    ("external guest", subject(person=person(SUBJECT, external=True)), Reason.RANK_REFUSED, True),
    ("disabled", subject(person=person(SUBJECT, enabled=False)), Reason.SUBJECT_DISABLED, True),
    ("another account altogether", subject(person=person("other")), Reason.SUBJECT_CHANGED, True),
    ("account unreadable", subject(person=UNREADABLE), Reason.FACTS_UNREADABLE, False),
    ("facts too old", put("read_at", NOW - timedelta(seconds=31)), Reason.FACTS_UNREADABLE, False),
    ("facts from the future", put("read_at", NOW + timedelta(seconds=1)), Reason.FACTS_UNREADABLE, False),
    ("somebody else's pass", subject(live_pass=LivePass("p9", NOW, True, 60)), Reason.LIVE_PASS, False),
    ("live pass unreadable", subject(live_pass=UNREADABLE), Reason.FACTS_UNREADABLE, False),
    ("pass policy off", lambda c: setattr(c, "pass_policy", replace(c.pass_policy, enabled=False)), Reason.PASS_NOT_ALLOWED, True),  # type: ignore[type-var]
    ("out of the pass policy", lambda c: setattr(c, "pass_policy", replace(c.pass_policy, include_groups=("g9",))), Reason.PASS_NOT_ALLOWED, True),  # type: ignore[type-var]
    ("kept out of the pass policy", lambda c: setattr(c, "pass_policy", replace(c.pass_policy, exclude_groups=(ELIGIBLE,))), Reason.PASS_NOT_ALLOWED, True),  # type: ignore[type-var]
    ("longer than the policy", lambda c: setattr(c, "pass_policy", replace(c.pass_policy, minimum=60)), Reason.PASS_NOT_ALLOWED, True),  # type: ignore[type-var]
    ("pass policy unreadable", put("pass_policy", UNREADABLE), Reason.FACTS_UNREADABLE, False),
    ("methods unreadable", subject(methods=UNREADABLE), Reason.FACTS_UNREADABLE, False),
    ("method became another", subject(methods=(Method("m1", "fido2", "Key", NOW),)), Reason.SUBJECT_CHANGED, True),
    ("pass used two days ago", ledger(used_passes=(NOW - 2 * DAY,)), Reason.RECENT_PASS, True),
    ("three passes this week", ledger(used_passes=(NOW - 4 * DAY, NOW - 5 * DAY, NOW - 6 * DAY)), Reason.RECENT_PASS, True),
    # the evidence
    ("row planted or changed, MAC broken", proof(0, intact=False), Reason.EVIDENCE_CHANGED, True),
    ("row changed under a good MAC", proof(0, at=NOW - timedelta(minutes=19)), Reason.EVIDENCE_CHANGED, True),
    ("row of another attempt", proof(0, attempt_id="other", signed_before=False), Reason.EVIDENCE_CHANGED, True),
    ("row of another subject", proof(0, subject_oid="other", signed_before=False), Reason.EVIDENCE_CHANGED, True),
    ("row of another case", proof(0, case_id="other", signed_before=False), Reason.EVIDENCE_CHANGED, True),
    ("row of another key", proof(0, thumbprint="other", signed_before=False), Reason.KEY_CHANGED, True),
    ("voided", proof(0, voided_at=NOW, signed_before=False), Reason.EVIDENCE_SHORT, True),
    ("row gone", lambda c: (setattr(c, "signed", c.proofs), c.asked.update(evidence_ids=[p.row.id for p in c.proofs]), setattr(c, "proofs", c.proofs[:1]))[0], Reason.EVIDENCE_CHANGED, True),
    ("not enough", put("proofs", PROOFS[:1]), Reason.EVIDENCE_SHORT, True),
    ("older than an hour when asked", proof(0, at=NOW - timedelta(minutes=71), signed_before=False), Reason.EVIDENCE_OLD, True),
    ("passed after it was asked", proof(0, at=NOW - timedelta(minutes=9), signed_before=False), Reason.EVIDENCE_OLD, True),
    ("asked again too late", put("asked", {"first_asked_at": NOW - timedelta(minutes=131)}), Reason.EVIDENCE_OLD, True),
    # the page
    ("page absent", page(answered_at=NOW - timedelta(seconds=61)), Reason.PAGE_ABSENT, False),
    ("page never answered", page(answered_at=None), Reason.PAGE_ABSENT, False),
    ("page's answer from the future", page(answered_at=NOW + timedelta(seconds=1)), Reason.PAGE_ABSENT, False),
    ("page has another key", page(thumbprint="other"), Reason.KEY_CHANGED, True),
    ("page lost its key", page(thumbprint=""), Reason.KEY_CHANGED, True),
    ("attempt over", page(status="ended"), Reason.ATTEMPT_ENDED, True),
    ("attempt ran out", page(expires_at=NOW), Reason.ATTEMPT_ENDED, True),
    ("attempt frozen", page(status="frozen"), Reason.CASE_FROZEN, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason", "ends"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS]
)
def test_one_thing_wrong_is_enough_to_refuse(change: Change, reason: Reason, ends: bool) -> None:
    """Each single fault refuses by its name, and ends the request only when asking on is pointless."""
    case = Case()
    change(case)
    verdict = case.verdict()
    assert isinstance(verdict, Refusal)
    assert reason in verdict.reasons
    assert (reason in ENDING) == ends


@given(st.lists(st.sampled_from(REFUSALS), min_size=1, max_size=4, unique_by=lambda fault: fault[0]))
def test_no_number_of_faults_ever_adds_up_to_a_yes(faults: list[tuple[str, Change, Reason, bool]]) -> None:
    """Faults never cancel each other out."""
    case = Case()
    for _, change, _, _ in faults:
        try:
            change(case)
        except (KeyError, TypeError):
            continue  # two changes that cannot both be made
    verdict = case.verdict()
    assert isinstance(verdict, Refusal)


def test_all_reasons_come_at_once() -> None:
    """Whoever looks at a refusal sees all of it."""
    case = Case()
    for name, change, _, _ in REFUSALS:
        if name in ("disabled", "page absent", "out of the group", "policy changed"):
            change(case)
    assert {
        Reason.SUBJECT_DISABLED,
        Reason.PAGE_ABSENT,
        Reason.NOT_AN_AGENT,
        Reason.POLICY_CHANGED,
    } <= set(reasons(case))


# --- who may ---------------------------------------------------------------------------------------


def test_the_manager_who_vouched_may_not_approve() -> None:
    """Voucher and approver are two humans."""
    case = Case(
        proofs=(
            Proof(evidence(ProofKind.MANAGER, by=MANAGER), True),
            Proof(evidence(ProofKind.LIVE_CHECK, by=CHECKER, how="video"), True),
        ),
        approver=MANAGER,
    )
    case.people[MANAGER] = admin(MANAGER)
    assert reasons(case) == (Reason.WAS_VOUCHER,)
    case.approver = AGENT
    assert isinstance(case.verdict(), Allowed)


def test_a_solo_desk_lets_the_checker_approve_only_beside_a_code() -> None:
    """`solo_desk` needs a saved, issued or contact code; the manager's word is none."""
    policy, _ = parse({"solo_desk": True})
    case = Case(policy=policy, approver=CHECKER)
    case.people[CHECKER] = admin(CHECKER)
    verdict = case.verdict()
    assert isinstance(verdict, Allowed)
    assert verdict.solo
    case.proofs = (Proof(evidence(ProofKind.MANAGER, by=MANAGER), True), PROOFS[1])
    assert reasons(case) == (Reason.WAS_CHECKER,)


def test_a_solo_desk_lets_whoever_opened_it_for_a_caller_approve_only_beside_a_code() -> None:
    """They count as a checker in this, too, and security is told in the same way."""
    policy, _ = parse({"solo_desk": True})
    case = Case(policy=policy, starter=AGENT)
    case.witnesses[AGENT] = person(AGENT)
    verdict = case.verdict()
    assert isinstance(verdict, Allowed)
    assert verdict.solo
    case.proofs = (Proof(evidence(ProofKind.MANAGER, by=MANAGER), True), PROOFS[1])
    assert reasons(case) == (Reason.WAS_CHECKER,)


def test_a_role_of_the_subjects_unit_reaches() -> None:
    """Administrative units: the approver's role must be scoped to one the subject is in."""
    case = Case()
    case.people[AGENT] = admin(AGENT, scope="/administrativeUnits/u1")
    case.subject = replace(case.subject, units=frozenset({"u1"}))
    assert isinstance(case.verdict(), Allowed)


def test_busy_agents_are_noticed_before_they_are_stopped() -> None:
    """Twenty-five passes a day warn, sixty stop."""
    case = Case(ledger=Ledger("open", "open", passes_today=24))
    verdict = case.verdict()
    assert isinstance(verdict, Allowed)
    assert not verdict.busy
    case.ledger = Ledger("open", "open", passes_today=25)
    verdict = case.verdict()
    assert isinstance(verdict, Allowed)
    assert verdict.busy


# --- quorum ------------------------------------------------------------------------------------------


def two_needed() -> Case:
    policy, _ = parse({"rules": {"standard": {"approvers": 2}}})
    return Case(policy=policy)


def test_the_first_of_two_counts_and_the_second_carries_out() -> None:
    """Both signed the same plan, both are read again."""
    case = two_needed()
    assert case.verdict() == Counted(1)
    case.earlier = (Approval(SECOND, case.draft.plan_digest),)
    verdict = case.verdict()
    assert isinstance(verdict, Allowed)
    assert verdict.approvals == (SECOND, AGENT)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: setattr(c, "earlier", (Approval(SECOND, c.draft.plan_digest, intact=False),)),
        lambda c: setattr(c, "earlier", (Approval(SECOND, "another plan"),)),
        lambda c: swap(c, SECOND, groups=frozenset({ELIGIBLE})),
        lambda c: swap(c, SECOND, roles=Roles((), (), ())),
        lambda c: c.people.pop(SECOND),
    ],
)
def test_an_approval_that_would_be_refused_now_does_not_count(change: Change) -> None:
    """An earlier approver who left the group, lost the role, or whose row was planted is no approver."""
    case = two_needed()
    case.earlier = (Approval(SECOND, case.draft.plan_digest),)
    change(case)
    assert case.verdict() == Counted(1)


def test_one_human_is_one_approver() -> None:
    """Neither the same account twice nor a second account of it makes two."""
    case = two_needed()
    case.earlier = (Approval(AGENT, case.draft.plan_digest),)
    assert reasons(case) == (Reason.DECIDED_ALREADY,)
    case.earlier = (Approval(SECOND, case.draft.plan_digest),)
    case.humans = Humans.of([[AGENT, SECOND]], by_employee_id=True)
    assert reasons(case) == (Reason.DECIDED_ALREADY,)


def test_two_accounts_of_one_human_count_once_among_the_earlier_ones() -> None:
    """A third signature is still needed."""
    policy, _ = parse({"rules": {"standard": {"approvers": 3}}})
    case = Case(policy=policy, humans=Humans.of([[SECOND, "d-oid"]], by_employee_id=True))
    case.people["d-oid"] = admin("d-oid")
    case.earlier = tuple(Approval(oid, case.draft.plan_digest) for oid in (SECOND, "d-oid"))
    assert case.verdict() == Counted(1)


def test_privileged_accounts_need_two_of_the_other_group_with_the_higher_role() -> None:
    """Enabled, a privileged account takes counter and code, and two of security with a covering role."""
    policy, _ = parse({"privileged": True})
    case = Case(
        policy=policy,
        rank="privileged",
        proofs=(PROOFS[0], Proof(evidence(ProofKind.LIVE_CHECK, by=CHECKER, how="counter"), True)),
        subject=account(SUBJECT, roles=Roles((Role(GLOBAL_ADMINISTRATOR, "GA", "/"),), (), ())),
    )
    assert Reason.NOT_AN_AGENT in reasons(case)
    assert Reason.ROLE_NOT_COVERING in reasons(case)
    top = Roles((Role(PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, "PAA", "/"),), (), ())
    for oid in (AGENT, SECOND):
        swap(case, oid, roles=top, groups=frozenset({SECURITY, ELIGIBLE}))
    assert case.verdict() == Counted(1)
    case.earlier = (Approval(SECOND, case.draft.plan_digest),)
    assert isinstance(case.verdict(), Allowed)


# --- plans -------------------------------------------------------------------------------------------


def test_no_plan_locks_an_account_out() -> None:
    """Taking the last strong method, or the last session, needs a pass."""
    last = Case(acts=ACTS[1:])
    assert reasons(last) == (Reason.WOULD_LOCK_OUT,)
    other = Method("m2", "fido2", "Key", NOW)
    last.subject = replace(last.subject, methods=(*last.subject.methods, other))  # type: ignore[misc]
    assert isinstance(last.verdict(), Allowed)
    forget = Case(acts=(Act(ActKind.FORGET_DEVICES),), subject=account(SUBJECT, methods=()))
    assert reasons(forget) == (Reason.WOULD_LOCK_OUT,)
    forget.acts = (*ACTS[:1], *forget.acts)
    assert isinstance(forget.verdict(), Allowed)


def test_methods_said_to_be_gone_are_no_way_in() -> None:
    """Whatever still stands on the account."""
    case = Case(acts=(Act(ActKind.FORGET_DEVICES),))
    assert isinstance(case.verdict(), Allowed)
    case.page = replace(case.page, said_gone=frozenset({"m1"}))
    assert reasons(case) == (Reason.WOULD_LOCK_OUT,)


def test_signing_out_everywhere_needs_no_page_and_a_pass_does() -> None:
    """Only what is handed over needs somebody to hand it to."""
    for acts, wanted in (((Act(ActKind.FORGET_DEVICES),), ()), (ACTS, (Reason.PAGE_ABSENT,))):
        case = Case(acts=acts)
        case.page = replace(case.page, answered_at=NOW - timedelta(minutes=5))
        verdict = case.verdict()
        assert (() if isinstance(verdict, Allowed) else reasons(case)) == wanted


DAY_PASS = Act(ActKind.ISSUE_PASS, shape="day", minutes=480, once=False)


def test_a_day_pass_takes_nothing_away() -> None:
    assert isinstance(Case(acts=(DAY_PASS,)).verdict(), Allowed)
    assert reasons(Case(acts=(DAY_PASS, ACTS[1]))) == (Reason.FORBIDDEN,)


def test_day_passes_are_counted_over_a_month_and_are_outside_the_72_hours() -> None:
    """Three of them; used passes of the other kind play no part."""
    case = Case(acts=(DAY_PASS,))
    made = tuple(NOW - DAY * n for n in (1, 10, 29))
    case.ledger = replace(case.ledger, used_passes=(NOW - DAY / 4,), day_passes=made[:2])
    assert isinstance(case.verdict(), Allowed)
    case.ledger = replace(case.ledger, day_passes=made)
    assert reasons(case) == (Reason.DAY_PASSES,)
    case.ledger = replace(case.ledger, day_passes=(*made[:2], NOW - DAY * 30))
    assert isinstance(case.verdict(), Allowed)


@pytest.mark.parametrize(
    "wrong",
    [{"once": True}, {"minutes": 601}, {"shape": "short"}, {"shape": ""}],
    ids=["once", "too long", "short but many", "no shape"],
)
def test_a_pass_has_the_shape_it_was_asked_in(wrong: dict[str, Any]) -> None:
    """Ten hours of a pass that works once, or a short one that works often, is nothing anybody asked for."""
    case = Case(acts=(replace(DAY_PASS, **wrong),))
    case.pass_policy = replace(PASS_POLICY, maximum=1440)
    assert reasons(case) == (Reason.PASS_NOT_ALLOWED,)


def test_a_day_pass_signed_is_not_the_short_one_asked_for() -> None:
    """The shape is in the digest, and in what must be as it was asked."""
    short = replace(DAY_PASS, shape="short", minutes=15, once=True)
    case = Case(acts=(short,), drafted={"acts": (DAY_PASS,)})
    assert Reason.SUBJECT_CHANGED in reasons(case)
    assert Case(acts=(short,)).draft.digest != Case(acts=(DAY_PASS,)).draft.digest


def test_devices_are_forgotten_once_a_day() -> None:
    """Each call signs the person out everywhere again."""
    case = Case(
        acts=(Act(ActKind.FORGET_DEVICES),), ledger=Ledger("open", "open", forgotten_at=NOW - DAY / 2)
    )
    assert reasons(case) == (Reason.RECENT_FORGET,)
    case.ledger = replace(case.ledger, forgotten_at=NOW - DAY)
    assert isinstance(case.verdict(), Allowed)


def test_a_plan_without_a_pass_does_not_wait_for_the_page() -> None:
    """Only a pass needs somebody to unseal it."""
    case = Case(acts=(Act(ActKind.FORGET_DEVICES),))
    case.page = replace(case.page, answered_at=None)
    assert isinstance(case.verdict(), Allowed)


def test_a_foreign_pass_is_replaced_only_when_that_was_signed() -> None:
    """The answer to the question is part of the digest, and names the pass."""
    case = Case(subject=account(SUBJECT, live_pass=LivePass("p9", NOW, True, 60)))
    plain = case.draft.digest
    case.drafted = {"replaces": "p8"}
    assert reasons(case) == (Reason.LIVE_PASS,)
    case.drafted = {"replaces": "p9"}
    assert isinstance(case.verdict(), Allowed)
    assert case.draft.digest != plain
    case.drafted, case.ledger = {}, Ledger("open", "open", own_passes=frozenset({"p9"}))
    assert isinstance(case.verdict(), Allowed)


def test_an_expired_pass_is_no_question() -> None:
    """Only a usable one is in the way."""
    case = Case(subject=account(SUBJECT, live_pass=LivePass("p9", NOW, False, 60)))
    assert isinstance(case.verdict(), Allowed)


def test_a_method_already_gone_is_as_good_as_removed() -> None:
    """Somebody was faster; the plan goes on."""
    assert isinstance(Case(subject=account(SUBJECT, methods=())).verdict(), Allowed)


def test_a_void_request_may_be_asked_again_on_the_same_evidence_within_two_hours() -> None:
    """Evidence counts from the first asking."""
    first = NOW - timedelta(minutes=110)
    case = Case(asked={"first_asked_at": first, "asked_at": NOW - timedelta(minutes=1)})
    case.proofs = tuple(Proof(replace(p.row, at=first - timedelta(minutes=59)), True) for p in PROOFS)
    assert isinstance(case.verdict(), Allowed)


def test_a_remembered_browser_is_asked_of_the_page_not_of_the_evidence() -> None:
    """Two codes are enough only where the same key was there at enrolment."""
    two = (PROOFS[0], Proof(evidence(ProofKind.CONTACT, by=MANAGER), True))
    case = Case(proofs=two)
    assert Reason.EVIDENCE_SHORT in reasons(case)
    case.page = Page("open", "thumb", NOW + DAY, NOW, remembered=True)
    assert isinstance(case.verdict(), Allowed)


# --- the digest --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"case_id": "x"},
        {"request_id": "x"},
        {"subject_oid": "x"},
        {"acts": ACTS[:1]},
        {"acts": (replace(ACTS[0], minutes=16), ACTS[1])},
        {"acts": (ACTS[0], replace(ACTS[1], method_id="m2"))},
        {"rank": "sensitive"},
        {"policy_version": "x"},
        {"evidence": ("x",)},
        {"thumbprint": "x"},
        {"approver_oid": "x"},
        {"reason": "x"},
        {"note": "x"},
        {"replaces": "x"},
        {"helper": "x"},
    ],
)
def test_the_digest_covers_every_part_of_the_draft(change: dict[str, object]) -> None:
    """What you see is what you sign; any change is another signature."""
    draft = Case().draft
    assert replace(draft, **change).digest != draft.digest  # type: ignore[arg-type]


def test_a_draft_survives_its_row() -> None:
    """Stored and read again it has the same digest."""
    draft = Case(drafted={"note": "“hostile” ‮text", "replaces": "p9"}).draft
    assert type(draft).from_json(draft.to_json()).digest == draft.digest


def test_evidence_is_digested_by_contents() -> None:
    """Who checked, how and when are under the signature; the order of rows is not."""
    rows = [p.row for p in PROOFS]
    assert contents(rows) == contents(reversed(rows))
    for change in ({"by_oid": "x"}, {"how": {"how": "video"}}, {"at": NOW}, {"kind": "manager"}, {"id": "x"}):
        assert contents([replace(rows[0], **change), rows[1]]) != contents(rows)  # type: ignore[arg-type]
