"""Serving an application on one socket until a signal says stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator

from aiohttp import web

from bot.errors import UnusableError


def door(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UnusableError for a taken port or an unknown host."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(128)
    except OSError as err:
        found.close()
        raise UnusableError(
            f"{host}:{port}", f"cannot be listened on ({err.strerror}).", "Name another port with --port."
        ) from err
    return found


def stop_signals() -> asyncio.Event:
    """An event that SIGINT or SIGTERM sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


@contextlib.asynccontextmanager
async def serving(app: web.Application, door: socket.socket) -> AsyncIterator[None]:
    """Answer requests on *door*; on the way out, let those under way finish for five seconds."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    try:
        await web.SockSite(runner, door).start()
        yield
    finally:
        await runner.cleanup()
