"""What people do in their own chat: typing, pressing, filling in; once each, whatever Teams repeats."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bot.core.records import Case, EventRow
from tests.fakes.teams.connector import Slow
from tests.fakes.teams.house import AGENTS, TeamsHouse
from tests.fakes.teams.people import TeamsUser


async def opened(teams: TeamsHouse, person: str = "employee") -> TeamsUser:
    """A person with a case at its first question."""
    user = teams.user(person)
    await user.write("I got a new phone")
    await teams.settle()
    await user.press("start:new_phone")
    await teams.settle()
    return user


async def texts(user: TeamsUser) -> str:
    return "\n".join(seen.text for seen in user.seen())


# --- presses ----------------------------------------------------------------------------------------


async def test_a_press_is_answered_with_what_is_next(teams: TeamsHouse) -> None:
    """The client shows at once that the press was heard; the question that follows arrives as a message."""
    user = teams.user()
    await user.write("I got a new phone")
    await teams.settle()
    told = await user.press("start:new_phone")
    assert told.status == 200
    assert told.body["statusCode"] == 200
    assert told.card is not None or told.said
    await teams.settle()
    assert "old phone" in await texts(user)
    assert len(await teams.rows(Case)) == 1


async def test_the_event_row_is_there_before_the_answer(teams: TeamsHouse) -> None:
    """What was answered survives a crash the moment after."""
    user = teams.user()
    before = len(await teams.rows(EventRow))
    await user.write("I got a new phone")
    assert len(await teams.rows(EventRow)) == before + 1


async def test_an_answered_card_has_nothing_left_to_press(teams: TeamsHouse) -> None:
    """And says what was chosen, for everybody who looks at the conversation later."""
    user = await opened(teams)
    question, _ = user.find(":works")
    await user.press(":works")
    await teams.settle()
    now = next(seen for seen in user.seen() if seen.id == question.id)
    assert not [action for action in now.actions if action["type"] != "Action.OpenUrl"]
    assert "Yes, it works" in now.text


async def test_old_buttons_stay_alive_and_do_nothing(teams: TeamsHouse) -> None:
    """Cards can be pressed for ever; the case's own state decides."""
    user = await opened(teams)
    seen, action = user.find(":works")
    old = user.execute(seen, action)
    await user.press(":gone")
    await teams.settle()
    case = await teams.rows(Case)
    old["id"] = user.new_id("f")
    old["value"]["action"]["data"] = {**old["value"]["action"]["data"]}
    told = await user.act(old)
    await teams.settle()
    assert told.status == 200
    (now,) = await teams.rows(Case)
    assert (now.state, now.step, now.version) == (case[0].state, case[0].step, case[0].version)


# --- repeated deliveries ----------------------------------------------------------------------------


async def test_a_repeated_invoke_gets_the_stored_answer(teams: TeamsHouse) -> None:
    """The same id again: the very same body, and nothing happens twice."""
    user = await opened(teams)
    seen, action = user.find(":works")
    invoke = user.execute(seen, action)
    first = await user.post(invoke)
    await teams.settle()
    events, sent = len(await teams.events()), len(teams.connector.posted)
    again = await user.post(invoke)
    await teams.settle()
    assert (again.status, again.body) == (first.status, first.body)
    assert (len(await teams.events()), len(teams.connector.posted)) == (events, sent)


async def test_a_late_repetition_under_a_new_id_gets_it_too(teams: TeamsHouse) -> None:
    """Half a minute later Teams sends the same press under another activity id."""
    user = await opened(teams)
    seen, action = user.find(":gone")
    invoke = user.execute(seen, action)
    first = await user.post(invoke)
    await teams.settle()
    events, sent = len(await teams.events()), len(teams.connector.posted)
    teams.clock.go(seconds=30)
    late = await user.post({**invoke, "id": user.new_id("f")})
    await teams.settle()
    assert (late.status, late.body) == (first.status, first.body)
    assert (len(await teams.events()), len(teams.connector.posted)) == (events, sent)


