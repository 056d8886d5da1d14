"""What `ports.chat.Chat` promises, on each platform: the web's transcript, a strict Slack, a strict Teams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from bot.adapters.web.transcript import WebChat
from bot.core.elements import Buttons, Choice, Paragraph, Span, Untrusted
from bot.core.message import Message
from bot.core.model import Place
from bot.ports.chat import Chat
from bot.ports.chat_pages import chat_of
from bot.ports.store import Store
from tests.adapters.slack.outgoing import outgoing
from tests.fakes.clock import FakeClock
from tests.fakes.sandbox import sandbox
from tests.fakes.slack.reading import words
from tests.fakes.teams.house import TeamsHouse, teams

__all__ = ["sandbox", "teams"]

QUESTION = Message((Paragraph((Span("Which one?"),)), Buttons((Choice("menu", "This one"),))), "Which one?")
LOUD = "<!channel> *bold* <at>all</at> [x](https://evil.example) <b>"


@dataclass
class Room:
    """A place to speak. *read*: what somebody sees there, oldest first."""

    chat: Chat
    place: Place
    read: Callable[[], Awaitable[list[str]]]
    go: Callable[[], object]
    """A while goes by."""


@pytest.fixture
async def web(store: Store, clock: FakeClock) -> Room:
    chat, place = WebChat(store, clock), chat_of("ann")

    async def read() -> list[str]:
        _, shown = await chat.since(place, 0)
        return [one.message.text() for one in shown if one.message]

    return Room(chat, place, read, lambda: clock.go(seconds=5))


@pytest.fixture
async def slack(store: Store, clock: FakeClock) -> AsyncIterator[Room]:
    async with outgoing(store, clock) as out:

        async def read() -> list[str]:
            return [words(one.blocks) for one in out.cards if not one.thread_ts]

        yield Room(out.chat, out.channel, read, lambda: clock.go(seconds=5))


@pytest.fixture
async def msteams(teams: TeamsHouse) -> Room:
    user = teams.user()
    await user.write("menu")  # until somebody writes, Teams lets nobody write to them
    await teams.settle()
    before = len(user.seen())

    async def read() -> list[str]:
        return [one.text for one in user.seen()[before:]]

    chat = teams.product.chatting.channels[0].chat
    return Room(chat, teams.place(), read, lambda: teams.clock.go(seconds=5))


@pytest.fixture(params=["web", "slack", "msteams"])
def room(request: pytest.FixtureRequest) -> Room:
    found: Room = request.getfixturevalue(request.param)
    return found


async def test_a_key_is_one_message_for_life(room: Room) -> None:
    """However often a job comes again, with the same reference each time."""
    refs = []
    for _ in range(3):
        refs.append(await room.chat.post(room.place, QUESTION, key="e1/0"))
        room.go()
    assert len(set(refs)) == 1
    assert refs[0]
    (seen,) = await room.read()
    assert "Which one?" in seen


async def test_two_keys_are_two_messages_in_order(room: Room) -> None:
    """The same words twice are meant twice."""
    for n in range(2):
        await room.chat.post(room.place, Message.line(f"Line {n}"), key=f"e1/{n}")
        room.go()
    assert ["Line 0" in one or "Line 1" in one for one in await room.read()] == [True, True]
    assert "Line 0" in (await room.read())[0]


async def test_an_update_replaces_and_adds_nothing(room: Room) -> None:
    """The message stays where it was; what could be pressed is gone with it."""
    ref = await room.chat.post(room.place, QUESTION, key="e1/0")
    room.go()
    await room.chat.post(room.place, Message.line("Next"), key="e1/1")
    for _ in range(2):  # also twice
        room.go()
        await room.chat.update(room.place, ref, Message.line("This one it is"), key="e2/0")
    first, second = await room.read()
    assert "This one it is" in first
    assert "Which one?" not in first
    assert "Next" in second


async def test_words_of_others_are_shown_as_written(room: Room) -> None:
    """On no platform does somebody's text become a mention, a link or bold."""
    await room.chat.post(room.place, Message((Untrusted(LOUD),), "somebody wrote"), key="e1/0")
    (seen,) = await room.read()
    assert LOUD in seen
