"""Somebody overheard a case number and knows the address; another has the case. What they reach."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.core.records import Addition, Case, Helping, Talk, TalkLine
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.talking import Desked
from tests.web.door import Agent, Guest, cases, upn
from tests.web.visiting import serving


@pytest_asyncio.fixture
async def guest(whole: Whole) -> AsyncIterator[Guest]:  # noqa: F811
    async with serving(whole), Guest(whole) as browser:
        yield browser


async def talking(guest: Guest) -> Case:
    """A caller came to their case, called for a person, and an agent writes with them."""
    whole = guest.whole  # noqa: F811
    async with Agent(whole) as agent:
        await agent.sits_down()
        await agent.opens_for(upn(whole, "employee"))
    (case,) = await cases(whole)
    await guest.claims(case.number, upn(whole, "employee"))
    assert (await guest.does("/help/talk", text="I want to talk to a person")).status == 303
    desked = Desked(whole)
    await desked.writes(await desked.takes(case), case, "Where are you now?")
    return (await cases(whole))[0]


@pytest.mark.parametrize(
    ("what", "fields"), [("talk", {"text": "Please send it to my other address"}), ("badge", {"who": ""})]
)
async def test_they_neither_write_to_the_agent_nor_learn_the_badge(
    guest: Guest, what: str, fields: dict[str, str]
) -> None:
    """Words from there would be the person's own to the agent, and with the badge somebody could ring the
    person and be believed."""
    whole = guest.whole  # noqa: F811
    case = await talking(guest)
    before = len(await whole.rows(TalkLine))
    async with Guest(whole) as stranger:
        claimed = await stranger.claims(case.number, upn(whole, "employee"))
        script = await stranger.script(claimed.headers["Location"])
        answer = await script.post(what, **fields)
        assert answer.status == 409
        (talk,) = await whole.rows(Talk)
        assert talk.agent_name
        assert talk.agent_name not in answer.text
        seen = await script.post("talk/seen", seq=talk.lines)
        assert seen.status == 409
    assert len(await whole.rows(TalkLine)) == before
    assert (await whole.rows(Talk))[0].page_seen == talk.page_seen


async def test_a_talk_with_a_person_is_not_left_alone(guest: Guest) -> None:
    """Somebody who waits for an agent writes nothing for minutes; nobody else is given their place."""
    whole = guest.whole  # noqa: F811
    case = await talking(guest)
    whole.clock.go(minutes=3)
    async with Guest(whole) as stranger:
        claimed = await stranger.claims(case.number, upn(whole, "employee"))
        assert claimed.headers["Location"].startswith("/c/")
        assert (await stranger.told("/help"))["state"] == "none"
    assert (await guest.told("/help"))["state"] == "open"


async def test_they_name_nobody_to_stand_in(guest: Guest) -> None:
    """A helper's sign-in ends every other page of the case, what passed there included."""
    whole = guest.whole  # noqa: F811
    case = await talking(guest)
    async with Guest(whole) as stranger:
        claimed = await stranger.claims(case.number, upn(whole, "employee"))
        path = claimed.headers["Location"]
        await stranger.script(path)
        answer = await stranger.post(f"{path}/helper", {"address": upn(whole, "manager")})
        assert answer.status == 409
    assert await whole.rows(Helping) == []


@pytest.mark.parametrize("yours", ["yes", "no"])
async def test_they_own_and_disown_no_method(guest: Guest, yours: str) -> None:
    """Only the page that had the pass says whose a new method is: a thief's would be called the person's, or
    the person's case frozen."""
    whole = guest.whole  # noqa: F811
    case = await talking(guest)
    at = whole.clock.now()
    seen = Addition(f"{case.id}/m1", case.id, "m1", "fido2", "Key", at, at)
    await whole.store.transact(lambda work: work.add(seen))
    async with Guest(whole) as stranger:
        claimed = await stranger.claims(case.number, upn(whole, "employee"))
        script = await stranger.script(claimed.headers["Location"])
        assert (await script.post("added", method="m1", yours=yours)).status == 409
    assert [row.yours for row in await whole.rows(Addition)] == [seen.yours]
    assert (await cases(whole))[0].status != "frozen"
