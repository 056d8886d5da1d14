"""The counter's screen and the page that looks after such screens, over HTTP."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page as Window
from playwright.async_api import expect

from bot.adapters.web.app import build
from bot.adapters.web.counter import CounterPage
from bot.adapters.web.shell import Shell, Site
from bot.core.model import Oid
from bot.ports.sign_in import SignedIn
from bot.ports.store import Store
from bot.service.sessions import SessionService
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.proving import AGENT, MANAGER, World
from tests.web.browsing import Browser
from tests.web.house import ROOT, free_port, words


@dataclass
class Desk:
    world: World
    sessions: SessionService
    browser: Browser

    async def sign_in(self, oid: str = AGENT) -> None:
        who = SignedIn(Oid(oid), oid, oid, self.world.clock.now(), frozenset(), "raw")
        self.browser.jar["__Host-desk"] = await self.sessions.open("desk", who, {"upn": oid})

    async def become(self, name: str = "Reception") -> None:
        """This browser becomes a counter, as the callback would make it one."""
        await self.browser.get("/desk/counter")
        answer = await self.browser.post("/desk/counter", {"name": name, "site": "Berlin"})
        assert answer.status == 303, answer.text
        self.world.clock.go(seconds=1)
        landing = await self.world.signed(AGENT)
        assert (landing.path, landing.session_kind) == ("/counter", "counter")
        self.browser.jar["__Host-counter"] = landing.session


@pytest.fixture
async def desk(store: Store, clock: FakeClock, entropy: FakeEntropy) -> AsyncIterator[Desk]:
    world = World(store, clock, entropy)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    site = Site(url, "http://localhost:1", "+49 30 5550 100", "Mon–Fri 8–18")
    sessions = SessionService(store, clock, entropy)
    shell = Shell(site, words(), sessions, entropy, ROOT / "templates")
    runner = web.AppRunner(build(shell, [CounterPage(shell, world.counters)]), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with Browser(url) as browser:
        yield Desk(world, sessions, browser)
    await runner.cleanup()


async def test_a_browser_becomes_a_counter_and_leaves_the_desk(desk: Desk) -> None:
    """It stands where people can reach it: no agent's session may stay in it."""
    await desk.sign_in()
    await desk.become()
    assert "__Host-desk" not in desk.browser.jar
    screen = await desk.browser.get("/counter")
    assert "Reception" in screen.text
    assert screen.cookies()["__Host-counter"]["max-age"], "it outlives a restart of the browser"
    told = json.loads((await desk.browser.get("/counter/code")).body)
    assert f"{told['code'][:3]} {told['code'][3:]}" in screen.text


async def test_the_screen_tells_nothing_of_anybody(desk: Desk) -> None:
    """Only the code, the counter's name and the way to the front door."""
    await desk.world.case()
    await desk.sign_in()
    await desk.become()
    text = (await desk.browser.get("/counter")).text
    assert AGENT not in text
    assert "471123" not in text
    assert "/help" in text


async def test_any_other_browser_shows_no_code(desk: Desk) -> None:
    await desk.sign_in()
    await desk.become()
    desk.browser.jar.pop("__Host-counter")
    assert json.loads((await desk.browser.get("/counter/code")).body) == {"code": "", "until": "", "at": ""}
    assert 'id="code"' not in (await desk.browser.get("/counter")).text


async def test_switched_off_it_goes_blank_at_its_next_look(desk: Desk) -> None:
    await desk.sign_in()
    await desk.become()
    counter = desk.browser.jar["__Host-counter"]
    await desk.sign_in()
    listed = await desk.browser.get("/desk/counter")
    assert "Reception" in listed.text
    row = await desk.world.counter("Reception")
    assert (await desk.browser.post("/desk/counter/revoke", {"counter": row.id})).status == 303
    desk.browser.jar["__Host-counter"] = counter
    assert json.loads((await desk.browser.get("/counter/code")).body)["code"] == ""


async def test_without_a_desk_session_nothing_can_be_done(desk: Desk) -> None:
    row = await desk.world.counter()
    door = await desk.browser.get("/desk/counter")
    assert 'action="/desk/sign-in"' in door.text
    assert "Reception" not in door.text
    assert (await desk.browser.post("/desk/counter", {"name": "x"})).status == 403
    assert (await desk.browser.post("/desk/counter/revoke", {"counter": row.id})).status == 403
    await desk.sign_in(MANAGER)
    assert (await desk.browser.get("/desk/counter")).status == 403
    assert await desk.world.counters.screen(row.browser_hash) is not None


async def lend(desk: Desk, window: Window) -> None:
    """The cookies, to a real browser."""
    url = desk.browser.base.replace("http:", "https:")  # or a Secure cookie cannot be set from here
    await window.context.add_cookies(
        [
            {"name": name, "value": value, "url": url, "secure": True}
            for name, value in desk.browser.jar.items()
            if name in ("__Host-counter", "__Host-desk")
        ]
    )


async def test_the_screen_changes_by_itself_and_never_keeps_an_old_code(
    desk: Desk, browser_page: Window
) -> None:
    """In Chromium: a new code comes without a reload; without the server there is none."""
    clock = desk.world.clock
    await desk.sign_in()
    await desk.become()
    await lend(desk, browser_page)
    clock.go(seconds=29 - int(clock.now().timestamp()) % 15)  # one second before the turn ends
    await browser_page.goto(f"{desk.browser.base}/counter")
    first = await browser_page.inner_text("#code")
    clock.go(seconds=15)
    await expect(browser_page.locator("#code")).not_to_have_text(first)
    await browser_page.context.set_offline(True)
    await browser_page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(browser_page.locator("#code")).to_have_text("––– –––")
    await expect(browser_page.locator("#lost")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
async def test_screen_and_list_are_accessible(
    desk: Desk, browser_page: Window, width: int, scheme: str
) -> None:
    """Narrow and wide, light and dark."""
    await desk.sign_in()
    await desk.become("Reception, ground floor")
    await desk.sign_in()
    await lend(desk, browser_page)
    await browser_page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    await browser_page.set_viewport_size({"width": width, "height": 900})
    for n, path in enumerate(("/counter", "/desk/counter")):
        await browser_page.goto(desk.browser.base + path)
        results = await Axe().run(browser_page)
        assert results.violations_count == 0, results.generate_report()
        assert await browser_page.evaluate("document.documentElement.scrollWidth") <= width
        if folder := os.environ.get("SCREENSHOTS"):
            await browser_page.screenshot(path=Path(folder) / f"counter-{n}-{width}.png", full_page=True)
