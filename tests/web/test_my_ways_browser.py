"""Addresses and remembered browsers in real Chromium: the key that my page makes is the one that the case
page finds, and a shared computer gives it up."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from bot.core.records import Attempt, RememberedBrowser
from tests.fakes.issuing import proving
from tests.fakes.mails import codes_in
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.test_me_voucher_browser import fine, go, sign
from tests.web.test_my_ways import PRIVATE, has_mailboxes
from tests.web.visiting import serving

PICTURES = os.environ.get("PICTURES", "")


@pytest.fixture
async def served(whole: Whole) -> AsyncIterator[Whole]:  # noqa: F811
    async with serving(whole):
        yield whole


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


async def test_an_address_and_a_browser_from_my_page_to_the_case_page(
    served: Whole, browser_page: Page
) -> None:
    """Added by hand, proved by its code; remembered by this browser, found again three days later."""
    page = browser_page
    has_mailboxes(served, PRIVATE)
    await go(page, served, "/me")
    await sign(page, served, "Sign in")
    await picture(page, "me")
    await fine(page)
    await page.locator("#addresses").get_by_role("button", name="Sign in again").scroll_into_view_if_needed()
    served.clock.go(seconds=2)
    await page.locator("#addresses").get_by_role("button", name="Sign in again").click()
    await page.get_by_role("link", name="María Fernández").first.click()
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url(re.compile(r"/me#addresses"))
    await picture(page, "me-granted")
    await fine(page)
    await page.get_by_role("textbox", name="Private mail address").fill(PRIVATE)
    served.clock.go(seconds=10)  # Graph allows few reads at a time
    await page.get_by_role("button", name="Send a code there").click()
    await served.settle()
    await page.get_by_role("textbox", name="Code from the mail").fill("0000 0000")
    served.clock.go(seconds=10)  # Graph allows few reads at a time
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_role("alert")).to_contain_text("That code is not right")
    await picture(page, "me-wrong")
    await fine(page)
    await page.get_by_role("textbox", name="Code from the mail").fill(codes_in(served, "manager", PRIVATE)[0])
    served.clock.go(seconds=10)  # Graph allows few reads at a time
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.locator("#addresses")).to_contain_text("counts from 25 November 2026")
    served.clock.go(seconds=10)  # Graph allows few reads at a time
    await page.get_by_role("button", name="Yes, remember this browser").click()
    await expect(page.locator("#browsers")).to_contain_text("this one")
    await picture(page, "me-done")
    await fine(page)
    (row,) = await served.rows(RememberedBrowser)

    served.clock.go(hours=73)
    case = await proving(served, "manager")
    path = f"/c/{served.product.keys.handle('case', case.id)}"
    await go(page, served, path)
    await page.get_by_label("Case number").first.fill(case.number)
    await page.get_by_role("button", name="Open", exact=True).click()
    await expect(page.get_by_role("heading", name="Show that it is you", level=1)).to_be_visible()
    (attempt,) = await served.rows(Attempt)
    assert (attempt.thumbprint, attempt.remembered) == (row.thumbprint, True)
    await page.get_by_role("textbox", name="Your private mail address").fill(PRIVATE)
    await page.get_by_label("Yes, on this device").check()
    await picture(page, "case-issued")
    await fine(page)
    await page.get_by_role("button", name="Send me a code").click()
    await served.settle()
    await expect(page.get_by_role("textbox", name="Code from the mail")).to_be_visible()
    await picture(page, "case-issued-sent")
    await fine(page)
    await page.get_by_role("textbox", name="Code from the mail").fill(codes_in(served, "manager", PRIVATE)[0])
    await page.get_by_role("button", name="Use this code").last.click()
    await expect(page.get_by_text("One is done. One more is needed.")).to_be_visible()
    await picture(page, "case-issued-done")

    served.clock.go(seconds=1)
    await page.context.clear_cookies()
    await go(page, served, path)
    await page.get_by_label("Case number").first.fill(case.number)
    await page.get_by_label("This is a shared or borrowed computer").check()
    await page.get_by_role("button", name="Open", exact=True).click()
    await expect(page.get_by_role("heading", name="Show that it is you", level=1)).to_be_visible()
    assert await served.rows(RememberedBrowser) == []
    newest = (await served.rows(Attempt, order="-claimed_at"))[0]
    assert newest.thumbprint != row.thumbprint
