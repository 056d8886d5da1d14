"""What stands in the way of an account: one word, the gravest first."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from bot.core.account_state import account_state
from bot.core.facts import Risk, Unreadable
from tests.core.deciding import NOW, SUBJECT, account, person

LOCK: dict[str, object] = {"at": NOW - timedelta(minutes=5), "error": 50053}
GOOD: dict[str, object] = {"at": NOW - timedelta(minutes=1), "error": 0}
WRONG: dict[str, object] = {"at": NOW - timedelta(minutes=2), "error": 50126}
UNLICENSED = Unreadable("unlicensed")

TROUBLES: dict[str, dict[str, Any]] = {
    "disabled": {"enabled": False},
    "risk_blocked": {"risk": Risk("medium")},
    "locked": {"sign_ins": (LOCK,)},
    "no_method": {"methods": ()},
    "synced": {"synced": True},
}


def state(**told: Any) -> str | None:
    who = {key: told.pop(key) for key in ("enabled", "synced") if key in told}
    sign_ins = told.pop("sign_ins", ())
    return account_state(account(SUBJECT, **({"person": person(SUBJECT, **who)} | told)), sign_ins, NOW)


def test_nothing_wrong_is_ok() -> None:
    assert state() == "ok"


@pytest.mark.parametrize("both", list(combinations(TROUBLES, 2)))
def test_of_two_troubles_the_earlier_in_the_order_is_told(both: tuple[str, str]) -> None:
    first, second = both
    assert state(**TROUBLES[second]) == second
    assert state(**TROUBLES[second], **TROUBLES[first]) == first


@pytest.mark.parametrize(
    ("sign_ins", "told"),
    [
        ((WRONG, LOCK), "locked"),  # another wrong try after the lock
        ((GOOD, LOCK), "ok"),  # it opened again
        (({**LOCK, "at": NOW - timedelta(minutes=61)},), "ok"),
        (({**LOCK, "at": None},), "ok"),
        ((), "ok"),
        (UNLICENSED, "ok"),  # a tenant without P1 has no such log
    ],
)
def test_a_lock_is_the_newest_news_or_none(sign_ins: Any, told: str) -> None:
    assert state(sign_ins=sign_ins) == told


@pytest.mark.parametrize("part", ["person", "risk", "methods", "sign_ins"])
def test_what_cannot_be_read_is_not_known(part: str) -> None:
    """A gap may hide the very thing that is wrong."""
    assert state(**{part: Unreadable("error")}) is None


def test_what_is_not_licensed_holds_nobody_up() -> None:
    assert state(risk=UNLICENSED, sign_ins=UNLICENSED) == "ok"


def test_a_disabled_account_is_disabled_whatever_else_cannot_be_read() -> None:
    assert state(enabled=False, risk=Unreadable("error")) == "disabled"
