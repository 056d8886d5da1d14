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
    for who in ("employee", "hello_user", "new_starter", "floor_worker", "manager"):
        await made.start_over(who)
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
    await (
        desk.get_by_role("button", name="Start my shift")
        .or_(desk.get_by_role("button", name="End my shift"))
        .wait_for()
    )
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


async def says_who(company: Company, walker: Walker, case: Page) -> None:
    await walker.enter(case.get_by_label("Work address", exact=True), await company.address())
    await expect(case.get_by_text("Noted.", exact=False)).to_be_visible()


async def comes_with(walker: Walker, page: Page, address: str) -> None:
    """To a case somebody else opened; its number stands in its field: one entry."""
    await walker.enter(page.get_by_label("Work address", exact=True), address, "Go on with this case")


async def saved_code(company: Company, walker: Walker, case: Page) -> None:
    await walker.enter(case.get_by_label("Your saved code"), (await company.sheet())[0])
    await expect(case.get_by_text("One is done. One more is needed.")).to_be_visible()


async def called_back(walker: Walker, case: Page, agent: Person, desk: Page, who: str) -> str:
    """Asks for a call at the office; the digits that the agent then says."""
    await case.get_by_role("radio", name="Call me back").check()
    numbers = case.get_by_role("combobox", name=re.compile("Which number"))
    if await numbers.count():
        await walker.choose(numbers, "Office")
    await walker.press(case, "Ask the help desk")
    return await checks(agent, await reviews(agent, desk, who))


async def ticks(walker: Walker, case: Page, *, look: bool = False) -> None:
    """Everything is gone: one entry."""
    await expect(case.get_by_role("heading", name="What is gone?")).to_be_visible()
    if look:
        await walker.sees(case)
    for box in await case.locator("input[name=method]").all():
        await box.check()
    await walker.press(case, "Continue")
    await expect(case.get_by_role("heading", name="Somebody looks at it now")).to_be_visible()


async def ticks_if_asked(walker: Walker, case: Page) -> None:
    """Who never had a method has nothing to tick."""
    either = case.get_by_role("heading", name=re.compile("What is gone|Somebody looks at it now"))
    await expect(either).to_be_visible()
    if await case.get_by_role("button", name="Continue").count():
        await walker.press(case, "Continue")
        await expect(case.get_by_role("heading", name="Somebody looks at it now")).to_be_visible()


async def at_the_counter(
    walker: Walker, case: Page, screen: Page, counter: str, agent: Person, desk: Page, who: str
) -> str:
    """Types what the screen at the counter shows; the agent looks at the badge and signs."""
    await walker.choose(case.get_by_role("radio", name=re.compile("counter")), "counter")
    shown = re.sub(r"\D", "", await screen.locator("#code").inner_text())
    await case.get_by_label(re.compile("digits on the counter|counter", re.IGNORECASE)).last.fill(shown)
    await walker.press(case, "Ask the help desk")
    review = await reviews(agent, desk, who)
    await review.get_by_label("The counter where you stand with them").select_option(label=counter)
    await review.get_by_role("radio", name="Badge").check()
    await review.get_by_label("Device and browser, as told").fill("A phone")
    await review.get_by_role("button", name="Write it down").click()
    await review.get_by_role("button", name="I met this person").click()
    await agent.signs_in(review)
    digits = review.locator("p.digits")
    await digits.wait_for()
    return re.sub(r"\D", "", await digits.inner_text())


async def counter_screen(company: Company, name: str, counter: str) -> Page:
    """A browser that an agent made the screen of a counter."""
    who = await company.person(name)
    desk = await who.open("/desk")
    await desk.get_by_role("button", name="Sign in").click()
    await who.signs_in(desk)
    await desk.goto(f"{who.base}/desk/counter")
    await desk.get_by_label("Name of the counter").fill(counter)
    await desk.get_by_role("button", name="Sign in and set up").click()
    await who.signs_in(desk)
    await desk.goto(f"{who.base}/counter")
    await expect(desk.locator("#code")).to_be_visible()
    return desk


