"""The journey with the person and the agents in Slack: a strict Slack in a thread of its own, a product in
a process of its own, and the driver's parts on top.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from bot.adapters.slack.manifest import Wish, manifest
from bot.commands.manifest import Words
from bot.service.chance import SystemClock
from tests.fakes.slack.delivery import Delivered
from tests.fakes.slack.house import AGENTS, slack_settings, write_secrets
from tests.fakes.slack.people import Client
from tests.fakes.slack.reading import controls, links, words
from tests.fakes.slack.server import FakeSlack, slacking
from tests.fakes.slack.workspace import BOT_USER
from tests.journey.driver import Agent, Conversation, Journey, until
from tests.journey.world import Demo

T = TypeVar("T")
SETTINGS = "platform.yaml"
ACKNOWLEDGED_WITHIN = 20.0
"""Seconds; Slack gives three, and a busy machine is no failure."""


class SlackAside:
    """A strict Slack on real time, in its own thread; `do` runs something in its loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = contextlib.AsyncExitStack()
        opened = self._stack.enter_async_context(slacking(SystemClock(), ack_within=ACKNOWLEDGED_WITHIN))
        self.slack: FakeSlack = self.do(opened)
        self.slack.world.channel("agents", BOT_USER, id=AGENTS, kind="group")

    def do(self, what: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await what

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop).result(timeout=120)

    def close(self) -> None:
        self.do(self._stack.aclose())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=20)
        self.loop.close()


class SlackDemo(Demo):
    """`Demo`, with Slack switched on."""

    def __init__(self, data: Path, aside: SlackAside) -> None:
        super().__init__(data)
        data.mkdir(parents=True, exist_ok=True)
        (data / SETTINGS).write_text(slack_settings(aside.slack))
        write_secrets(aside.slack, data)
        aside.slack.set_up(manifest(Wish("http", self.url), Words()))

    def command(self) -> list[str]:
        return [*super().command(), "--add", str(self.data / SETTINGS)]


class SlackChat(Conversation):
    """`driver.Chat`, over Slack."""

    def __init__(self, aside: SlackAside, client: Client) -> None:
        self.aside = aside
        self.client = client
        self.accepted: list[str] = []

    def close(self) -> None:
        """Nothing is held open."""

    def read(self) -> list[dict[str, Any]]:
        return list(shown(self.client))

    def say(self, *, text: str = "", choice: str = "") -> None:
        """Type, or press the newest button with that id. What was not acknowledged comes again, as
        Slack's retries do; a press is pressed again by the person."""
        if text:
            self._delivered(lambda: self.client.writes(text))
        else:
            self._delivered(lambda: self._pressed(choice))

    def _delivered(self, act: Callable[[], Awaitable[Delivered]]) -> None:
        done = self.aside.do(act())

        def taken() -> bool | None:
            nonlocal done
            if done.ok:
                return True
            done = self.aside.do(self.client.slack.delivery.again(done))
            return done.ok or None

        until("Slack's delivery is acknowledged", taken)
        if done.kind == "event":
            self.accepted.append(str(done.payload["event_id"]))

    async def _pressed(self, choice: str) -> Delivered:
        for message in reversed(self.client.shown()):
            for control in controls(message.blocks):
                if control.element.get("value") == choice:
                    return await self.client.clicks(message, control)
        raise AssertionError(f"no button {choice}")


def shown(client: Client, channel: str = "") -> Iterator[dict[str, Any]]:
    """What the bot has posted there, in the words of docs/http.md."""
    for message in client.shown(channel):
        pressable = [one.element for one in controls(message.blocks) if one.kind == "button"]
        yield {
            "text": words(message.blocks),
            "choices": [{"id": one["value"]} for one in pressable if "value" in one],
            "links": [{"url": url} for _, url in links(message.blocks)],
        }


class SlackJourney(Journey):
    """Everybody and their part; the person and the agents are in Slack."""

    def __init__(self, demo: SlackDemo, aside: SlackAside, person: str = "employee") -> None:
        super().__init__(demo.url, person)
        self.chat.close()
        self.aside = aside
        told = self.http.get(f"/sandbox/people/{person}").json()
        made = aside.slack.world.person(told["name"], id=f"U0{person.upper()}", mail=told["upn"])
        aside.slack.world.conversations[AGENTS].members.add(made.id)
        self.client = aside.slack.client(made)
        self.chat = SlackChat(aside, self.client)  # type: ignore[assignment]

    def find_review(self, agent: Agent) -> str:
        """The review page, from the card in the agents' channel."""
        assert self.subject is not None
        number = self.subject.number

        def found() -> str | None:
            for message in reversed(list(shown(self.client, AGENTS))):
                if number in message["text"].replace(" ", "") and message["links"]:
                    return str(message["links"][0]["url"]).removeprefix(self.base)
            return None

        self.review = until("a card", found)
        return self.review
