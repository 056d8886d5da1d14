"""Plans: their order, the length of a pass, and what they would leave behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.facts import PassPolicy
from bot.core.law import Ledger
from bot.core.model import Act, ActKind, PassShape, Reason
from bot.core.plan import act_json, act_of, methods_as_asked, minutes_for, ordered, pass_allowed, timed
from bot.core.request import Allowed
from tests.core.deciding import ACTS, NOW, PASS_POLICY, SUBJECT, UNREADABLE, Case, account

ALL = (
    Act(ActKind.FORGET_DEVICES),
    Act(ActKind.RESET_METHODS),
    Act(ActKind.REMOVE_METHOD, "m2", "phone"),
    Act(ActKind.REMOVE_METHOD, "m1", "phone"),
    Act(ActKind.ISSUE_PASS, shape="short"),
)


@given(st.permutations(ALL))
def test_every_order_becomes_the_one_order(acts: list[Act]) -> None:
    """Something new is given before anything old is taken; twice asked is asked once."""
    kinds = [(a.kind, a.method_id) for a in ordered([*acts, *acts])]
    assert kinds == [
        (ActKind.ISSUE_PASS, ""),
        (ActKind.REMOVE_METHOD, "m1"),
        (ActKind.REMOVE_METHOD, "m2"),
        (ActKind.RESET_METHODS, ""),
        (ActKind.FORGET_DEVICES, ""),
    ]


@given(st.integers(10, 600), st.integers(0, 600), st.sampled_from(list(PassShape)))
def test_a_pass_is_always_as_long_as_the_tenant_allows(minimum: int, more: int, shape: PassShape) -> None:
    """As close to the shape's own length as possible, and always inside the policy."""
    policy = PassPolicy(True, minimum, minimum + more, minimum, False, ("all_users",), ())
    [act] = timed([Act(ActKind.ISSUE_PASS, shape=shape.value)], policy)
    assert policy.minimum <= act.minutes <= policy.maximum
    assert pass_allowed(policy, account(SUBJECT), [act]) is None


@pytest.mark.parametrize(
    ("minimum", "maximum", "short", "day"), [(10, 480, 15, 480), (60, 480, 60, 480), (10, 43200, 15, 600)]
)
def test_short_and_day_passes(minimum: int, maximum: int, short: int, day: int) -> None:
    """Fifteen minutes, or ten hours, as near as the policy comes."""
    policy = PassPolicy(True, minimum, maximum, 60, False, ("all_users",), ())
    assert (minutes_for(PassShape.SHORT, policy), minutes_for(PassShape.DAY, policy)) == (short, day)


def test_once_only_is_kept() -> None:
    """A short pass works once; a day pass several times, unless the tenant forbids that."""
    day = Act(ActKind.ISSUE_PASS, shape=PassShape.DAY.value)
    strict = PassPolicy(True, 10, 480, 60, True, ("all_users",), ())
    assert [a.once for a in timed([day], PASS_POLICY)] == [False]
    assert [a.once for a in timed([day], strict)] == [True]
    many = Act(ActKind.ISSUE_PASS, shape="day", minutes=60, once=False)
    assert pass_allowed(strict, account(SUBJECT), [many]) is Reason.PASS_NOT_ALLOWED


def test_without_a_readable_policy_nothing_is_timed() -> None:
    """And so nothing is allowed."""
    assert timed(ACTS[:1], UNREADABLE) == ACTS[:1]
    assert pass_allowed(UNREADABLE, account(SUBJECT), ACTS) is Reason.FACTS_UNREADABLE
    assert pass_allowed(PASS_POLICY, account(SUBJECT, groups=UNREADABLE), ACTS) is Reason.FACTS_UNREADABLE


def test_a_method_without_a_name_is_no_plan() -> None:
    """Removing "something" is refused."""
    nameless = [Act(ActKind.REMOVE_METHOD, "", "phone")]
    assert methods_as_asked(account(SUBJECT), nameless) is Reason.SUBJECT_CHANGED


@given(st.sampled_from((*ALL, *ACTS)))
def test_an_act_survives_its_row(act: Act) -> None:
    """The label beside it is for people and decides nothing."""
    assert act_of(act_json(act, "label")) == act


def test_a_day_pass_is_outside_the_spacing_of_used_ones() -> None:
    """A phone left at home is no recovery."""
    day = (Act(ActKind.ISSUE_PASS, shape="day", minutes=480, once=False),)
    used = Ledger("open", "open", used_passes=(NOW - timedelta(hours=1),))
    assert isinstance(Case(acts=day, ledger=used).verdict(), Allowed)
