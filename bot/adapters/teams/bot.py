"""What is done with what arrived: handed to the intake before it is answered, or not at all.

Everything here is verified already: Teams signed it, for our tenant, and names who did it. Whether that
person may talk to us is asked of `ports.identity` each time.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any, assert_never

from bot.adapters.teams import answers
from bot.adapters.teams.cards import Cards
from bot.adapters.teams.chat import TeamsChat
from bot.adapters.teams.config import CHANNEL, TeamsConfig
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
from bot.adapters.teams.sdk import Answer
from bot.adapters.teams.settling import Settling
from bot.core.choice import ShowMenu
from bot.core.elements import LinkButton, Paragraph
from bot.core.message import Message
from bot.core.model import Place
from bot.errors import ConflictError, PermanentError, TransientError
from bot.ports.agent_cards import AgentCards
from bot.ports.clock import Clock
from bot.ports.homes import Homes
from bot.ports.identity import Account, Claim, Identity, Standing
from bot.ports.intake import Incoming, Intake
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
        cards: Cards,
        settling: Settling,
        posts: Posts,
        intake: Intake,
        identity: Identity,
        homes: Homes,
        agent_cards: AgentCards,
        words: Words,
        clock: Clock,
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._config = config
        self._chat = chat
        self._cards = cards
        self._settling = settling
        self._posts = posts
        self._intake = intake
        self._identity = identity
        self._homes = homes
        self._agent_cards = agent_cards
        self._words = words
        self._clock = clock
        self._patience = patience
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
                return await self._removed(one)
            case _:
                await self._chat.learn(one)
        claim = await self._claim(one)
        if claim is None:
            return answers.DONE if one.type != "invoke" else answers.line(self._say(one, "thanks"))
        match what:
            case Said():
                return await self._said(one, what, claim)
            case Pressed():
                await self._pressed(one, what, claim)
                return answers.DONE
            case Executed(press):
                return await self._executed(one, press, claim)
            case Refreshed():
                return await self._refreshed(one)
            case Fetched(press):
                return await self._fetched(one, press)
            case Filled(press):
                return await self._filled(one, press, claim)
            case Added():
                return await self._added(one, claim)
            case _:
                assert_never(what)

    # --- who ---------------------------------------------------------------------------------------

    async def _claim(self, one: Envelope) -> Claim | None:
        """None for somebody who is turned away."""
        tenant = self._config.tenant_id
        account = Account(
            CHANNEL, tenant, one.oid, Standing.MEMBER, locale=self._config.locale(one.locale), oid=one.oid
        )
        claim = await self._identity.claim(CHANNEL, tenant, one.oid)
        if claim is None:
            claim = await self._identity.met(account)
        if claim.standing is Standing.MEMBER:
            return claim
        away = Account(CHANNEL, tenant, one.oid, claim.standing, locale=account.locale, oid=one.oid)
        await self._identity.turn_away(self._place(one), away, dedupe_key=f"{_key(one)}:away")
        return None

    # --- what people say and press -----------------------------------------------------------------

    async def _said(self, one: Envelope, what: Said, claim: Claim) -> Answer:
        if not one.personal:
            return await self._aside(one, what, claim)
        if what.text.casefold().strip(" .!/") in self._home_words():
            await self._show_home(one, claim, key=f"home/{_key(one)}")
            return answers.DONE
        await self._take(one, claim, key=_key(one), text=what.text)
        return answers.DONE

    async def _aside(self, one: Envelope, what: Said, claim: Claim) -> Answer:
        """Somebody mentioned us where others read along: only that we wrote privately is said there."""
        if not await self._chat.reach(self._place(one)):
            await self._tell_aside(one, "add_me")
            return answers.DONE
        await self._take(one, claim, key=_key(one), text=what.text)
        await self._tell_aside(one, "wrote_privately")
        return answers.DONE

    async def _tell_aside(self, one: Envelope, key: str) -> None:
        try:
            await self._chat.aside(one, self._say(one, key), key=f"aside/{_key(one)}")
        except PermanentError as err:  # what matters was said privately
            log.info("nothing can be said in a channel: %s", err.reason or err.code)

    async def _pressed(self, one: Envelope, press: Pressed, claim: Claim) -> dict[str, Any]:
        return await self._take(one, claim, key=_press_key(one, press), press=press)

    async def _executed(self, one: Envelope, press: Pressed, claim: Claim) -> Answer:
        if not one.personal:
            return answers.line(self._say(one, "privately_only"))
        key = _press_key(one, press)
        settled = await self._settling.answered(key)
        posted = None if settled else await self._posts.by_ref(self._place(one), press.ref)
        if settled is None:
            reply = await self._pressed(one, press, claim)
            if posted is None:
                return answers.line(self._say(one, "thanks"))
            settled = await self._settling.settle(posted, press, key=key, refused=bool(reply.get("refused")))
        return answers.view(self._cards.card(settled, key=key))

    async def _refreshed(self, one: Envelope) -> Answer:
        """Nobody pressed anything, so nothing may happen; only a card as it is now is shown, and of the
        agents' cards to an agent on duty what it means to them."""
        place = self._place(one) if one.personal else self._channel(one)
        posted = await self._posts.by_ref(place, one.reply_to)
        if posted is None:
            return answers.line(self._say(one, "answered"))
        own = None
        if posted.case_id and place.address == self._config.agents:
            own = await self._agent_cards.view(posted.case_id, one.oid)
        refresh = [one.user] if own else []
        return answers.view(self._cards.card(own or posted.message, key=posted.key, refresh=refresh))

    # --- forms ---------------------------------------------------------------------------------------

    async def _fetched(self, one: Envelope, press: Pressed) -> Answer:
        """Reading only: the form is made of what the message asks for."""
        posted = await self._posts.by_ref(self._place(one), press.ref) if one.personal else None
        form = None
        if posted is not None:
            form = self._cards.form(posted.message, press.choice, nonce=press.nonce, ref=press.ref)
        if form is None:
            return answers.note(self._say(one, "answered"))
        return answers.dialog(self._say(one, "form"), form)

    async def _filled(self, one: Envelope, press: Pressed, claim: Claim) -> Answer:
        if not one.personal:
            return answers.note(self._say(one, "privately_only"))
        key = _press_key(one, press)
        if await self._settling.answered(key) is not None:
            return answers.DONE
        posted = await self._posts.by_ref(self._place(one), press.ref)
        reply = await self._pressed(one, press, claim)
        if posted is not None:
            await self._settling.settle(posted, press, key=key, refused=bool(reply.get("refused")))
        return answers.DONE

    # --- coming and going ----------------------------------------------------------------------------

    async def _added(self, one: Envelope, claim: Claim) -> Answer:
        """Two activities can tell of one installation, so a greeting is sent once a day."""
        if one.personal:
            today = self._clock.now().date().isoformat()
            await self._show_home(one, claim, key=f"welcome/{self._place(one).key}/{today}", linked=False)
        return answers.DONE

    async def _removed(self, one: Envelope) -> Answer:
        place = self._place(one) if one.personal else self._channel(one)
        await self._posts.close(place, "uninstalled")
        return answers.DONE

    async def _show_home(self, one: Envelope, claim: Claim, *, key: str, linked: bool = True) -> None:
        """Not *linked* for whoever did not ask: an administrator may have put the app there, and people
        are to distrust whoever writes to them first with a link."""
        place = self._place(one)
        message = await self._homes.home(place, one.oid, locale=claim.locale or self._locale(one))
        message = message if linked else unlinked(message)
        try:
            await self._chat.post(place, message, key=key)
        except PermanentError as err:
            log.info("nobody to greet: %s", err.reason or err.code)

    def _home_words(self) -> set[str]:
        return {self._words.say(locale, "teams.home").casefold() for locale in self._config.locales}

    # --- the intake ----------------------------------------------------------------------------------

    async def _take(
        self, one: Envelope, claim: Claim, *, key: str, text: str = "", press: Pressed | None = None
    ) -> dict[str, Any]:
        """Durable when this returns. Words without any, such as a picture alone, get the menu."""
        choice = press.choice if press else "" if text else str(ShowMenu())
        return await self._intake.receive(
            Incoming(
                place=self._place(one),
                user=one.oid,
                dedupe_key=key,
                text=text,
                choice=choice,
                form=press.form if press else {},
                locale=claim.locale or self._locale(one),
                hint_oid=claim.oid,
                linked=claim.linked,
            )
        )

    def _late(self, one: Envelope, what: Heard) -> Answer:
        """Teams is told to try again unless that cannot be: the intake knows the key by then."""
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

    def _place(self, one: Envelope) -> Place:
        return self._config.place(one.oid)

    def _channel(self, one: Envelope) -> Place:
        return Place(CHANNEL, self._config.tenant_id, one.conversation)

    def _locale(self, one: Envelope) -> str:
        return self._config.locale(one.locale) or "en"

    def _say(self, one: Envelope, key: str) -> str:
        return self._words.say(self._locale(one), f"teams.{key}")


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


def _key(one: Envelope) -> str:
    """Of a message: Teams delivers it again with the same id."""
    return f"msteams:{one.thread}:{one.id}"


def _press_key(one: Envelope, press: Pressed) -> str:
    """Of a press: it is delivered again with another id."""
    return f"msteams:{one.conversation}:{press.ref}:{one.oid}:{press.nonce}"
