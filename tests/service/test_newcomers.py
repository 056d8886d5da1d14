"""Newcomers are looked at before their first day, and what is seen then opens the first day's code."""

from __future__ import annotations

from datetime import timedelta

from bot.core.model import Oid
from bot.core.records import Sighting, Timer
from bot.service.hiring import HiringMails
from tests.fakes.issuing import book_of
from tests.fakes.product import Whole


def hired(whole: Whole, person: str, days: int) -> str:
    """HR moves the day of hiring; as Graph would tell it."""
    directory = whole.sandbox.state.directory
    who = directory.get(person)
    assert who is not None
    day = (whole.clock.now() + timedelta(days=days)).strftime("%Y-%m-%dT00:00:00Z")
    who.user["employeeHireDate"] = day
    directory.save(who)
    return who.oid


async def test_a_newcomer_is_seen_before_the_first_day_and_only_then(whole: Whole) -> None:
    """One question for coming hires; the address seen now counts on the day, one changed later does not."""
    oid = hired(whole, "new_starter", 3)
    for begin in whole.product.opening:
        await begin()
    before = len(whole.ledger())
    assert await whole.product.timers.fire_due() == 1
    asked = whole.ledger()[before:]
    assert len([call for call in asked if "/users" in call]) == 1
    seen = [s for s in await whole.rows(Sighting) if s.method_type == "mail"]
    assert [s.subject_oid for s in seen] == [f"record:{oid}"]
    whole.clock.go(days=4)
    directory = whole.product.acts._reader._directory
    person = await directory.person(Oid(oid))
    assert person is not None
    hiring, now = HiringMails(whole.product.keys, book_of(whole)), whole.clock.now()
    assert await whole.store.read(lambda work: hiring.any(work, person, now))
    who = whole.sandbox.state.directory.get("new_starter")
    assert who is not None
    who.user["otherMails"] = ["thief@evil.example"]
    whole.sandbox.state.directory.save(who)
    changed = await directory.person(Oid(oid))
    assert changed is not None
    assert not await whole.store.read(lambda work: hiring.any(work, changed, now))


async def test_it_looks_again_a_few_times_a_day_however_often_it_is_started(whole: Whole) -> None:
    for _ in range(3):
        for begin in whole.product.opening:
            await begin()
        await whole.product.timers.fire_due()
    assert [t.status for t in await whole.rows(Timer, kind="newcomers", order="due_at")] == [
        "fired",
        "waiting",
    ]
    whole.clock.go(hours=6)
    assert await whole.product.timers.fire_due() == 1


async def test_weeks_after_hiring_the_address_is_no_way_in(whole: Whole) -> None:
    """Somebody who has worked here for a while has had time to enrol their own."""
    oid = hired(whole, "new_starter", 3)
    for begin in whole.product.opening:
        await begin()
    await whole.product.timers.fire_due()
    directory = whole.product.acts._reader._directory
    person = await directory.person(Oid(oid))
    assert person is not None
    hiring, late = HiringMails(whole.product.keys, book_of(whole)), whole.clock.go(days=11)
    assert not await whole.store.read(lambda work: hiring.any(work, person, late))
