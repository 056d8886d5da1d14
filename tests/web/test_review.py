"""The review page: everything an agent needs to decide, and no way around the sign-in."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Literal

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page as Window
from playwright.async_api import expect

from bot.adapters.web.app import build
from bot.adapters.web.polling import Polls
from bot.adapters.web.review import ReviewPage
from bot.adapters.web.shell import Shell, Site
from bot.core.facts import LivePass
from bot.core.model import Oid
from bot.core.proofs.live_check import NumberOnRecord
from bot.core.records import Attempt, Case, Request, Session
from bot.ports.checks import CheckView, Seen, ShownDigits
from bot.ports.sign_in import Redirect, SignedIn
from bot.ports.store import Store
from bot.service.sessions import SessionService
from tests.core.deciding import AGENT, CHECKER, ELIGIBLE, SECOND, SUBJECT, admin, person
from tests.fakes.approving import World
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.web.browsing import Answer, Browser
from tests.web.house import ROOT, free_port, sign, words


class FakeDesk:
    """Taking turns, noted."""

    def __init__(self) -> None:
        self.did: list[tuple[str, str]] = []

    async def sign_in(self, browser: str, *, review: str = "") -> Redirect:
        return Redirect("http://localhost:1/authorize", "__Host-tx-d", "sealed")

    async def take(self, agent: Session, case_id: str) -> None:
        self.did.append(("take", case_id))

    async def release(self, agent: Session, case_id: str) -> None:
        self.did.append(("release", case_id))


class FakeChecks:
    """One live check, by call-back."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.shown = clock, False
        self.view: CheckView | None = None
        self.told: list[tuple[str, str, str]] = []

    def asked(self, **more: object) -> None:
        numbers = (
            NumberOnRecord("n1", "+49 30 5550 0101", "business", self.clock.now(), True, True),
            NumberOnRecord("n2", "+49 1555 0110101", "mobile", None, False, False),
        )
        told = {"numbers": numbers, "how": "call_back"} | more
        self.view = CheckView("k", "case", asked_at=self.clock.now(), status="asked", **told)  # type: ignore[arg-type]

    async def of_case(self, case_id: str) -> CheckView | None:
        return self.view

    async def tell(
        self, check_id: str, oid: str, *, device: str, place: str, number_ref: str, counter: str, paper: str
    ) -> None:
        self.told.append((device, place, number_ref) if number_ref else (device, counter, paper))

    async def sign(self, check_id: str, oid: str, login_hint: str, browser_hash: str) -> Redirect:
        return Redirect("http://localhost:1/authorize?check", "__Host-tx-c", "sealed")

    async def digits(self, check_id: str, oid: str) -> ShownDigits | None:
        return ShownDigits("123456", self.clock.now()) if self.shown else None


@dataclass
class Page:
    world: World
    desk: FakeDesk
    checks: FakeChecks
    sessions: SessionService
    browser: Browser

    @property
    def path(self) -> str:
        return f"/r/{self.world.handle}"

    async def sign_in(self, oid: str = AGENT) -> None:
        who = SignedIn(Oid(oid), oid, oid, self.world.clock.now(), frozenset(), "raw")
        self.browser.jar["__Host-desk"] = await self.sessions.open("desk", who, {"upn": f"{oid}@x.example"})

    async def lend(self, window: Window) -> None:
        """The session, to a real browser."""
        value = self.browser.jar["__Host-desk"]
        url = self.browser.base.replace("http:", "https:")  # or a Secure cookie cannot be set from here
        await window.context.add_cookies(
            [{"name": "__Host-desk", "value": value, "url": url, "secure": True}]
        )

    async def show(self) -> str:
        answer = await self.browser.get(self.path)
        assert answer.status == 200, answer.text[:300]
        return answer.text

    async def plain(self, path: str = "") -> dict[str, object]:
        answer = await self.browser.ask("GET", self.path + path, headers={"Accept": "application/json"})
        found: dict[str, object] = json.loads(answer.body)
        return found

    async def post(self, what: str, **form: str) -> Answer:
        return await self.browser.post(f"{self.path}/{what}", form)


