"""Counter screens: who makes one, what its code is worth, and how the agent's check binds to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.model import Oid, Reason
from bot.core.records import AuditRow, Check, CounterBrowser, Limit, Session
from bot.errors import Refused
from bot.ports.sign_in import Purpose
from bot.ports.store import Store
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.proving import AGENT, MANAGER, SUBJECT, PageOf, World, person

OTHER = "oid-agent2"


@pytest.fixture
async def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> World:
    made = World(store, clock, entropy)
    await made.case()
    return made


async def refused(doing: Any) -> Reason:
    with pytest.raises(Refused) as caught:
        await doing
    return caught.value.reason


def agent(world: World, oid: str = AGENT) -> Session:
    at = world.clock.now()
    return Session("", "desk", oid, oid, at, at, at, {})


async def ask(page: PageOf, code: str) -> None:
    await page.world.pages.ask_check(page.handle, page.browser, how="counter", number_ref="", counter=code)


async def asked(world: World, page: PageOf, row: CounterBrowser) -> Check:
    await ask(page, await world.code_at(row))
    found: list[Check] = await world.rows(Check, status="asked")
    return found[-1]


async def tell(world: World, check: Check, by: str = AGENT, **told: str) -> Any:
    told = {"counter": check.counter_id, "paper": "badge"} | told
    return await world.checks.tell(check.id, by, device="phone", place="", number_ref="", **told)


# --- making one ---------------------------------------------------------------------------------------


async def test_a_fresh_sign_in_of_an_agent_makes_the_browser_a_counter(world: World) -> None:
    """The screen needs nobody's session afterwards."""
    row = await world.counter("Front desk")
    ask = world.sign_ins.asks[-1]
    assert (ask.purpose, ask.expected_oid) == (Purpose.COUNTER, AGENT)
    shown = await world.counters.screen(row.browser_hash)
    assert shown is not None
    assert (shown.name, shown.site, len(shown.code.digits)) == ("Front desk", "Berlin", 6)
    tags = [r.tag for r in await world.rows(AuditRow)]
    assert "agent:counter:enrolled" in tags


async def test_whoever_left_the_agents_group_meanwhile_makes_none(world: World) -> None:
    """Asked again when the sign-in comes back."""
    await world.counters.enrol(agent(world), "browser", name="Front desk", site="")
    world.directory.groups[AGENT] = set()
    assert await refused(world.signed(AGENT)) is Reason.NOT_AN_AGENT
    assert await world.rows(CounterBrowser) == []


async def test_a_sign_in_for_another_name_or_browser_makes_none(world: World) -> None:
    await world.counters.enrol(agent(world), "browser", name="Front desk", site="")
    assert await refused(world.signed(AGENT, browser_hash="another")) is Reason.SUPERSEDED
    assert await refused(world.signed(AGENT, payload={"name": "Board room"})) is Reason.SUPERSEDED


async def test_a_counter_planted_in_the_database_shows_and_takes_nothing(world: World) -> None:
    """Its MAC is made under a key outside the store."""
    row = await world.counter()
    planted = replace(row, id="planted", browser_hash="planted", name="Planted")
    await world.store.transact(lambda work: work.add(planted))
    assert await world.counters.screen("planted") is None
    page = await world.page()
    code = world.entry._counter.shown(planted, world.clock.now()).digits
    assert await refused(ask(page, code)) is Reason.WRONG_CODE


async def test_a_switched_off_screen_goes_blank_for_good(world: World) -> None:
    row = await world.counter()
    await world.counters.revoke(agent(world), row.id)
    assert await world.counters.screen(row.browser_hash) is None
    assert await world.counters.list(agent(world), "") == ()


async def test_only_agents_list_and_switch_off(world: World) -> None:
    row = await world.counter()
    manager = agent(world, MANAGER)
    assert await refused(world.counters.list(manager, "")) is Reason.NOT_AN_AGENT
    assert await refused(world.counters.revoke(manager, row.id)) is Reason.NOT_AN_AGENT
    assert await refused(world.counters.enrol(manager, "b", name="x", site="")) is Reason.NOT_AN_AGENT
    assert await world.counters.screen(row.browser_hash) is not None


# --- what a code is worth -----------------------------------------------------------------------------


async def test_the_code_on_the_screen_and_the_signed_check_are_evidence_together(world: World) -> None:
    """The evidence names counter and paper, so that its digest does."""
    page = await world.page()
    await page.digits(await world.live_check(page, "counter"))
    how = (await world.evidence())[0].how
    row = (await world.rows(CounterBrowser))[0]
    assert (how["how"], how["counter"], how["paper"]) == ("counter", row.id, "badge")


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (15, True), (30, False), (45, False)])
async def test_a_code_holds_its_turn_and_the_next_one(world: World, seconds: int, good: bool) -> None:
    """A photo of it sent elsewhere is worth nothing after that."""
    row = await world.counter()
    page = await world.page()
    world.clock.go(seconds=15 - int(world.clock.now().timestamp()) % 15)
    code = await world.code_at(row)
    world.clock.go(seconds=seconds)
    if good:
        await ask(page, code)
    else:
        assert await refused(ask(page, code)) is Reason.WRONG_CODE
        assert (await world.attempt()).wrong_tries == 1


