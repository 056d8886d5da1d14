"""Somebody on the telephone: the agent finds their case by its number, and gives nothing to a voice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_asyncio

from bot.core.facts import Unreadable
from bot.core.records import Card, Case, Check, Request
from bot.ports.store import UnitOfWork
from bot.service.world import World, facts_for
from tests.core.deciding import account
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.door import Agent, Guest, cases, upn
from tests.web.visiting import serving


@pytest_asyncio.fixture
async def agent(whole: Whole) -> AsyncIterator[Agent]:  # noqa: F811
    async with serving(whole), Agent(whole) as browser:
        yield browser


async def test_the_button_in_a_ticket_leads_through_the_sign_in_and_changes_nothing(agent: Agent) -> None:
    """The address with ticket and name survives the desk's door."""
    path = f"/desk/open?ticket=INC0012345&upn={upn(agent.whole, 'employee')}"
    door = await agent.get(path)
    assert 'name="back"' in door.text
    assert await agent.signs_in("/desk/sign-in", "agent", back=path) == path
    page = await agent.get(path)
    assert 'value="INC0012345"' in page.text
    assert upn(agent.whole, "employee") in page.text
    assert not await cases(agent.whole)


PAGES = (
    "/desk/counter",
    "/desk/outage",
    "/desk/threat",
    "/desk/history?case=c1",
    "/desk/open?ticket=INC1",
    "/desk/case/482913",
)


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_of_the_desk_has_the_same_door_and_leads_back(agent: Agent, path: str) -> None:
    """Whoever follows a link to it signs in and is there; scripts are told that the session is over."""
    door = await agent.get(path)
    assert door.status == 200
    assert 'action="/desk/sign-in"' in door.text
    assert f'name="back" value="{path}"' in door.text
    assert await agent.told(path) == {"over": True}
    landed = await agent.signs_in("/desk/sign-in", "employee", back=path)
    assert landed.startswith(f"{path}{'&' if '?' in path else '?'}refused=")
    refused = await agent.get(landed)
    assert 'role="alert"' in refused.text
    assert f'name="back" value="{path}"' in refused.text
    assert await agent.signs_in("/desk/sign-in", "agent", back=path) == path
    assert 'action="/desk/sign-in"' not in (await agent.get(path)).text


async def test_the_desks_door_leads_nowhere_else(agent: Agent) -> None:
    """Not to another site, nor to a page outside the desk."""
    for back in ("https://evil.example/desk/", "//evil.example/desk/", "/me"):
        assert await agent.signs_in("/desk/sign-in", "agent", back=back) == "/desk"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/desk/open", "/desk/case/482913"])
async def test_nobody_but_an_agent_opens_or_finds(agent: Agent, path: str, method: str) -> None:
    answer = await (agent.get(path) if method == "GET" else agent.post(path, {"address": "a@b.example"}))
    assert answer.status == (200 if method == "GET" else 403)
    assert "482913" not in answer.text.replace('value="/desk/case/482913"', "")
    assert not await cases(agent.whole)


async def test_a_form_sent_twice_opens_one_case(agent: Agent) -> None:
    await agent.sits_down()
    form = {"address": upn(agent.whole, "employee"), "flow": "new_phone", "ticket": "", "once": "f" * 32}
    first, second = await agent.post("/desk/open", form), await agent.post("/desk/open", form)
    (case,) = await cases(agent.whole)
    assert first.status == second.status == 200
    assert f"{case.number[:3]} {case.number[3:]}" in second.text


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"address": "nobody@meridian.example"}, 409),
        ({"flow": "no_such_flow"}, 400),
        ({"ticket": "what is this?!"}, 400),
    ],
)
async def test_what_does_not_fit_is_said_and_opens_nothing(
    agent: Agent, wrong: dict[str, str], status: int
) -> None:
    await agent.sits_down()
    form = {"address": upn(agent.whole, "employee"), "flow": "new_phone", "ticket": "", "once": "x"}
    answer = await agent.post("/desk/open", form | wrong)
    assert answer.status == status
    assert 'role="alert"' in answer.text
    assert not await cases(agent.whole)


async def test_an_agent_opens_none_for_themselves(agent: Agent) -> None:
    await agent.sits_down()
    assert (await agent.opens_for(upn(agent.whole, "agent"))).status == 409
    assert not await cases(agent.whole)


async def test_the_live_check_may_come_first(agent: Agent) -> None:
    """The caller has the page open and named the account: the agent asks for the check in their stead,
    and goes on at the review page. Before that, the page says what is missing."""
    whole = agent.whole  # noqa: F811
    await agent.sits_down()
    async with Guest(whole) as guest:
        await guest.opens()
        (case,) = await cases(whole)
        path = f"/desk/case/{case.number}"
        assert (await agent.get(path)).status == 200
        assert (await agent.post(path, {"how": "call_back"})).status == 409
        await guest.presses(":gone")
        script = await guest.script()
        assert (await agent.post(path, {"how": "call_back"})).status == 409  # no account was named
        await script.good("address", address=upn(whole, "employee"))
        assert (await agent.post(path, {"how": "counter"})).status == 400
        met = await agent.post(path, {"how": "call_back"})
        assert met.status == 303
        assert met.headers["Location"].startswith("/r/")
        assert (await agent.get(met.headers["Location"])).status == 200
        await agent.post(path, {"how": "call_back"})
        (check,) = await whole.rows(Check)
        assert (check.kind, check.how, check.status) == ("live_check", "call_back", "asked")
        assert (await whole.rows(Card))[0].wants == "live_check"
        assert [one["kind"] for one in (await script.look())["checks"]] == ["live_check"]


async def test_finding_a_case_changes_nothing(agent: Agent) -> None:
    whole = agent.whole  # noqa: F811
    await agent.sits_down()
    await agent.opens_for(upn(whole, "employee"))
    before = await whole.rows(Case)
    (case,) = before
    found = await agent.ask("GET", f"/desk/find?number={case.number[:3]}+{case.number[3:]}")
    assert (found.status, found.headers["Location"]) == (303, f"/desk/case/{case.number}")
    assert (await agent.get(f"/desk/case/{case.number}")).status == 200
    assert (await agent.get("/desk/case/000000")).status == 404
    assert await whole.rows(Case) == before
    assert not await whole.rows(Card)


async def test_a_decision_knows_who_opened_the_case_for_a_caller(agent: Agent) -> None:
    """The agent of the row, and nobody for a case that its own person opened."""
    whole = agent.whole  # noqa: F811
    await agent.sits_down()
    await agent.opens_for(upn(whole, "employee"))
    async with Guest(whole) as guest:
        await guest.opens()
    mine, theirs = sorted(await cases(whole), key=lambda one: one.agent_started, reverse=True)
    at, keys = whole.clock.now(), whole.product.keys
    world = World(at, account(mine.subject_oid), {}, {}, Unreadable("error"))

    def starter(work: UnitOfWork, case: Case) -> str:
        request = Request(
            "r", case.id, "a", mine.subject_oid, "s", 1, [], "standard", "v", [], "", 1, at, at, "open"
        )
        return facts_for(work, cast(Any, None), keys, world, case, request, "oid", at).starter

    found = await whole.store.read(lambda work: [starter(work, one) for one in (mine, theirs)])
    assert found == [whole.sandbox.oid("agent"), ""]
