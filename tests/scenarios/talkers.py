"""One person talking to the bot, on any channel: so that a conversation is written once and held on all.

A button is named by the end of its neutral id (`:gone`, `start:new_phone`, `cmd:person`), which every
channel carries unchanged; labels differ by language. Each act is followed by whatever it sets off.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

from bot.core.elements import LinkButton, SecretRef
from bot.core.message import Message
from bot.core.model import Place
from tests.fakes.product import Whole
from tests.fakes.slack.delivery import Delivered
from tests.fakes.slack.people import Client, NotThere
from tests.fakes.slack.reading import Control, controls, links, words
from tests.fakes.slack.workspace import Posted

Settle = Callable[[], Awaitable[None]]


class Talker(Protocol):
    """What a person can do and see in a chat."""

    @property
    def place(self) -> Place:
        """Where the bot writes to this person."""
        ...

    async def write(self, text: str) -> None:
        """Type a message and send it."""
        ...

    async def press(self, ending: str) -> None:
        """Press the newest button whose id ends so. Raises AssertionError when none is on the screen."""
        ...

    async def fill(self, ending: str, **fields: str) -> None:
        """Fill in fields by their names, in the message or in the form it opens, and send them with the
        button whose id ends so."""
        ...

    async def seen(self) -> list[str]:
        """The words of each message on the screen, oldest first."""
        ...

    async def choices(self) -> list[str]:
        """The ids of everything that can be pressed now, oldest first."""
        ...

    async def link(self, part: str) -> str:
        """The newest address with *part* in it."""
        ...


class WebTalker:
    """In the web chat, which is the plainest."""

    def __init__(self, whole: Whole, person: str = "employee") -> None:
        self.whole = whole
        self.person = person
        self.place = Place("web", "demo", person)
        known = whole.sandbox.state.directory.get(person)
        self._claim = {"hint_oid": known.oid if known else ""}

    async def write(self, text: str) -> None:
        await self.whole.say(text, self.person, **self._claim)

    async def press(self, ending: str) -> None:
        button = await self.whole.button(ending, self.person)
        await self.whole.press(button, self.person, **self._claim)

    async def fill(self, ending: str, **fields: str) -> None:
        button = await self.whole.button(ending, self.person)
        await self.whole.press(button, self.person, form=fields, **self._claim)

    async def seen(self) -> list[str]:
        return [message.text() for message in await self.whole.shown(self.person)]

    async def choices(self) -> list[str]:
        shown = await self.whole.shown(self.person)
        return [choice.id for message in shown for choice in message.choices()]

    async def link(self, part: str) -> str:
        for message in reversed(await self.whole.shown(self.person)):
            for url in self._addresses(message):
                if part in url:
                    return url
        raise AssertionError(f"no link {part}")

    def _addresses(self, message: Message) -> Iterator[str]:
        for element in message.elements:
            if isinstance(element, LinkButton):
                found = element.link
                path = self.whole.product.links.path(found.reference) if found.reference else found.url
                yield f"{self.whole.product.settings.public_url}{path}" if found.reference else found.url
            elif isinstance(element, SecretRef):
                yield f"secret:{element.id}"


class SlackTalker:
    """In Slack, by signed requests or over a socket, as the fake is set up."""

    def __init__(self, client: Client, place: Place, settle: Settle) -> None:
        self.client = client
        self.place = place
        self._settle = settle

    async def write(self, text: str) -> None:
        await self._done(await self.client.writes(text))

    async def press(self, ending: str) -> None:
        await self._done(await self.client.clicks(*self._button(ending)))

    async def fill(self, ending: str, **fields: str) -> None:
        message, control = self._button(ending)
        here = {one.action: one for one in controls(message.blocks) if one.kind != "button"}
        if any(f"field:{name}" in here for name in fields):
            for name, value in fields.items():
                self.client.fills(here[f"field:{name}"].action, value)
            await self._done(await self.client.clicks(message, control))
            return
        await self._done(await self.client.clicks(message, control))
        modal = self.client.modal()
        for name, value in fields.items():
            modal.fills(f"field:{name}", value)
        await self._done(await modal.submits())

    async def seen(self) -> list[str]:
        return [words(message.blocks) or message.text for message in self.client.shown()]

    async def choices(self) -> list[str]:
        return [
            str(control.element.get("value", ""))
            for message in self.client.shown()
            for control in controls(message.blocks)
            if control.kind == "button" and "url" not in control.element
        ]

    async def link(self, part: str) -> str:
        for message in reversed(self.client.shown()):
            for _, url in links(message.blocks):
                if part in url:
                    return url
        raise NotThere(f"no link {part}")

    def _button(self, ending: str) -> tuple[Posted, Control]:
        for message in reversed(self.client.shown()):
            for control in controls(message.blocks):
                if control.kind == "button" and str(control.element.get("value", "")).endswith(ending):
                    return message, control
        raise NotThere(f"no button …{ending} in {self.client.read()[-2:]}")

    async def _done(self, delivered: Delivered) -> None:
        assert delivered.ok, (delivered.status, delivered.body)
        await self._settle()
