"""Serving a sandbox on both loopback addresses, so that `localhost` works however it resolves."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from bot.sandbox.app import build
from bot.sandbox.directory import Clock
from bot.sandbox.state import STATE, State


@contextlib.asynccontextmanager
async def running(
    data: Path | None, *, port: int = 0, clock: Clock | None = None, signing_key: bytes | None = None
) -> AsyncIterator[State]:
    """A sandbox on 127.0.0.1 (and ::1 where that is free); port 0 takes a free one.

    Raises OSError when the port is taken."""
    door = _listening(port)
    port = door.getsockname()[1]
    try:
        app = build(data, port=port, clock=clock, signing_key=signing_key)
    except BaseException:
        door.close()
        raise
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, door).start()
        with contextlib.suppress(OSError):
            await web.TCPSite(runner, "::1", port).start()
        yield app[STATE]
    finally:
        await runner.cleanup()


def _listening(port: int) -> socket.socket:
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", port))
    except OSError:
        door.close()
        raise
    return door
