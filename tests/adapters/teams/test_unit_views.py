"""Forms in windows, views of one's own, and answers that take too long: what no shipped flow reaches,
over the real route."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.adapters.teams.bot import unlinked
from bot.core.elements import Choice, LinkButton, Paragraph, Span, TextInput
from bot.core.elements import Link as To
from bot.core.message import Message
from bot.core.model import Place
from bot.core.records import Card, Case, ChatAddress, EventRow, Job, Shift
from bot.errors import TransientError
from bot.ports.intake import Incoming
from bot.service.posts import PostBook
from tests.fakes.teams.connector import Posted, card_of
from tests.fakes.teams.house import AGENTS, TeamsHouse
from tests.fakes.teams.people import Seen, TeamsUser


def bot(teams: TeamsHouse) -> Any:
    (channel,) = teams.product.chatting.channels
    return channel.pages[0]._bot  # type: ignore[attr-defined]


# --- forms ------------------------------------------------------------------------------------------

ASKED = Message(
    (
        Paragraph((Span("Which phone is it?"),)),
        TextInput(name="value", label="Model", submit=Choice("menu", "Answer", opens="model"), longest=80),
    ),
    "Which phone is it?",
)


async def asked(teams: TeamsHouse) -> TeamsUser:
    """Somebody with a button on screen that opens a form."""
    user = teams.user()
    await user.write("menu")
    await teams.settle()
    (channel,) = teams.product.chatting.channels
    await channel.chat.post(teams.place(), ASKED, key="form")
    return user


async def test_a_form_opens_and_closes_and_is_heard_once(teams: TeamsHouse) -> None:
    """Opening it changes nothing; sending it, twice because Teams repeats, is one event."""
    user = await asked(teams)
    seen, _ = user.find("Answer")
    before = len(await teams.events())
    dialog = (await user.press("Answer")).dialog
    assert dialog is not None
    assert dialog["type"] == "continue"
    assert len(await teams.events()) == before
    card = dialog["value"]["card"]["content"]
    for _ in range(2):
        sent = await user.submit_dialog(card, {"value": "iPhone 17"}, Seen("", {}, None))
        assert sent.status == 200
        assert sent.body is None  # the window closes
    await teams.settle()
    assert len(await teams.events()) == before + 1
    now = next(one for one in user.seen() if one.id == seen.id)
    assert now.actions == []
    assert "on its way" in now.text
    assert "iPhone" not in now.text


@pytest.mark.parametrize("odd", ["\0", "\ud800"])
async def test_what_no_database_keeps_is_left_out(teams: TeamsHouse, odd: str) -> None:
    """A client can put anything into what it sends back; it gets an answer and not an error of ours."""
    user = teams.user()
    await user.write("I got a new phone")
    await teams.settle()
    data = {"_c": f"menu{odd}", "_n": f"n{odd}", f"f_a{odd}": f"x{odd}"}
    action = {"type": "Action.Execute", "verb": "choose", "data": data}
    press = user.activity("invoke", name="adaptiveCard/action", value={"action": action})
    words = user.message(f"I got a new phone{odd}")
    for activity in ({**press, "replyToId": f"5{odd}"}, {**words, "id": f"77{odd}"}):
        body = json.dumps(activity).encode()
        told = await user.post(body, headers={"Content-Type": "application/json"})
        assert told.status == 200
    rows = [row for row in await teams.rows(EventRow) if row.status != "done"]
    assert rows == []


async def test_a_form_of_an_answered_message_does_not_open(teams: TeamsHouse) -> None:
    """The client still had the old card."""
    user = await asked(teams)
    seen, action = user.find("Answer")
    dialog = (await user.press("Answer")).dialog
    assert dialog is not None
    await user.submit_dialog(dialog["value"]["card"]["content"], {"value": "x"}, seen)
    await teams.settle()
    old = {"data": action["data"], "context": {"theme": "default"}}
    again = await user.post(user.activity("invoke", name="task/fetch", replyToId=seen.id, value=old))
    assert again.dialog is not None
    assert again.dialog["type"] == "message"


async def test_nobody_opens_somebody_elses_form(teams: TeamsHouse) -> None:
    """A message is found among one's own only, whatever id the client sends."""
    user, other = await asked(teams), teams.user("hello_user")
    seen, action = user.find("Answer")
    value = {"data": {**action["data"], "_r": seen.id}, "context": {}}
    told = await other.post(other.activity("invoke", name="task/fetch", replyToId=seen.id, value=value))
    assert told.dialog is not None
    assert told.dialog["type"] == "message"


