"""What is done with what arrived: handed to the intake before it is answered, or not at all.

Everything here is verified already: Teams signed it, for our tenant, and names who did it. Whether that
person may talk to us is asked each time.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import assert_never

from bot.adapters.teams import answers
from bot.adapters.teams.callers import Callers, message_key
from bot.adapters.teams.chat import TeamsChat
from bot.adapters.teams.config import TeamsConfig
from bot.adapters.teams.inbound import (
    Added,
    Envelope,
    Executed,
    Fetched,
    Filled,
    Heard,
    Nothing,
    Pressed,
    Refreshed,
    Removed,
    Said,
    UnknownInvoke,
    heard,
)
from bot.adapters.teams.presses import Presses
from bot.adapters.teams.sdk import Answer
from bot.adapters.teams.settling import Settling
from bot.core.elements import LinkButton, Paragraph
from bot.core.message import Message
from bot.errors import ConflictError, PermanentError, TransientError
from bot.ports.clock import Clock
from bot.ports.homes import Homes
from bot.ports.identity import Claim, Standing
from bot.ports.posts import Posts
from bot.ports.words import Words

log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds an answer may take; Teams delivers again after about fifteen."""


class TeamsBot:
    def __init__(
        self,
        config: TeamsConfig,
        chat: TeamsChat,
        callers: Callers,
        presses: Presses,
        settling: Settling,
        posts: Posts,
        homes: Homes,
        words: Words,
        clock: Clock,
    ) -> None:
        self._config = config
        self._chat = chat
        self._callers = callers
        self._presses = presses
        self._settling = settling
        self._posts = posts
        self._homes = homes
        self._words = words
        self._clock = clock
        self._patience = PATIENCE
        self._running: set[asyncio.Task[Answer]] = set()

    async def answer(self, one: Envelope) -> Answer:
        """The answer to one activity. What takes too long goes on without its request."""
        what = heard(one)
        task = asyncio.ensure_future(self._answer(one, what))
        self._running.add(task)
        task.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(task), self._patience)
        except TimeoutError:
            return self._late(one, what)
        except (TransientError, ConflictError, PermanentError) as err:
            log.warning("%s %s: %s", one.type, type(what).__name__, err.code)
            return self._again(one, what)

    async def finish(self) -> None:
        """Wait for what is under way."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)
        await self._settling.finish()

    def _done(self, task: asyncio.Task[Answer]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # said to the request, if that is still there

    async def _answer(self, one: Envelope, what: Heard) -> Answer:
        match what:
            case Nothing():
                return answers.DONE
            case UnknownInvoke():
                return answers.UNKNOWN
            case Removed():
                await self._posts.close(self._callers.here(one), "uninstalled")
                return answers.DONE
            case _:
                await self._chat.learn(one)
        claim = await self._callers.claim(one)
        if claim.standing is not Standing.MEMBER:
            return await self._callers.turn_away(one, what, claim)
        match what:
            case Said():
                return await self._said(one, what, claim)
            case Pressed():
                return await self._presses.submitted(one, what, claim)
            case Executed(press):
                return await self._presses.executed(one, press, claim)
            case Refreshed():
                return await self._presses.refreshed(one)
            case Fetched(press):
                return await self._presses.fetched(one, press)
            case Filled(press):
                return await self._presses.filled(one, press, claim)
            case Added():
                return await self._added(one, claim)
            case _:
                assert_never(what)

    # --- what people write -------------------------------------------------------------------------

    async def _said(self, one: Envelope, what: Said, claim: Claim) -> Answer:
        key = message_key(one)
        if not one.personal:
            return await self._aside(one, what, claim)
        if what.text.casefold().strip(" .!/") in self._home_words():
            await self._show_home(one, claim, key=f"home/{key}")
        else:
            await self._callers.take(one, claim, key=key, text=what.text)
        return answers.DONE

    async def _aside(self, one: Envelope, what: Said, claim: Claim) -> Answer:
        """Somebody mentioned us where others read along: only that we wrote privately is said there."""
        if await self._chat.reach(self._callers.place(one)):
            await self._callers.take(one, claim, key=message_key(one), text=what.text)
            await self._tell_aside(one, "wrote_privately")
        else:
            await self._tell_aside(one, "add_me")
        return answers.DONE

    async def _tell_aside(self, one: Envelope, key: str) -> None:
        try:
            await self._chat.aside(one, self._say(one, key), key=f"aside/{message_key(one)}")
        except PermanentError as err:  # what matters was said privately
            log.info("nothing can be said in a channel: %s", err.reason or err.code)

    # --- coming ------------------------------------------------------------------------------------

    async def _added(self, one: Envelope, claim: Claim) -> Answer:
        """Two activities can tell of one installation, so a greeting is sent once a day."""
        if one.personal:
            today = self._clock.now().date().isoformat()
            key = f"welcome/{self._callers.place(one).key}/{today}"
            await self._show_home(one, claim, key=key, linked=False)
        else:
            await self._chat.back_in_team(one)
        return answers.DONE

    async def _show_home(self, one: Envelope, claim: Claim, *, key: str, linked: bool = True) -> None:
        """Not *linked* for whoever did not ask: an administrator may have put the app there, and people
        are to distrust whoever writes to them first with a link."""
        place = self._callers.place(one)
        locale = claim.locale or self._callers.locale(one)
        message = await self._homes.home(place, one.oid, locale=locale)
        message = message if linked else unlinked(message)
        try:
            await self._chat.post(place, message, key=key)
        except PermanentError as err:
            log.info("nobody to greet: %s", err.reason or err.code)

    def _home_words(self) -> set[str]:
        return {self._words.say(locale, "teams.home").casefold() for locale in self._config.locales}

    # --- not in time -------------------------------------------------------------------------------

    def _late(self, one: Envelope, what: Heard) -> Answer:
        """A message is asked for again, and found done by then. A press cannot be asked for; the card
        changes when it is done."""
        match what:
            case Executed():
                return answers.line(self._say(one, "working"))
            case Filled() | Fetched():
                return answers.note(self._say(one, "working"))
            case _:
                return Answer(503)

    def _again(self, one: Envelope, what: Heard) -> Answer:
        """Nothing is kept yet, and Teams or the person has to send it again."""
        match what:
            case Executed():
                return answers.failed(self._say(one, "again"))
            case Filled() | Fetched():
                return answers.note(self._say(one, "again"))
            case _:
                return Answer(503)

    def _say(self, one: Envelope, key: str) -> str:
        return self._callers.say(one, f"teams.{key}")


def unlinked(message: Message) -> Message:
    """The same without anything to follow."""
    left = tuple(
        replace(one, spans=tuple(replace(span, link=None) for span in one.spans))
        if isinstance(one, Paragraph)
        else one
        for one in message.elements
        if not isinstance(one, LinkButton)
    )
    return replace(message, elements=left) if left else Message.line(message.fallback, locale=message.locale)
