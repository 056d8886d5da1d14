"""`POST /slack/events`: where Slack's requests come in, over HTTP.

Everything that can be seen from outside is judged before a byte is parsed: size, headers, time, signature.
Bolt answers a malformed header with 500 and logs the body of what it rejects; neither reaches it. Nothing
here logs a body, a header or an address out of one.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.adapters.slack.app import verifier
from bot.adapters.slack.manifest import EVENTS_PATH
from bot.ports.clock import Clock

log = logging.getLogger("keyturn.slack")

MOST = 512 * 1024
"""Bytes. A view may have 250 kB, and comes back encoded; nothing else is near."""
PATIENCE = 10.0
"""Seconds for a body to arrive."""

_STAMP = re.compile(r"[0-9]{9,11}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_TYPES = ("application/json", "application/x-www-form-urlencoded")
_KEPT = ("content-type", "x-slack-retry-num", "x-slack-retry-reason")


class Door:
    """Implements a page of the web application."""

    def __init__(self, app: AsyncApp, signing_secret: str, clock: Clock) -> None:
        self._app = app
        self._verifier = verifier(signing_secret, clock)

    def routes(self) -> list[web.RouteDef]:
        return [web.post(EVENTS_PATH, self.receive)]

    async def receive(self, request: web.Request) -> web.Response:
        if (request.content_length or 0) > MOST:
            return _no(413, "size")
        stamps = request.headers.getall("X-Slack-Request-Timestamp", [])
        signatures = request.headers.getall("X-Slack-Signature", [])
        if len(stamps) != 1 or len(signatures) != 1:
            return _no(401, "headers")
        stamp, signature = stamps[0], signatures[0]
        if not _STAMP.fullmatch(stamp) or not _SIGNATURE.fullmatch(signature):
            return _no(401, "headers")
        if request.content_type not in _TYPES:
            return _no(415, "type")
        body = await _body(request)
        if body is None:
            return _no(413, "size")
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return _no(400, "body")
        if not self._verifier.is_valid(text, stamp, signature):  # in time, and signed by Slack
            return _no(401, "signature")
        heard = _request(text, request)
        if heard is None:
            return _no(400, "body")
        try:
            return _answer(await self._app.async_dispatch(heard))
        except Exception as err:  # noqa: BLE001 - Bolt's own, on what it did not expect; texts stay here
            log.error("not taken: %s in Bolt", type(err).__name__)
            return _no(503, "error")


async def _body(request: web.Request) -> bytes | None:
    """The raw body; None once it is too large or too slow."""
    read = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.content.iter_any():
                read += chunk
                if len(read) > MOST:
                    return None
    except TimeoutError:
        return None
    return bytes(read)


def _request(text: str, request: web.Request) -> AsyncBoltRequest | None:
    """As Bolt wants it; None for what Slack cannot have meant."""
    headers: dict[str, str | Sequence[str]] = {
        name: request.headers[name] for name in _KEPT if name in request.headers
    }
    headers["x-slack-request-timestamp"] = request.headers["X-Slack-Request-Timestamp"]
    headers["x-slack-signature"] = request.headers["X-Slack-Signature"]
    try:
        heard = AsyncBoltRequest(body=text, headers=headers)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return heard if isinstance(heard.body, dict) and heard.body else None


def _answer(done: BoltResponse) -> web.Response:
    kind = done.first_headers_without_set_cookie().get("content-type", "text/plain; charset=utf-8")
    return web.Response(status=done.status, body=done.body.encode(), headers={"Content-Type": kind})


def _no(status: int, why: str) -> web.Response:
    log.warning("a request to the door of Slack was refused: %s", why)
    return web.Response(status=status, text=str(status))