async def test_a_form_is_never_opened_where_others_read_along(teams: TeamsHouse) -> None:
    """Forms and answers belong into the private chat."""
    user = await asked(teams)
    seen, action = user.find("Answer")
    for name in ("task/fetch", "task/submit"):
        value = {"data": {**action["data"], "_r": seen.id}, "context": {}}
        invoke = user.in_channel(user.activity("invoke", name=name, replyToId=seen.id, value=value), AGENTS)
        before = len(await teams.events())
        told = await user.post(invoke)
        assert told.dialog is not None
        assert told.dialog["type"] == "message"
        assert len(await teams.events()) == before


# --- the agents' channel ----------------------------------------------------------------------------


async def on_duty(teams: TeamsHouse, person: str) -> TeamsUser:
    """An agent at work, whom the bot knows in Teams."""
    agent = teams.user(person)
    await agent.write("menu")
    await teams.settle()
    at = teams.clock.now()
    shift = Shift(agent.oid, person, at, at)
    await teams.store.transact(lambda work: work.save(shift))
    return agent


async def carded(teams: TeamsHouse) -> Posted:
    """A case that asks for a person, and its card in the agents' channel."""
    user = teams.user()
    await user.write("I got a new phone")
    await teams.settle()
    await user.press("start:new_phone")
    await teams.settle()
    await user.write("person")
    await teams.settle()
    (card,) = [one for one in teams.connector.of(AGENTS) if one.card]
    return card


def seen(one: Posted) -> Seen:
    return Seen(one.id, one.activity, card_of(one.activity))


async def invoked(user: TeamsUser, one: Posted, *, trigger: str = "automatic") -> Any:
    """The client of *user* shows the card in the channel and asks for its own view."""
    shown = seen(one)
    action = {"type": "Action.Execute", "verb": "refresh", "data": {}}
    return await user.post(user.in_channel(user.execute(shown, action, trigger=trigger), AGENTS))


async def test_an_agent_on_duty_sees_what_a_card_means_to_them(teams: TeamsHouse) -> None:
    """Free, or taken by them; and nobody's view says it to somebody else."""
    agent = await on_duty(teams, "agent")
    card = await carded(teams)
    assert card.card is not None
    assert card.card["refresh"]["userIds"] == [agent.id]
    free = await invoked(agent, card)
    assert "Nobody has taken this yet" in str(free.card)

    def take(work: Any) -> None:
        (row,) = work.find(Card)
        work.put(replace(row, taken_by=agent.oid, taken_at=teams.clock.now()))

    await teams.store.transact(take)
    assert "You have taken this" in str((await invoked(agent, card)).card)
    assert "You have taken" not in str(card.versions)


async def test_a_refresh_changes_nothing(teams: TeamsHouse) -> None:
    """It comes by itself, from every client that shows the card."""
    agent = await on_duty(teams, "agent")
    card = await carded(teams)
    before = (len(await teams.events()), len(teams.connector.requests), await teams.rows(Case))
    for trigger in ("automatic", "manual"):
        assert (await invoked(agent, card, trigger=trigger)).status == 200
    await teams.settle()
    assert (len(await teams.events()), len(teams.connector.requests), await teams.rows(Case)) == before


async def test_whoever_is_not_on_duty_sees_the_card_as_everybody_does(teams: TeamsHouse) -> None:
    """A colleague in the channel, an agent whose shift has ended."""
    await on_duty(teams, "agent")
    other = teams.user("manager")
    card = await carded(teams)
    told = await invoked(other, card)
    assert told.card is not None
    assert "Nobody has taken this yet" not in str(told.card)
    assert told.card["body"] == (card.card or {})["body"]


async def test_no_button_of_the_agents_card_decides_anything(teams: TeamsHouse) -> None:
    """It leads to the review page, where approving takes a fresh sign-in."""
    card = await carded(teams)
    kinds = {action["type"] for action in seen(card).actions}
    assert kinds == {"Action.OpenUrl"}
    assert all("/r/" in link for link in seen(card).links)


async def test_what_is_pressed_in_a_channel_is_not_heard(teams: TeamsHouse) -> None:
    """Even a button somebody copied there: the answer is for the private chat."""
    user = teams.user()
    await user.write("menu")
    await teams.settle()
    shown, action = user.find("New phone")
    before = len(await teams.events())
    told = await user.post(user.in_channel(user.execute(shown, action), AGENTS))
    assert "private" in told.said
    assert len(await teams.events()) == before