async def test_a_repeated_message_is_one_message(teams: TeamsHouse) -> None:
    """Teams delivers again what was not answered within fifteen seconds."""
    user = teams.user()
    message = user.message("I got a new phone")
    for _ in range(3):
        assert (await user.post(message)).status == 200
    await teams.settle()
    assert len(await teams.events()) == 1
    assert len(user.seen()) == 1


async def test_repetitions_at_once_are_one_press(teams: TeamsHouse) -> None:
    """Both are answered alike, whoever was first."""
    user = await opened(teams)
    seen, action = user.find(":gone")
    invoke = user.execute(seen, action)
    late = {**invoke, "id": user.new_id("f")}
    before = {row.id for row in await teams.events()}
    answers = await asyncio.gather(*(user.post(one) for one in (invoke, invoke, late, invoke, late)))
    await teams.settle()
    assert len({json.dumps(one.body, sort_keys=True) for one in answers}) == 1
    pressed = [row for row in await teams.events() if row.id not in before]
    assert [row.kind for row in pressed if row.dedupe_key.startswith("msteams:")] == ["Chose"]


async def test_two_people_with_the_same_ids_are_two(teams: TeamsHouse) -> None:
    """Message ids are unique within a conversation, not across them."""
    one, two = teams.user("employee"), teams.user("hello_user")
    await one.post({**one.message("new phone"), "id": "1763700000001"})
    await two.post({**two.message("new phone"), "id": "1763700000001"})
    await teams.settle()
    assert one.seen()
    assert two.seen()


# --- what is none of ours ---------------------------------------------------------------------------


async def test_an_edited_message_is_not_heard_again(teams: TeamsHouse) -> None:
    """Somebody corrects a typing error; nothing is done a second time."""
    user = teams.user()
    message = user.message("I got a new phone")
    await user.post(message)
    await teams.settle()
    events, sent = len(await teams.events()), len(teams.connector.posted)
    assert (await user.edit(message, "cancel")).status == 200
    deleted = {**message, "type": "messageDelete", "channelData": {"eventType": "softDeleteMessage"}}
    assert (await user.post(deleted)).status == 200
    assert (
        await user.post(user.activity("messageReaction", reactionsAdded=[{"type": "like"}]))
    ).status == 200
    await teams.settle()
    assert (len(await teams.events()), len(teams.connector.posted)) == (events, sent)


@pytest.mark.parametrize(
    "more",
    [
        {"name": "composeExtension/query", "value": {}},
        {"name": "adaptiveCard/action"},
        {"name": "adaptiveCard/action", "value": []},
        {"name": "adaptiveCard/action", "value": {"action": {"data": "x"}}},
        {"name": "adaptiveCard/action", "value": {"action": {"verb": "x", "data": {"_c": 7, "_n": {}}}}},
        {"name": "task/fetch", "value": None},
        {"name": "task/submit", "value": {"data": ["x"]}},
        {"name": None},
    ],
)
async def test_invokes_nobody_made_are_answered_and_change_nothing(
    teams: TeamsHouse, more: dict[str, Any]
) -> None:
    """Never as an error of ours, which Teams would send again."""
    user = teams.user()
    assert (await user.post(user.activity("invoke", **more))).status in {200, 400, 501}
    await teams.settle()
    assert await teams.rows(Case) == []


@pytest.mark.parametrize("choice", ["s:nowhere:old_phone:1:gone", "start:nothing", "x" * 400, "s::::", "☃"])
async def test_data_that_we_never_made_is_refused(teams: TeamsHouse, choice: str) -> None:
    """A signed-in client can send what it likes."""
    user = await opened(teams)
    case = await teams.rows(Case)
    seen, action = user.find(":works")
    forged = {**action, "data": {**action["data"], "_c": choice, "_n": "forged"}}
    told = await user.act(user.execute(seen, forged))
    await teams.settle()
    assert told.status == 200
    (now,) = await teams.rows(Case)
    assert (now.id, now.step, now.version) == (case[0].id, case[0].step, case[0].version)


