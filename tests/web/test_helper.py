"""Standing in for a packer without phone or computer: the whole way, and who is refused on it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page as Window

from bot.adapters.web.case import cookie_of
from bot.core.model import Reason
from bot.core.records import (
    Attempt,
    AuditRow,
    Case,
    Check,
    CounterBrowser,
    Handover,
    Helping,
    Job,
    Request,
    Signing,
)
from bot.ports.sign_in import Purpose
from bot.sandbox.company import GROUPS
from bot.service.counter import Counter
from bot.service.purposes import FRESH, KEPT
from tests.fakes.entra import signed_in
from tests.fakes.issuing import page_of, proving
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.browsing import Answer, form_token
from tests.web.case_house import Script
from tests.web.visiting import Visitor, serving

PERSON, HELPER = "floor_worker", "shift_leader"
KEY = "Key at hall 2"


@dataclass
class Floor:
    """A shared computer with the person's page, the helper's browser, an agent's and a counter's."""

    whole: Whole
    shared: Visitor
    helper: Visitor
    agent: Visitor
    case: Case

    @property
    def handle(self) -> str:
        return self.whole.product.keys.handle("case", self.case.id)

    async def name(self, who: str, browser: Visitor | None = None) -> Answer:
        browser = browser or self.shared
        await browser.get(f"/c/{self.handle}")
        return await browser.post(f"/c/{self.handle}/helper", {"address": f"{who}@keyturn.example"})

    async def row(self) -> Helping:
        found: list[Helping] = await self.whole.rows(Helping, order="-named_at")
        return found[0]

    async def stands_in(self, who: str = HELPER, browser: Visitor | None = None) -> Script:
        """By case number and an own fresh sign-in; the page with its key, there."""
        browser = browser or self.helper
        await browser.get("/helper")
        path = await browser.signs_in("/helper", who, number=self.case.number)
        script = Script(browser, path)
        await script.good("key", jwk=script.key.jwk)
        await script.beat()
        return script

    async def counter(self) -> CounterBrowser:
        """A screen at hall 2, set up by the second agent."""
        async with Visitor(self.whole) as screen:
            await screen.get("/desk")
            await screen.signs_in("/desk/sign-in", "agent2")
            await screen.get("/desk/counter")
            assert await screen.signs_in("/desk/counter", "agent2", name="Hall 2", site="") == "/counter"
        found: list[CounterBrowser] = await self.whole.rows(CounterBrowser)
        return found[0]

    async def checked(self, page: Script, by: str = "agent") -> dict[str, Any]:
        """A live check at the counter, by an agent who stands there; the page's view afterwards."""
        return await self.checked_again(page, await self.counter(), by)

    async def checked_again(
        self, page: Script, screen: CounterBrowser | None = None, by: str = "agent"
    ) -> dict[str, Any]:
        screen = screen or (await self.whole.rows(CounterBrowser))[0]
        await page.beat()
        await page.good("check", how="counter", number="", counter=await self.code(screen))
        await self.agent.get("/desk")
        await self.agent.signs_in("/desk/sign-in", by)
        review = self.review
        await self.agent.get(review)
        told = {"device": "shared", "counter": screen.id, "paper": "badge"}
        assert (await self.agent.post(f"{review}/check/told", told)).status == 303
        await page.beat()
        await self.agent.signs_in(f"{review}/check/sign", by)
        digits = (await self.agent.told(review))["digits"]
        await page.good("digits", digits=digits)
        await page.beat()
        return await page.look()

    async def code(self, screen: CounterBrowser) -> str:
        return Counter(self.whole.product.keys).shown(screen, self.whole.clock.now()).digits

    @property
    def review(self) -> str:
        return f"/r/{self.whole.product.keys.handle('review', self.case.id)}"

    async def approves(self, who: str) -> Answer:
        async with Visitor(self.whole) as browser:
            await browser.get("/desk")
            await browser.signs_in("/desk/sign-in", who)
            await browser.get(self.review)
            return await browser.ask(
                "POST", f"{self.review}/approve", headers={"Accept": "application/json"},
                data={"form_token": form_token((await browser.get(self.review)).text), "why": "lost_device"},
            )  # fmt: skip

    async def requested(self, page: Script) -> None:
        """Everything ticked: the request is open."""
        view = await self.checked(page)
        assert view["stage"] == "tick", view
        await page.good("gone", method=[m["id"] for m in view["methods"]])
        await self.whole.settle()
        assert (await page.look())["stage"] == "wait"


