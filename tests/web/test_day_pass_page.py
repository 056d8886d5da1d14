"""What the case page says of a pass for a day, and of being signed out everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.ports.store import Store, UnitOfWork
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.web.browsing import Browser
from tests.web.case_house import PASS, CaseHouse, Script, case_house
from tests.web.test_case_page import proven


@pytest.fixture
async def house(store: Store, clock: FakeClock, entropy: FakeEntropy) -> AsyncIterator[CaseHouse]:
    async with case_house(store, clock, entropy) as made:
        await made.world.case()
        yield made


@pytest.fixture
async def browser(house: CaseHouse) -> AsyncIterator[Browser]:
    async with Browser(house.url) as made:
        yield made


async def taken(house: CaseHouse, browser: Browser) -> Script:
    """A day pass, made and opened once."""
    script = Script(browser, house.path)
    await proven(house, script)
    await script.good("gone", method=["app", "sms"])
    await house.ask_approvers(shape="day", once=False)
    await house.seal()
    house.world.clock.go(seconds=11)
    assert script.open(await script.good("pass")) == PASS
    return script


async def over(house: CaseHouse) -> None:
    """The talk has ended."""

    def fn(work: UnitOfWork) -> None:
        case = work.case("case-1")
        assert case is not None
        work.put(replace(case, status="ended", outcome="resolved", ended_at=house.world.clock.now()))

    await house.world.store.transact(fn)


async def test_the_page_says_that_it_is_for_a_day_and_that_nothing_is_to_be_set_up(
    house: CaseHouse, browser: Browser
) -> None:
    """Multi-use, until when, and not one word of registering."""
    await taken(house, browser)
    page = (await browser.get(house.path)).text
    assert "Your day pass is here" in page
    assert "It works as often as you need until" in page
    assert "It works until it runs out." in page
    assert "You need not set up anything" in page
    assert "Set up the new phone" not in page


async def test_while_it_is_asked_for_the_page_names_it(house: CaseHouse, browser: Browser) -> None:
    script = Script(browser, house.path)
    await proven(house, script)
    await script.good("gone", method=["app", "sms"])
    await house.ask_approvers(shape="day", once=False)
    assert "Asked for: a day pass" in (await browser.get(house.path)).text


async def test_it_outlives_the_talk_until_it_runs_out(house: CaseHouse, browser: Browser) -> None:
    """People sign in again in the afternoon, long after the chat said goodbye."""
    script = await taken(house, browser)
    await over(house)
    told = await script.look()
    assert told["stage"] == "pass"
    assert script.open(told["pass"]) == PASS
    assert script.open(await script.good("pass")) == PASS
    beat = await script.good("pulse", wait=0, version=told["version"])
    assert (beat["stage"], beat["challenge"]) == ("pass", None)
    house.world.clock.go(minutes=61)
    assert (await script.look())["stage"] == "over"
    assert (await script.post("pass")).status == 409


async def test_a_short_pass_does_not(house: CaseHouse, browser: Browser) -> None:
    script = Script(browser, house.path)
    await proven(house, script)
    await script.good("gone", method=["app", "sms"])
    await house.ask_approvers()
    await house.seal()
    house.world.clock.go(seconds=11)
    await script.good("pass")
    await over(house)
    assert (await script.look())["stage"] == "over"


async def test_finishing_takes_it_from_the_browser(house: CaseHouse, browser: Browser) -> None:
    """On a shared computer nothing stays, talk or no talk."""
    script = await taken(house, browser)
    await over(house)
    await script.good("finish")
    assert (await script.look())["stage"] != "pass"


async def test_being_signed_out_everywhere_is_explained_while_it_is_asked_for(
    house: CaseHouse, browser: Browser
) -> None:
    """What it does, and what it does not."""
    script = Script(browser, house.path)
    await proven(house, script)
    await script.good("gone", method=["app", "sms"])
    await house.ask_approvers(kind="forget_devices")
    page = (await browser.get(house.path)).text
    assert "Asked for: signing you out everywhere" in page
    assert "Nobody is signed out of Windows itself" in page
    assert "No device is wiped or locked" in page
    assert "Keep this page open. It rings" not in page
