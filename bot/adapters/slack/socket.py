"""Socket Mode: Slack reached from inside, over a connection of our own making.

Slack hands each thing to any one of an app's connections, up to ten of them, so replicas share the work
without knowing each other. What is not answered with 200 is not acknowledged, and comes again. The SDK
reconnects by itself; two things it lacks are here: the address of a connection works once and for
seconds, and what is under way at the end is answered before the connection closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Any

from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.adapters.slack.workspaces import Clients

log = logging.getLogger("keyturn.slack")

PING = 10.0
"""Seconds between two signs of life, and between two attempts to connect."""
_LAST = 5.0
"""Seconds for what is under way when we stop."""


class Socket:
    """One connection, from `start` to `stop`."""

    def __init__(self, app: AsyncApp, app_token: str, clients: Clients) -> None:
        self._app = app
        self._app_token = app_token
        self._clients = clients
        self._client: _Client | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[Any]] = set()
        self._taking = False

    async def start(self) -> None:
        """Begin to connect, and go on trying: Slack being away keeps nobody from the pages."""
        if self._client is not None:
            return
        client = _Client(
            self._app_token,
            logger=self._clients.logger,
            web_client=self._clients.client(None),
            ping_interval=PING,
        )
        client.proxy = None  # the SDK takes it from the environment otherwise
        client.message_listeners.append(_note)
        client.socket_mode_request_listeners.append(self._handle)
        self._client, self._taking = client, True
        self._connecting = asyncio.create_task(client.connect(), name="SlackSocket")

    async def stop(self) -> None:
        """Take nothing more, answer what was taken, and close."""
        self._taking = False
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_LAST)
        if self._client is not None:
            await self._client.close()  # type: ignore[no-untyped-call]
        if self._connecting is not None:
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._connecting
        self._client = self._connecting = None

    async def connected(self) -> bool:
        return self._client is not None and await self._client.is_connected()

    async def _handle(self, client: Any, req: SocketModeRequest) -> None:
        task = asyncio.current_task()
        if not self._taking or task is None:
            return  # not acknowledged: it comes again, to another connection
        self._under_way.add(task)
        try:
            done = await run_async_bolt_app(self._app, req)
            await send_async_response(client, req, done, time.time())
        finally:
            self._under_way.discard(task)


class _Client(SocketModeClient):
    async def connect(self) -> None:
        """The SDK tries one address until it works, which an address that has run out never does."""
        while not self.closed:
            try:
                async with asyncio.timeout(self.ping_interval * 0.9):
                    await super().connect()  # type: ignore[no-untyped-call]
                return
            except TimeoutError:
                log.warning("Slack cannot be reached over a socket; trying again")
                self.wss_uri = None


async def _note(_client: Any, message: dict[str, Any], _raw: Any = None) -> None:
    """Say when a connection opens, and when Slack wants another."""
    match message:
        case {"type": "hello", "num_connections": int(number)}:
            log.info("connected to Slack over a socket; connections of this app: %d", number)
        case {"type": "disconnect", "reason": str(reason)}:
            log.info("Slack asks for a new connection: %s", reason[:40])
