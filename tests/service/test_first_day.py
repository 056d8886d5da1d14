"""The demo's first day: the sheet in the drawer, and putting one person back to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from bot.adapters.sandbox.client import SandboxClient
from bot.core.model import Reason
from bot.core.records import Attempt, Case, Execution, Handover, Limit, SavedCode, Sighting, Withdrawal
from bot.demo import People
from bot.errors import PermanentError, TransientError
from bot.ports.chat_pages import Chatter
from bot.service.first_day import PRINTED, WITH_CODES, FirstDay
from bot.service.sightings import had_methods, note
from tests.fakes.product import Whole


@pytest.fixture
async def tenant(whole: Whole) -> AsyncIterator[SandboxClient]:
    async with aiohttp.ClientSession(trust_env=False) as http:
        yield SandboxClient(http, whole.sandbox.url)


@pytest.fixture
async def first_day(whole: Whole, tenant: SandboxClient) -> FirstDay:
    people = People(
        {p["id"]: Chatter(p["id"], p["name"], p["oid"], linked=False) for p in await tenant.people()}
    )
    product = whole.product
    made = FirstDay(whole.store, product.turns, product.codes, tenant, people, whole.clock)
    await made.begin()
    return made


def sheet(whole: Whole, person: str = "employee") -> list[str]:
    found = whole.sandbox.state.journal.sheet(person)
    return list(found["codes"]) if found else []


async def test_the_drawer_holds_codes_that_count(whole: Whole, first_day: FirstDay) -> None:
    """Printed thirty days ago, so past any quarantine; in the clear only in the drawer."""
    oid = whole.sandbox.oid("employee")
    codes = sheet(whole)
    assert len(codes) == 10
    assert not isinstance(await whole.product.codes.verify(oid, codes[0]), Reason)
    (kept,) = await whole.product.codes.kept(oid)
    assert kept.made_at == whole.clock.now() - PRINTED
    assert not any(code.encode() in whole.at_rest() for code in codes)


async def test_a_second_start_prints_nothing_new(whole: Whole, first_day: FirstDay) -> None:
    before = sheet(whole)
    await first_day.begin()
    assert sheet(whole) == before
    assert len(await whole.rows(SavedCode)) == 10 * len(WITH_CODES)


async def test_starting_over_resets_person_codes_chat_and_limits(whole: Whole, first_day: FirstDay) -> None:
    """A person can be played again and again in one demo."""
    oid, old = whole.sandbox.oid("employee"), sheet(whole)
    for _ in range(whole.product.settings.limits.openings_per_chat):
        await whole.press("start:new_phone")
        await whole.say("stop")
    assert (await whole.press("start:new_phone"))["refused"] == "too_many"
    whole.plant("employee")
    await first_day.start_over("employee")
    assert await whole.shown() == []
    assert (await whole.press("start:new_phone"))["refused"] == ""
    assert not set(sheet(whole)) & set(old)
    assert await whole.product.codes.verify(oid, old[0]) is Reason.WRONG_CODE
    assert not isinstance(await whole.product.codes.verify(oid, sheet(whole)[0]), Reason)
    assert not any("Not mine" in str(row) for row in whole.sandbox.state.methods.rows("employee"))


async def test_what_was_under_way_is_over(whole: Whole, first_day: FirstDay) -> None:
    """No page of yesterday shows a pass, nobody is asked to withdraw one, and no recovery counts."""
    await whole.press("start:new_phone")
    case, at, oid = await whole.case(), whole.clock.now(), whole.sandbox.oid("employee")

    def fn(work: Any) -> None:
        work.put(replace(case, status="frozen"))
        work.add(Attempt("a1", case.id, "b1", at, at + timedelta(days=1), "open", "n", "DE", "d"))
        work.add(Handover("h1", case.id, "r1", "a1", "t", "sealed", "p1", at, at, at, "shown"))
        work.add(Execution("x1", "r1", case.id, oid, "oid-agent", "closed", at, at, "done"))
        work.add(Withdrawal("w1", case.id, "x1", oid, "p1", "unclaimed", at, "open"))
        work.add(Withdrawal("w2", "else", "x2", "other", "p2", "unclaimed", at, "open"))
        work.bump(f"used/{oid}/{at.isoformat()}", until=at + timedelta(days=7))
        note(work, oid, [("m1", "fido2", "Key", at)], at)

    await whole.store.transact(fn)
    await first_day.start_over("employee")
    assert (await whole.rows(Case, id=case.id))[0].status == "ended"
    assert (await whole.rows(Attempt))[0].status == "ended"
    assert (await whole.rows(Handover))[0].sealed == ""
    assert await whole.rows(Execution, subject_oid=oid) == []
    assert await whole.rows(Sighting, subject_oid=oid) == []
    assert not await whole.store.read(lambda work: had_methods(work, oid))
    assert not [limit for limit in await whole.rows(Limit) if oid in limit.id]
    withdrawals = {row.id: row.status for row in await whole.rows(Withdrawal)}
    assert withdrawals == {"w1": "done", "w2": "open"}


async def test_other_peoples_cases_stay(whole: Whole, first_day: FirstDay) -> None:
    await whole.press("start:new_phone", "deputy")
    codes = sheet(whole, "agent")
    await first_day.start_over("employee")
    assert (await whole.case("deputy")).status == "open"
    assert sheet(whole, "agent") == codes
    await first_day.start_over("nobody")


async def test_a_lever_that_fails_says_whose_fault_it_is(whole: Whole, tenant: SandboxClient) -> None:
    with pytest.raises(PermanentError):
        await tenant.start_over("nobody-at-all")
    async with aiohttp.ClientSession(trust_env=False) as http:
        with pytest.raises(TransientError):
            await SandboxClient(http, "http://127.0.0.1:1").people()
