"""The journey as people make it: real Chromium, the real demo, each person in their own browser."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from tests.journey.people import (
    PATIENCE,
    Company,
    Person,
    asks_to_be_called,
    checks,
    claims,
    tells_the_bot,
    ticks_all,
    types_digits,
    uses_code,
)
from tests.journey.world import Demo
from tests.web.conftest import real_chromium

CHAT = 'iframe[src="/chat/employee"]'
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    made = Demo(tmp_path_factory.mktemp("demo"))
    made.start()
    yield made
    made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Chromium]:
    async with real_chromium() as launched:
        yield launched


@pytest_asyncio.fixture(loop_scope="module")
async def visitors(demo: Demo, browser: Chromium) -> AsyncIterator[Company]:
    """People with browsers; no page may have complained at the end."""
    made = Company(demo.url, browser)
    expect.set_options(timeout=PATIENCE)
    yield made
    expect.set_options(timeout=5_000)
    for context in browser.contexts:
        await context.close()
    assert not made.faults, "\n".join(made.faults)


@pytest_asyncio.fixture(loop_scope="module")
async def company(visitors: Company) -> Company:
    """Everybody as on the first day."""
    for who in ("employee", "hello_user"):
        await visitors.start_over(who)
    return visitors


async def proven(company: Company, employee: Person, *, by_code: bool = True) -> tuple[Page, Page]:
    """(chat, case page) of somebody whose saved code passed, or else a live check."""
    chat = await employee.open("/chat/employee")
    url, number = await tells_the_bot(chat)
    case = await employee.open(url)
    await claims(case, number)
    if by_code:
        await uses_code(case, (await company.sheet())[0])
    else:
        await checked(company, case)
        await expect(case.get_by_text("One is done. One more is needed.")).to_be_visible()
    return chat, case


async def checked(company: Company, case: Page) -> None:
    """Priya calls back, and the digits are typed."""
    await asks_to_be_called(case)
    checker = await company.person("Priya Raman")
    await types_digits(case, await checks(checker, await opens_review(checker)))
    await checker.context.close()


async def requested(company: Company, employee: Person) -> tuple[Page, Page]:
    """(chat, case page) of somebody who waits for an approval."""
    chat, case = await proven(company, employee)
    await checked(company, case)
    await ticks_all(case)
    return chat, case


async def opens_review(agent: Person) -> Page:
    """From the card in the agents' channel to the review page, with a sign-in on the way."""
    channel = await agent.open("/chat/agents")
    review = await agent.follow(channel, channel.get_by_role("link", name="Open review page").last)
    await review.get_by_role("button", name="Sign in").click()
    await agent.signs_in(review)
    await expect(review.locator("#review")).to_be_visible()
    return review


