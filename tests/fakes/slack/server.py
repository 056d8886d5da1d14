"""The whole fake: one loopback port with Web API, Socket Mode, response_url and the consent page.

    async with slacking(clock) as slack:
        slack.app.request_url = "http://127.0.0.1:8300/slack/events"
        ada = slack.client(slack.world.person("Ada Lovelace"))
        await ada.writes("hello")
        assert slack.world.of_app()[-1].text == "..."

`slack.base_url` is what the setting of that name wants.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from bot.ports.clock import Clock
from tests.fakes.slack import methods_chat, methods_more, methods_views  # noqa: F401 - they register
from tests.fakes.slack.delivery import Delivery
from tests.fakes.slack.faults import Faults
from tests.fakes.slack.people import Client
from tests.fakes.slack.rates import Rates
from tests.fakes.slack.socket import Socket
from tests.fakes.slack.triggers import ResponseUrls, Triggers
from tests.fakes.slack.web_api import WebApi
from tests.fakes.slack.workspace import BOT_USER, HOME, Grant, Person, Workspace

SCOPES = frozenset(
    {
        "app_mentions:read",
        "chat:write",
        "commands",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        "users:read",
        "users:read.email",
    }
)
EVENTS = frozenset({"app_home_opened", "app_mention", "message.im", "app_uninstalled", "tokens_revoked"})
BOT_TOKEN, APP_TOKEN = "xoxb-0-fake-bot-token", "xapp-0-fake-app-token"
CONFIG_TOKEN, SIGNING_SECRET = "xoxe.xoxp-fake-config-token", "0123456789abcdef0123456789abcdef"


@dataclass(slots=True)
class Install:
    """A consent that waits for its code to be exchanged."""

    team_id: str
    user: str
    org: bool = False
    redirect_uri: str = ""


@dataclass(slots=True)
class App:
    """How the app is set up on Slack's side."""

    scopes: frozenset[str] = SCOPES
    events: frozenset[str] = EVENTS
    socket_mode: bool = False
    home_tab: bool = True
    client_id: str = "0.client"
    client_secret: str = "fake-client-secret"
    rotates: bool = False  # token rotation, which nobody can switch off again
    manifest: dict[str, Any] = field(default_factory=dict)
    commands: frozenset[str] | None = None  # None: whatever somebody types; nothing was configured
    shortcuts: frozenset[str] | None = None
    redirects: frozenset[str] | None = None
    codes: dict[str, Install] = field(default_factory=dict)

    def follows(self, manifest: dict[str, Any]) -> None:
        """Set the app up as *manifest* says."""
        self.manifest = manifest
        settings = manifest.get("settings", {})
        self.scopes = frozenset(manifest["oauth_config"]["scopes"]["bot"])
        self.events = frozenset(settings.get("event_subscriptions", {}).get("bot_events", ()))
        self.socket_mode = bool(settings.get("socket_mode_enabled"))
        features = manifest.get("features", {})
        self.home_tab = bool(features.get("app_home", {}).get("home_tab_enabled"))
        self.commands = frozenset(one["command"] for one in features.get("slash_commands", ()))
        self.shortcuts = frozenset(one["callback_id"] for one in features.get("shortcuts", ()))
        self.redirects = frozenset(manifest["oauth_config"].get("redirect_urls", ()))


