"""What the web's suites may ask for: a served house, and a page in real Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, async_playwright

from bot.ports.store import Store
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.web.browsing import Browser
from tests.web.house import House, house

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def served(store: Store, clock: FakeClock, entropy: FakeEntropy) -> AsyncIterator[House]:
    """The web adapter of the demo, on a port of its own."""
    async with house(store, clock, entropy) as made:
        yield made


@pytest.fixture
async def browser(served: House) -> AsyncIterator[Browser]:
    """A browser without scripts, at the house."""
    async with Browser(served.url) as made:
        yield made


@asynccontextmanager
async def real_chromium() -> AsyncIterator[Chromium]:
    """Real Chromium. Without it: a visible skip on a desk, a failure in CI."""
    if shutil.which(CHROMIUM) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{CHROMIUM} is missing in CI")
        pytest.skip(f"{CHROMIUM} is not installed: apt-get install chromium")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        await launched.close()


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with real_chromium() as launched:
        yield launched


@pytest.fixture
async def browser_page(chromium: Chromium) -> AsyncIterator[Page]:
    """A page in a fresh context; any error in the page's own scripts fails the test."""
    context = await chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    await context.close()
    assert not errors, errors