@pytest.fixture
async def floor(whole: Whole) -> AsyncIterator[Floor]:  # noqa: F811
    async with serving(whole), Visitor(whole) as shared, Visitor(whole) as helper, Visitor(whole) as agent:
        async with Visitor(whole) as desk:
            await desk.get("/desk")
            await desk.signs_in("/desk/sign-in", "agent")
            await desk.post("/desk/shift", {"do": "start"})
        case = await proving(whole, PERSON)
        await page_of(whole, shared, case)
        yield Floor(whole, shared, helper, agent, case)


async def tags(floor: Floor) -> list[str]:
    return [row.tag for row in await floor.whole.rows(AuditRow, order="id")]


# --- the whole way --------------------------------------------------------------------------------------


async def test_a_person_without_a_browser_gets_in_beside_their_shift_leader(floor: Floor) -> None:
    """Named, signed in freshly, checked at the counter, approved by another, opened only there."""
    named = await floor.name(HELPER)
    assert "/helper" in named.text
    page = await floor.stands_in()
    assert re.fullmatch(r"/helper/[A-Za-z0-9_-]{43}", page.path)
    assert floor.handle not in (await floor.helper.get(page.path)).text, "the person's own link stays theirs"
    await floor.requested(page)

    review = await floor.agent.get(floor.review)
    assert "Beatriz Lopes" in review.text
    assert "Hall 2; seen: Badge" in review.text
    request = (await floor.whole.rows(Request))[0]
    helper = floor.whole.sandbox.oid(HELPER)
    assert request.helper_oid == helper
    drafted = await floor.approves("agent2")
    assert drafted.status == 200, drafted.text
    await page.beat()
    async with Visitor(floor.whole) as approver:
        await approver.get("/desk")
        await approver.signs_in("/desk/sign-in", "agent2")
        await approver.get(floor.review)
        sign = await approver.post(f"{floor.review}/approve", {"why": "lost_device"})
        assert "Beatriz Lopes" in sign.text, "what you see is what you sign"
        place = re.search(r'id="sign"[^>]* href="([^"]+)"', sign.text)
        assert place is not None
        floor.whole.clock.go(seconds=2)
        await approver.ask("POST", "/auth/callback", data=await signed_in(unescape(place[1]), "agent2"))
        for _ in range(20):
            await page.beat()
            if await floor.whole.rows(Handover):
                break
        await floor.whole.product.acts.close()
    floor.whole.clock.go(seconds=20)
    await page.beat()
    sealed = await page.good("pass")
    assert len(page.open(sealed)) >= 8
    own = await floor.shared.ask("POST", f"/c/{floor.handle}/pass", json={}, headers={"X-Form-Token": "x"})
    assert own.status in (403, 409, 410), "the person's other browser opens nothing"
    done = await page.good("finish")
    assert done == {"ok": True}
    assert [h.sealed for h in await floor.whole.rows(Handover)] == [""]
    assert (await floor.helper.get(page.path)).status == 200
    assert 'data-stage="pass"' not in (await floor.helper.get(page.path)).text
    heard = {"person:helper:named", "helper:helping:began", "bot:pass:sealed", "person:pass:shown"}
    assert heard <= set(await tags(floor))
    told = [j for j in await floor.whole.rows(Job, kind="notice") if j.body["what"] == "helper_stands_in"]
    assert [j.body["values"] for j in told] == [{"helper": "Beatriz Lopes"}]


