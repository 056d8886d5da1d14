"""The sending half alone: the real chat over HTTP against the strict Slack, its notes in a real store,
and a clock that goes on while somebody waits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.adapters.slack.chat import SlackChat
from bot.adapters.slack.config import Home
from bot.adapters.slack.home import SlackHome
from bot.adapters.slack.manifest import SCOPES
from bot.adapters.slack.sending import Calls
from bot.adapters.slack.workspaces import Clients, OneToken
from bot.core.message import Message
from bot.core.model import Place
from bot.ports.store import Store
from bot.service.posts import PostBook
from tests.fakes.clock import FakeClock
from tests.fakes.slack.server import FakeSlack, slacking
from tests.fakes.slack.workspace import BOT_USER, HOME, Conversation, Person, Posted

PUBLIC = "https://keyturn.example"
AGENTS = "C0AGENTS"


class Paths:
    """Links whose handles can be taken away."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def path(self, reference: str) -> str | None:
        return None if reference in self.gone else f"/c/handle-of-{reference.partition(':')[2]}"


class Homes:
    """What somebody's home says; the tests write it."""

    def __init__(self) -> None:
        self.says = Message.line("What do you need?")
        self.asked = 0

    async def home(self, place: Place, user: str, *, locale: str = "") -> Message:
        self.asked += 1
        return self.says


@dataclass
class Outgoing:
    """*slept* holds each wait that was asked for."""

    slack: FakeSlack
    clock: FakeClock
    workspaces: OneToken
    posts: PostBook
    calls: Calls
    chat: SlackChat
    home: SlackHome
    homes: Homes
    links: Paths
    ann: Person
    agents: Conversation
    slept: list[float] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place("slack", HOME, self.ann.id)

    @property
    def channel(self) -> Place:
        return Place("slack", HOME, AGENTS)

    @property
    def seen(self) -> list[Posted]:
        """What stands in the conversation with Ann."""
        return self.slack.world.of_app(self.slack.world.dm(self.ann.id).id)

    @property
    def cards(self) -> list[Posted]:
        return self.slack.world.of_app(AGENTS)

    def made(self, method: str) -> list[str]:
        """How the calls of *method* went."""
        return [call.outcome for call in self.slack.calls(method)]


@asynccontextmanager
async def outgoing(store: Store, clock: FakeClock) -> AsyncIterator[Outgoing]:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.go(seconds=seconds)

    async with slacking(clock) as slack:
        slack.app.scopes = frozenset(SCOPES)
        slack.grant(slack.bot_token)
        ann = slack.world.person("Ann Lee")
        agents = slack.world.channel("agents", BOT_USER, kind="group", id=AGENTS)
        clients = Clients(slack.base_url)
        workspaces = OneToken(clients, slack.bot_token, Home(HOME))
        calls = Calls(workspaces, clock, sleep=sleep)
        posts, links, homes = PostBook(store, clock), Paths(), Homes()
        chat = SlackChat(calls, posts, links, clock, public_url=PUBLIC, sleep=sleep)
        home = SlackHome(calls, homes, chat.address, clock, sleep=sleep)
        try:
            yield Outgoing(
                slack, clock, workspaces, posts, calls, chat, home, homes, links, ann, agents, slept
            )
        finally:
            await clients.close()
