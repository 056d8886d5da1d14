"""The page that links a chat account, in real Chromium: both languages, a phone, by night, by keyboard."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.service.test_linking import Slack
from tests.web.test_me_voucher_browser import MARIA, fine, go, sign
from tests.web.visiting import serving


@pytest.fixture
async def served(whole: Whole) -> AsyncIterator[Whole]:  # noqa: F811
    async with serving(whole):
        yield whole


async def test_the_link_page_from_the_number_to_the_end(served: Whole, browser_page: Page) -> None:
    """What is linked is said before anything is typed; the wrong number is explained beside its field."""
    page = browser_page
    slack = Slack(served)
    await slack.met()
    path, number = await slack.asks()
    await go(page, served, path)
    await expect(page.get_by_text("U1", exact=True)).to_be_visible()
    await expect(page.get_by_text("Did somebody send you this page")).to_be_visible()
    await fine(page)
    await page.get_by_label("Number from your chat").fill("000000" if number != "000000" else "000001")
    await page.get_by_role("button", name="Sign in and link").click()
    await expect(page.get_by_text("That is not the number from the chat")).to_be_visible()
    await fine(page)
    await page.get_by_label("Number from your chat").fill(f"{number[:3]} {number[3:]}")
    served.clock.go(seconds=2)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text(MARIA).first).to_be_visible()  # whom the confirmed address names
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url(re.compile(rf"http://127\.0\.0\.1:{served.port}/link"))
    await expect(page.get_by_text("Done. Your work account is linked.")).to_be_visible()
    await fine(page)
    await go(page, served, "/me")
    await sign(page, served, "Sign in")
    await expect(page.get_by_role("heading", name="Linked chat accounts")).to_be_visible()
    await fine(page)
    await page.get_by_role("button", name="Take the link of U1 away").click()
    await expect(page.get_by_role("heading", name="Linked chat accounts")).to_have_count(0)


async def test_the_link_page_speaks_german_and_ends_kindly(served: Whole, browser_page: Page) -> None:
    page = browser_page
    slack = Slack(served)
    await slack.met()
    path, _ = await slack.asks()
    await go(page, served, f"{path}?lang=de")
    await expect(page.get_by_role("button", name="Anmelden und verknüpfen")).to_be_visible()
    await fine(page)
    served.clock.go(minutes=16)
    await page.reload()
    await expect(page.get_by_text("Diese Seite wurde schon benutzt oder ist zu alt.")).to_be_visible()
    await fine(page)
