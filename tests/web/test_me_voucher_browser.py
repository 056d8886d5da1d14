"""My page and the voucher page in real Chromium: every screen clean for axe, on a phone, in the dark."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.test_voucher import asked, present
from tests.web.visiting import serving

MARIA = "María Fernández"


@pytest.fixture
async def served(whole: Whole) -> AsyncIterator[Whole]:  # noqa: F811
    async with serving(whole):
        yield whole


async def go(page: Page, whole: Whole, path: str) -> None:  # noqa: F811
    await page.goto(f"http://127.0.0.1:{whole.port}{path}")


async def sign(page: Page, whole: Whole, button: str, name: str = MARIA) -> None:  # noqa: F811
    """Press *button*, and be *name* at the authority."""
    whole.clock.go(seconds=2)
    await page.get_by_role("button", name=button, exact=True).click()
    await page.get_by_role("link", name=name).first.click()
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url(re.compile(rf"http://127\.0\.0\.1:{whole.port}/[mv]"))


async def fine(page: Page) -> None:
    """No finding of axe, and nothing to scroll sideways, on a phone and on a desk, by day and by night."""
    for width, scheme in ((360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = (await Axe().run(page)).response["violations"]
        assert not found, [(v["id"], [n["html"] for n in v["nodes"]]) for v in found]
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_my_page_from_the_door_to_the_sheet(served: Whole, browser_page: Page) -> None:
    """A reload of the sheet makes no second one: it asks for a sign-in again."""
    page = browser_page
    await go(page, served, "/me")
    await fine(page)
    await sign(page, served, "Sign in")
    await fine(page)
    await page.locator("#codes").get_by_label("A passkey, a security key or Windows Hello").check()
    await sign(page, served, "Sign in and make ten codes")
    await fine(page)
    await page.get_by_role("button", name="Show my ten codes").click()
    await expect(page.locator("ol.codes code")).to_have_count(10)
    await fine(page)
    await page.reload()
    await expect(page.locator("ol.codes code")).to_have_count(0)
    await go(page, served, "/me")
    await expect(page.get_by_text("counts from 25 November 2026")).to_be_visible()
    await fine(page)


async def test_the_sheet_on_paper_has_the_codes_and_no_buttons(served: Whole, browser_page: Page) -> None:
    page = browser_page
    await go(page, served, "/me")
    await sign(page, served, "Sign in")
    await sign(page, served, "Sign in and make ten codes")
    await page.get_by_role("button", name="Show my ten codes").click()
    await page.emulate_media(media="print")
    await expect(page.get_by_text(f"Saved codes of {MARIA}")).to_be_visible()
    await expect(page.get_by_role("button", name="Print")).to_be_hidden()
    await expect(page.locator("ol.codes code").first).to_be_visible()


async def test_the_voucher_page_from_the_door_to_the_last_word(served: Whole, browser_page: Page) -> None:
    """The digits are the first thing on a phone, and leave the screen by themselves."""
    page = browser_page
    _, path = await asked(served)
    await page.clock.install()
    await go(page, served, path)
    await fine(page)
    await sign(page, served, "Sign in", "Jonas Lindqvist")
    await fine(page)
    await sign(page, served, "Sign in with another account")
    await fine(page)
    await present(served)
    await page.reload()
    await page.get_by_label("I am with them in person").check()
    await sign(page, served, "Sign in and get the digits")
    digits = page.locator("p.digits")
    await page.set_viewport_size({"width": 360, "height": 640})
    await expect(digits).to_be_in_viewport()
    await fine(page)
    served.clock.go(seconds=61)
    await page.clock.run_for(3500)
    await expect(page.get_by_text("have run out")).to_be_visible()
    await expect(digits).to_have_count(0)
    await fine(page)
    await page.get_by_role("button", name="I do not know of this").click()
    await page.wait_for_load_state()
    await expect(page.get_by_text("Thank you for saying so")).to_be_visible()
    await fine(page)


async def test_everything_works_with_the_keyboard_alone(served: Whole, browser_page: Page) -> None:
    page = browser_page
    _, path = await asked(served)
    await go(page, served, path)
    await sign(page, served, "Sign in")
    await present(served)
    await page.reload()
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.name") == "how":
            break
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_label("I see them on a video call")).to_be_checked()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("http://localhost"))