@pytest.fixture
async def page(store: Store, clock: FakeClock, entropy: FakeEntropy) -> AsyncIterator[Page]:
    world = World(store, clock, entropy)
    await world.case()
    await world.ask()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    sessions = SessionService(store, clock, entropy)
    site = Site(url, "http://localhost:1", "+49 30 5550 100", "Mon–Fri 8–18")
    shell = Shell(site, words(), sessions, entropy, ROOT / "templates")
    desk, checks, polls = FakeDesk(), FakeChecks(clock), Polls(store)
    review = ReviewPage(shell, world.reviews, checks, desk, polls)  # type: ignore[arg-type]
    runner = web.AppRunner(build(shell, [review, sign(shell)]), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with Browser(url) as browser:
        yield Page(world, desk, checks, sessions, browser)
    polls.close()
    await runner.cleanup()


# --- reading --------------------------------------------------------------------------------------


async def test_without_a_session_nothing_shows_not_even_whether_it_exists(page: Page) -> None:
    """The same door for a real handle and an invented one; no POST works."""
    real = await page.browser.get(page.path)
    invented = await page.browser.get(f"/r/{'x' * len(page.world.handle)}")
    assert real.status == invented.status == 200
    assert real.text.replace(page.world.handle, "") == invented.text.replace("x" * len(page.world.handle), "")
    for what in ("deny", "suspicious", "approve", "more", "take", "check/sign"):
        assert (await page.post(what, why="not_needed")).status == 403
    assert page.world.turns.outcomes == []


async def test_the_page_says_all_that_the_decision_rests_on(page: Page) -> None:
    """Account, rank, evidence with giver and age, plan with minutes, numbers with age, presence."""
    await page.sign_in()
    text = await page.show()
    for part in (
        f"{SUBJECT}@x.example",
        "standard",
        "saved code",
        f"by {CHECKER}",
        "issue a one-time pass (15 minutes, works once)",
        "remove a lost method: Pixel",
        "On the page now",
        "DE",
        "Pass checked in advance",
        "0 of 1 approvals",
    ):
        assert part in text, part


async def test_both_languages_have_every_word(page: Page) -> None:
    """In German, nothing of the page is left in English."""
    await page.sign_in()
    page.checks.asked()
    for lang, part in (("de", "Bestandene Nachweise"), ("en", "Proofs passed")):
        answer = await page.browser.get(f"{page.path}?lang={lang}")
        assert answer.status == 200
        assert part in answer.text


async def test_hostile_names_stay_text(page: Page) -> None:
    """Directory text is escaped wherever it stands."""
    await page.sign_in()
    name = "<script>alert(1)</script>‮"
    account = page.world.tenant.accounts[SUBJECT]
    page.world.tenant.accounts[SUBJECT] = replace(account, person=person(SUBJECT, name=name, office=name))
    text = await page.show()
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


async def test_faults_are_told_before_signing_and_the_button_is_gone(page: Page) -> None:
    """The checker reads why, and finds no approve form."""
    await page.sign_in(CHECKER)
    text = await page.show()
    assert "You did the live check of this case" in text
    assert 'action="' + page.path + '/approve"' not in text
    assert f'action="{page.path}/deny"' in text


async def test_a_script_gets_the_same_as_json(page: Page) -> None:
    """Closed words and ids."""
    await page.sign_in()
    found = await page.plain()
    assert (found["status"], found["present"], found["faults"]) == ("open", True, [])
    assert [p["kind"] for p in found["evidence"]] == ["saved_code", "live_check"]  # type: ignore[attr-defined]


async def test_the_photo_comes_only_with_a_session(page: Page) -> None:
    """And is never kept by the browser."""
    assert (await page.browser.get(f"{page.path}/photo")).status == 403
    await page.sign_in()
    answer = await page.browser.get(f"{page.path}/photo")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")


async def test_the_live_poll_answers_at_once_when_something_differs(page: Page) -> None:
    """Presence and mark; without a session it says that it is over."""
    assert await page.plain("/live") == {"over": True}
    await page.sign_in()
    now = await page.plain("/live?after=old&present=false")
    assert (now["present"], now["status"]) == (True, "open")


# --- live check -------------------------------------------------------------------------------------


async def test_the_check_panel_asks_first_and_shows_after(page: Page) -> None:
    """Only usable numbers can be chosen; what the server sees comes after what was told."""
    await page.sign_in()
    page.checks.asked()
    text = await page.show()
    assert 'value="n1"' in text
    assert 'value="n2"' not in text
    assert "check/sign" not in text
    await page.post("check/told", device="Firefox", place="home", number="n1")
    assert page.checks.told == [("Firefox", "home", "n1")]
    seen = Seen("203.0.113.0/24", "DE", "Firefox, Linux", page.world.clock.now(), True)
    page.checks.asked(told={"device": "Firefox", "place": "home"}, seen=seen)
    text = await page.show()
    assert "Seen: Firefox, Linux, DE, 203.0.113.0/24" in text
    left = await page.post("check/sign")
    assert (left.status, left.headers["Location"]) == (303, "http://localhost:1/authorize?check")


async def test_digits_are_big_and_spoken_one_by_one(page: Page) -> None:
    """For a screen reader six digits are six digits."""
    await page.sign_in()
    page.checks.asked()
    page.checks.shown = True
    text = await page.show()
    assert "123 456" in text
    assert 'aria-label="1 2 3 4 5 6"' in text


async def test_at_the_counter_the_agent_says_which_one_and_what_they_saw(page: Page) -> None:
    """The page does not say where the person is before that."""
    await page.sign_in()
    page.checks.asked(how="counter", counters=(("c1", "Reception, Berlin"), ("c2", "Warehouse")))
    text = await page.show()
    assert '<option value="c2">Warehouse</option>' in text
    assert 'name="place"' not in text
    await page.post("check/told", device="iPhone", counter="c1", paper="badge")
    assert page.checks.told == [("iPhone", "c1", "badge")]


# --- deciding ---------------------------------------------------------------------------------------


async def test_deny_is_one_press(page: Page) -> None:
    """And the page says how it ended."""
    await page.sign_in()
    assert (await page.post("deny", why="not_convinced")).status == 303
    assert page.world.turns.outcomes == ["denied"]
    assert "The last request ended: denied" in await page.show()


async def test_suspicious_stops_the_case(page: Page) -> None:
    """One press; after it no form is left."""
    await page.sign_in()
    await page.post("suspicious", note="")
    assert [c.status for c in await page.world.all(Case)] == ["frozen"]
    text = await page.show()
    assert "This case was stopped" in text
    assert f'action="{page.path}/approve"' not in text


async def test_approve_shows_once_more_what_is_signed_then_leads_to_the_sign_in(page: Page) -> None:
    """The draft page carries the transaction cookie and the way to the authority."""
    await page.sign_in()
    answer = await page.post("approve", why="other", note="<b>spoke</b> to her")
    assert answer.status == 200
    assert "You are about to sign" in answer.text
    assert "&lt;b&gt;spoke" in answer.text
    assert 'href="https://authority.example/authorize"' in answer.text
    [ask] = page.world.sign_ins.asks
    assert ask.digest[:16] in answer.text
    morsel = answer.cookies()["__Host-tx"]
    assert (morsel["samesite"], bool(morsel["secure"]), bool(morsel["httponly"])) == ("None", True, True)
    assert page.world.tenant.calls == []


async def test_a_refused_draft_lists_every_reason(page: Page) -> None:
    """409, and nothing was changed."""
    page.world.tenant.accounts[SECOND] = admin(SECOND, person=person(SECOND, employee_id=""))
    await page.sign_in(SECOND)
    page.world.clock.go(seconds=61)
    answer = await page.post("approve", why="new_device")
    assert answer.status == 409
    assert "not linked to a person" in answer.text
    assert "not open at the moment" in answer.text


async def test_other_needs_words(page: Page) -> None:
    """A closed list, or a sentence."""
    await page.sign_in()
    assert (await page.post("approve", why="other", note="")).status == 400
    assert (await page.post("approve", why="whatever", note="x")).status == 400


async def test_a_foreign_pass_must_be_agreed_to(page: Page) -> None:
    """The box names the pass and has to be ticked."""
    page.world.tenant.passes[SUBJECT] = LivePass("foreign", page.world.clock.now(), True, 60)
    await page.sign_in()
    assert re.search(r'name="replaces" value="foreign" required', await page.show())
    assert (await page.post("approve", why="new_device")).status == 409
    assert (await page.post("approve", why="new_device", replaces="foreign")).status == 200


async def test_the_outcome_page_is_the_same_on_every_reload(page: Page) -> None:
    """Back, reload, another tab: the outcome that there is."""
    await page.sign_in()
    await page.world.approve()
    ident = f"/signed/signing-{page.world.signatures}"
    first = await page.browser.get(page.path + ident)
    again = await page.browser.get(page.path + ident)
    assert first.status == 200
    assert first.text == again.text
    assert "sealed for the person" in first.text
    assert "canary" not in first.text
    assert (await page.plain(ident))["outcome"] == "done"
    assert (await page.browser.get(f"{page.path}/signed/other")).status == 404


async def test_whoever_left_the_group_is_out(page: Page) -> None:
    """A session is not a membership."""
    page.world.tenant.accounts["x"] = admin("x", group=ELIGIBLE)
    await page.sign_in("x")
    answer = await page.browser.get(page.path)
    assert answer.status == 403
    assert SUBJECT not in answer.text


async def test_taking_turns_goes_through_the_desk(page: Page) -> None:
    """The same rule as on the board."""
    await page.sign_in()
    await page.post("take")
    await page.post("release")
    assert page.desk.did == [("take", "case"), ("release", "case")]


async def test_a_post_from_elsewhere_is_refused(page: Page) -> None:
    """No form token, no effect."""
    await page.sign_in()
    answer = await page.browser.post(f"{page.path}/deny", {"why": "not_needed"}, token="forged")
    assert answer.status == 403
    assert page.world.turns.outcomes == []


# --- in Chromium ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_axe_finds_nothing_and_nothing_runs_over(
    page: Page, browser_page: Window, scheme: Literal["light", "dark"], width: int
) -> None:
    """Page, draft and outcome, narrow and wide, light and dark."""
    await page.sign_in()
    page.checks.asked()
    await page.world.approve()
    await page.world.change(Request, (await page.world.all(Request))[0].id, status="open")
    await page.lend(browser_page)
    await browser_page.emulate_media(color_scheme=scheme)
    await browser_page.set_viewport_size({"width": width, "height": 900})
    for path in (page.path, f"{page.path}/signed/signing-{page.world.signatures}"):
        await browser_page.goto(page.browser.base + path)
        results = await Axe().run(browser_page)
        assert results.violations_count == 0, results.generate_report()
        wide = await browser_page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
    if folder := os.environ.get("SCREENSHOTS"):
        await browser_page.goto(page.browser.base + page.path)
        await browser_page.screenshot(path=f"{folder}/review-{scheme}-{width}.png", full_page=True)


async def test_presence_and_news_arrive_without_a_reload(page: Page, browser_page: Window) -> None:
    """The badge changes, Approve closes, and typed words are not lost to a reload."""
    await page.sign_in()
    await page.lend(browser_page)
    await browser_page.goto(page.browser.base + page.path)
    await expect(browser_page.locator("#approve")).to_be_enabled()
    await browser_page.fill("#note", "spoke to her")
    await page.world.change(Attempt, "attempt", answered_at=None)
    page.world.store.notify("case")
    await expect(browser_page.locator("#approve")).to_be_disabled()
    await expect(browser_page.locator("#presence")).to_have_text("Not on the page now")
    await page.world.reviews.deny(page.world.handle, page.world.session(SECOND), why="not_needed", note="")
    await expect(browser_page.locator("#news")).to_be_visible()
    assert await browser_page.input_value("#note") == "spoke to her"
