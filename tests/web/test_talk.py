"""The talk on its pages, driven by plain forms as a browser without script sends them, and as JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bot.adapters.web.case import cookie_of
from bot.adapters.web.security import hashed
from bot.core.records import Case, TalkLine
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.talking import Desked, called
from tests.web.browsing import Answer, form_token
from tests.web.visiting import Visitor, serving

JSON = {"Accept": "application/json"}


class Both:
    """A person at their case page and an agent at the review page of the same case."""

    def __init__(self, whole: Whole, case: Case, person: Visitor, agent: Visitor) -> None:  # noqa: F811
        self.whole, self.case, self.person, self.agent = whole, case, person, agent
        self.page = f"/c/{whole.product.keys.handle('case', case.id)}"
        self.review = f"/r/{whole.product.keys.handle('review', case.id)}"

    async def begin(self) -> None:
        handle = self.page.removeprefix("/c/")
        self.person.jar[cookie_of(handle)] = "cookie"
        await Desked(self.whole).claimed(self.case, hashed("cookie"))
        await self.agent.signs_in(f"{self.review}/sign-in", "agent")

    async def posts(self, visitor: Visitor, path: str, token_from: str, /, **fields: str) -> Answer:
        token = form_token((await visitor.get(token_from)).text)
        data = {"form_token": token, **fields}
        return await visitor.ask("POST", path, data=data, headers={"Accept": "text/html"})

    async def says(self, text: str, **more: str) -> Answer:
        return await self.posts(self.person, f"{self.page}/talk", self.page, text=text, **more)

    async def writes(self, text: str = "", **more: str) -> Answer:
        return await self.posts(self.agent, f"{self.review}/talk", self.review, text=text, **more)


@pytest.fixture
async def both(whole: Whole) -> Any:  # noqa: F811
    case = await called(whole)
    async with serving(whole), Visitor(whole) as person, Visitor(whole) as agent:
        made = Both(whole, case, person, agent)
        await made.begin()
        yield made


async def test_both_pages_show_both_sides_without_script(both: Both) -> None:
    """A form each, and the page again; what was written stands there, as text."""
    assert "Nobody has taken your case yet" in (await both.person.get(both.page)).text
    assert "Take the case to write" in (await both.agent.get(both.review)).text
    sent = await both.says("My phone\nfell <b>in</b>")
    assert (sent.status, sent.headers["Location"]) == (303, f"{both.page}#talk")
    taken = await both.posts(both.agent, f"{both.review}/take", both.review)
    assert taken.status == 303
    written = await both.writes("Which lake?")
    assert (written.status, written.headers["Location"]) == (303, f"{both.review}#talk")
    person, agent = (await both.person.get(both.page)).text, (await both.agent.get(both.review)).text
    for html in (person, agent):
        assert '<p lang="">My phone</p><p lang="">fell &lt;b&gt;in&lt;/b&gt;</p>' in html
        assert "Which lake?" in html
    assert "Jonas Lindqvist from the help desk has your case" in person
    assert re.search(r"Badge: [A-Z0-9]{2}-[A-Z0-9]{2}", person)
    assert re.search(r"Your badge on this case: [A-Z0-9]{2}-[A-Z0-9]{2}", agent)
    assert "The help desk has written to you." in person


async def test_reading_changes_nothing(both: Both) -> None:
    """Also by somebody who follows every link: only a POST of our own page writes."""
    for path in (f"{both.page}/talk", f"{both.page}/badge", f"{both.page}/talk/seen"):
        assert (await both.person.get(path)).status == 405
    await both.agent.get(f"{both.review}/talk")
    token = {"form_token": "x" * 43}
    for visitor, path in (
        (both.person, f"{both.page}/talk"),
        (both.agent, f"{both.review}/talk"),
        (both.agent, f"{both.review}/talk/end"),
        (both.person, f"{both.page}/badge"),
    ):
        data = {**token, "text": "hi", "outcome": "closed"}
        assert (await visitor.ask("POST", path, data=data)).status == 403
    assert await both.whole.rows(TalkLine) == []


async def test_without_a_session_or_a_claim_nothing_is_shown_or_taken(both: Both) -> None:
    await both.says("only for the desk")
    async with Visitor(both.whole) as stranger:
        assert "only for the desk" not in (await stranger.get(f"{both.review}/talk")).text
        assert "only for the desk" not in (await stranger.get(both.page)).text
        told = await stranger.ask("GET", f"{both.review}/talk", headers=JSON)
        assert json.loads(told.body) == {"over": True}
        assert (await stranger.post(f"{both.review}/talk", {"text": "hi"})).status == 403
        assert (await stranger.post(f"{both.page}/talk", {"text": "hi"})).status == 403
        assert (await stranger.post(f"{both.page}/badge", {"who": "Jonas"})).status == 403
    assert len(await both.whole.rows(TalkLine)) == 1


async def test_what_was_refused_keeps_the_words_but_never_a_secret(both: Both) -> None:
    """Without script, too, nobody types it all again; but a pass is not shown a second time."""
    await both.posts(both.agent, f"{both.review}/take", both.review)
    link = await both.writes("Look at evil.example/x please")
    assert link.status == 409
    assert "which is not ours" in link.text
    assert "Look at evil.example/x please</textarea>" in link.text
    secret = await both.writes("Your pass is Xk7!pQ2z")
    assert secret.status == 409
    assert "Xk7!pQ2z" not in secret.text
    long = await both.says("x" * 2001)
    assert long.status == 409
    assert "x" * 2001 in long.text


async def test_the_script_of_the_desk_gets_lines_and_a_mark(both: Both) -> None:
    """It waits for another mark, and tells a refusal in words."""
    await both.posts(both.agent, f"{both.review}/take", both.review)
    first = await both.agent.told(f"{both.review}/talk")
    await both.says("hello")
    now = await both.agent.told(f"{both.review}/talk?after={first['mark']}")
    assert now["mark"] != first["mark"]
    assert (now["waiting"], now["writes"]) == (1, True)
    assert [one["text"] for one in now["lines"]] == ["hello"]
    assert "hello" in now["html"]
    token = form_token((await both.agent.get(both.review)).text)
    refused = await both.agent.ask(
        "POST", f"{both.review}/talk", data={"form_token": token, "text": "482913"}, headers=JSON
    )
    assert refused.status == 409
    assert json.loads(refused.body)["error"] == "talk_secret"
    assert "never" in json.loads(refused.body)["words"].lower()


async def test_the_json_of_the_case_page_tells_the_talk(both: Both) -> None:
    """docs/http.md lets anybody write a script: say something, read it, say that it was seen."""
    view = await both.person.told(both.page)
    headers = {"X-Form-Token": view["form_token"]}
    sent = await both.person.ask(
        "POST", f"{both.page}/talk", json={"text": "it said 482913", "once": "1"}, headers=headers
    )
    assert json.loads(sent.body) == {"ok": True, "masked": True}
    await both.posts(both.agent, f"{both.review}/take", both.review)
    await both.writes(quick="hello")
    talk = (await both.person.told(both.page))["talk"]
    assert (talk["open"], talk["unread"], talk["agent"]["name"]) == (True, 2, "Jonas Lindqvist")
    assert [one["word"] or one["text"] for one in talk["lines"]] == ["it said •••••", "joined", "quick.hello"]
    seen = await both.person.ask("POST", f"{both.page}/talk/seen", json={"seq": 3}, headers=headers)
    assert json.loads(seen.body) == {"ok": True}
    assert (await both.person.told(both.page))["talk"]["unread"] == 0
    asked = await both.person.ask("POST", f"{both.page}/badge", json={"who": "jonas"}, headers=headers)
    assert json.loads(asked.body)["answer"] == "yes"


async def test_the_badge_is_checked_on_a_page_of_its_own(both: Both) -> None:
    """In plain words, with the way back and the way to stop it."""
    await both.posts(both.agent, f"{both.review}/take", both.review)
    yes = await both.posts(both.person, f"{both.page}/badge", both.page, who="Jonas")
    assert "Yes. Jonas Lindqvist from the help desk took your case" in yes.text
    no = await both.posts(both.person, f"{both.page}/badge", both.page, who="Sam")
    assert "Nobody of that name or badge" in no.text
    assert 'role="alert"' in no.text
    assert f'href="{both.page}"' in no.text


@pytest.mark.parametrize(("outcome", "status"), [("closed", "ended"), ("back", "open")])
async def test_the_agent_says_how_it_ended(both: Both, outcome: str, status: str) -> None:
    await both.posts(both.agent, f"{both.review}/take", both.review)
    await both.writes("All done?")
    ended = await both.posts(both.agent, f"{both.review}/talk/end", both.review, outcome=outcome, alone="1")
    assert (ended.status, ended.headers["Location"]) == (303, f"{both.review}/talk")
    await both.whole.settle()
    assert (await both.whole.case()).status == status
    told = [message.text() for message in await both.whole.shown()]
    assert any("has closed your case" in text for text in told) == (outcome == "closed")
    page = (await both.agent.get(f"{both.review}/talk")).text
    assert ("This case is over" in page) == (outcome == "closed")
