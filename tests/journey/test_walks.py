"""The worst days, each walked from the first word to signed in again, in Chromium, with the steps counted."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from tests.journey.people import PATIENCE, Company, Person, checks
from tests.journey.walking import Walker, at_the_door
from tests.journey.world import Demo
from tests.web.conftest import real_chromium

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLOSED = """\
desk:
  phone: "+49 30 5550 0100"
  timezone: UTC
  hours: {{{day}: "08:00-08:01"}}
"""
"""It is Sunday, whatever the day: the desk opens for a minute, in three days."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("walks")
    day = f"{datetime.now(UTC) + timedelta(days=3):%a}".lower()
    (folder / "sunday.yaml").write_text(CLOSED.format(day=day))
    made = Demo(folder / "data", "--add", str(folder / "sunday.yaml"))
    made.start()
    yield made
    made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Chromium]:
    async with real_chromium() as launched:
        yield launched


@pytest_asyncio.fixture(loop_scope="module")
async def company(demo: Demo, browser: Chromium) -> AsyncIterator[Company]:
    """People with browsers; no page may have complained at the end."""
    made = Company(demo.url, browser)
    expect.set_options(timeout=PATIENCE)
    yield made
    expect.set_options(timeout=5_000)
    for context in browser.contexts:
        await context.close()
    assert not made.faults, "\n".join(made.faults)


# --- the help desk's side, which is not counted ------------------------------------------------------


async def on_duty(company: Company, name: str) -> tuple[Person, Page]:
    """An agent at the desk, on call."""
    agent = await company.person(name)
    desk = await agent.open("/desk")
    await desk.get_by_role("button", name="Sign in").click()
    await agent.signs_in(desk)
    await desk.get_by_role("button", name="Start my shift").or_(
        desk.get_by_role("button", name="End my shift")
    ).wait_for()
    if await desk.get_by_role("button", name="Start my shift").count():
        await desk.get_by_role("button", name="Start my shift").click()
    return agent, desk


async def reviews(agent: Person, desk: Page, who: str) -> Page:
    link = desk.locator(".case").filter(has_text=who).get_by_role("link", name="Open review page").last
    return await agent.open(str(await link.get_attribute("href")))


async def approves(agent: Person, desk: Page, who: str) -> None:
    paper = await reviews(agent, desk, who)
    await expect(paper.locator("#presence")).to_have_text("On the page now")
    await paper.locator("#approve").click()
    await paper.get_by_role("link", name="Sign in and sign").click()
    await agent.signs_in(paper)
    await expect(paper.get_by_text("Done, all of it.")).to_be_visible()


# --- parts of several walks, counted -----------------------------------------------------------------


async def called_back(walker: Walker, case: Page, agent: Person, desk: Page, who: str) -> str:
    """Asks for a call at the office; the digits that the agent then says."""
    await case.get_by_role("radio", name="Call me back").check()
    numbers = case.get_by_role("combobox", name=re.compile("Which number"))
    if await numbers.count():
        await walker.choose(numbers, "Office")
    await walker.press(case, "Ask the help desk")
    return await checks(agent, await reviews(agent, desk, who))


async def ticks(walker: Walker, case: Page) -> None:
    """Everything is gone: one entry."""
    await expect(case.get_by_role("heading", name="What is gone?")).to_be_visible()
    await walker.sees(case)
    for box in await case.locator("input[name=method]").all():
        await box.check()
    await walker.press(case, "Continue")
    await expect(case.get_by_role("heading", name="Somebody looks at it now")).to_be_visible()


async def takes_pass(walker: Walker, case: Page) -> str:
    await walker.press(case, "Show my code")
    shown = case.locator("#pass")
    await expect(shown).to_be_visible()
    await walker.sees(case)
    return await shown.inner_text()


# --- the walks ---------------------------------------------------------------------------------------


async def test_wiped_phone_on_a_sunday_with_the_laptop_locked(company: Company) -> None:
    """On a tablet at home: no chat, no desk hours, an agent on call. Twelve steps to the pass in use."""
    amara = await company.person("Amara Okafor", width=820, height=1180)
    priya, desk = await on_duty(company, "Priya Raman")
    jonas, desk2 = await on_duty(company, "Jonas Lindqvist")
    walker, page = await at_the_door(company, amara, "sunday", "New phone, the old one is wiped")
    await walker.press(page, "New phone")
    await walker.press(page, "No, wiped or broken")
    await walker.sees(page)
    case = await walker.follows(page.get_by_role("link", name="Open my case page").last)
    await walker.enter(case.get_by_label("Work address", exact=True), await company.address())
    await walker.enter(case.get_by_label("Your saved code"), (await company.sheet())[0])
    await expect(case.get_by_text("One is done. One more is needed.")).to_be_visible()
    digits = await called_back(walker, case, priya, desk, "Amara Okafor")
    await walker.enter(case.get_by_label("Six digits you were given"), digits)
    await ticks(walker, case)
    await approves(jonas, desk2, "Amara Okafor")
    value = await takes_pass(walker, case)
    await company.uses_pass("employee", value)  # at the laptop's Web sign-in
    walker.steps.append("enter the pass at the laptop")
    assert len(walker.steps) <= 12, walker.steps
    await walker.sees(case)
