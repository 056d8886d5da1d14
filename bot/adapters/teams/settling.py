"""A message after somebody answered it: without its buttons, and with a line that says what was chosen.

The line goes back to the click at once, is kept for a click that comes again, and is then shown to
every other device of the person by an update of the message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from bot.adapters.teams.chat import TeamsChat
from bot.adapters.teams.inbound import Pressed
from bot.core.elements import MAX_STATUS, Field, Status
from bot.core.message import MAX_ELEMENTS, Message
from bot.core.text import clipped
from bot.errors import PermanentError, TransientError
from bot.ports.posts import Posted, Posts
from bot.ports.words import Words

log = logging.getLogger(__name__)


class Settling:
    def __init__(self, chat: TeamsChat, posts: Posts, words: Words) -> None:
        self._chat = chat
        self._posts = posts
        self._words = words
        self._running: set[asyncio.Task[None]] = set()

    async def answered(self, key: str) -> Message | None:
        """What a press with this key was answered with before."""
        row = await self._posts.by_key(_kept(key))
        return row.message if row else None

    async def settle(self, pressed: Posted, press: Pressed, *, key: str, refused: bool) -> Message:
        """The message as it is from now on; the same for the same *key*, whenever it is asked."""
        settled = self.settled(pressed.message, press, refused=refused)
        earlier = await self._posts.begin(_kept(key), pressed.place, settled, case_id=pressed.case_id)
        if earlier is not None:
            return earlier.message
        self._for_everybody(pressed, settled)
        return settled

    def settled(self, message: Message, press: Pressed, *, refused: bool) -> Message:
        bare = message.settled()
        line = Status(clipped(self._line(message, press, refused=refused), MAX_STATUS))
        try:
            return Message((*bare.elements[: MAX_ELEMENTS - 1], line), message.fallback, message.locale)
        except ValueError:  # no room for another line
            return bare

    def _line(self, message: Message, press: Pressed, *, refused: bool) -> str:
        if refused:
            return self._say(message, "answered")
        labels = {one.id: one.label for one in message.choices()}
        options = _options(message, press.form)
        if press.form and not options:
            return self._say(message, "sent")  # what somebody typed is not repeated
        chosen = options or labels.get(press.choice, "")
        return self._say(message, "chosen", choice=chosen) if chosen else self._say(message, "answered")

    def _for_everybody(self, pressed: Posted, settled: Message) -> None:
        """After the answer: the click does not wait for it, and an old button is harmless."""
        task = asyncio.create_task(self._update(pressed, settled))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _update(self, pressed: Posted, settled: Message) -> None:
        try:
            await self._chat.change(pressed, settled)
        except (TransientError, PermanentError) as err:
            log.info("an answered message keeps its buttons: %s", err.code)

    async def finish(self) -> None:
        """Wait for what is under way."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    def _say(self, message: Message, key: str, **values: object) -> str:
        return self._words.say(message.locale, f"teams.{key}", **values)


def _options(message: Message, form: Mapping[str, str]) -> str:
    """The labels of what was picked from lists of ours; nothing if anything else was filled in."""
    found: list[str] = []
    for name, value in form.items():
        field = next((e for e in message.elements if isinstance(e, Field) and e.name == name), None)
        labels = {one.value: one.label for one in getattr(field, "options", ())}
        picked = value.split(",")
        if not all(one in labels for one in picked):
            return ""
        found += [labels[one] for one in picked]
    return ", ".join(found)


def _kept(key: str) -> str:
    return f"answer/{key}"
