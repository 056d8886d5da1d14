"""What follows a thing heard and only changes what people see. The talk itself goes through the outbox.

All of it is an errand: done once, soon, and not again. What must not be lost is in the store before.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.adapters.slack.chat import SlackChat
from bot.adapters.slack.heard import Heard, Where
from bot.adapters.slack.home import SlackHome
from bot.adapters.slack.modals import form_view
from bot.adapters.slack.people import Person
from bot.adapters.slack.sending import Calls
from bot.adapters.slack.workspaces import Clients
from bot.core.choice import CommandChoice, parse
from bot.core.elements import MultiChoice, Select, Status
from bot.core.message import Message
from bot.core.model import Command, Reason
from bot.errors import PermanentError, TransientError
from bot.ports.posts import Posts
from bot.ports.words import Words

log = logging.getLogger("keyturn.slack")

_OVER = frozenset({Reason.STALE.value, Reason.FLOW_ENDED.value, Reason.NOT_EXPECTED.value})
"""Refusals after which the buttons of that message are good for nothing any more."""
_TRIGGER = 2.0
"""Seconds of a trigger's three that opening a view may wait for its turn."""


class Outside:
    def __init__(
        self,
        clients: Clients,
        calls: Calls,
        chat: SlackChat,
        home: SlackHome,
        posts: Posts,
        words: Words,
        *,
        locale: str,
    ) -> None:
        """*locale* is for whom no other is known."""
        self._clients = clients
        self._calls = calls
        self._chat = chat
        self._home = home
        self._posts = posts
        self._words = words
        self._locale = locale

    async def publish_home(self, person: Person, *, team: str, seen: str = "") -> None:
        """*team*: the workspace in which they look at it."""
        await self._home.show(person.place, person.user, locale=person.claim.locale, seen=seen, team=team)

    async def settle(self, heard: Heard, person: Person, reply: Mapping[str, Any]) -> None:
        """Take the buttons off the message that was answered, and say what the answer was."""
        if heard.ref is None or not _settles(heard.choice, reply):
            return
        posted = await self._posts.by_ref(person.place, str(heard.ref))
        if posted is None or not posted.message.choices():
            return
        line = "" if reply.get("refused") else self._answer(posted.message, heard)
        message = answered(posted.message, line)
        await self._chat.update(person.place, str(heard.ref), message, key=f"{heard.key}/settled")

    async def open_form(self, heard: Heard, person: Person) -> None:
        """Open the form of the pressed message. A form that nobody knows, or that comes too late, is
        said where it was asked for."""
        ref = str(heard.ref) if heard.ref else ""
        posted = await self._posts.by_ref(person.place, ref) if ref else None
        view = form_view(posted.message, heard.choice, ref=ref) if posted else None
        if view is None:
            log.info("a form was asked for that no message has")
            await self.tell(heard, "form_late", person.claim.locale)
            return
        try:
            await self._calls.make(
                person.place.tenant,
                "views.open",
                lambda slack: slack.views_open(trigger_id=heard.trigger, view=view),
                team=heard.workspace,
                patience=_TRIGGER,
            )
        except (TransientError, PermanentError):
            await self.tell(heard, "form_late", person.claim.locale)
            raise

    async def point_to_dm(self, heard: Heard, person: Person) -> None:
        """Where something was said to us in front of others: that the answer is in private. Only that
        person sees it. Once for each thing said, however often it is delivered."""
        text = self._words.say(person.claim.locale or self._locale, "slack.in_private")
        if await self._posts.begin(f"{heard.key}/private", person.place, Message.line(text)) is not None:
            return
        if heard.where is Where.MENTION:
            await self._calls.make(
                person.place.tenant,
                "chat.postEphemeral",
                lambda slack: slack.chat_postEphemeral(channel=heard.channel, user=heard.user, text=text),
                team=heard.workspace,
            )
        else:
            await self.tell(heard, "in_private", person.claim.locale)

    async def tell(self, heard: Heard, key: str, locale: str) -> None:
        """A line of *key* that only this person sees, beside what they pressed."""
        if not heard.answer_url:
            return
        try:
            known = self._clients.answers_at(heard.answer_url)
        except ValueError:
            known = False
        if not known:
            log.warning("an address to answer at is not Slack's: nothing was sent there")
            return
        hook = AsyncWebhookClient(
            heard.answer_url, session=self._clients.session(), logger=self._clients.logger, retry_handlers=[]
        )
        hook.proxy = None
        text = self._words.say(locale or self._locale, f"slack.{key}")
        try:
            await hook.send(text=text, response_type="ephemeral", replace_original=False)
        except (aiohttp.ClientError, OSError, TimeoutError) as err:
            raise TransientError(f"response_url: {type(err).__name__}") from None

    def _answer(self, message: Message, heard: Heard) -> str:
        """What was chosen, in the words of its button or list. What was typed is not repeated."""
        if not heard.form:
            labels = {choice.id: choice.label for choice in message.choices()}
            label = labels.get(heard.choice, "")
        else:
            label = ", ".join(_picked(message, heard))
        return (
            self._words.say(message.locale, "slack.chose", label=label)
            if label
            else self._words.say(message.locale, "slack.answered")
        )


def answered(message: Message, line: str) -> Message:
    """*message* without anything to press, and *line* below it."""
    bare = message.settled()
    if not line:
        return bare
    try:
        return Message((*bare.elements, Status(line)), bare.fallback, bare.locale)
    except ValueError:  # it is full to the brim
        return bare


def _picked(message: Message, heard: Heard) -> list[str]:
    """The labels of what was taken from the lists of the form that was sent."""
    found: list[str] = []
    for element in message.elements:
        if isinstance(element, Select | MultiChoice) and element.submit.id == heard.choice:
            values = heard.form.get(element.name, "").split(",")
            found += [option.label for option in element.options if option.value in values]
    return found


def _settles(choice: str, reply: Mapping[str, Any]) -> bool:
    """Whether the question is over. "Help" leaves it open, and so does everything that went wrong."""
    pressed = parse(choice)
    if isinstance(pressed, CommandChoice) and pressed.command is Command.HELP:
        return False
    if reply.get("failed"):
        return False
    refused = reply.get("refused")
    return not refused or refused in _OVER