async def opens_for_caller(desk: Page, address: str, flow: str) -> str:
    """An agent opens a case for somebody on the phone; its number."""
    page = await desk.context.new_page()
    await page.goto(desk.url.partition("/desk")[0] + "/desk/open")
    await page.get_by_label("Work address that the caller says").fill(address)
    await page.get_by_label("What it is about").select_option(label=flow)
    await page.get_by_role("button", name="Open the case").click()
    title = await page.get_by_role("heading", level=1).inner_text()
    number = re.search(r"\d{3} ?\d{3}", title)
    assert number is not None, title
    return number.group().replace(" ", "")


async def takes_pass(walker: Walker, case: Page, *, look: bool = False) -> str:
    await walker.press(case, "Show my code")
    shown = case.locator("#pass")
    await expect(shown).to_be_visible()
    if look:
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
    await says_who(company, walker, case)
    await saved_code(company, walker, case)
    digits = await called_back(walker, case, priya, desk, "Amara Okafor")
    await walker.enter(case.get_by_label("Six digits you were given"), digits)
    await ticks(walker, case, look=True)
    await approves(jonas, desk2, "Amara Okafor")
    value = await takes_pass(walker, case, look=True)
    await company.uses_pass("employee", value)  # at the laptop's Web sign-in
    walker.steps.append("enter the pass at the laptop")
    assert len(walker.steps) <= 12, walker.steps
    await walker.sees(case)


async def test_lost_abroad_with_windows_hello(company: Company) -> None:
    """A laptop that opens is a working method: five steps, and nobody is asked for anything."""
    made = await company.passes_made()
    hyun = await company.person("Hyun-woo Park")
    chat = await hyun.open("/chat/hello_user")
    walker = Walker("abroad", hyun)
    await walker.enter(chat.get_by_label("Your message"), "My phone was stolen on holiday")
    await walker.press(chat, "Lost or stolen phone")
    await walker.press(chat, "Yes, a computer opens")
    await walker.sees(chat)
    tenant = await hyun.open("/sandbox/tenant?person=hello_user")
    await walker._seen(tenant, "signs in at Security info and deletes the phone")
    await walker.press(chat, "Done")
    await expect(chat.get_by_role("button", name="Lost", exact=False).last).to_be_visible()
    assert len(walker.steps) <= 5, walker.steps
    assert await company.passes_made() == made


async def test_first_day(company: Company) -> None:
    """The manager opens the case from her own chat; the newcomer stands at the counter with a phone."""
    maria = await company.person("María Fernández")
    aroha = await company.person("Aroha Ngata", width=390, height=844)
    priya, desk = await on_duty(company, "Priya Raman")
    jonas, desk2 = await on_duty(company, "Jonas Lindqvist")
    screen = await counter_screen(company, "Priya Raman", "Berlin")
    chat = await maria.open("/chat/manager")
    await chat.get_by_label("Your message").fill("My new colleague starts today")
    await chat.get_by_label("Your message").press("Enter")
    for name in ("First day at work", "A colleague of mine", "Go on"):
        await chat.get_by_role("button", name=name, exact=True).last.click()
    await expect(chat.get_by_text("What is your new colleague's work address?").first).to_be_visible()
    await chat.get_by_label("Your message").fill(await company.address("new_starter"))
    await chat.get_by_label("Your message").press("Enter")
    told = chat.locator(".line.bot").filter(has_text="The case number is").last
    number = re.search(r"\b\d{6}\b", await told.inner_text())
    assert number is not None
    walker = Walker("first-day", aroha)
    page = await aroha.open("/help")
    await page.get_by_label("Case number", exact=True).fill(number.group())
    await walker.enter(
        page.get_by_label("Work address", exact=True),
        await company.address("new_starter"),
        "Go on with this case",
    )
    await walker.press(page, "I am ready")
    await walker.sees(page)
    case = await walker.follows(page.get_by_role("link", name="Open my case page").last)
    digits = await at_the_counter(walker, case, screen, "Berlin", priya, desk, "Aroha Ngata")
    await walker.enter(case.get_by_label("Six digits you were given"), digits)
    await ticks_if_asked(walker, case)
    await approves(jonas, desk2, "Aroha Ngata")
    value = await takes_pass(walker, case)
    await company.uses_pass("new_starter", value)
    await expect(chat.get_by_text("Your colleague came to case")).to_be_visible()
    assert value not in await chat.content()
    assert len(walker.steps) <= 10, walker.steps


