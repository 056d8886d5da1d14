"""The front door in real Chromium: with the keyboard alone, clean for axe, on a phone, in the dark."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.door import Agent, cases, upn
from tests.web.visiting import serving

FACEBOOK = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/15E148 [FBAN/FBIOS;FBAV/450.0]"
)


@pytest_asyncio.fixture
async def served(whole: Whole) -> AsyncIterator[Whole]:  # noqa: F811
    """The bot answers by itself, as in life."""

    async def deliver() -> None:
        while True:
            await whole.settle()
            await whole.store.changed("anything", after=0, timeout=0.05)

    async with serving(whole):
        delivering = asyncio.create_task(deliver())
        yield whole
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)


def at(whole: Whole, path: str) -> str:  # noqa: F811
    return f"http://127.0.0.1:{whole.port}{path}"


async def fine(page: Page) -> None:
    """No finding of axe, and nothing to scroll sideways, on a phone by night and on a desk by day."""
    for width, scheme in ((360, "dark"), (1280, "light")):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = (await Axe().run(page)).response["violations"]
        assert not found, [(v["id"], [n["html"] for n in v["nodes"]]) for v in found]
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement.id || document.activeElement.value || ''"))


async def test_with_the_keyboard_alone_from_the_sign_to_the_case_page(
    served: Whole, browser_page: Page
) -> None:
    """Write, start, answer, open the case page, and finish: its key, cookies and all are gone."""
    page = browser_page
    await page.goto(at(served, "/help"))
    await fine(page)
    for _ in range(10):
        await page.keyboard.press("Tab")
        if await focused(page) == "what":
            break
    await page.keyboard.type("I got a new phone and the old one is gone")
    await page.keyboard.press("Enter")
    start = page.locator(".line.bot").get_by_role("button", name="New phone", exact=True)
    await start.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#case-head")).to_be_visible()
    gone = page.locator(".line.bot").get_by_role("button", name="wiped or broken")
    await gone.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("is ready in this browser")).to_be_visible()
    await fine(page)

    async with page.context.expect_page() as opening:
        await page.locator("#case-head ~ p a").press("Enter")
    case = await opening.value
    await expect(case.get_by_role("heading", name="Show that it is you")).to_be_visible()
    await case.get_by_text("Go on on another device?").press("Enter")
    await case.get_by_role("button", name="Show the code").press("Enter")
    await expect(case.get_by_role("img", name="QR code")).to_be_visible()
    await fine(case)
    await case.goto(await case.locator("#move-address").input_value())
    await fine(case)
    await case.close()

    await page.locator("summary", has_text="shared computer").press("Enter")
    await page.get_by_role("button", name="Finish and forget").press("Enter")
    await expect(page.get_by_role("heading", name="forgotten")).to_be_visible()
    keys = """() => new Promise((done) => {
        const opening = indexedDB.open("keyturn", 1);
        opening.onsuccess = () => {
            const asked = opening.result.transaction("keys").objectStore("keys").getAllKeys();
            asked.onsuccess = () => done(asked.result.length);
        };
    })"""
    await page.wait_for_function(f"async () => (await ({keys})()) === 0")
    left = [one.get("name", "") for one in await page.context.cookies()]
    assert not [name for name in left if name.startswith(("__Host-door", "__Host-case"))]
    await fine(page)


async def test_a_wrong_number_is_said_beside_its_fields(served: Whole, browser_page: Page) -> None:
    """And another app's own little browser gets the address to take along."""
    page = browser_page
    await page.goto(at(served, "/help"))
    await page.get_by_role("textbox", name="Case number").fill("123456")
    await page.get_by_label("Work address").fill("nobody@keyturn.example")
    await page.get_by_role("button", name="Go on with this case").click()
    await expect(page.get_by_role("alert")).to_contain_text("no open case with this number")
    await expect(page.get_by_role("textbox", name="Case number")).to_have_attribute("aria-invalid", "true")
    await fine(page)


async def test_another_apps_browser_is_told_where_to_go(served: Whole, chromium: Chromium) -> None:
    context = await chromium.new_context(user_agent=FACEBOOK, viewport={"width": 360, "height": 700})
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    await page.goto(at(served, "/help"))
    await expect(page.get_by_label("Address of this page")).to_have_value(at(served, "/help"))
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_text("Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == at(served, "/help")
    await fine(page)
    await context.close()


async def test_an_agent_opens_a_case_and_finds_it_again(served: Whole, browser_page: Page) -> None:
    """From the button in the ticket system to what is read out, and back by the number."""
    page = browser_page
    async with Agent(served) as agent:
        await agent.sits_down()
        await page.context.add_cookies(
            [
                {
                    "name": name,
                    "value": value,
                    "url": at(served, "/").replace("http:", "https:"),
                    "secure": True,
                }
                for name, value in agent.jar.items()
                if name == "__Host-desk"
            ]
        )
    await page.goto(at(served, f"/desk/open?ticket=INC0012345&upn={upn(served, 'employee')}"))
    await expect(page.get_by_label("Ticket number")).to_have_value("INC0012345")
    assert not await cases(served)
    await fine(page)
    await page.get_by_role("button", name="Open the case").click()
    (case,) = await cases(served)
    number = f"{case.number[:3]} {case.number[3:]}"
    await expect(page.get_by_role("heading", name=f"Case {number} is open")).to_be_visible()
    await expect(page.locator("blockquote").first).to_contain_text(at(served, "/help"))
    await fine(page)
    await page.goto(at(served, "/desk"))
    await page.get_by_role("textbox", name="Find a case by its number").fill(case.number)
    await page.get_by_role("button", name="Find", exact=True).click()
    await page.wait_for_url(re.compile(rf"/desk/case/{case.number}$"))
    await expect(page.get_by_text("has not come yet")).to_be_visible()
    await page.get_by_role("button", name="Call me back").click()
    await expect(page.get_by_role("alert")).to_contain_text("No page of this case is connected")
    await fine(page)
