"""The parts of this adapter, put together. What is asked of the house is `Parts`, its own ports."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Protocol

from bot.adapters.slack.app import bolt_app
from bot.adapters.slack.chat import SlackChat
from bot.adapters.slack.config import Home
from bot.adapters.slack.door import Door
from bot.adapters.slack.errands import Errands
from bot.adapters.slack.home import SlackHome
from bot.adapters.slack.inbound import Inbound
from bot.adapters.slack.leaving import Leaving
from bot.adapters.slack.outside import Outside
from bot.adapters.slack.people import People
from bot.adapters.slack.sending import Calls
from bot.adapters.slack.socket import Socket
from bot.adapters.slack.workspaces import Clients, Workspaces
from bot.errors import PermanentError, TransientError
from bot.ports.chat_pages import Links
from bot.ports.clock import Clock
from bot.ports.homes import Homes
from bot.ports.identity import Identity
from bot.ports.intake import Intake
from bot.ports.posts import Posts
from bot.ports.store import Store
from bot.ports.words import Words

log = logging.getLogger("keyturn.slack")


class Parts(Protocol):
    """What the house gives."""

    @property
    def intake(self) -> Intake: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def homes(self) -> Homes: ...
    @property
    def posts(self) -> Posts: ...
    @property
    def links(self) -> Links: ...
    @property
    def words(self) -> Words: ...
    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def public_url(self) -> str: ...
    @property
    def locales(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """One of *signing_secret* (HTTP) and *app_token* (Socket Mode) is used, as *mode* says."""

    home: Home
    mode: str
    signing_secret: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)


class SlackParts:
    """The adapter, wired. *chat* speaks, *door* is the page of HTTP mode."""

    def __init__(self, config: SlackConfig, parts: Parts, clients: Clients, workspaces: Workspaces) -> None:
        self._clients = clients
        self._workspaces = workspaces
        self._home = config.home
        self.errands = Errands()
        calls = Calls(workspaces, parts.clock)
        self.chat = SlackChat(calls, parts.posts, parts.links, parts.clock, public_url=parts.public_url)
        home = SlackHome(calls, parts.homes, self.chat.address, parts.clock)
        outside = Outside(clients, calls, self.chat, home, parts.posts, parts.words, locale=parts.locales[0])
        self._people = people = People(config.home, workspaces, parts.identity)
        inbound = Inbound(parts.intake, people, parts.posts, outside, self.errands, parts.clock)
        leaving = Leaving(parts.store, workspaces, parts.clock)
        over_http = config.mode == "http"
        self.app = bolt_app(
            config.signing_secret if over_http else "",
            inbound,
            workspaces,
            parts.words,
            parts.clock,
            locale=parts.locales[0],
            leaving=leaving.note,
        )
        self.door = Door(self.app, config.signing_secret, parts.clock) if over_http else None
        self.socket = None if over_http else Socket(self.app, config.app_token, clients)

    async def start(self) -> None:
        """Raises PermanentError for a token of another home. An unreachable Slack is awaited, and a token
        that Slack does not take any more keeps nobody from the pages."""
        try:
            await self._workspaces.bot(self._home.team_id, self._home.enterprise_id)
        except TransientError as err:
            log.warning("Slack does not answer yet (%s); it is asked again when needed", err)
        except PermanentError as err:
            if err.reason == "home":
                raise
            if err.reason == "not_installed":
                log.warning("the app is not installed in Slack yet: open /slack/install")
            else:
                log.error("nobody can be answered in Slack: %s", err)
        if self.socket is not None:
            await self.socket.start()

    async def stop(self) -> None:
        if self.socket is not None:
            await self.socket.stop()
        await self.errands.close(5.0)
        self._people.close()
        await self._clients.close()
