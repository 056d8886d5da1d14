"""The pages in real Chromium: cookies, sign-ins in and out of panes, the live chat, accessibility."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from bot.core.elements import Heading, Paragraph, Span
from bot.core.message import Message
from bot.ports.sign_in import Purpose
from bot.ports.store import Store, UnitOfWork
from bot.service.purposes import contexts_by_purpose
from bot.service.sign_ins import SignInService, Ways
from tests.contracts.store.rows import event
from tests.fakes.clock import FakeEntropy
from tests.fakes.entra import GRAPH_SCOPE, Credential, EntraAuthority, Registration, Secret, origin
from tests.fakes.sandbox import Sandbox, sandbox  # noqa: F401
from tests.web.house import KEYS, House, free_port, house, place

PATHS = ("/", "/help", "/desk", "/chat/employee", "/chat/agents", "/nothing")


@pytest.fixture
async def whole(sandbox: Sandbox, store: Store) -> AsyncIterator[House]:  # noqa: F811
    """The house with real sign-ins: MSAL, our own token checks, the sandbox's authority on `localhost`."""
    port, entropy = free_port(), FakeEntropy()
    registrations = {
        name: Registration(
            sandbox.client_id(name), Credential("secret", Secret(sandbox.secret(name).encode())), scopes
        )
        for name, scopes in {"identity": (), "act": (GRAPH_SCOPE,)}.items()
    }
    handlers: dict[Purpose, object] = {}
    authority = EntraAuthority(
        authority=origin(sandbox),
        tenant_id=sandbox.tenant,
        registrations=registrations,
        clock=sandbox.clock,
    )
    sign_ins = SignInService(
        store=store,
        clock=sandbox.clock,
        entropy=entropy,
        keys=KEYS,
        authority=authority,
        contexts=contexts_by_purpose(approve="c1", enrol="c2", sign_in="c3"),
        callback=f"http://127.0.0.1:{port}/auth/callback",
        ways=Ways(handlers, {Purpose.DESK: lambda signing: "/desk"}),  # type: ignore[arg-type]
    )
    async with house(
        store,
        sandbox.clock,
        entropy,
        sandbox=sandbox,
        authority_url=sandbox.authority,
        sign_ins=sign_ins,
        port=port,
    ) as made:
        handlers[Purpose.DESK] = made.desk.signed_in
        made.members.members.add(sandbox.oid("agent"))
        yield made
    authority.close()


async def sign_in_as(at: Page, name: str) -> None:
    await at.get_by_role("button", name="Sign in", exact=True).click()
    await at.get_by_role("link", name=name).click()
    await at.get_by_role("button", name="Sign in", exact=True).click()


async def test_secure_host_cookies_live_on_plain_loopback_and_a_sign_in_comes_back(
    whole: House, browser_page: Page
) -> None:
    """Chromium trusts http://127.0.0.1: `__Host-` cookies are kept, and the transaction cookie arrives
    with the form that the authority on another site (`localhost`) posts."""
    await browser_page.goto(f"{whole.url}/desk")
    await sign_in_as(browser_page, "Jonas Lindqvist")
    await expect(browser_page.get_by_text("Signed in as Jonas Lindqvist")).to_be_visible()
    cookies = {
        one["name"]: one for one in await browser_page.context.cookies(whole.url.replace("http:", "https:"))
    }
    assert {"__Host-form", "__Host-browser", "__Host-desk"} <= set(cookies)
    assert all(one["secure"] and one["httpOnly"] for one in cookies.values())
    assert cookies["__Host-desk"]["sameSite"] == "Lax"
    (transaction,) = [one for name, one in cookies.items() if name.startswith("__Host-tx-")]
    assert transaction["sameSite"] == "None"