async def test_a_code_serves_one_page_only(world: World) -> None:
    """Whoever was sent the code that somebody has typed comes too late, even within its turn."""
    await world.case("case-2", "471124", subject_oid=MANAGER)
    row = await world.counter()
    mine = await world.page()
    theirs = await world.page("browser-2", "case-2", "471124")
    code = await world.code_at(row)
    await ask(mine, code)
    assert await refused(ask(theirs, code)) is Reason.WRONG_CODE


async def test_a_page_that_is_not_there_cannot_use_a_code(world: World) -> None:
    """The page answers its key's challenge, or nothing is taken."""
    row = await world.counter()
    page = await world.page()
    world.clock.go(seconds=90)
    assert await refused(ask(page, await world.code_at(row))) is Reason.PAGE_ABSENT


async def test_a_code_of_a_switched_off_screen_is_wrong(world: World) -> None:
    row = await world.counter()
    page = await world.page()
    code = await world.code_at(row)
    await world.counters.revoke(agent(world), row.id)
    assert await refused(ask(page, code)) is Reason.WRONG_CODE


async def test_the_page_offers_no_counter_where_none_is_set_up(world: World) -> None:
    page = await world.page()
    shut = next(d for d in (await page.view()).doors if d.kind == "live_check").shut
    assert "counter" in shut
    await world.counter()
    shut = next(d for d in (await page.view()).doors if d.kind == "live_check").shut
    assert "counter" not in shut


@pytest.mark.parametrize("pool", ["strangers", "known"])
async def test_no_pool_turns_away_who_stands_at_the_counter(world: World, pool: str) -> None:
    """Whoever opened the case: in-person help is never exhausted."""
    case = await world.case("case-2", "471124", agent_started=pool == "known")
    full = Limit(f"wrong/{pool}/{case.subject_oid}", 50, world.clock.now() + timedelta(days=9))
    await world.store.transact(lambda work: work.save(full))
    page = await world.page("browser-2", "case-2", "471124")
    await page.digits(await world.live_check(page, "counter"))
    assert len(await world.evidence()) == 1


# --- the agent's part -----------------------------------------------------------------------------------


async def test_the_agent_says_at_which_counter_they_stand_before_the_page_tells(world: World) -> None:
    """Whoever sits at another counter, or guesses, cannot claim to have seen the person."""
    row, elsewhere = await world.counter(), await world.counter("Warehouse")
    check = await asked(world, await world.page(), row)
    view = await world.checks.of_case("case-1")
    assert view is not None
    assert {name for _, name in view.counters} == {"Reception, Berlin", "Warehouse, Berlin"}
    assert view.seen is None
    assert await refused(tell(world, check, counter=elsewhere.id)) is Reason.OTHER_COUNTER
    assert await refused(tell(world, check, paper="voice")) is Reason.BAD_FORM
    told = await tell(world, check)
    assert told.told["place"] == "Reception"


async def test_any_agent_at_that_counter_may_sign(world: World) -> None:
    """The counter is the installation's, not one agent's own screen."""
    world.directory.people[OTHER] = person(OTHER)
    world.directory.groups[OTHER] = {"group-agents"}
    world.checks._humans = replace(world.humans, by_employee_id=True)
    page = await world.page()
    await page.digits(await world.live_check(page, "counter", by=OTHER))
    assert (await world.evidence())[0].by_oid == Oid(OTHER)


async def test_the_person_is_never_their_own_counter(world: World) -> None:
    """An agent who needs help stands before somebody else's desk."""
    check = await asked(world, await world.page(), await world.counter())
    world.directory.groups[SUBJECT] |= {"group-agents"}
    assert await refused(tell(world, check, SUBJECT)) is Reason.SELF


async def test_a_screen_switched_off_meanwhile_voids_what_it_began(world: World) -> None:
    """At telling, signing, and when the digits are typed."""
    row = await world.counter()
    page = await world.page()
    check = await asked(world, page, row)
    await tell(world, check)
    await world.checks.sign(check.id, AGENT, "", "agent-browser")
    await world.signed(AGENT)
    shown = await world.checks.digits(check.id, AGENT)
    assert shown is not None
    await world.counters.revoke(agent(world), row.id)
    assert await refused(page.digits(shown.digits)) is Reason.OTHER_COUNTER
    assert await refused(world.checks.sign(check.id, AGENT, "", "agent-browser")) is Reason.OTHER_COUNTER
    assert await world.evidence() == []


async def test_the_signature_covers_the_counter(world: World) -> None:
    """A check moved to another counter after the signature does not fit it."""
    row, elsewhere = await world.counter(), await world.counter("Warehouse")
    check = await asked(world, await world.page(), row)
    await tell(world, check)
    await world.checks.sign(check.id, AGENT, "", "agent-browser")
    now = await world.row(Check, check.id)
    await world.store.transact(lambda work: work.put(replace(now, counter_id=elsewhere.id)))
    assert await refused(world.signed(AGENT)) is Reason.EVIDENCE_CHANGED