async def test_from_i_got_a_new_phone_to_signed_in_again(company: Company) -> None:
    """All seven steps, every page looked at by axe, in light and dark, on a phone and at 200 %."""
    employee = await company.person("Amara Okafor", width=1280, height=1000)
    checker = await company.person("Priya Raman")
    agent = await company.person("Jonas Lindqvist")
    made = await company.passes_made()

    front = await employee.open("/")
    assert await front.locator(".who li").count() == 5
    await employee.fine(front)
    chat = front.frame_locator(CHAT)
    url, number = await tells_the_bot(chat)
    case = await employee.follow(front, chat.get_by_role("link", name="Open my case page").last)
    assert case.url == url
    assert number not in await case.content()
    await employee.fine(case)
    await claims(case, number)
    await employee.fine(case)
    await employee.picture(case, "case-page", width=1000, height=1120)
    await uses_code(case, (await company.sheet())[0])
    await asks_to_be_called(case)
    await employee.fine(case)

    # The live check: from the desk pane of the demo page, whose sign-in opens a tab of its own.
    side = await checker.open("/")
    desk = side.frame_locator('iframe[src="/desk"]')
    tab = await checker.follow(side, desk.get_by_role("button", name="Sign in"))
    await checker.signs_in(tab)
    await checker.fine(tab)
    await (
        desk.get_by_role("button", name="Start my shift")
        .or_(desk.get_by_role("button", name="End my shift"))
        .click()
    )
    await (
        side.frame_locator('iframe[src="/chat/agents"]')
        .get_by_text("Asks for a live check", exact=True)
        .wait_for()
    )
    await checker.picture(side, "demo", width=1600, height=1000)
    review = await checker.follow(side, desk.get_by_role("link", name="Open review page"))
    await checker.fine(review)
    assert "Chrome, Linux" not in await review.locator("#review").inner_text()  # nobody is led
    digits = await checks(checker, review)
    await expect(case.get_by_label("Six digits you were given")).to_be_visible()
    await checker.fine(review)
    await types_digits(case, digits)
    await expect(case.get_by_role("heading", name="What is gone?")).to_be_visible()
    await employee.fine(case)
    await ticks_all(case)
    await employee.fine(case)

    # The approval, by another human.
    paper = await opens_review(agent)
    await expect(paper.locator("#presence")).to_have_text("On the page now")
    await agent.picture(paper, "review-page", height=1860)
    await agent.fine(paper)
    await paper.locator("#approve").click()
    await expect(paper.get_by_role("heading", name="You are about to sign")).to_be_visible()
    await agent.picture(paper, "about-to-sign", width=1000, height=860)
    await agent.fine(paper)
    await paper.get_by_role("link", name="Sign in and sign").click()
    await agent.signs_in(paper)
    await expect(paper.get_by_text("Done, all of it.")).to_be_visible()
    await agent.fine(paper)
    outcome = paper.url
    await paper.go_back()
    await paper.goto(outcome)
    await paper.reload()
    await expect(paper.get_by_text("Done, all of it.")).to_be_visible()

    # The page rings, counts down, and shows the pass to this browser alone.
    await expect(case.get_by_role("heading", name="Your one-time sign-in code is here")).to_be_visible()
    await expect(case.locator("#live")).to_have_text("Your code is here")
    await case.get_by_role("button", name="Show my code").click()
    shown = case.locator("#pass")
    await expect(shown).to_be_visible()
    value = await shown.inner_text()
    await case.get_by_role("button", name="Copy").click()
    await expect(case.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert await case.evaluate("navigator.clipboard.readText()") == value
    await case.get_by_text("Spelled out").click()
    await expect(case.locator("#spelling li")).to_have_count(len(value))
    await employee.picture(case, "pass", width=1000, height=1300)
    await employee.fine(case)
    await case.reload()
    await expect(case.locator("#pass")).to_have_text(value)
    stranger = await company.person("a stranger")
    elsewhere = await stranger.open(url)
    await expect(elsewhere.get_by_role("heading", name="Open your case")).to_be_visible()
    await elsewhere.get_by_label("Case number", exact=True).fill(number)
    await elsewhere.get_by_role("button", name="Open", exact=True).click()
    await expect(elsewhere.get_by_role("heading", name="There is nothing to do here now")).to_be_visible()
    assert value not in await elsewhere.content()
    await expect(elsewhere.locator("#pass")).to_have_count(0)
    await stranger.context.close()

    # The new phone, in the tenant pane; the bot notices.
    tenant = front.frame_locator('iframe[src^="/sandbox/tenant"]')
    await tenant.locator("#pass").fill(value)
    await tenant.get_by_role("button", name="Sign in and register").click()
    await chat.get_by_role("button", name="Yes, all mine").click()
    await expect(case.get_by_role("heading", name="Set up the new phone", level=1)).to_be_visible()
    await employee.fine(case)
    await chat.get_by_role("button", name="It works", exact=True).click()
    me = await employee.follow(front, chat.get_by_role("link", name="my page"))
    await employee.fine(me)
    await me.get_by_role("button", name="Sign in").click()
    await employee.signs_in(me)
    await employee.fine(me)
    await me.get_by_role("button", name="Make").click()
    await employee.signs_in(me)
    await me.locator('form[action="/me/codes"] button').click()
    await expect(me.locator(".codes li")).to_have_count(10)
    await employee.fine(me)
    await me.emulate_media(media="print")
    await expect(me.get_by_role("button", name="Print")).to_be_hidden()
    await expect(me.locator(".codes li").last).to_be_visible()
    await chat.get_by_role("button", name="I have them").click()
    await expect(chat.get_by_text("All done. You can sign in with your new phone.")).to_be_visible()
    await expect(case.get_by_role("heading", name="This case is finished")).to_be_visible()
    await employee.fine(case)
    assert await company.passes_made() == made + 1


async def test_a_manager_vouches(company: Company) -> None:
    """A mail without a link, one line in the manager's chat, a sign-in, six digits: one proof of two."""
    employee = await company.person("Amara Okafor")
    manager = await company.person("María Fernández")
    _, case = await proven(company, employee, by_code=False)
    await case.get_by_role("button", name="Ask my manager").click()
    number = (await case.locator("#mine-panel dd.code").inner_text()).replace(" ", "")
    await expect(case.get_by_text(f"confirm {number}")).to_be_visible()
    drawer = await manager.open("/sandbox/tenant?person=manager")
    mail = drawer.get_by_text(re.compile(f"confirm.*{number}")).first
    await expect(mail).to_be_visible()
    assert "/v/" not in await drawer.content()
    chat = await manager.open("/chat/manager")
    await chat.get_by_label("Your message").fill(f"confirm {number}")
    await chat.get_by_role("button", name="Send").click()
    page = await manager.follow(chat, chat.locator(".line.bot a.button").last)
    await manager.fine(page)
    await page.get_by_role("button", name=re.compile("Sign in")).click()
    await manager.signs_in(page)
    await expect(page.get_by_role("heading", name=re.compile("Amara Okafor")).first).to_be_visible()
    await manager.fine(page)
    await page.get_by_role("radio").first.check()
    await page.get_by_role("button", name=re.compile("sign", re.IGNORECASE)).first.click()
    await manager.signs_in(page)
    shown = page.locator("p.digits")
    await shown.wait_for()
    await manager.fine(page)
    await types_digits(case, re.sub(r"\D", "", await shown.inner_text()))
    await expect(case.get_by_role("heading", name="What is gone?")).to_be_visible()


async def test_who_can_still_sign_in_is_led_to_self_service(company: Company) -> None:
    """Windows Hello still works: no code, no request, nobody is asked."""
    person = await company.person("Hyun-woo Park")
    made = await company.passes_made()
    chat = await person.open("/chat/hello_user")
    url, number = await tells_the_bot(chat)
    case = await person.open(url)
    await claims(case, number)
    await case.get_by_role("button", name="Sign in", exact=True).click()
    await person.signs_in(case, "Windows Hello")
    await expect(
        chat.get_by_text("You can still sign in, so nobody needs to make you a code.")
    ).to_be_visible()
    await expect(chat.get_by_role("button", name="It is there")).to_be_visible()
    await expect(case.get_by_role("heading", name="There is nothing to do here now")).to_be_visible()
    await person.fine(case)
    await person.fine(chat)
    channel = await person.open("/chat/agents")
    assert number not in await channel.locator("#lines").inner_text()
    assert await company.passes_made() == made


async def test_a_denial_is_one_press_and_is_told_without_its_reason(company: Company) -> None:
    employee, agent = await company.person("Amara Okafor"), await company.person("Jonas Lindqvist")
    chat, case = await requested(company, employee)
    review = await opens_review(agent)
    await review.get_by_label("Reason").last.select_option(label="Not sure it is this person")
    await review.get_by_role("button", name="Deny", exact=True).click()
    await expect(review.get_by_text("The last request ended: denied.")).to_be_visible()
    await agent.fine(review)
    await expect(chat.get_by_text("The help desk did not approve.")).to_be_visible()
    assert "Not sure" not in await chat.content()
    await chat.get_by_role("button", name="No, stop here").click()
    await expect(case.get_by_role("heading", name="This case is finished")).to_be_visible()


async def test_by_keyboard_alone_and_in_german(company: Company) -> None:
    """Every step of the approval without a mouse; the pages speak German where the browser does."""
    employee = await company.person("Amara Okafor")
    agent = await company.person("Jonas Lindqvist", locale="de-DE")
    _, case = await requested(company, employee)
    channel = await agent.open("/chat/agents")
    review = await tabs(channel, "Open review page", opens=True)
    await tabs(review, "Anmelden")
    await tabs(review, "Jonas Lindqvist")
    await tabs(review, "Sign in")
    await expect(review.locator("#presence")).to_have_text("Gerade auf der Seite")
    assert await review.locator("html").get_attribute("lang") == "de"
    await agent.fine(review)
    await tabs(review, "Freigeben")
    await expect(review.get_by_role("heading", level=1)).to_have_text("Sie sind dabei zu unterschreiben")
    await agent.fine(review)
    await tabs(review, "Anmelden und unterschreiben")
    await tabs(review, "Sign in")
    await expect(review.get_by_text("Erledigt, alles.")).to_be_visible()
    await agent.fine(review)
    await expect(case.get_by_role("heading", name="Your one-time sign-in code is here")).to_be_visible()


async def tabs(page: Page, name: str, *, opens: bool = False) -> Page:
    """Tab to the control with that name and press Enter."""
    focused = "document.activeElement.innerText || ''"
    for _ in range(80):
        await page.keyboard.press("Tab")
        if (await page.evaluate(focused)).strip().startswith(name):
            break
    else:
        raise AssertionError(f"no way by keyboard to {name}")
    if opens:
        async with page.context.expect_page() as opened:
            await page.keyboard.press("Enter")
        page = await opened.value
        await page.wait_for_load_state()
        return page
    before = page.url
    await page.keyboard.press("Enter")
    await page.wait_for_function("before => location.href !== before", arg=before)
    return page


async def test_an_approval_from_the_desk_takes_few_keys_and_little_time(
    company: Company, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """From the queue to the outcome with a hand on the keyboard: next case, read, approve, sign, done. The
    time is reported, not asserted; what is asserted is how often a key is pressed."""
    employee, agent = await company.person("Amara Okafor"), await company.person("Jonas Lindqvist")
    _, case = await requested(company, employee)
    desk = await agent.open("/desk")
    await desk.get_by_role("button", name="Sign in").click()
    await agent.signs_in(desk)
    await expect(desk.locator(".case").filter(has_text="Amara Okafor")).to_be_visible()
    pressed: list[str] = []

    async def press(key: str, then: str) -> None:
        pressed.append(key)
        if key == "Enter":  # it goes to what the page has put the focus on
            await expect(desk.locator("a:focus, button:focus")).to_have_count(1)
        await desk.keyboard.press(key)
        await expect(desk.get_by_role("heading", name=re.compile(then)).first).to_be_visible()

    began = time.monotonic()
    await press("n", "Amara Okafor")
    await expect(desk.locator("#presence")).to_have_text("On the page now")
    await press("a", "Amara Okafor")
    await expect(desk.locator("#approve")).to_be_focused()
    await press("Enter", "You are about to sign")
    await expect(desk.locator("#sign")).to_be_focused()
    await press("Enter", "Sign in as Jonas Lindqvist")
    await press("Enter", "What became of|outcome|Case")
    await expect(desk.get_by_text("Done, all of it.")).to_be_visible()
    record_testsuite_property("seconds from the queue to the outcome", round(time.monotonic() - began, 1))
    assert len(pressed) <= 6
    await press("n", "Help desk")
    await expect(desk.get_by_text("Nobody is waiting for you.")).to_be_visible()
    await expect(case.get_by_role("heading", name="Your one-time sign-in code is here")).to_be_visible()


async def test_two_windows_old_buttons_and_a_whole_start_over(company: Company) -> None:
    """One chat in two windows stays one chat; the tenant pane's start over is the product's as well."""
    employee = await company.person("Amara Okafor")
    front, alone = await employee.open("/"), await employee.open("/chat/employee")
    pane = front.frame_locator(CHAT)
    url, number = await tells_the_bot(pane)
    await expect(alone.get_by_role("link", name="Open my case page")).to_be_visible()
    case = await employee.open(url)
    await claims(case, number)
    await alone.get_by_role("button", name="Lost or stolen").click()  # already answered, in the other window
    await expect(pane.get_by_text("That button is an old one.")).to_be_visible()
    sheet = await company.sheet()
    tenant = front.frame_locator('iframe[src^="/sandbox/tenant"]')
    await tenant.get_by_role("button", name="Amara Okafor as on the first day").click()
    await expect(pane.locator(".line")).to_have_count(0)
    await expect(alone.locator(".line")).to_have_count(0)
    await expect(case.get_by_role("heading", name="This case is finished")).to_be_visible()
    await tells_the_bot(alone)
    assert not set(sheet) & set(await company.sheet())
    await expect(pane.get_by_role("link", name="Open my case page")).to_be_visible()


async def test_i_did_not_open_this_stops_the_case(company: Company) -> None:
    """Whoever got the link by mistake, or finds a case that is not theirs, stops it with one press."""
    employee = await company.person("Amara Okafor")
    _, case = await proven(company, employee)
    await case.get_by_text("Something wrong?").click()
    await case.get_by_role("button", name="I did not open this").click()
    await expect(case.get_by_role("heading", name="This case was stopped")).to_be_visible()
    await employee.fine(case)


async def test_pages_in_the_background_hold_no_connection(visitors: Company) -> None:
    """Six connections are all a browser has for one server: a hidden tab lets go of its own."""
    employee = await visitors.person("Amara Okafor")
    chat = await employee.open("/chat/employee")
    async with chat.expect_event("requestfailed", lambda failed: "/lines" in failed.url):
        await chat.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
    async with chat.expect_request(re.compile("/lines")):
        await chat.evaluate(
            "Object.defineProperty(document, 'hidden', {value: false});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )


@pytest.mark.parametrize("path", ["/", "/chat/employee", "/desk", "/sandbox/tenant", "/help"])
async def test_each_pane_works_alone_on_a_phone(visitors: Company, path: str) -> None:
    """At 360 px, in German: no sideways scrolling, nothing axe objects to."""
    person = await visitors.person("Amara Okafor", locale="de-DE", width=360, height=740)
    page = await person.open(path)
    await person.fine(page)