async def test_somebody_else_is_told_so_on_the_page_they_came_from(whole: House, browser_page: Page) -> None:
    """A refusal is worded, and leaves no session."""
    await browser_page.goto(f"{whole.url}/desk")
    await sign_in_as(browser_page, "Amara Okafor")
    await expect(browser_page.get_by_role("alert")).to_be_visible()
    names = {one["name"] for one in await browser_page.context.cookies(whole.url.replace("http:", "https:"))}
    assert "__Host-desk" not in names


async def test_signing_in_from_a_pane_of_the_demo_works(whole: House, browser_page: Page) -> None:
    """The authority refuses frames, so a tab of its own opens, and the pane goes on by itself."""
    await whole.card()
    await browser_page.goto(whole.url)
    pane = browser_page.frame_locator('iframe[src="/desk"]')
    async with browser_page.context.expect_page() as opened:
        await pane.get_by_role("button", name="Sign in").click()
    tab = await opened.value
    await tab.get_by_role("link", name="Jonas Lindqvist").click()
    await tab.get_by_role("button", name="Sign in", exact=True).click()
    await expect(tab.get_by_role("heading", name="Waiting for a human (1)")).to_be_visible()
    await expect(pane.get_by_role("heading", name="Waiting for a human (1)")).to_be_visible()
    await pane.get_by_role("button", name="Take 004712").click()
    await expect(pane.get_by_role("button", name="Give back 004712")).to_be_visible()
    assert browser_page.url == f"{whole.url}/"


async def test_the_tenant_pane_comes_through_the_product(whole: House, browser_page: Page) -> None:
    """One address is enough; the sandbox never sees our cookies."""
    await browser_page.goto(whole.url)
    pane = browser_page.frame_locator('iframe[src^="/sandbox/tenant"]')
    await expect(pane.get_by_role("heading", name="Amara Okafor")).to_be_visible()


async def test_the_chat_is_live(served: House, browser_page: Page) -> None:
    """Write, see it at once, read the answer; no page load; the field is ready for the next."""
    await browser_page.goto(f"{served.url}/chat/employee")
    await browser_page.evaluate("window.marker = 1")
    await browser_page.get_by_label("Your message").fill("I got a new phone")
    await browser_page.keyboard.press("Enter")
    await expect(browser_page.locator(".line.person")).to_have_text("I got a new phone")
    await expect(browser_page.get_by_role("button", name="Wiped or broken")).to_be_visible()
    await expect(browser_page.locator("#typing")).to_be_hidden()
    await browser_page.get_by_role("button", name="Wiped or broken").click()
    await expect(browser_page.locator(".line.person .bubble").nth(1)).to_have_text("Wiped or broken")
    await expect(browser_page.locator(".line.bot")).to_have_count(2)
    assert await browser_page.evaluate("window.marker") == 1
    assert served.echo.got[1].choice == "s:c1:old_phone:1:gone"
    await expect(browser_page.get_by_label("Your message")).to_be_focused()
    await expect(browser_page.locator(".line.person")).to_have_count(2)


async def test_the_bot_is_seen_to_be_writing(served: House, browser_page: Page) -> None:
    """Until the answer comes; then no more."""
    served.echo.silent = True
    await browser_page.goto(f"{served.url}/chat/employee")
    await browser_page.get_by_label("Your message").fill("hello")
    await browser_page.keyboard.press("Enter")
    await expect(browser_page.locator("#typing")).to_be_visible()
    await served.chat.post(place(), Message.line("here I am"), key="k1")
    await expect(browser_page.get_by_text("here I am")).to_be_visible()
    await expect(browser_page.locator("#typing")).to_be_hidden()


