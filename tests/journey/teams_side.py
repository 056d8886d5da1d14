"""The journey with the person and the agents in Teams: a strict Teams in a thread of its own, a product in
a process of its own, and the driver's parts on top.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from bot.sandbox.company import TENANT
from tests.fakes.teams import authority, connector
from tests.fakes.teams.connector import Connector
from tests.fakes.teams.house import AGENTS, APP_ID, SECRET, teams_settings
from tests.fakes.teams.people import Answer, Seen, TeamsUser
from tests.journey.driver import Agent, Conversation, Journey, until
from tests.journey.world import Demo

T = TypeVar("T")
SETTINGS = "platform.yaml"


class TeamsAside:
    """A strict Teams in its own thread; `do` runs something in its loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = contextlib.AsyncExitStack()
        self.authority = self._stack.enter_context(authority.running(APP_ID, TENANT, secret=SECRET))
        self.connector: Connector = self.do(
            self._stack.enter_async_context(connector.running(self.authority))
        )
        self.http: aiohttp.ClientSession = self.do(self._session())

    async def _session(self) -> aiohttp.ClientSession:
        return await self._stack.enter_async_context(aiohttp.ClientSession(trust_env=False))

    def do(self, what: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await what

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(timeout=120)

    def close(self) -> None:
        self.do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=20)
        self._loop.close()


class TeamsDemo(Demo):
    """`Demo`, with Teams switched on."""

    def __init__(self, data: Path, aside: TeamsAside) -> None:
        super().__init__(data)
        data.mkdir(parents=True, exist_ok=True)
        (data / SETTINGS).write_text(teams_settings(aside.authority))
        (data / "teams.secret").write_text(SECRET)

    def command(self) -> list[str]:
        return [*super().command(), "--add", str(self.data / SETTINGS)]


class TeamsChat(Conversation):
    """`driver.Chat`, over Teams."""

    def __init__(self, aside: TeamsAside, user: TeamsUser) -> None:
        self.aside = aside
        self.user = user
        self.accepted: list[str] = []

    def close(self) -> None:
        """Nothing is held open."""

    def read(self) -> list[dict[str, Any]]:
        return list(shown(self.user.seen()))

    def say(self, *, text: str = "", choice: str = "") -> None:
        """Type, or press the newest button with that id. What was not answered comes again, under the
        same id, as Teams does."""
        activity = self.user.message(text) if text else self._press(choice)
        how: Callable[[dict[str, Any]], Awaitable[Answer]] = self.user.post if text else self.user.act

        def taken() -> bool | None:
            try:
                return self.aside.do(how(activity)).status == 200 or None
            except aiohttp.ClientError:
                return None  # it may be starting again just now

        until("Teams' delivery is answered", taken)
        self.accepted.append(str(activity["id"]))

    def _press(self, choice: str) -> dict[str, Any]:
        seen, action = self.user.find(choice)
        return self.user.execute(seen, action)


def shown(messages: list[Seen]) -> Iterator[dict[str, Any]]:
    """What the bot has posted there, in the words of docs/http.md."""
    for one in messages:
        pressable = [action["data"]["_c"] for action in one.actions if "_c" in action.get("data", {})]
        yield {
            "text": one.text,
            "choices": [{"id": choice} for choice in pressable],
            "links": [{"url": url} for url in one.links],
        }


class TeamsJourney(Journey):
    """Everybody and their part; the person and the agents are in Teams."""

    def __init__(self, demo: TeamsDemo, aside: TeamsAside, person: str = "employee") -> None:
        super().__init__(demo.url, person)
        self.chat.close()
        self.aside = aside
        self.user = self._who(person)
        self.desk = self._who("agent")
        aside.do(self.desk.install(team=AGENTS))
        self.chat = TeamsChat(aside, self.user)  # type: ignore[assignment]

    def _who(self, person: str) -> TeamsUser:
        told = self.http.get(f"/sandbox/people/{person}").json()
        endpoint = f"{self.base}/api/messages"
        made = TeamsUser(self.aside.http, endpoint, self.aside.connector, told["oid"], told["name"])
        made.here()
        return made

    def find_review(self, agent: Agent) -> str:
        """The review page, from the card in the agents' channel."""
        assert self.subject is not None
        number = self.subject.number

        def found() -> str | None:
            for message in reversed(list(shown(self.desk.seen_in(AGENTS)))):
                if number in message["text"].replace(" ", "") and message["links"]:
                    return str(message["links"][0]["url"]).removeprefix(self.base)
            return None

        self.review = until("a card", found)
        return self.review
