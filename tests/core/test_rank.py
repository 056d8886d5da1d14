"""Ranks: what is unreadable is the worst it could be. Humans: accounts that are one person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.facts import AccountFacts, Method, Risk, Role, Roles, Unreadable
from bot.core.humans import Humans
from bot.core.model import Rank
from bot.core.rank import (
    AUTHENTICATION_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    RankRules,
    covers,
    rank_of,
)
from tests.core.deciding import AGENTS, ELIGIBLE, NOW, SUBJECT, UNREADABLE, account, person

RULES = RankRules(
    frozenset({ELIGIBLE}),
    frozenset({AGENTS}),
    frozenset({"glass"}),
    frozenset({"boss"}),
    frozenset({"vip", "g-vip"}),
)
ROLE = Role("x", "Some role", "/")


def ranked(facts: AccountFacts, rules: RankRules = RULES, *, had: bool = True) -> Rank:
    return rank_of(facts, rules, NOW, had_methods=had).rank


@pytest.mark.parametrize(
    ("facts", "rank"),
    [
        (account(SUBJECT), Rank.STANDARD),
        (account(SUBJECT, person=None), Rank.EXCLUDED),
        (account("glass"), Rank.EXCLUDED),
        (account(SUBJECT, person=person(SUBJECT, external=True)), Rank.EXCLUDED),
        (account(SUBJECT, groups=frozenset()), Rank.EXCLUDED),
        (account("boss"), Rank.PRIVILEGED),
        (account(SUBJECT, person=UNREADABLE), Rank.PRIVILEGED),
        (account(SUBJECT, person=person(SUBJECT, management_restricted=True)), Rank.PRIVILEGED),
        (account(SUBJECT, groups=UNREADABLE), Rank.PRIVILEGED),
        (account(SUBJECT, groups=frozenset({ELIGIBLE, AGENTS})), Rank.PRIVILEGED),
        (account(SUBJECT, methods=UNREADABLE), Rank.PRIVILEGED),
        (account(SUBJECT, roles=Roles((ROLE,), (), ())), Rank.PRIVILEGED),
        (account(SUBJECT, roles=Roles((), (ROLE,), ())), Rank.PRIVILEGED),
        (account(SUBJECT, roles=Roles((), (), ("rg",))), Rank.PRIVILEGED),
        (account(SUBJECT, roles=Roles(UNREADABLE, (), ())), Rank.PRIVILEGED),
        (account(SUBJECT, roles=Roles((), UNREADABLE, ())), Rank.PRIVILEGED),
        (account(SUBJECT, roles=Roles((), Unreadable("unlicensed"), ())), Rank.PRIVILEGED),
        (account(SUBJECT, roles=Roles((), (), UNREADABLE)), Rank.PRIVILEGED),
        (account("vip"), Rank.SENSITIVE),
        (account(SUBJECT, groups=frozenset({ELIGIBLE, "g-vip"})), Rank.SENSITIVE),
        (account(SUBJECT, person=person(SUBJECT, guest=True)), Rank.SENSITIVE),
        (account(SUBJECT, risk=Risk("medium")), Rank.SENSITIVE),
        (account(SUBJECT, risk=Risk("high")), Rank.SENSITIVE),
        (account(SUBJECT, risk=Risk("hidden")), Rank.SENSITIVE),
        (account(SUBJECT, risk=Risk("unknownFutureValue")), Rank.SENSITIVE),
        (account(SUBJECT, risk=UNREADABLE), Rank.SENSITIVE),
        (account(SUBJECT, risk=Risk("low")), Rank.STANDARD),
    ],
)
def test_each_sign_has_its_rank(facts: AccountFacts, rank: Rank) -> None:
    """One sign each, on an otherwise ordinary account."""
    assert ranked(facts) is rank


def test_not_licensed_is_none_only_where_the_settings_say_so() -> None:
    """`entra.pim: none` and `entra.risk: none` are written choices; an error is never one."""
    rules = replace(RULES, no_pim=True, no_risk=True)
    unlicensed = Unreadable("unlicensed")
    facts = account(SUBJECT, roles=Roles((), unlicensed, ()), risk=unlicensed)
    assert ranked(facts, rules) is Rank.STANDARD
    assert ranked(replace(facts, roles=Roles((), UNREADABLE, ())), rules) is Rank.PRIVILEGED
    assert ranked(replace(facts, roles=Roles(unlicensed, (), ())), rules) is Rank.PRIVILEGED
    assert ranked(replace(facts, risk=UNREADABLE), rules) is Rank.SENSITIVE


def test_a_new_account_was_hired_now_and_never_had_a_method() -> None:
    """Somebody who merely lost everything is not new."""
    fresh = account(SUBJECT, person=person(SUBJECT, hired_at=NOW - timedelta(days=6)), methods=())
    assert ranked(fresh, had=False) is Rank.NEW_ACCOUNT
    assert ranked(fresh, had=True) is Rank.STANDARD
    late = replace(fresh, person=person(SUBJECT, hired_at=NOW - timedelta(days=8)))
    assert ranked(late, had=False) is Rank.STANDARD
    soon = replace(fresh, person=person(SUBJECT, hired_at=NOW + timedelta(days=7)))
    assert ranked(soon, had=False) is Rank.NEW_ACCOUNT
    armed = replace(fresh, methods=(Method("k", "fido2", "Key", NOW),))
    assert ranked(armed, had=False) is Rank.STANDARD
    assert ranked(replace(fresh, roles=Roles((ROLE,), (), ())), had=False) is Rank.PRIVILEGED


_PARTS = ["person", "groups", "methods", "active", "eligible", "role_groups"]


@given(st.sets(st.sampled_from(_PARTS), min_size=1))
def test_an_account_that_cannot_be_read_is_never_ordinary(blind: set[str]) -> None:
    """Whatever combination of reads fails, the account is privileged."""
    facts = account(SUBJECT)
    for part in blind & {"person", "groups", "methods"}:
        facts = replace(facts, **{part: UNREADABLE})
    roles = dict.fromkeys(blind & {"active", "eligible", "role_groups"}, UNREADABLE)
    facts = replace(facts, roles=replace(facts.roles, **roles))
    assert ranked(facts) is Rank.PRIVILEGED


# --- who reaches whom --------------------------------------------------------------------------------

AUTH = Role(AUTHENTICATION_ADMINISTRATOR, "", "/")
READER = Role("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers", "/")


@pytest.mark.parametrize("top", [PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, GLOBAL_ADMINISTRATOR])
def test_the_highest_roles_reach_everybody(top: str) -> None:
    """Other admins included."""
    admin = account(SUBJECT, roles=Roles((Role(GLOBAL_ADMINISTRATOR, "", "/"),), (), ()))
    assert covers(Role(top.upper(), "", "/"), admin)


def test_the_authentication_administrator_reaches_ordinary_accounts_only() -> None:
    """Harmless roles are fine; any other role, a role group, a restricted unit or blindness is not."""
    assert covers(AUTH, account(SUBJECT))
    assert covers(AUTH, account(SUBJECT, roles=Roles((READER,), (), ())))
    for facts in (
        account(SUBJECT, roles=Roles((READER, ROLE), (), ())),
        account(SUBJECT, roles=Roles((), (), ("rg",))),
        account(SUBJECT, roles=Roles(UNREADABLE, (), ())),
        account(SUBJECT, roles=Roles((), (), UNREADABLE)),
        account(SUBJECT, person=person(SUBJECT, management_restricted=True)),
        account(SUBJECT, person=UNREADABLE),
    ):
        assert not covers(AUTH, facts)


def test_a_scoped_role_reaches_its_unit_and_no_admins_there() -> None:
    """Non-admins of that unit only, not even those with a harmless role."""
    scoped = replace(AUTH, scope="/administrativeUnits/u1")
    inside = account(SUBJECT, units=frozenset({"u1"}))
    assert covers(scoped, inside)
    assert not covers(scoped, account(SUBJECT, units=frozenset({"u2"})))
    assert not covers(scoped, account(SUBJECT, units=UNREADABLE))
    assert not covers(scoped, replace(inside, roles=Roles((READER,), (), ())))


def test_a_role_that_manages_nobodys_methods_reaches_nobody() -> None:
    """Helpdesk, User and Password Administrator cannot issue a pass."""
    assert not covers(
        Role("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator", "/"), account(SUBJECT)
    )


# --- humans ------------------------------------------------------------------------------------------


def test_accounts_are_one_human_by_list_or_number() -> None:
    """Case and spaces of an employee number do not make two people."""
    humans = Humans.of([["A", "b"], ["b", "c"]], by_employee_id=True)
    a, c, d = person("a", employee_id=""), person("c", employee_id="7"), person("d", employee_id=" 7 ")
    assert humans.same(a, c)
    assert humans.same(c, d)
    assert not humans.same(a, person("x", employee_id=""))
    assert humans.same(a, a)


def test_who_is_linked_to_nobody_is_unlinked() -> None:
    """Without a list entry and without a trusted number nobody knows which human it is."""
    assert Humans.of([["a"]], by_employee_id=False).linked(person("a", employee_id=""))
    assert not Humans.of([], by_employee_id=False).linked(person("a", employee_id="7"))
    assert not Humans.of([], by_employee_id=True).linked(person("a", employee_id="  "))


def test_empty_numbers_join_nobody() -> None:
    """Two accounts without a number are two humans."""
    humans = Humans.of([], by_employee_id=True)
    assert not humans.same(person("a", employee_id=""), person("b", employee_id=""))


def test_a_human_has_one_name() -> None:
    """Rows that may exist once a human carry the same name for every account of it."""
    humans = Humans.of([["a", "b"]], by_employee_id=True)
    assert humans.human(person("a", employee_id="7")) == humans.human(person("z", employee_id="7"))
    assert humans.human(person("a", employee_id="")) == humans.human(person("b", employee_id=""))
