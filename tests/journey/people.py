"""People at their browsers: the demo in Chromium, each person in a context of their own.

Whatever a page logs as an error, throws, fails to load or blocks by its policy is collected, and
fails the test at its end. With `PICTURES` naming a folder, `Person.picture` writes docs/pictures.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, FrameLocator, Page, Request, expect

PATIENCE = 30_000
SMALL, ZOOMED = 360, 640  # a phone, and 1280 px at 200 %
VIOLATIONS = """document.addEventListener('securitypolicyviolation', e =>
    console.error('policy: ' + e.effectiveDirective + ' ' + e.blockedURI + ' on ' + location.pathname))"""
TAP = "/temporaryAccessPassMethods"


@dataclass
class Person:
    """One human at one browser."""

    name: str
    base: str
    context: BrowserContext
    faults: list[str]

    async def open(self, path: str) -> Page:
        page = await self.context.new_page()
        await page.goto(f"{self.base}{path}" if path.startswith("/") else path)
        return page

    async def follow(self, page: Page, link: object) -> Page:
        """Click what opens a tab of its own, and be there."""
        async with page.context.expect_page() as opened:
            await link.click()  # type: ignore[attr-defined]
        tab = await opened.value
        await tab.wait_for_load_state()
        return tab

    async def signs_in(self, page: Page, how: str = "") -> None:
        """At the authority: say who, choose how, and come back."""
        title = page.get_by_role("heading", level=1)
        await expect(title).to_have_text(re.compile("sign", re.IGNORECASE))
        if "Who" in (await title.inner_text()):
            await page.get_by_role("link", name=self.name).first.click()
        await expect(title).to_have_text(f"Sign in as {self.name}")
        if how:
            await page.get_by_role("radio", name=how).check()
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await page.wait_for_url(f"{self.base}/**")

    async def fine(self, page: Page) -> None:
        """Nothing axe objects to, in light and dark; nothing sticks out on a phone or at 200 %."""
        where = re.sub(r"[\w-]{30,}", "…", page.url.removeprefix(self.base))
        for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
            await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found = await AXE.run(page, options={**rules, "resultTypes": ["violations"]})
            self.faults.extend(
                f"axe, {scheme}, {where}: {v['id']} {[n['target'] for n in v['nodes']][:3]}"
                for v in found.response["violations"]
            )
        await page.emulate_media(color_scheme="light")
        size = page.viewport_size
        assert size is not None
        for width in (ZOOMED, SMALL):
            await page.set_viewport_size({"width": width, "height": size["height"]})
            over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            if (more := await page.evaluate(over)) > 0:
                self.faults.append(f"{where} is {more} px too wide at {width} px")
        await page.set_viewport_size(size)

    async def picture(self, page: Page, name: str, *, width: int = 1280, height: int = 900) -> None:
        if folder := os.environ.get("PICTURES"):
            size = page.viewport_size
            assert size is not None
            await page.set_viewport_size({"width": width, "height": height})
            await page.evaluate("window.scrollTo(0, 0)")
            await page.screenshot(path=Path(folder) / f"{name}.png")
            await page.set_viewport_size(size)


AXE = Axe()


@dataclass
class Company:
    """The demo and everybody's browser."""

    base: str
    browser: Browser
    faults: list[str] = field(default_factory=list)

    async def person(
        self, name: str, *, locale: str = "en-GB", width: int = 1280, height: int = 900
    ) -> Person:
        context = await self.browser.new_context(locale=locale, viewport={"width": width, "height": height})
        context.set_default_timeout(PATIENCE)
        await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.base)
        await context.add_init_script(VIOLATIONS)
        context.on("console", lambda said: self._console(name, said))
        context.on("weberror", lambda error: self.faults.append(f"{name}: {error.error}"))
        context.on("requestfailed", lambda failed: self._failed(name, failed))
        return Person(name, self.base, context, self.faults)

    async def start_over(self, who: str = "employee") -> None:
        """As the demo's button does, but without a page."""
        async with self.http() as http:
            answer = await http.post("/sandbox/start-over", json={"person": who})
            assert answer.status_code == 200, answer.text

    async def sheet(self, who: str = "employee") -> list[str]:
        """The printed codes in that person's drawer."""
        async with self.http() as http:
            codes: list[str] = (await http.get(f"/sandbox/people/{who}")).json()["codes"]
            return codes

    async def address(self, who: str = "employee") -> str:
        """The work address of one of the sandbox's people."""
        async with self.http() as http:
            return str((await http.get(f"/sandbox/people/{who}")).json()["upn"])

    async def uses_pass(self, who: str, value: str) -> None:
        """Sign in with a pass and register a passkey, as at a laptop's Web sign-in."""
        async with self.http() as http:
            body = {"type": "passkey", "name": "Pixel 10", "pass": value}
            answer = await http.post(f"/sandbox/people/{who}/methods", json=body)
            assert answer.status_code == 200, answer.text

    async def passes_made(self) -> int:
        async with self.http() as http:
            rows = (await http.get("/sandbox/ledger")).json()
        return sum(r["method"] == "POST" and r["path"].endswith(TAP) and r["status"] == 201 for r in rows)

    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.base, timeout=75, trust_env=False)

    def _console(self, name: str, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.faults.append(f"{name}: console: {said.text} {said.location.get('url', '')[:60]}")

    def _failed(self, name: str, failed: Request) -> None:
        if "ERR_ABORTED" not in (failed.failure or ""):  # a poll that its page left behind
            self.faults.append(f"{name}: failed: {failed.url[:60]} {failed.failure}")


# --- the parts people play -------------------------------------------------------------------------


async def tells_the_bot(chat: Page | FrameLocator, *, words: str = "I got a new phone") -> tuple[str, str]:
    """From own words to the link and the case number."""
    await chat.get_by_label("Your message").fill(words)
    await chat.get_by_label("Your message").press("Enter")
    await chat.get_by_role("button", name="New phone", exact=True).click()
    await chat.get_by_role("button", name="No, wiped or broken").click()
    link = chat.get_by_role("link", name="Open my case page").last
    await link.wait_for()
    told = await chat.locator(".line.bot").last.inner_text()
    number = re.search(r"\b\d{6}\b", told)
    assert number is not None, told
    return str(await link.get_attribute("href")), number.group()


async def claims(page: Page, number: str) -> None:
    """Type the number; the page makes its key, tries it, and shows the proofs."""
    await page.get_by_label("Case number", exact=True).fill(number)
    await page.get_by_role("button", name="Open", exact=True).click()
    await expect(page.get_by_role("heading", name="Show that it is you", level=1)).to_be_visible()


async def uses_code(page: Page, code: str) -> None:
    await page.get_by_label("Your saved code").fill(code)
    await page.get_by_role("button", name="Use this code").click()
    await expect(page.get_by_text("One is done. One more is needed.")).to_be_visible()


async def asks_to_be_called(page: Page) -> None:
    """At the office, once the page may say which numbers there are: the other rings on the broken phone."""
    await page.get_by_role("radio", name="Call me back").check()
    numbers = page.get_by_role("combobox", name=re.compile("Which number"))
    if await numbers.count():
        office = await numbers.locator("option", has_text="Office").get_attribute("value")
        await numbers.select_option(value=office)
    await page.get_by_role("button", name="Ask the help desk").click()
    await expect(page.get_by_text("Under way")).to_be_visible()


async def checks(agent: Person, review: Page) -> str:
    """Write down what was told, sign, and read the digits."""
    await review.get_by_label("Device and browser, as told").fill("A Windows laptop, Chrome")
    await review.get_by_label("Place, as told").fill("Berlin, at home")
    await review.get_by_role("button", name="Write it down").click()
    await review.get_by_role("button", name="I met this person").click()
    await agent.signs_in(review)
    shown = review.locator("p.digits")
    await shown.wait_for()
    return re.sub(r"\D", "", await shown.inner_text())


async def types_digits(page: Page, digits: str) -> None:
    await page.get_by_label("Six digits you were given").fill(digits)
    await page.get_by_role("button", name="Check", exact=True).click()


async def ticks_all(page: Page) -> None:
    await expect(page.get_by_role("heading", name="What is gone?")).to_be_visible()
    for box in await page.locator("input[name=method]").all():
        await box.check()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", name="Somebody looks at it now")).to_be_visible()
