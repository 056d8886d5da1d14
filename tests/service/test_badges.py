"""The badge: whether somebody who says they are the help desk really has this case."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.core.records import Card, Case
from bot.service.badges import badge_of, on_case
from bot.service.cards import TAKE_IDLE
from bot.service.keys import Keys
from bot.service.looks import Looks
from tests.fakes.product import Whole

KEYS = Keys(b"k" * 32, b"p" * 32)
SAM = "5a5a5a5a-0000-4000-8000-000000000001"
ALEX = "5a5a5a5a-0000-4000-8000-000000000002"


async def waiting(whole: Whole) -> Case:
    """A case whose person asked for a person."""
    await whole.press("start:new_phone")
    await whole.say("person")
    return await whole.case()


async def taken(whole: Whole, case: Case, oid: str = SAM, name: str = "Sam B.") -> None:
    at = whole.clock.now()

    def fn(work: Any) -> None:
        card = work.get(Card, case.id)
        work.put(replace(card, taken_by=oid, taken_name=name, taken_at=at, touched_at=at))

    await whole.store.transact(fn)


async def look(whole: Whole, case: Case) -> tuple[str, dict[str, object]]:
    found = whole.product.outbox._handlers["look"].__self__  # type: ignore[attr-defined]
    assert isinstance(found, Looks)
    return await found._answer("agent_of_case", case)


def test_a_badge_is_short_and_the_same_each_time() -> None:
    """It is made, not kept; with letters nobody mixes up on the telephone."""
    badges = {badge_of(KEYS, f"case-{n}", SAM) for n in range(200)}
    assert len(badges) > 190
    assert all(
        re.fullmatch(r"[ACDEFHJKMNPQRTUVWXY34679]{2}-[ACDEFHJKMNPQRTUVWXY34679]{2}", one) for one in badges
    )
    assert badge_of(KEYS, "case-1", SAM) == badge_of(KEYS, "case-1", SAM)


def test_a_badge_heard_on_one_case_is_worth_nothing_on_another() -> None:
    """Nor does one agent's badge say anything about another's, nor another installation's."""
    own = badge_of(KEYS, "case-1", SAM)
    assert own != badge_of(KEYS, "case-2", SAM)
    assert own != badge_of(KEYS, "case-1", ALEX)
    assert own != badge_of(Keys(b"x" * 32, b"p" * 32), "case-1", SAM)


async def test_a_flow_learns_who_has_the_case(whole: Whole) -> None:
    """Also before any proof: it concerns the case, and no account is asked about."""
    case = await waiting(whole)
    assert await look(whole, case) == ("none", {})
    await taken(whole, case)
    before = whole.ledger()
    outcome, fields = await look(whole, case)
    assert (outcome, fields["name"], fields["since"]) == ("ok", "Sam B.", "09:00")
    assert fields["badge"] == badge_of(whole.product.keys, case.id, SAM)
    assert whole.ledger() == before


@pytest.mark.parametrize("why", ["lapsed", "ended", "nobody"])
async def test_nobody_has_a_case_that_was_left_alone(whole: Whole, why: str) -> None:
    """The answer is about now: not about who had it once."""
    case = await waiting(whole)
    await taken(whole, case, "" if why == "nobody" else SAM)
    if why == "lapsed":
        whole.clock.go(seconds=TAKE_IDLE.total_seconds() + 1)
    if why == "ended":
        await whole.say("stop")
        case = await whole.case()
    found = await whole.store.read(lambda work: on_case(work, whole.product.keys, case, whole.clock.now()))
    assert found is None
    assert await look(whole, case) == ("none", {})
