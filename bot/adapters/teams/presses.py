"""What is pressed and filled in, and what the click is answered with."""

from __future__ import annotations

from typing import Any

from bot.adapters.teams import answers
from bot.adapters.teams.callers import Callers, press_key
from bot.adapters.teams.cards import Cards
from bot.adapters.teams.config import TeamsConfig
from bot.adapters.teams.inbound import Envelope, Pressed
from bot.adapters.teams.sdk import Answer
from bot.adapters.teams.settling import Settling
from bot.ports.agent_cards import AgentCards
from bot.ports.identity import Claim
from bot.ports.posts import Posts


class Presses:
    """Only one's own chat is the place for answers: in a channel nothing is taken and no form opens."""

    def __init__(
        self,
        config: TeamsConfig,
        callers: Callers,
        cards: Cards,
        settling: Settling,
        posts: Posts,
        agent_cards: AgentCards,
    ) -> None:
        self._config = config
        self._callers = callers
        self._cards = cards
        self._settling = settling
        self._posts = posts
        self._agent_cards = agent_cards

    async def submitted(self, one: Envelope, press: Pressed, claim: Claim) -> Answer:
        """`Action.Submit` of a client that knows nothing better; no card can be given back."""
        if one.personal:
            await self._take(one, press, claim)
        return answers.DONE

    async def executed(self, one: Envelope, press: Pressed, claim: Claim) -> Answer:
        if not one.personal:
            return answers.line(self._say(one, "privately_only"))
        key = press_key(one, press)
        settled = await self._settling.answered(key)
        if settled is None:
            posted = await self._posts.by_ref(self._callers.place(one), press.ref)
            reply = await self._take(one, press, claim)
            if posted is None:
                return answers.line(self._say(one, "thanks"))
            settled = await self._settling.settle(posted, press, key=key, refused=bool(reply.get("refused")))
        return answers.view(self._cards.card(settled, key=key))

    async def refreshed(self, one: Envelope) -> Answer:
        """Nobody pressed anything, so nothing may happen; only a card as it is now is shown, and of the
        agents' cards to an agent on duty what it means to them."""
        place = self._callers.here(one)
        posted = await self._posts.by_ref(place, one.reply_to)
        if posted is None:
            return answers.line(self._say(one, "answered"))
        own = None
        if posted.case_id and place.address == self._config.agents:
            own = await self._agent_cards.view(posted.case_id, one.oid)
        refresh = [one.user] if own else []
        return answers.view(self._cards.card(own or posted.message, key=posted.key, refresh=refresh))

    async def fetched(self, one: Envelope, press: Pressed) -> Answer:
        """Reading only: the form is made of what the message asks for."""
        posted = await self._posts.by_ref(self._callers.place(one), press.ref) if one.personal else None
        form = None
        if posted is not None:
            form = self._cards.form(posted.message, press.choice, nonce=press.nonce, ref=press.ref)
        if form is None:
            return answers.note(self._say(one, "answered"))
        return answers.dialog(self._say(one, "form"), form)

    async def filled(self, one: Envelope, press: Pressed, claim: Claim) -> Answer:
        if not one.personal:
            return answers.note(self._say(one, "privately_only"))
        key = press_key(one, press)
        if await self._settling.answered(key) is None:
            posted = await self._posts.by_ref(self._callers.place(one), press.ref)
            reply = await self._take(one, press, claim)
            if posted is not None:
                await self._settling.settle(posted, press, key=key, refused=bool(reply.get("refused")))
        return answers.DONE  # the window closes

    async def _take(self, one: Envelope, press: Pressed, claim: Claim) -> dict[str, Any]:
        return await self._callers.take(one, claim, key=press_key(one, press), press=press)

    def _say(self, one: Envelope, key: str) -> str:
        return self._callers.say(one, f"teams.{key}")