# --- patience ---------------------------------------------------------------------------------------


async def test_a_slow_message_is_asked_for_again_and_done_once(teams: TeamsHouse) -> None:
    """The request ends before Teams loses patience; what was begun goes on."""
    user = teams.user()
    message = user.message("I got a new phone")
    bot(teams)._patience = 0
    assert (await user.post(message)).status == 503
    await bot(teams).finish()
    bot(teams)._patience = 10
    assert (await user.post(message)).status == 200
    await teams.settle()
    assert len(await teams.events()) == 1


async def test_a_slow_press_is_thanked_for_and_done_once(teams: TeamsHouse) -> None:
    """The card changes when the work is done, and the same press again finds it done."""
    user = teams.user()
    await user.write("I got a new phone")
    await teams.settle()
    shown, action = user.find("start:new_phone")
    invoke = user.execute(shown, action)
    bot(teams)._patience = 0
    told = await user.post(invoke)
    assert told.status == 200
    assert "longer than usual" in told.said
    await bot(teams).finish()
    bot(teams)._patience = 10
    assert (await user.post(invoke)).card is not None
    await teams.settle()
    assert len(await teams.rows(Case)) == 1
    assert next(one for one in user.seen() if one.id == shown.id).actions == []


async def test_a_store_that_is_away_is_said_to_teams(teams: TeamsHouse) -> None:
    """Nothing is durable then, so nothing is confirmed: a message comes again, a press is shown red."""
    user = teams.user()
    await user.write("I got a new phone")
    await teams.settle()
    shown, action = user.find("start:new_phone")
    callers = bot(teams)._callers
    intake, callers._intake = callers._intake, Away()
    assert (await user.write("hello")).status == 503
    told = await user.post(user.execute(shown, action))
    assert told.body["type"] == "application/vnd.microsoft.error"
    callers._intake = intake
    assert (await user.act(user.execute(shown, action))).card is not None


class Away:
    async def receive(self, incoming: Incoming) -> dict[str, Any]:
        raise TransientError("the store is away")


# --- welcome ----------------------------------------------------------------------------------------


async def test_the_agents_channel_is_used_again_when_the_app_is_back_in_a_team(teams: TeamsHouse) -> None:
    """It was closed to us when the app was taken out; Teams tells of the return in another channel."""
    agent = teams.user("agent")
    await agent.write("hello")
    posts = PostBook(teams.store, teams.clock)
    place = Place("teams", teams.sandbox.tenant, AGENTS)
    await posts.close(place, "blocked")
    back = agent.activity("installationUpdate", action="add")
    assert (await agent.post(agent.in_channel(back, "19:general@thread.tacv2"))).status == 200
    address = await posts.address(place)
    assert address is not None
    assert (address.closed, bool(address.body["service_url"])) == ("", True)
    chat: Any = teams.product.chatting.speaking._chats["teams"]
    assert await chat.reach(place)


async def test_home_is_a_word_in_every_language(teams: TeamsHouse) -> None:
    """Open cases, what can be asked for, and to whoever asks, the ways to our pages."""
    user = teams.user()
    for word in ("home", "Home!", "startseite"):
        await user.write(word)
    await teams.settle()
    assert len(user.seen()) == 3
    assert all(one.links for one in user.seen())
    assert await teams.rows(EventRow) == []


def test_links_of_a_greeting_are_taken_out_of_its_words_too() -> None:
    """A link inside a sentence is a link."""
    message = Message(
        (
            Paragraph((Span("See "), Span("our page", link=To(url="https://help.example")))),
            LinkButton("Open", To(url="https://help.example")),
        ),
        "x",
    )
    bare = unlinked(message)
    assert bare.links() == ()
    assert "help.example" not in str(bare.to_json())
    assert "our page" in bare.text()


async def test_an_address_that_we_did_not_write_is_written_to_no_more(teams: TeamsHouse) -> None:
    """Whoever can write to the store would have our token sent to a host of theirs. The person's next
    message, signed by Teams, puts it right."""
    user = teams.user()
    await user.write("menu")

    def turned(work: Any) -> None:
        row = work.lock(ChatAddress, teams.place().key)
        work.put(replace(row, body={**row.body, "service_url": "http://127.0.0.1:9/evil/"}))

    await teams.store.transact(turned)
    await teams.settle()
    assert teams.connector.requests == []
    assert len(await teams.rows(Job, kind="say", status="dead")) == 1
    await user.write("menu")
    await teams.settle()
    assert len(user.seen()) == 1