async def test_naming_answers_alike_for_every_address(floor: Floor) -> None:
    """Nobody learns who exists, who manages whom, or who is a helper."""
    pages = [
        re.sub(r'value="[^"]*"', "", (await floor.name(who)).text)
        for who in (HELPER, "reception", "employee", "nobody.at.all", PERSON)
    ]
    assert len(set(pages)) == 1
    rows = await floor.whole.rows(Helping)
    assert sorted(r.role for r in rows) == ["", "", "", "group", "manager"]
    assert sorted(r.status for r in rows) == ["asked", *["ended"] * 4]


# --- who is refused -------------------------------------------------------------------------------------


async def refused_at_the_door(floor: Floor, who: str) -> str:
    await floor.helper.get("/helper")
    path = await floor.helper.signs_in("/helper", who, number=floor.case.number)
    return path.partition("refused=")[2]


async def test_nobody_but_the_one_named_stands_in(floor: Floor) -> None:
    """A wrong account, and a number under which nobody was named, hear the same."""
    await floor.name(HELPER)
    for who in ("reception", "agent"):
        assert await refused_at_the_door(floor, who) == Reason.NOT_THE_HELPER
    await floor.helper.get("/helper")
    path = await floor.helper.signs_in("/helper", "reception", number="999999")
    assert path.endswith(Reason.NOT_THE_HELPER)
    assert [a.helper_oid for a in await floor.whole.rows(Attempt)] == [""]


async def test_an_old_sign_in_does_not_stand_in(floor: Floor) -> None:
    """The authority must have asked the helper after this was begun; one sign-in is spent once."""
    await floor.name(HELPER)
    await floor.helper.get("/helper")
    left = await floor.helper.leaves("/helper", number=floor.case.number)
    floor.whole.clock.go(minutes=6)
    landed = await floor.helper.comes_back(left, HELPER)
    assert str(landed.headers["Location"]).endswith(Reason.STALE_SIGN_IN)
    assert [a.helper_oid for a in await floor.whole.rows(Attempt)] == [""]


async def test_whoever_left_the_closed_set_meanwhile_is_refused_at_the_sign_in(floor: Floor) -> None:
    await floor.name("reception")
    _groups(floor, "reception", without="helpers")
    assert await refused_at_the_door(floor, "reception") == Reason.HELPER_REFUSED
    assert "helper:helping:refused" in await tags(floor)


async def test_the_approver_is_another_human_and_the_helper_still_may_when_it_counts(floor: Floor) -> None:
    """One human, two accounts: she may not approve what appears in her own browser. And the closed set is
    read again for the decision."""
    _groups(floor, "agent2_admin", also="helpers")
    await floor.name("agent2_admin")
    await floor.requested(await floor.stands_in("agent2_admin"))
    answer = await floor.approves("agent2")
    assert Reason.WAS_HELPER in json.loads(answer.text)["refused"]
    _groups(floor, "agent2_admin", without="helpers")
    answer = await floor.approves("agent2")
    assert answer.status == 409
    assert Reason.HELPER_REFUSED in json.loads(answer.text)["refused"]


async def test_the_helper_is_no_checker_of_the_same_page(floor: Floor) -> None:
    """Nor is their other account."""
    _groups(floor, "agent2_admin", also="helpers")
    await floor.name("agent2_admin")
    page = await floor.stands_in("agent2_admin")
    await floor.counter()
    screen = (await floor.whole.rows(CounterBrowser))[0]
    await page.beat()
    await page.good("check", how="counter", number="", counter=await floor.code(screen))
    await floor.agent.get("/desk")
    await floor.agent.signs_in("/desk/sign-in", "agent2")
    await floor.agent.get(floor.review)
    told = {"device": "x", "counter": screen.id, "paper": "badge"}
    answer = await floor.agent.post(f"{floor.review}/check/told", told)
    assert answer.status >= 400
    assert "stand in" in answer.text
    assert [c.told for c in await floor.whole.rows(Check)] == [{}]


