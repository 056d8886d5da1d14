"""Who is on the other side, and handing in what they say."""

from __future__ import annotations

from typing import Any

from bot.adapters.teams import answers
from bot.adapters.teams.config import CHANNEL, TeamsConfig
from bot.adapters.teams.inbound import Envelope, Executed, Fetched, Filled, Heard, Pressed, Refreshed
from bot.adapters.teams.sdk import Answer
from bot.core.choice import ShowMenu
from bot.core.model import Place
from bot.ports.identity import Account, Claim, Identity, Standing
from bot.ports.intake import Incoming, Intake
from bot.ports.words import Words


class Callers:
    def __init__(self, config: TeamsConfig, identity: Identity, intake: Intake, words: Words) -> None:
        self._config = config
        self._identity = identity
        self._intake = intake
        self._words = words

    async def claim(self, one: Envelope) -> Claim:
        """Whose account it is. The directory is asked for whoever was not met within the hour: a guest
        has an object id in our tenant, too."""
        claim = await self._identity.claim(CHANNEL, self._config.tenant_id, one.oid)
        return claim or await self._identity.met(self._account(one, Standing.MEMBER))

    async def turn_away(self, one: Envelope, what: Heard, claim: Claim) -> Answer:
        """In words once a day, in their own chat; a press needs an answer each time."""
        account = self._account(one, claim.standing)
        await self._identity.turn_away(self.place(one), account, dedupe_key=f"{message_key(one)}:away")
        key = "common.who_unknown" if claim.standing is Standing.UNKNOWN else "common.colleagues_only"
        match what:
            case Executed() | Refreshed():
                return answers.line(self.say(one, key))
            case Fetched() | Filled():
                return answers.note(self.say(one, key))
            case _:
                return answers.DONE

    async def take(
        self, one: Envelope, claim: Claim, *, key: str, text: str = "", press: Pressed | None = None
    ) -> dict[str, Any]:
        """Durable when this returns. A message without words, such as a picture alone, gets the menu."""
        choice = press.choice if press else "" if text else str(ShowMenu())
        return await self._intake.receive(
            Incoming(
                place=self.place(one),
                user=one.oid,
                dedupe_key=key,
                text=text,
                choice=choice,
                form=press.form if press else {},
                locale=claim.locale or self.locale(one),
                hint_oid=claim.oid,
                linked=claim.linked,
            )
        )

    def place(self, one: Envelope) -> Place:
        """Their own chat with us, wherever they spoke."""
        return self._config.place(one.oid)

    def here(self, one: Envelope) -> Place:
        """Where they spoke."""
        return self.place(one) if one.personal else Place(CHANNEL, self._config.tenant_id, one.conversation)

    def locale(self, one: Envelope) -> str:
        return self._config.locale(one.locale) or "en"

    def say(self, one: Envelope, key: str) -> str:
        return self._words.say(self.locale(one), key)

    def _account(self, one: Envelope, standing: Standing) -> Account:
        locale = self._config.locale(one.locale)
        return Account(CHANNEL, self._config.tenant_id, one.oid, standing, locale=locale, oid=one.oid)


def message_key(one: Envelope) -> str:
    """Teams delivers a message again under the same id."""
    return f"msteams:{one.thread}:{one.id}"


def press_key(one: Envelope, press: Pressed) -> str:
    """Teams delivers a press again under another id."""
    return f"msteams:{one.conversation}:{press.ref}:{one.oid}:{press.nonce}"
