"""The chat platforms of an installation, wired: what the settings switch on, and nothing else.

An adapter is imported where it is made, so that an installation without that platform pays nothing
for its SDK.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.adapters.web.app import Page
from bot.core.model import Place
from bot.errors import PermanentError, UnusableError
from bot.ports.agent_cards import AgentCards
from bot.ports.chat import Chat
from bot.ports.chat_pages import Links
from bot.ports.clock import Clock, Entropy
from bot.ports.homes import Homes
from bot.ports.identity import Identity
from bot.ports.intake import Intake
from bot.ports.posts import Posts
from bot.ports.store import Store
from bot.ports.words import Words
from bot.service.keys import Keys
from bot.setting_channels import Slack, Teams
from bot.settings import Settings


class Errands(Protocol):
    """What a platform does by itself after an acknowledgement."""

    async def done(self) -> None:
        """Until none is under way."""
        ...


@dataclass(frozen=True, slots=True)
class Channel:
    """One platform. *name* is the `channel` of its places; *pages* are its routes; *agents* is its
    agents' channel, if it has one. *start* and *stop* run what connects outwards."""

    name: str
    chat: Chat
    pages: Sequence[Page] = ()
    agents: Place | None = None
    start: Callable[[], Awaitable[None]] | None = None
    stop: Callable[[], Awaitable[None]] | None = None
    errands: Errands | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What the house gives to every platform. *public_url* goes before what `links` returns; *keys*
    seal what a platform entrusts to us; *tenant_id* is our directory's."""

    agent_cards: AgentCards
    intake: Intake
    identity: Identity
    homes: Homes
    posts: Posts
    links: Links
    words: Words
    store: Store
    clock: Clock
    entropy: Entropy
    keys: Keys
    public_url: str
    tenant_id: str
    locales: tuple[str, ...]


def channels_of(settings: Settings, parts: Parts) -> Iterator[Channel]:
    """Every platform that the settings switch on."""
    if settings.slack is not None:
        yield slack_channel(settings.slack, parts)
    if settings.teams is not None:
        yield teams_channel(settings.teams, parts)


def slack_channel(settings: Slack, parts: Parts) -> Channel:
    """Of one app at one home: a workspace, or an organisation with all of its workspaces."""
    from bot.adapters.slack.config import CHANNEL, Home
    from bot.adapters.slack.wiring import SlackConfig, SlackParts
    from bot.adapters.slack.workspaces import Clients, OneToken, Workspaces

    home = Home(settings.team_id, settings.enterprise_id)
    clients = Clients(settings.base_url)
    config = SlackConfig(
        home,
        settings.mode,
        settings.signing_secret.reveal() if settings.signing_secret else "",
        settings.app_token.reveal() if settings.app_token else "",
    )
    installing: list[Page] = []
    workspaces: Workspaces
    if settings.bot_token is not None:
        workspaces = OneToken(clients, settings.bot_token.reveal(), home)
    else:
        from bot.adapters.slack.installations import Installations, Installed
        from bot.adapters.slack.oauth import Installing, States

        assert settings.client_secret is not None, "settings.between saw to it"
        kept = Installations(parts.store, parts.keys, parts.clock, clients, home)
        workspaces = Installed(kept, clients)
        page = Installing(
            settings.client_id,
            settings.client_secret.reveal(),
            kept,
            States(parts.store, parts.keys, parts.clock, parts.entropy),
            clients,
            parts.words,
            base_url=settings.base_url,
            public_url=parts.public_url,
            locales=parts.locales,
        )
        installing.append(page)
    slack = SlackParts(config, parts, clients, workspaces)

    async def start() -> None:
        try:
            await slack.start()
        except PermanentError as err:
            await slack.stop()
            raise UnusableError(
                "slack.bot_token", f"cannot be used: {err}.", "docs/slack.md says where to copy it."
            ) from None

    agents = Place(CHANNEL, home.tenant, settings.agent_channel) if settings.agent_channel else None
    pages = [*installing, slack.door] if slack.door else installing
    return Channel(CHANNEL, slack.chat, pages, agents, start, slack.stop, slack.errands)


def teams_channel(settings: Teams, parts: Parts) -> Channel:
    """Of one bot; its tokens come from Entra as every app's do."""
    from bot.adapters.entra.reader import AppTokens, ManagedTokens
    from bot.adapters.teams.config import TeamsConfig
    from bot.adapters.teams.wiring import wired

    config = TeamsConfig(
        app_id=settings.app_id,
        tenant_id=parts.tenant_id,
        public_url=parts.public_url,
        metadata=settings.metadata,
        service=settings.service,
        agents=settings.agent_channel,
        locales=parts.locales,
        no_auth=not settings.authenticates,
    )
    tokens: AppTokens | ManagedTokens | None = None
    if settings.credential == "managed_identity":
        tokens = ManagedTokens(client_id=settings.app_id, resource=settings.service)
    elif settings.credential is not None and settings.authenticates:
        tokens = AppTokens(
            authority=settings.authority,
            tenant_id=parts.tenant_id,
            client_id=settings.app_id,
            credential=settings.credential,
            scope=settings.scope,
        )
    teams = wired(config, parts, tokens)

    async def stop() -> None:
        await teams.stop()
        if tokens is not None:
            tokens.close()

    agents = Place("teams", parts.tenant_id, settings.agent_channel) if settings.agent_channel else None
    return Channel("teams", teams.chat, [teams.door], agents, stop=stop)