async def test_what_the_person_proved_before_ends_and_is_no_second_attempt(floor: Floor) -> None:
    """The proven page gave its part away itself: the case goes on, with new proofs."""
    await floor.name(HELPER)
    await floor.stands_in()
    first, second = await floor.whole.rows(Attempt, order="claimed_at")
    assert (first.status, first.ended_reason) == ("ended", "helper")
    assert second.helper_oid == floor.whole.sandbox.oid(HELPER)
    assert (await floor.whole.rows(Case))[0].status == "open"


async def test_a_helping_planted_or_changed_in_the_database_is_nobodys(floor: Floor) -> None:
    """Its MAC is made under a key outside the store."""
    await floor.name(HELPER)
    row = await floor.row()
    forged = replace(row, helper_oid=floor.whole.sandbox.oid("reception"))
    await floor.whole.store.transact(lambda work: work.put(forged))
    assert await refused_at_the_door(floor, "reception") == Reason.NOT_THE_HELPER
    assert await refused_at_the_door(floor, HELPER) == Reason.NOT_THE_HELPER


async def test_nobody_signs_in_to_the_persons_account_in_a_helpers_browser(floor: Floor) -> None:
    """Not by its own page, which has no such form, nor by the case page's address with its handle."""
    await floor.name(HELPER)
    page = await floor.stands_in()
    assert (await page.post("sign-in")).status in (404, 405)
    page.path = page.path.replace("/helper/", "/c/")
    assert (await page.post("sign-in")).status == 409
    assert not [row for row in await floor.whole.rows(Signing) if row.purpose == "working_method"]


async def test_a_helpers_page_cannot_be_claimed_with_the_number(floor: Floor) -> None:
    """It takes the sign-in, wherever the number is typed."""
    await floor.name(HELPER)
    handle = floor.whole.product.keys.handle("helper", (await floor.row()).id)
    await floor.helper.get("/helper")
    for path in (f"/c/{handle}/claim", f"/helper/{handle}/claim"):
        answer = await floor.helper.post(path, {"number": floor.case.number})
        assert answer.status in (404, 405, 410), path
    door = await floor.helper.get(f"/helper/{handle}")
    assert "Beatriz" not in door.text
    assert "Joaquim" not in door.text


async def test_the_helpers_chat_answers_with_the_link(floor: Floor) -> None:
    """Only in the chat of the one named, as an answer."""
    await floor.name(HELPER)
    await floor.whole.say(f"confirm {floor.case.number}", HELPER)
    told = await floor.whole.last(HELPER)
    assert [b.link.reference for b in told.links()] == [f"helper:{(await floor.row()).id}"]
    await floor.whole.say(f"confirm {floor.case.number}", "reception")
    assert not list((await floor.whole.last("reception")).links())


async def test_an_agent_hears_who_may_not_help(floor: Floor) -> None:
    """Agents see people's names anyway: they are told at once."""
    await floor.agent.get("/desk")
    await floor.agent.signs_in("/desk/sign-in", "agent")
    await floor.whole.press("cmd:person", PERSON)
    await floor.agent.get(floor.review)
    answer = await floor.agent.post(f"{floor.review}/helper", {"address": "employee@keyturn.example"})
    assert Reason.HELPER_REFUSED in str(answer.headers["Location"])
    answer = await floor.agent.post(f"{floor.review}/helper", {"address": "reception@keyturn.example"})
    assert str(answer.headers["Location"]).endswith("#helper")
    assert "Oluwaseun Adeyemi" in (await floor.agent.get(floor.review)).text


