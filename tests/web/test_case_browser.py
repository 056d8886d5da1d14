"""The case page in real Chromium: the key, its self-test, the pulse, the ring, the opened pass, and
what people with a keyboard, a screen reader, a small screen or a dark room get."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from bot.core.records import Attempt, Check
from bot.ports.store import Store
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.proving import AGENT, GOOD, NUMBER
from tests.web.case_house import PASS, CaseHouse, case_house

IN_KEYS = """
const inKeys = (ask) => new Promise((done) => {
  const opening = indexedDB.open("keyturn", 1);
  opening.onsuccess = () => {
    const asked = ask(opening.result.transaction("keys").objectStore("keys"));
    asked.onsuccess = () => done(asked.result);
  };
});
"""
"""Looks into the browser's own database, as a script on the page could."""


@pytest.fixture
async def house(store: Store, clock: FakeClock, entropy: FakeEntropy) -> AsyncIterator[CaseHouse]:
    async with case_house(store, clock, entropy) as made:
        await made.world.case()
        yield made


async def soon(fits: Callable[[], Awaitable[bool]]) -> None:
    """Until something is so, or the test's patience ends."""
    for _ in range(500):
        if await fits():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


async def clean(page: Page) -> None:
    """No finding of axe on the screen as it stands."""
    found = (await Axe().run(page)).response["violations"]
    assert not found, [(v["id"], [n["html"] for n in v["nodes"]]) for v in found]


async def enter(page: Page, house: CaseHouse) -> None:
    """Type the number; the browser makes its key, keeps it, loads again, and opens the challenge."""
    await page.goto(house.url + house.path)
    await page.get_by_label("Case number").first.fill(NUMBER)
    await page.get_by_role("button", name="Open", exact=True).click()
    await expect(page.get_by_role("heading", name="Show that it is you", level=1)).to_be_visible()


async def agent_signs(house: CaseHouse) -> str:
    """The agent's part; returns the digits said on the line."""
    checks = house.world.checks
    check = (await house.world.rows(Check, status="asked"))[0]
    await checks.tell(check.id, AGENT, device="laptop", place="home", number_ref="business0")
    await checks.sign(check.id, AGENT, "", "agent-browser")
    await house.world.signed(AGENT)
    shown = await checks.digits(check.id, AGENT)
    assert shown is not None
    return shown.digits


async def test_from_the_number_to_the_opened_pass(house: CaseHouse, browser_page: Page) -> None:
    """Everything the person does, in one browser, with axe at every screen."""
    page, world = browser_page, house.world
    await page.goto(house.url + house.path)
    await clean(page)
    await enter(page, house)
    attempt = (await world.rows(Attempt))[0]
    assert attempt.key_tested_at
    await clean(page)
    await page.get_by_label("Your saved code").fill(GOOD)
    await page.get_by_role("button", name="Use this code").click()
    await expect(page.get_by_text("One is done. One more is needed.")).to_be_visible()
    await page.get_by_label("Call me back").check()
    await page.get_by_role("button", name="Ask the help desk").click()
    await expect(page.get_by_text("The help desk was asked at")).to_be_visible()
    await clean(page)
    digits = await agent_signs(house)
    await page.get_by_label("Six digits you were given").fill(digits)  # appears without a reload
    await page.get_by_role("button", name="Check", exact=True).click()
    await expect(page.get_by_role("heading", name="What is gone?")).to_be_focused()
    await clean(page)
    await page.get_by_label("Pixel 6").check()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_text("You did not tick:")).to_be_visible()
    await clean(page)
    await page.get_by_label("+49 1555 0110101").check()
    await page.get_by_role("button", name="Continue").click()
    await soon(lambda: _is(world.turns.outcomes == ["ok"]))
    await house.ask_approvers()
    await expect(page.get_by_role("heading", name="Somebody looks at it now")).to_be_visible()
    await page.get_by_role("button", name="Test the ring").click()
    await expect(page.get_by_text("The ring is on.")).to_be_visible()
    await clean(page)
    await house.seal()
    await expect(page.get_by_role("heading", name="Your one-time sign-in code is here")).to_be_visible()
    await expect(page.locator("#live")).to_have_text("Your code is here")
    await expect(page.get_by_role("button", name="Show my code")).to_be_disabled()
    world.clock.go(seconds=11)
    await page.reload()
    await page.get_by_role("button", name="Show my code").click()
    await expect(page.locator("#pass")).to_have_text(PASS)
    await page.get_by_text("Spelled out").click()
    await expect(page.locator("#spelling")).to_contain_text("capital Zulu")
    await clean(page)
    await page.reload()
    await expect(page.locator("#pass")).to_have_text(PASS)  # the same browser, again