async def test_a_long_answer_is_shown_from_its_beginning(served: House, browser_page: Page) -> None:
    """Its buttons are below, where the reader gets to. The next comes into view, unless somebody scrolled
    up to read again."""
    await browser_page.goto(f"{served.url}/chat/employee")
    long = [Paragraph((Span("Line upon line. " * 40),)) for _ in range(15)]
    await served.chat.post(place(), Message((Heading("Read me"), *long), "Read me"), key="k1")
    await expect(browser_page.get_by_role("heading", name="Read me")).to_be_in_viewport()
    await browser_page.reload()
    await expect(browser_page.get_by_role("heading", name="Read me")).to_be_in_viewport()
    await served.chat.post(place(), Message.line("short"), key="k2")
    await expect(browser_page.get_by_text("short")).to_be_in_viewport()
    await browser_page.locator("#log").evaluate("log => { log.scrollTop = 300; }")
    await served.chat.post(place(), Message.line("another"), key="k3")
    await expect(browser_page.get_by_text("another")).to_be_attached()
    await expect(browser_page.get_by_text("another")).not_to_be_in_viewport()


async def test_a_second_window_keeps_up(served: House, browser_page: Page) -> None:
    """Both show the same talk; what was typed shows only where it was typed."""
    second = await browser_page.context.new_page()
    for page in (browser_page, second):
        await page.goto(f"{served.url}/chat/employee")
    await browser_page.get_by_label("Your message").fill("something private")
    await browser_page.keyboard.press("Enter")
    await expect(second.locator(".line.bot")).to_have_count(1)
    await expect(second.locator(".line.person")).to_contain_text("What people type is not kept")
    await second.get_by_role("button", name="Yes, it works").click()
    await expect(browser_page.locator(".line.person .bubble").nth(1)).to_have_text("Yes, it works")
    await expect(browser_page.locator(".line.person .bubble").first).to_have_text("something private")


async def test_a_changed_message_changes_in_place(served: House, browser_page: Page) -> None:
    """The agents' channel shows the card as it stands, without a reload."""
    await served.card()
    await served.deliver()
    await browser_page.goto(f"{served.url}/chat/agents")
    await expect(browser_page.locator(".line.bot")).to_contain_text("Asks for a live check")
    at = served.clock.now()
    from bot.service import cards

    await served.store.transact(lambda work: cards.done(work, "c1", at))
    await served.deliver()
    await expect(browser_page.locator(".line.bot")).to_contain_text("Done. Nobody is needed any more.")
    await expect(browser_page.locator(".line.bot")).to_have_count(1)