async def test_sixty_one_years_old_with_a_phone_only(company: Company) -> None:
    """360 px, large letters, no computer; the pass is needed on the very phone that shows it."""
    amara = await company.person("Amara Okafor", width=360, height=740)
    priya, desk = await on_duty(company, "Priya Raman")
    jonas, desk2 = await on_duty(company, "Jonas Lindqvist")
    walker, page = await at_the_door(company, amara, "phone-only", "my new phone does not know me")
    await walker.press(page, "New phone")
    await walker.press(page, "No, wiped or broken")
    case = await walker.follows(page.get_by_role("link", name="Open my case page").last)
    await says_who(company, walker, case)
    await saved_code(company, walker, case)
    digits = await called_back(walker, case, priya, desk, "Amara Okafor")
    await walker.enter(case.get_by_label("Six digits you were given"), digits)
    await ticks(walker, case, look=True)
    await approves(jonas, desk2, "Amara Okafor")
    value = await takes_pass(walker, case, look=True)
    await walker.press(case, "Copy")
    assert await case.evaluate("navigator.clipboard.readText()") == value
    await company.uses_pass("employee", value)
    assert len(walker.steps) <= 13, walker.steps


async def test_teams_lies_behind_the_failing_sign_in(company: Company) -> None:
    """Chat needs the sign-in that fails: the front door on a private device. Back in, chat is there again;
    the case itself is shown to linked accounts alone (tests/web/test_returning.py), and this one is not."""
    amara = await company.person("Amara Okafor")
    priya, desk = await on_duty(company, "Priya Raman")
    jonas, desk2 = await on_duty(company, "Jonas Lindqvist")
    walker, page = await at_the_door(company, amara, "behind-teams", "Teams wants my old phone to let me in")
    await walker.press(page, "New phone")
    await walker.press(page, "No, wiped or broken")
    case = await walker.follows(page.get_by_role("link", name="Open my case page").last)
    number = (await page.locator("#case-head").inner_text()).replace(" ", "").removeprefix("Case")
    await says_who(company, walker, case)
    await saved_code(company, walker, case)
    digits = await called_back(walker, case, priya, desk, "Amara Okafor")
    await walker.enter(case.get_by_label("Six digits you were given"), digits)
    await ticks(walker, case)
    await approves(jonas, desk2, "Amara Okafor")
    await company.uses_pass("employee", await takes_pass(walker, case))
    chat = await amara.open("/chat/employee")
    await chat.get_by_label("Your message").fill("hello")
    await chat.get_by_label("Your message").press("Enter")
    await expect(chat.get_by_text("Here is what I can help with.", exact=False)).to_be_visible()
    assert number not in (await chat.locator("#lines").inner_text()).replace(" ", "")
    await walker.sees(chat)


async def test_deaf_from_the_first_word_to_the_last(company: Company) -> None:
    """Nothing is heard or said: a video room with its chat, and the talk in writing with the agent."""
    amara = await company.person("Amara Okafor")
    priya, desk = await on_duty(company, "Priya Raman")
    jonas, desk2 = await on_duty(company, "Jonas Lindqvist")
    walker, page = await at_the_door(company, amara, "deaf", "my phone is broken, I got a new one")
    await walker.press(page, "New phone")
    await walker.press(page, "No, wiped or broken")
    case = await walker.follows(page.get_by_role("link", name="Open my case page").last)
    await says_who(company, walker, case)
    await saved_code(company, walker, case)
    await walker.choose(case.get_by_role("radio", name=re.compile("^Video")), "Video")
    await walker.press(case, "Ask the help desk")
    await expect(case.get_by_role("link", name=re.compile("video", re.IGNORECASE)).first).to_be_visible()
    await expect(case.get_by_text("everything said is also shown here").first).to_be_visible()
    review = await reviews(priya, desk, "Amara Okafor")
    await walker.sees(case)
    digits = await checks(priya, review)
    await walker.enter(case.get_by_label("Six digits you were given"), digits)
    await ticks(walker, case)
    await approves(jonas, desk2, "Amara Okafor")
    await company.uses_pass("employee", await takes_pass(walker, case))