async def _is(so: bool) -> bool:
    return so


async def test_a_summons_is_answered_by_the_open_page(house: CaseHouse, browser_page: Page) -> None:
    """Before an act the page is asked whether it is there, and answers by itself within seconds."""
    await enter(browser_page, house)
    attempt = (await house.world.rows(Attempt))[0]
    assert await asyncio.wait_for(house.world.attempts.summon(attempt.id), 15)


async def test_a_closed_page_does_not_answer(house: CaseHouse, browser_page: Page) -> None:
    await enter(browser_page, house)
    attempt = (await house.world.rows(Attempt))[0]
    await browser_page.goto("about:blank")
    asked = asyncio.create_task(house.world.attempts.summon(attempt.id))
    await asyncio.sleep(0.3)
    house.world.clock.go(seconds=61)
    house.world.store.notify("case-1")
    assert not await asyncio.wait_for(asked, 15)


async def test_the_private_key_cannot_be_taken_out_of_the_browser(
    house: CaseHouse, browser_page: Page
) -> None:
    """Not even a script on the page can read it."""
    await enter(browser_page, house)
    refused = await browser_page.evaluate(
        IN_KEYS
        + f"const path = {house.path!r};"
        + """(async () => {
          const key = await inKeys((keys) => keys.get(path));
          try { await crypto.subtle.exportKey("jwk", key.private); return "exported"; }
          catch (err) { return err.name; }
        })()"""
    )
    assert refused == "InvalidAccessError"


async def test_a_browser_that_lost_its_key_is_told(house: CaseHouse, browser_page: Page) -> None:
    """Cleared data: the page says so plainly instead of failing at the end."""
    await enter(browser_page, house)
    await browser_page.goto("about:blank")
    await browser_page.goto(house.url + "/c/nonsense")
    await browser_page.evaluate(
        "new Promise((done) => { indexedDB.deleteDatabase('keyturn').onsuccess = done; })"
    )
    await browser_page.goto(house.url + house.path)
    await expect(browser_page.locator("#key-lost")).to_be_visible()


async def test_finish_wipes_the_key(house: CaseHouse, browser_page: Page) -> None:
    await enter(browser_page, house)
    await browser_page.get_by_text("Done here, or on a shared computer?").click()
    await browser_page.get_by_role("button", name="Finish and forget").click()
    await expect(
        browser_page.get_by_role("heading", name="This browser has forgotten the case")
    ).to_be_visible()
    await clean(browser_page)
    left = await browser_page.evaluate(IN_KEYS + "inKeys((keys) => keys.count())")
    assert left == 0


async def test_what_somebody_is_typing_is_not_swept_away(house: CaseHouse, browser_page: Page) -> None:
    """News arrive while a code is being typed: the field keeps what is in it."""
    page = browser_page
    await enter(page, house)
    await page.get_by_label("Call me back").check()
    await page.get_by_role("button", name="Ask the help desk").click()
    await expect(page.get_by_text("The help desk was asked at")).to_be_visible()
    await page.get_by_label("Your saved code").fill("HALF-A-CO")
    await agent_signs(house)
    house.world.store.notify("case-1")
    await expect(page.get_by_label("Six digits you were given")).to_be_visible()
    await expect(page.get_by_label("Your saved code")).to_have_value("HALF-A-CO")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_small_screens_and_dark_rooms(house: CaseHouse, chromium: Chromium, scheme: str) -> None:
    """360 px wide, light and dark: nothing to scroll sideways, nothing too faint, all of it by keyboard."""
    context = await chromium.new_context(
        locale="de-DE",
        viewport={"width": 360, "height": 740},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = await context.new_page()
    await page.goto(house.url + house.path + "?lang=de")
    await clean(page)
    await page.locator("#number").focus()
    await page.keyboard.type(NUMBER)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.locator("#panel-saved_code")).to_be_visible()
    await clean(page)
    wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide
    await context.close()
