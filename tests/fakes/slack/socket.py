"""Socket Mode: tickets, up to ten connections, envelopes and their acknowledgements."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.slack.workspace import APP_ID

_TYPES = {"event": "events_api", "interactive": "interactive", "command": "slash_commands"}


class Socket:
    def __init__(self, *, within: float = 3.0) -> None:
        self.base = ""
        self.within = within
        self.open: list[web.WebSocketResponse] = []
        self.connected = asyncio.Event()
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._turn = itertools.count()

    def ticket(self) -> str:
        """An address that opens one connection."""
        made = secrets.token_hex(12)
        self._tickets.add(made)
        return f"{self.base.replace('http', 'ws', 1)}/link/?ticket={made}&app_id={APP_ID}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404)
        self._tickets.discard(ticket)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self.open.append(ws)
        await ws.send_json(
            {
                "type": "hello", "num_connections": len(self.open), "connection_info": {"app_id": APP_ID},
                "debug_info": {"host": "applink-1", "approximate_connection_time": 18060},
            }
        )  # fmt: skip
        self.connected.set()
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    self._heard(message.json())
        finally:
            self.open.remove(ws)
            if not self.open:
                self.connected.clear()
        return ws

    def _heard(self, frame: dict[str, Any]) -> None:
        waiting = self._waiting.get(frame.get("envelope_id", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(frame.get("payload"))

    async def deliver(
        self, kind: str, payload: dict[str, Any], *, retry: int, reason: str
    ) -> tuple[int, Any]:
        """To any one of the connections; 200 with the answer, or 0 without an acknowledgement."""
        if not self.open:
            return 0, None
        ident = secrets.token_hex(16)
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[ident] = waiting
        frame = {
            "envelope_id": ident, "type": _TYPES[kind], "payload": payload,
            "accepts_response_payload": kind != "event",
        }  # fmt: skip
        if kind == "event":
            frame |= {"retry_attempt": retry, "retry_reason": reason}
        try:
            await self.open[next(self._turn) % len(self.open)].send_json(frame)
            return 200, await asyncio.wait_for(waiting, self.within)
        except (TimeoutError, ConnectionError):
            return 0, None
        finally:
            del self._waiting[ident]

    async def refresh(self) -> None:
        """Slack closes a connection every few hours and expects a new one."""
        for ws in list(self.open):
            await ws.send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})

    async def cut(self) -> None:
        """All connections end without a word."""
        for ws in list(self.open):
            await ws.close()