async def test_shared_computer_without_a_phone(company: Company) -> None:
    """Joaquim has neither phone nor computer: his shift leader lends a browser, and the pass opens there.
    Both stand at the counter; what either does is counted."""
    beatriz = await company.person("Beatriz Lopes")
    priya, desk = await on_duty(company, "Priya Raman")
    jonas, desk2 = await on_duty(company, "Jonas Lindqvist")
    screen = await counter_screen(company, "Priya Raman", "Hall 2")
    number = await opens_for_caller(desk, await company.address("floor_worker"), "New phone")
    found = await priya.open(f"/desk/case/{number}")
    await found.get_by_text("The person has no browser: name a helper").click()
    await found.get_by_label("Helper's work address").fill(await company.address("shift_leader"))
    await found.get_by_role("button", name="Name this helper").click()
    await expect(found.get_by_text("Named: Beatriz Lopes")).to_be_visible()
    walker = Walker("shared", beatriz)
    page = await beatriz.open("/helper")
    await walker.enter(page.get_by_label("Their case number"), number)
    await walker.signs_in(page)
    await walker.press(page, re.compile("wiped or broken"))
    await expect(page.get_by_role("heading", name="Show that it is you", level=1)).to_be_visible()
    await walker.sees(page)
    digits = await at_the_counter(walker, page, screen, "Hall 2", priya, desk, "Joaquim Santos")
    await walker.enter(page.get_by_label("Six digits you were given"), digits)
    await ticks(walker, page, look=True)
    await approves(jonas, desk2, "Joaquim Santos")
    await company.uses_pass("floor_worker", await takes_pass(walker, page, look=True))
    await page.get_by_text("Done here, or on a shared computer?").click()
    await walker.press(page, re.compile("Finish"))
    await expect(
        page.get_by_role("heading", name=re.compile("finished|forgotten", re.IGNORECASE))
    ).to_be_visible()
    assert len(walker.steps) <= 12, walker.steps


async def test_a_caller_gets_a_case_and_nothing_by_voice(company: Company) -> None:
    """The agent opens a case and says its number; everything else happens on the page and by call-back."""
    amara = await company.person("Amara Okafor")
    priya, desk = await on_duty(company, "Priya Raman")
    jonas, desk2 = await on_duty(company, "Jonas Lindqvist")
    number = await opens_for_caller(desk, await company.address(), "New phone")
    walker = Walker("caller", amara)
    page = await amara.open("/help")
    await page.get_by_label("Case number", exact=True).fill(number)
    await walker.enter(
        page.get_by_label("Work address", exact=True), await company.address(), "Go on with this case"
    )
    await walker.press(page, "No, wiped or broken")
    case = await walker.follows(page.get_by_role("link", name="Open my case page").last)
    await saved_code(company, walker, case)
    digits = await called_back(walker, case, priya, desk, "Amara Okafor")
    await walker.enter(case.get_by_label("Six digits you were given"), digits)
    await ticks(walker, case)
    refused = await reviews(priya, desk, "Amara Okafor")
    await expect(refused.locator("#approve")).to_have_count(0)  # who opened it for a caller checked it
    await approves(jonas, desk2, "Amara Okafor")
    await company.uses_pass("employee", await takes_pass(walker, case))
    assert len(walker.steps) <= 12, walker.steps
