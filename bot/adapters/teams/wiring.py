"""The adapter's parts, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.adapters.teams.bot import TeamsBot
from bot.adapters.teams.budget import SendBudget
from bot.adapters.teams.callers import Callers
from bot.adapters.teams.cards import MOST_REFRESHED, Cards
from bot.adapters.teams.chat import Macs, TeamsChat
from bot.adapters.teams.config import TeamsConfig
from bot.adapters.teams.door import TeamsDoor
from bot.adapters.teams.presses import Presses
from bot.adapters.teams.sdk import Sdk
from bot.adapters.teams.settling import Settling
from bot.core.elements import Link
from bot.core.model import Place
from bot.ports.agent_cards import AgentCards
from bot.ports.chat_pages import Links
from bot.ports.clock import Clock
from bot.ports.directory import AppTokens
from bot.ports.homes import Homes
from bot.ports.identity import Identity
from bot.ports.intake import Intake
from bot.ports.posts import Posts
from bot.ports.words import Words


class House(Protocol):
    """What is needed of the house around it."""

    @property
    def agent_cards(self) -> AgentCards: ...
    @property
    def intake(self) -> Intake: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def homes(self) -> Homes: ...
    @property
    def posts(self) -> Posts: ...
    @property
    def keys(self) -> Macs: ...
    @property
    def links(self) -> Links: ...
    @property
    def words(self) -> Words: ...
    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class Teams:
    chat: TeamsChat
    door: TeamsDoor
    bot: TeamsBot
    sdk: Sdk

    async def stop(self) -> None:
        """After the last request: let what is under way end, then close the connections."""
        await self.bot.finish()
        await self.sdk.close()


def wired(config: TeamsConfig, house: House, tokens: AppTokens | None) -> Teams:
    """*tokens* are the bot's own; None where nobody is authenticated."""
    base = config.public_url.rstrip("/")

    def address(link: Link) -> str:
        if link.url:
            return link.url
        path = house.links.path(link.reference)
        return f"{base}{path}" if path else ""

    async def viewers(place: Place) -> list[str]:
        """Agents on duty who ever wrote to us in Teams: only then do we know what it calls them."""
        if place.address != config.agents:
            return []
        oids = await house.agent_cards.on_duty()
        known = [await house.posts.address(config.place(oid)) for oid in oids[:MOST_REFRESHED]]
        return [str(one.body["user"]) for one in known if one is not None and one.body.get("user")]

    sdk = Sdk(config, tokens, house.clock)
    cards = Cards(address, house.words)
    chat = TeamsChat(config, sdk, cards, house.posts, SendBudget(house.clock), house.keys, viewers)
    settling = Settling(chat, house.posts, house.words)
    callers = Callers(config, house.identity, house.intake, house.words)
    presses = Presses(config, callers, cards, settling, house.posts, house.agent_cards)
    bot = TeamsBot(
        config, chat, callers, presses, settling, house.posts, house.homes, house.words, house.clock
    )
    return Teams(chat, TeamsDoor(config, sdk, bot), bot, sdk)
