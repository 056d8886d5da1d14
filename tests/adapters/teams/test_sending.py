"""What is sent to Teams, and what happens when Teams says no, later, or nothing at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.core.records import ChatAddress, ChatPost, Job
from tests.fakes.teams.connector import Fault, Lost, Refused, Throttled
from tests.fakes.teams.house import AGENTS, TeamsHouse
from tests.fakes.teams.people import TeamsUser


async def greeted(teams: TeamsHouse) -> TeamsUser:
    """Somebody we can write to, who has asked for the menu; the answer waits to be sent."""
    user = teams.user()
    await user.write("menu")
    return user


async def waiting(teams: TeamsHouse) -> list[Job]:
    return await teams.rows(Job, kind="say", status="waiting")


async def test_what_is_sent_names_its_bearer_and_its_conversation(teams: TeamsHouse) -> None:
    """With a token of our own registration for the Bot Framework, asked for once."""
    user = await greeted(teams)
    await teams.settle()
    await user.write("menu")
    await teams.settle()
    (asked,) = teams.authority.asked
    assert asked["client_id"] == teams.authority.app_id
    (first, second) = teams.connector.requests
    assert first == second == ("POST", f"/teams/v3/conversations/{user.conversation}/activities", 201)


@pytest.mark.parametrize("fault", [Throttled(), Throttled("3"), Throttled("0")])
async def test_a_throttled_message_is_sent_later_and_once(teams: TeamsHouse, fault: Fault) -> None:
    """Not before Teams said, with or without a header that says so."""
    teams.connector.plan(fault)
    user = await greeted(teams)
    await teams.product.outbox.drain()
    assert user.seen() == []
    (job,) = await waiting(teams)
    assert (job.not_before - teams.clock.now()).total_seconds() >= float(getattr(fault, "after", "") or 0)
    await teams.settle()
    assert len(user.seen()) == 1
    assert await waiting(teams) == []


@pytest.mark.parametrize("fault", [Refused(412, "PreconditionFailed"), Refused(503), Refused(504)])
async def test_a_failure_of_theirs_is_tried_again(teams: TeamsHouse, fault: Fault) -> None:
    """And the person gets the message in the end."""
    teams.connector.plan(fault)
    user = await greeted(teams)
    await teams.settle()
    assert len(user.seen()) == 1


async def test_a_lost_answer_is_noted_and_shows_at_most_twice(teams: TeamsHouse) -> None:
    """Teams took it and said 502. It cannot be asked, so the message goes out once more, and then the
    one that is known of is the one that is changed."""
    teams.connector.plan(Lost())
    user = await greeted(teams)
    await teams.settle()
    assert len(user.seen()) == 2
    (post,) = [row for row in await teams.rows(ChatPost) if row.ref]
    assert post.ref == user.last().id


async def test_a_message_that_arrived_is_never_sent_again(teams: TeamsHouse) -> None:
    """A crash between sending and noting the job as done: the note of the post stands."""
    user = await greeted(teams)
    (job,) = await waiting(teams)
    await teams.settle()
    await teams.product.outbox._handlers["say"](job)
    assert len(user.seen()) == 1


async def test_somebody_who_blocked_us_is_left_alone(teams: TeamsHouse) -> None:
    """403 means stop: the place is closed, nothing is tried again, until they write."""
    user = await greeted(teams)
    teams.connector.conversation(user.conversation).blocked = True
    await teams.settle()
    (address,) = await teams.rows(ChatAddress, place=teams.place().key)
    assert address.closed
    tried = len(teams.connector.requests)
    await teams.press("menu", place=teams.place(), user=user.oid)
    await teams.settle()
    assert len(teams.connector.requests) == tried
    teams.connector.conversation(user.conversation).blocked = False
    await user.write("menu")
    await teams.settle()
    assert user.seen()


@pytest.mark.parametrize("fault", [Refused(400), Refused(413, "MessageSizeTooBig")])
async def test_what_teams_will_never_take_becomes_a_dead_letter(teams: TeamsHouse, fault: Fault) -> None:
    """It does not stand in the way of what comes after it."""
    teams.connector.plan(fault)
    user = await greeted(teams)
    await teams.settle()
    assert len(await teams.rows(Job, kind="say", status="dead")) == 1
    await user.write("menu")
    await teams.settle()
    assert len(user.seen()) == 1


async def test_an_expired_token_is_asked_for_anew(teams: TeamsHouse) -> None:
    """One 401, one new token, and the message is there."""
    user = await greeted(teams)
    await teams.settle()
    teams.authority.given.clear()
    await user.write("menu")
    await teams.settle()
    assert len(user.seen()) == 2
    assert len(teams.authority.asked) == 2


async def test_a_new_service_url_is_learned_from_the_next_message(teams: TeamsHouse) -> None:
    """Teams moves people between regions; we write where it last said, verified, that they are."""
    user = await greeted(teams)
    await teams.settle()
    (address,) = await teams.rows(ChatAddress, place=teams.place().key)
    assert address.body["service_url"] == teams.connector.service_url
    async with _second(teams) as other:
        old, user.connector.port = user.connector.port, other
        await user.write("menu")
        user.connector.port = old
    (address,) = await teams.rows(ChatAddress, place=teams.place().key)
    assert f":{other}/" in address.body["service_url"]


async def test_nobody_is_written_to_who_never_wrote(teams: TeamsHouse) -> None:
    """No conversation is made for an address that no verified activity named."""
    reply = await teams.press("menu", place=teams.place("manager"), user=teams.user("manager").oid)
    assert reply["says"]
    await teams.settle()
    assert teams.connector.requests == []


async def test_somebody_met_in_a_channel_is_written_to_privately(teams: TeamsHouse) -> None:
    """The 1:1 conversation is opened with our tenant named, once."""
    user = teams.user()
    await user.mention(AGENTS, "I got a new phone")
    await teams.settle()
    created = [one for one in teams.connector.requests if one[1].endswith("/v3/conversations")]
    assert [status for _, _, status in created] == [201]
    assert any("New phone" in seen.text for seen in user.seen())


async def test_somebody_without_the_app_is_told_where_to_get_it(teams: TeamsHouse) -> None:
    """In the channel, without a word of what they asked."""
    user = teams.user()
    teams.connector.installed.clear()
    teams.connector.conversations.pop(user.conversation)
    await user.mention(AGENTS, "I lost my phone and my name is secret")
    await teams.settle()
    said = [one.activity["text"] for one in teams.connector.of(AGENTS)]
    assert len(said) == 1
    assert "secret" not in said[0]


async def test_not_more_is_sent_than_teams_allows(teams: TeamsHouse) -> None:
    """Seven a second into one conversation; the rest a moment later, all of it, in order."""
    user = teams.user()
    for _ in range(12):
        await user.write("menu")
    await teams.product.outbox.drain()
    assert len(user.seen()) <= 7
    await teams.settle()
    assert len(user.seen()) == 12


async def test_no_text_of_anybody_is_in_the_log(teams: TeamsHouse, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong, on the way in or out."""
    caplog.set_level("DEBUG")
    teams.connector.plan(Refused(400), Throttled(), Lost(), Refused(403, "MessageWritesBlocked"))
    user = teams.user()
    for _ in range(4):
        await user.write("canary-in-a-sentence")
    await teams.settle()
    token = next(iter(teams.authority.given))
    assert "canary-in-a-sentence" not in caplog.text
    assert token not in caplog.text
    assert "Bearer" not in caplog.text


@asynccontextmanager
async def _second(teams: TeamsHouse) -> AsyncIterator[int]:
    """Another region: the same service at another address; its port."""
    app = web.Application()
    app.add_routes(teams.connector.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()