class FakeSlack:
    def __init__(self, clock: Clock, http: aiohttp.ClientSession, *, ack_within: float = 3.0) -> None:
        self.clock = clock
        self.app = App()
        self.world = Workspace(clock)
        self.api = WebApi(self)
        self.faults = Faults()
        self.rates = Rates(clock)
        self.triggers = Triggers(clock)
        self.responses = ResponseUrls(self.world)
        self.socket = Socket(within=ack_within)
        self.delivery = Delivery(
            self.world, self.socket, SIGNING_SECRET, clock, http, lambda: self.app.socket_mode,
            within=ack_within,
        )  # fmt: skip
        self.warnings: list[str] = []
        self.origin = ""
        self.grant(BOT_TOKEN)
        self.world.grants[APP_TOKEN] = Grant(APP_TOKEN, "", frozenset({"connections:write"}), "app")
        self.world.grants[CONFIG_TOKEN] = Grant(CONFIG_TOKEN, HOME, frozenset(), "config")

    bot_token, app_token = BOT_TOKEN, APP_TOKEN
    config_token, signing_secret = CONFIG_TOKEN, SIGNING_SECRET

    @property
    def base_url(self) -> str:
        return f"{self.origin}/api"

    def grant(self, token: str, team: str = HOME, **more: Any) -> Grant:
        """A bot token of *team* with the app's scopes."""
        enterprise = self.world.teams[team].enterprise_id
        made = Grant(token, team, self.app.scopes, enterprise_id=enterprise, **more)
        self.world.grants[token] = made
        return made

    def set_up(self, manifest: dict[str, Any]) -> None:
        """The app as *manifest* says, installed anew: tokens get its scopes, and over HTTP it is called
        where the manifest says."""
        self.app.follows(manifest)
        settings = manifest["settings"]
        if not self.app.socket_mode:
            urls = {settings[name]["request_url"] for name in ("event_subscriptions", "interactivity")}
            urls |= {command["url"] for command in manifest["features"].get("slash_commands", ())}
            (url,) = urls  # this fake knows one address for all, as our app has
            self.listens(url)
        for grant in self.world.grants.values():
            if grant.kind == "bot":
                grant.scopes = self.app.scopes

    def listens(self, url: str) -> None:
        """Where the app takes requests (HTTP mode)."""
        self.delivery.url = url

    def client(self, person: Person, *, team: str = HOME) -> Client:
        """What *person* holds in the hand, in the workspace *team*."""
        return Client(self, person, team)

    def revoke(self, token: str = BOT_TOKEN, error: str = "token_revoked") -> None:
        self.world.grants[token].dead = error

    def calls(self, method: str = "") -> list[Any]:
        """The ledger of API calls, of one method or all."""
        return [call for call in self.api.calls if method in ("", call.method)]

    def invite(self, channel: str) -> None:
        self.world.conversations[channel].members.add(BOT_USER)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=4 * 2**20)
        app.router.add_route("*", "/api/{method}", self.api.handle)
        app.router.add_post("/respond/{id}", self.responses.handle)
        app.router.add_get("/link/", self.socket.handle)
        app.router.add_get("/oauth/v2/authorize", self._authorize)
        return app

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        """The consent page, agreed to at once by somebody of the team that is named, or the home."""
        asked = request.query
        if asked.get("client_id") != self.app.client_id:
            return web.Response(status=400, text="invalid_client_id")
        if self.app.redirects is not None and asked.get("redirect_uri") not in self.app.redirects:
            return web.Response(status=400, text="bad_redirect_uri")
        code = secrets.token_hex(12)
        team = asked.get("team") or HOME
        self.app.codes[code] = Install(
            team, "U0ADMIN", asked.get("org") == "1", asked.get("redirect_uri", "")
        )
        back = urlencode({"code": code, "state": asked.get("state", "")})
        raise web.HTTPFound(f"{asked['redirect_uri']}?{back}")


@asynccontextmanager
async def slacking(clock: Clock, *, port: int = 0, ack_within: float = 3.0) -> AsyncIterator[FakeSlack]:
    """A running Slack on a free loopback port."""
    async with aiohttp.ClientSession(trust_env=False) as http:
        slack = FakeSlack(clock, http, ack_within=ack_within)
        runner = web.AppRunner(slack.application(), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        port = runner.addresses[0][1]
        slack.origin = slack.responses.base = slack.socket.base = f"http://127.0.0.1:{port}"
        try:
            yield slack
        finally:
            await slack.socket.cut()
            await runner.cleanup()
