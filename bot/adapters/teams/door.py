"""The door for Teams: ``POST /api/messages``. Who knocks is checked here, before anything is read.

    415 no JSON · 413 too large · 408 too slow · 400 no activity, or none that could be answered
    401 nobody of Teams signed it · 403 another tenant, another channel, nobody in particular
    503 try again: keys or store are away

Nothing of a body or a token is logged, only which of these it was.
"""

from __future__ import annotations

import asyncio
import json
import logging
from urllib.parse import urlsplit

from aiohttp import web

from bot.adapters.teams.bot import TeamsBot
from bot.adapters.teams.config import TeamsConfig
from bot.adapters.teams.inbound import Envelope, envelope
from bot.adapters.teams.sdk import NotAuthenticError, Sdk
from bot.errors import TransientError
from bot.setting_values import is_loopback

log = logging.getLogger(__name__)

PATH = "/api/messages"
MAX_BODY = 256 * 1024
"""A message of Teams has about 100 KB at most."""
PATIENCE = 10.0
"""Seconds for a body to arrive: anybody can begin to send one."""
_NEEDS_SOMEBODY = frozenset({"message", "invoke", "installationUpdate"})


class TeamsDoor:
    def __init__(self, config: TeamsConfig, sdk: Sdk, bot: TeamsBot) -> None:
        self._config = config
        self._sdk = sdk
        self._bot = bot

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PATH, self.receive)]

    async def receive(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return _no(415, "no JSON")
        try:
            async with asyncio.timeout(PATIENCE):
                body = await _body(request)
        except TimeoutError:
            return _no(408, "too slow")
        if len(body) > MAX_BODY:
            return _no(413, "too large")
        try:
            one = envelope(json.loads(body))
        except (ValueError, RecursionError):
            return _no(400, "not readable")
        if one is None:
            return _no(400, "no activity")
        try:
            who = await self._sdk.verified(one, request.headers.get("Authorization", ""))
        except NotAuthenticError as err:
            return _no(401, str(err))
        except TransientError:
            return _no(503, "no keys")
        if not self._safe(one, request.remote or ""):
            return _no(403, "an address we do not write to")
        if (why := self._stranger(one)) is not None:
            return _no(403, why)
        if not one.oid:
            return web.Response(status=200)  # about nobody: members of a team, its settings
        said = await self._sdk.turn(who, one, lambda: self._bot.answer(one))
        if said.body is None:
            return web.Response(status=said.status)
        return web.json_response(said.body, status=said.status)

    def _stranger(self, one: Envelope) -> str | None:
        """Why this is not for us, or None. Signed by Teams is not yet ours: one bot can be written to
        from every tenant, and a guest's own tenant is told beside ours."""
        if one.channel_id != "msteams":
            return "another channel"
        if one.tenants != {self._config.tenant_id}:
            return "another tenant"
        if not one.oid and one.type in _NEEDS_SOMEBODY:
            return "nobody in particular"
        return None

    def _safe(self, one: Envelope, remote: str) -> bool:
        """Answers go where a verified activity says. Without verification everything stays here."""
        parts = urlsplit(one.service_url)
        local = is_loopback(parts.hostname or "")
        if self._config.no_auth:
            return local and is_loopback(remote)
        return parts.scheme == "https" or (local and parts.scheme == "http")


async def _body(request: web.Request) -> bytes:
    """All of it, or a little more than may be."""
    body = b""
    while len(body) <= MAX_BODY and (more := await request.content.read(MAX_BODY + 1 - len(body))):
        body += more
    return body


def _no(status: int, why: str) -> web.Response:
    log.info("%d for what came as from Teams: %s", status, why)
    return web.Response(status=status)
