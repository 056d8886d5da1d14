"""Wires one sandbox: authority on `localhost`, Graph and levers on `127.0.0.1`, one port, one process."""

from __future__ import annotations

import os
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from cryptography.fernet import Fernet

from bot.sandbox import authority, control, graph
from bot.sandbox.directory import Clock, Directory
from bot.sandbox.faults import Faults, Kind, hold
from bot.sandbox.journal import Journal
from bot.sandbox.methods import Methods
from bot.sandbox.state import STATE, State
from bot.sandbox.storage import Storage
from bot.sandbox.switches import Switches
from bot.sandbox.tokens import CONSENTED, Keys, registrations
from bot.sandbox.views import static


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def build(
    data: Path | None, *, port: int = 0, clock: Clock | None = None, signing_key: bytes | None = None
) -> web.Application:
    """An application with its `State` under `STATE`.

    *data*: folder for `sandbox.sqlite3` and `secrets/` (made if absent); None keeps all in memory.
    *port*: where it will be reached, known to discovery and tokens; may be set later on the state.
    *signing_key*: a PEM to sign with instead of a fresh one (tests save the time).
    """
    clock = clock or SystemClock()
    storage = Storage(data / "sandbox.sqlite3" if data else None, _kept(data, "sandbox.key", _seal_key))
    keys = Keys(storage, clock)
    if not keys.ready():
        keys.rotate(signing_key)
    apps = registrations({name: _kept(data, name, _app_secret).decode() for name in CONSENTED})
    journal = Journal(storage, clock)
    directory, methods = Directory(storage, clock), Methods(storage, clock)
    state = State(storage, clock, directory, methods, journal, Switches(storage), Faults(), keys, apps, port)
    if storage.one("SELECT 1 FROM sessions") is None:
        state.start_over()
    app = web.Application(middlewares=[_guarded, _token_faults])
    app[STATE] = state
    app.add_routes([*control.routes(), web.get("/sandbox/static/{name}", static)])
    app.add_routes([*authority.routes(), *graph.routes()])
    app.on_shutdown.append(_released)
    app.on_cleanup.append(_closed)
    return app


def _seal_key() -> bytes:
    return Fernet.generate_key()


def _app_secret() -> bytes:
    return secrets.token_urlsafe(32).encode()


def _kept(data: Path | None, name: str, make: Callable[[], bytes]) -> bytes:
    """A secret from the data folder's `secrets/`, made on first use and readable by the owner only."""
    if data is None:
        return make()
    place = data / "secrets" / name
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return place.read_bytes().strip()
    with os.fdopen(handle, "wb") as file:
        file.write(value := make())
    return value


@web.middleware
async def _guarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Only this machine's names, so that no website reaches a lever by rebinding its own name; and
    no form of another site."""
    if request.url.host not in ("127.0.0.1", "localhost", "::1"):
        raise web.HTTPMisdirectedRequest(text="The sandbox answers on 127.0.0.1 and localhost only.")
    cross = request.headers.get("Sec-Fetch-Site", "") == "cross-site"
    if cross and request.method != "GET":
        raise web.HTTPForbidden(text="Forms of other sites are not accepted here.")
    return await handler(request)


@web.middleware
async def _token_faults(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The token endpoint can be held or made unavailable too; it is no Graph call and not in the ledger."""
    fault = (
        request.app[STATE].faults.meets(request.method, request.path)
        if request.path.endswith("/token")
        else None
    )
    if fault and fault.kind is Kind.HOLD:
        await hold(fault)
    elif fault:
        raise web.HTTPServiceUnavailable(text="Service unavailable.")
    return await handler(request)


async def _released(app: web.Application) -> None:
    app[STATE].faults.clear()


async def _closed(app: web.Application) -> None:
    app[STATE].storage.close()
