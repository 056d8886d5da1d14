"""Questions that only `keyturn check` asks of Slack: whose token is this, what may it do, where is it?

Raises TransientError while Slack cannot be asked, PermanentError with Slack's code as the reason.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.adapters.slack.manifest import EVENTS_PATH
from bot.adapters.slack.workspaces import Clients, translated
from bot.errors import PermanentError, TransientError

_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Told:
    """What Slack says of a bot token."""

    team_id: str
    team: str
    enterprise_id: str
    app_id: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Room:
    """A channel, as far as the bot may know it."""

    name: str
    member: bool
    private: bool
    shared: bool
    archived: bool


class SlackProbe:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def token(self, token: str) -> Told:
        client = self._clients.client(token)
        told = await _asked("auth.test", client.auth_test)
        granted = str(told.headers.get("x-oauth-scopes", ""))
        bot = await _asked("bots.info", lambda: client.bots_info(bot=str(told.get("bot_id") or "")))
        return Told(
            str(told.get("team_id") or ""),
            str(told.get("team") or ""),
            str(told.get("enterprise_id") or ""),
            str((bot.get("bot") or {}).get("app_id") or ""),
            frozenset(scope.strip() for scope in granted.split(",") if scope.strip()),
        )

    async def room(self, token: str, channel: str) -> Room:
        client = self._clients.client(token)
        told = await _asked("conversations.info", lambda: client.conversations_info(channel=channel))
        found: dict[str, Any] = told.get("channel") or {}
        return Room(
            str(found.get("name") or channel),
            bool(found.get("is_member")),
            bool(found.get("is_private") or found.get("is_group")),
            bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared")),
            bool(found.get("is_archived")),
        )

    async def connects(self, app_token: str) -> str:
        """Opens a connection, waits for Slack's hello, closes it; the id of the app it is for."""
        client = self._clients.client(None)
        told = await _asked(
            "apps.connections.open", lambda: client.apps_connections_open(app_token=app_token)
        )
        try:
            async with self._clients.session().ws_connect(str(told.get("url")), timeout=_WAIT) as socket:
                hello = await socket.receive_json(timeout=_SECONDS)
        except (aiohttp.ClientError, OSError, TimeoutError, TypeError, ValueError) as err:
            raise TransientError(f"the connection: {type(err).__name__}") from None
        if hello.get("type") != "hello":
            raise PermanentError("the connection: no hello", reason="no_hello")
        return str((hello.get("connection_info") or {}).get("app_id") or "")

    async def manifest(self, config_token: str, app_id: str) -> dict[str, Any]:
        client = self._clients.client(config_token)
        told = await _asked("apps.manifest.export", lambda: client.apps_manifest_export(app_id=app_id))
        found = told.get("manifest") or {}
        return dict(json.loads(found) if isinstance(found, str) else found)

    async def answers(self, public_url: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        """Calls our own door as Slack would; status and text of the answer."""
        try:
            async with self._clients.session().post(
                f"{public_url}{EVENTS_PATH}", data=body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, (await answer.text())[:200]
        except (aiohttp.ClientError, OSError, TimeoutError) as err:
            raise TransientError(f"{EVENTS_PATH}: {type(err).__name__}") from None


_WAIT = aiohttp.ClientWSTimeout(ws_receive=_SECONDS, ws_close=1)


async def _asked(method: str, call: Callable[[], Awaitable[AsyncSlackResponse]]) -> AsyncSlackResponse:
    try:
        return await call()
    except SlackApiError as err:
        raise translated(err, method) from None
    except (aiohttp.ClientError, OSError, TimeoutError) as err:
        raise TransientError(f"{method}: {type(err).__name__}") from None