async def test_the_chat_works_without_scripts(served: House, chromium: Chromium) -> None:
    """Plain forms, in real Chromium with scripts off, under the real policy."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{served.url}/chat/employee")
    await page.get_by_label("Your message").fill("I got a new phone")
    await page.get_by_role("button", name="Send").click()
    await page.get_by_label("Which model?").fill("Pixel 8")
    await page.locator(".line.bot").get_by_role("button", name="Send").click()
    await expect(page.locator(".line.bot")).to_have_count(2)
    assert dict(served.echo.got[1].form) == {"value": "Pixel 8"}
    await context.close()


async def test_the_desk_keeps_itself_up_to_date(served: House, browser_page: Page) -> None:
    """A new case appears while the agent watches."""
    await enter_desk(served, browser_page)
    await browser_page.goto(f"{served.url}/desk")
    await expect(browser_page.get_by_text("Nobody is waiting")).to_be_visible()
    await served.card()
    await served.deliver()
    await expect(browser_page.get_by_role("heading", name="004712")).to_be_visible()
    await expect(browser_page.locator("#news")).to_have_text("1 waiting, 1 free")


async def enter_desk(served: House, page: Page) -> None:
    """Sit down at the desk, past the sign-in."""
    from bot.core.model import Oid
    from bot.ports.sign_in import SignedIn

    who = SignedIn(
        Oid("oid-agent"), "Jonas Lindqvist", "agent@keyturn.example", served.clock.now(), frozenset(), ""
    )
    value = await served.sessions.open("desk", who, {"upn": who.upn})
    url = served.url.replace("http:", "https:")
    await page.context.add_cookies([{"name": "__Host-desk", "value": value, "url": url, "secure": True}])


async def given_up(served: House) -> None:
    """Two dead letters on the desk."""
    rows = [event(f"e{n}", case_id="c1", status="failed", error="chat.unreachable") for n in (1, 2)]

    def fill(work: UnitOfWork) -> None:
        for row in rows:
            work.add(row)

    await served.store.transact(fill)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(served: House, browser_page: Page, scheme: str) -> None:
    """On every page, in both colours, with content; no error in the console either."""
    complaints: list[str] = []
    browser_page.on(
        "console", lambda line: complaints.append(line.text) if "Security Policy" in line.text else None
    )
    await served.card()
    await served.card("c2", "person")
    await served.deliver()
    await given_up(served)
    await enter_desk(served, browser_page)
    await browser_page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    await browser_page.goto(f"{served.url}/chat/employee")
    await browser_page.get_by_label("Your message").fill("I got a new phone")
    await browser_page.keyboard.press("Enter")
    await expect(browser_page.locator(".line.bot")).to_have_count(1)
    for path in PATHS:
        await browser_page.goto(f"{served.url}{path}")
        found = await Axe().run(browser_page, options={"iframes": False})
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    assert not complaints


@pytest.mark.parametrize(
    ("width", "height"), [(360, 740), (640, 450)], ids=["a small phone", "1280 pixels at 200 percent"]
)
async def test_nothing_runs_off_a_small_screen(
    served: House, browser_page: Page, width: int, height: int
) -> None:
    """No sideways scrolling, and letters of at least 16 pixels where people read."""
    await served.card()
    await served.deliver()
    await given_up(served)
    await enter_desk(served, browser_page)
    await browser_page.set_viewport_size({"width": width, "height": height})
    for path in PATHS:
        for locale in ("en", "de"):
            await browser_page.goto(f"{served.url}{path}?lang={locale}")
            wide = await browser_page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} in {locale} is {wide} wide"
    assert await browser_page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16


async def test_the_keyboard_is_enough(served: House, browser_page: Page) -> None:
    """Skip link first; then a question is reached and answered, with the focus always to be seen."""
    await browser_page.goto(f"{served.url}/chat/employee")
    await browser_page.keyboard.press("Tab")
    await expect(browser_page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await browser_page.keyboard.press("Enter")
    await expect(browser_page.locator("#main")).to_be_focused()
    await browser_page.get_by_label("Your message").focus()
    await browser_page.keyboard.type("hello")
    await browser_page.keyboard.press("Enter")
    button = browser_page.get_by_role("button", name="Yes, it works")
    await expect(button).to_be_visible()
    for _ in range(40):
        await browser_page.keyboard.press("Shift+Tab")
        if await button.evaluate("one => one === document.activeElement"):
            break
    await expect(button).to_be_focused()
    assert "solid" in await button.evaluate("one => getComputedStyle(one).outline")
    await browser_page.keyboard.press("Enter")
    await expect(browser_page.locator(".line.person .bubble").nth(1)).to_have_text("Yes, it works")


async def test_who_wants_no_movement_gets_none(served: House, browser_page: Page) -> None:
    """`prefers-reduced-motion` is heard."""
    served.echo.silent = True
    await browser_page.emulate_media(reduced_motion="reduce")
    await browser_page.goto(f"{served.url}/chat/employee")
    await browser_page.get_by_label("Your message").fill("hello")
    await browser_page.keyboard.press("Enter")
    dot = browser_page.locator("#typing i").first
    await expect(browser_page.locator("#typing")).to_be_visible()
    assert await dot.evaluate("one => getComputedStyle(one).animationName") == "none"


async def test_start_over_asks_for_the_person_shown(served: House, browser_page: Page) -> None:
    """A POST of its own, and a word that it is done."""
    await browser_page.goto(f"{served.url}/?person=hello_user")
    await browser_page.get_by_role("button", name="Start over").click()
    await expect(browser_page.get_by_text("Hyun-woo Park is back at the first day.")).to_be_visible()
    assert served.restarts.people == ["hello_user"]
