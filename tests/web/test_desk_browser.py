"""The desk in real Chromium: a board that renews itself under an agent's hands, and its keys."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from bot.ports.desk import TOPIC
from bot.service import cards
from tests.web.browsing import Browser
from tests.web.house import House
from tests.web.test_desk import card_row, sign_in

CASES = 60
FOCUSED = "document.activeElement.id"


@pytest.fixture
async def priya(served: House) -> AsyncIterator[Browser]:
    """A colleague at another desk, on duty."""
    async with Browser(served.url) as other:
        await sign_in(served, other, "oid-agent2")
        await other.post("/desk/shift", {"do": "start"})
        yield other


@pytest.fixture
async def desk(served: House, browser: Browser, priya: Browser, browser_page: Page) -> Page:
    """Jonas at the desk, with sixty cases before him."""
    for n in range(CASES):
        await served.card(f"c{n + 1}")
        served.clock.go(seconds=1)
    await sign_in(served, browser)
    await browser.post("/desk/shift", {"do": "start"})
    # A `__Host-` cookie is set for https; Chromium sends it to loopback all the same.
    address = served.url.replace("http:", "https:")
    await browser_page.context.add_cookies(
        [{"name": n, "value": v, "url": address, "secure": True} for n, v in browser.jar.items()]
    )
    await browser_page.goto(f"{served.url}/desk")
    await expect(browser_page.locator(".case")).to_have_count(CASES)
    return browser_page


async def renewed(served: House, page: Page, priya: Browser, case: str) -> None:
    """The colleague takes a case, and the board has shown it."""
    await priya.post("/desk/take", {"case": case})
    served.store.notify(TOPIC)
    await expect(page.locator(f"#c-{case}").get_by_text("Taken by")).to_be_visible()


async def test_a_board_that_renews_itself_disturbs_nobody(served: House, desk: Page, priya: Browser) -> None:
    """What is half typed stays, the focus stays, and one polite sentence says what is new."""
    second = desk.locator("#c-c2")
    await second.locator("summary").click()
    note = second.get_by_label("Note")
    await note.fill("She is at the rec")
    await renewed(served, desk, priya, "c1")
    await expect(desk.locator("#news")).to_have_text(f"{CASES} waiting, {CASES - 1} free")
    await expect(note).to_have_value("She is at the rec")
    await expect(note).to_be_focused()
    await note.press_sequentially("eption, no next")  # letters that are shortcuts elsewhere
    await expect(note).to_have_value("She is at the reception, no next")
    assert desk.url == f"{served.url}/desk"

    take = desk.locator("#take-004716")
    await take.focus()
    await renewed(served, desk, priya, "c4")
    served.clock.go(minutes=2)  # every age on the board is another
    await renewed(served, desk, priya, "c6")
    await expect(take).to_be_focused()
    at = served.clock.now()
    await served.store.transact(lambda work: cards.done(work, "c5", at))
    served.store.notify(TOPIC)
    await expect(desk.locator("#c-c5")).to_have_count(0)
    assert await desk.evaluate(FOCUSED) == "c-c6"
    await expect(note).to_have_value("She is at the reception, no next")


async def test_the_keys_of_the_desk(served: House, desk: Page, priya: Browser) -> None:
    """From case to case, take, help; nothing while typing; off when switched off, and it is remembered."""
    press = desk.keyboard.press
    for key, focused in (("j", "c-c1"), ("j", "c-c2"), ("k", "c-c1"), ("k", "c-c1")):
        await press(key)
        assert await desk.evaluate(FOCUSED) == focused
    await press("t")
    await desk.wait_for_url("**/desk#c-c1")
    assert (await card_row(served)).taken_by == "oid-agent"
    assert await desk.evaluate(FOCUSED) == "c-c1"
    await press("?")
    await expect(desk.get_by_text("take the next case and open it")).to_be_visible()
    await desk.get_by_label("Use these keys").uncheck()
    await desk.locator("#c-c2").focus()
    await press("j")
    assert await desk.evaluate(FOCUSED) == "c-c2"
    await press("n")
    await desk.goto(f"{served.url}/desk?show=free")
    await press("j")
    assert await desk.evaluate(FOCUSED) == ""
    assert (await card_row(served, "c2")).taken_by == ""


async def test_a_long_queue_fits_and_axe_finds_nothing(desk: Page) -> None:
    """In light and dark; on a phone and at 200 % nothing sticks out."""
    await desk.locator("#c-c2 summary").click()
    for scheme in ("light", "dark"):
        await desk.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = await Axe().run(desk, options={"resultTypes": ["violations"]})
        assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found.response["violations"]] == []
    for width in (640, 360):
        await desk.set_viewport_size({"width": width, "height": 740})
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await desk.evaluate(over) == 0, width