async def test_somebody_elses_button_is_not_yours(teams: TeamsHouse) -> None:
    """A forwarded card, or one pressed from another account."""
    owner, other = await opened(teams), teams.user("hello_user")
    case = await teams.rows(Case)
    seen, action = owner.find(":gone")
    await other.act(other.execute(seen, action))
    await teams.settle()
    assert [row.version for row in await teams.rows(Case)] == [case[0].version]


async def test_a_press_of_an_old_client_arrives_as_a_message(teams: TeamsHouse) -> None:
    """The fallback of every button: data without text, and no card to give back."""
    user = await opened(teams)
    seen, action = user.find(":works")
    fallback = action["fallback"]
    assert fallback["type"] == "Action.Submit"
    message = user.activity("message", id=user.new_id(), value=fallback["data"], replyToId=seen.id)
    del message["entities"]
    assert (await user.post(message)).status == 200
    await teams.settle()
    assert "Security info" in await texts(user)


# --- coming and going -------------------------------------------------------------------------------


async def test_whoever_installs_the_app_is_welcomed_without_a_link(teams: TeamsHouse) -> None:
    """Once, although Teams tells of it twice."""
    user = teams.user()
    added = user.activity("conversationUpdate", membersAdded=[teams.connector.bot])
    assert (await user.install()).status == 200
    assert (await user.post(added)).status == 200
    await teams.settle()
    assert len(user.seen()) == 1
    assert user.last().links == []


def asked(teams: TeamsHouse, user: TeamsUser) -> list[str]:
    """What was tried in this person's own chat."""
    return [path for _, path, _ in teams.connector.requests if user.conversation in path]


async def test_whoever_removes_the_app_is_left_alone(teams: TeamsHouse) -> None:
    """No message is tried any more, until the app is back."""
    user = await opened(teams)
    await user.uninstall()
    tried = len(asked(teams, user))
    await teams.press("cmd:person", place=teams.place(), user=user.oid)
    await teams.settle()
    assert len(asked(teams, user)) == tried
    await user.install()
    await user.write("menu")
    await teams.settle()
    assert len(asked(teams, user)) > tried


async def test_a_long_text_is_answered_kindly(teams: TeamsHouse) -> None:
    """More than anybody reads, and no error."""
    user = teams.user()
    assert (await user.write("help me " * 5000)).status == 200
    await teams.settle()
    assert user.seen()


async def test_the_answer_never_waits_for_teams(teams: TeamsHouse) -> None:
    """Whatever the connector does, the request is answered; what is said is said later."""
    slow = Slow()
    teams.connector.plan(slow)
    user = teams.user()
    assert (await user.write("I got a new phone")).status == 200
    going = asyncio.create_task(teams.settle())
    told = await user.write("menu")
    assert told.status == 200
    slow.go.set()
    await going
    await teams.settle()
    assert len(user.seen()) == 2


async def test_looking_at_the_agents_card_changes_nothing(teams: TeamsHouse) -> None:
    """A client asks for an agent's own view without a click, as often as it likes: it gets the card as it
    is, and no event, no take, no message follows."""
    desk = teams.user("agent")
    await desk.install(team=AGENTS)
    await desk.write("menu")
    user = await opened(teams)
    for ending in (":works", ":stuck", ":person"):
        await user.press(ending)
        await teams.settle()
    (card, *_) = [seen for seen in desk.seen_in(AGENTS) if seen.card]
    before = (await teams.events(), await teams.rows(Case), len(teams.connector.posted))
    action = (card.card or {}).get("refresh", {}).get("action") or {"verb": "refresh", "data": {}}
    for _ in range(3):
        invoke = desk.execute(card, action, trigger="automatic")
        told = await desk.act(desk.in_channel(invoke, f"{AGENTS};messageid={card.id}"))
        assert told.card is not None
        assert "refused" not in str(told.body)
    await teams.settle()
    assert (await teams.events(), await teams.rows(Case), len(teams.connector.posted)) == before