async def test_a_case_that_an_agent_opened_begins_in_the_helpers_browser(floor: Floor) -> None:
    """A person without phone or computer at all: the agent opens and names, the talk is at the helper's."""
    floor.whole.clock.go(hours=1)
    await floor.agent.get("/desk")
    await floor.agent.signs_in("/desk/sign-in", "agent")
    await floor.agent.get("/desk/open")
    opening = {"address": "executive@keyturn.example", "flow": "new_phone", "ticket": "", "once": "o1"}
    opened = await floor.agent.post("/desk/open", opening)
    assert opened.status == 200, opened.text[-400:]
    case = next(c for c in await floor.whole.rows(Case) if c.agent_started)
    desk = f"/desk/case/{case.number}"
    await floor.agent.get(desk)
    answer = await floor.agent.post(f"{desk}/helper", {"address": "employee@keyturn.example"})
    assert "helper_refused" in str(answer.headers["Location"])
    await floor.agent.get(desk)
    answer = await floor.agent.post(f"{desk}/helper", {"address": "reception@keyturn.example"})
    assert str(answer.headers["Location"]) == f"{desk}#helper"
    await floor.helper.get("/helper")
    path = await floor.helper.signs_in("/helper", "reception", number=case.number)
    await floor.whole.settle()
    page = await floor.helper.get(path)
    assert "You stand in for Ingrid Haugen" in page.text
    assert "I left it at home" in page.text
    nonce = re.search(r'name="nonce" value="([0-9a-f]+)"', page.text)
    gone = re.search(r'name="choice" value="([^"]+:gone)"', page.text)
    assert nonce
    assert gone
    said = await floor.helper.post(f"{path}/say", {"nonce": nonce[1], "choice": gone[1]})
    assert said.status == 303, said.text
    await floor.whole.settle()
    script = Script(floor.helper, path)
    await script.good("key", jwk=script.key.jwk)
    await script.beat()
    view = await script.look()
    assert view["stage"] == "prove"
    assert "sign_in" not in [proof["kind"] for proof in view["proofs"]]
    assert "/c/" not in "".join(re.findall(r'href="([^"]+)"', (await floor.helper.get(path)).text))


async def test_another_helper_takes_over_and_the_case_goes_on(floor: Floor) -> None:
    """Named anew by an agent: the first browser is over, what passed there is void and no doubt."""
    await floor.name(HELPER)
    first = await floor.stands_in()
    await floor.checked(first)
    await floor.agent.get(floor.review)
    await floor.agent.post(f"{floor.review}/helper", {"address": "reception@keyturn.example"})
    assert (await first.post("pulse", wait=0)).status != 200
    async with Visitor(floor.whole) as other:
        second = await floor.stands_in("reception", other)
        floor.whole.clock.go(seconds=40)
        await floor.checked_again(second)
    assert (await floor.whole.rows(Case))[0].status == "open"


def test_it_takes_a_sign_in_made_for_it() -> None:
    """A session that was there before is neither a helper's nor a counter's."""
    assert {Purpose.HELP, Purpose.COUNTER} <= FRESH
    assert Purpose.HELP in KEPT


def _groups(floor: Floor, who: str, *, also: str = "", without: str = "") -> None:
    directory = floor.whole.sandbox.state.directory
    account = directory.get(who)
    assert account is not None
    groups = [g for g in account.doc["groups"] if g != without] + ([also] if also else [])
    assert set(groups) <= set(GROUPS)
    directory.save(replace(account, doc={**account.doc, "groups": groups}))


# --- looks -----------------------------------------------------------------------------------------------


async def test_the_helpers_pages_are_accessible(floor: Floor, browser_page: Window) -> None:
    """The front, the door and the page, narrow and dark, wide and light."""
    await floor.name(HELPER)
    handle = floor.whole.product.keys.handle("helper", (await floor.row()).id)
    url, name = floor.helper.base, cookie_of(handle)
    for n, path in enumerate(("/helper", f"/helper/{handle}", f"/helper/{handle}")):
        if n == 2:
            await floor.stands_in()
            value, secure = floor.helper.jar[name], url.replace("http:", "https:")
            await browser_page.context.add_cookies(
                [{"name": name, "value": value, "url": secure, "secure": True}]
            )
        for width, scheme in ((360, "dark"), (1280, "light")):
            await browser_page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            await browser_page.set_viewport_size({"width": width, "height": 900})
            await browser_page.goto(url + path)
            results = await Axe().run(browser_page)
            assert results.violations_count == 0, results.generate_report()
            assert await browser_page.evaluate("document.documentElement.scrollWidth") <= width
            if folder := os.environ.get("SCREENSHOTS"):
                await browser_page.screenshot(path=Path(folder) / f"helper-{n}-{width}.png", full_page=True)
