"""The real adapters, set up against a running sandbox, and a browser's part in a sign-in."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx

from bot.adapters.entra.authority import EntraAuthority, Registration
from bot.adapters.entra.reader import AppTokens
from bot.adapters.graph.acting import GraphActing
from bot.adapters.graph.asking import Asking
from bot.adapters.graph.budget import Budget
from bot.adapters.graph.client import GraphHttp
from bot.adapters.graph.directory import GraphDirectory
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.references import Secret
from bot.setting_values import Credential
from tests.fakes.sandbox import Sandbox

GRAPH_SCOPE = "https://graph.microsoft.com/.default"
CALLBACK = "http://127.0.0.1:8300/auth/callback"
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"')


class Naps:
    """Stands in for `asyncio.sleep`: keeps how long was asked for, and lets others run."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(0)


def authority_of(sandbox: Sandbox, *, secrets: dict[str, str] | None = None) -> EntraAuthority:
    def registration(name: str, *scopes: str) -> Registration:
        secret = (secrets or {}).get(name, sandbox.secret(name))
        return Registration(sandbox.client_id(name), Credential("secret", Secret(secret.encode())), scopes)

    return EntraAuthority(
        authority=origin(sandbox),
        tenant_id=sandbox.tenant,
        registrations={"identity": registration("identity"), "act": registration("act", GRAPH_SCOPE)},
        clock=sandbox.clock,
    )


def origin(sandbox: Sandbox) -> str:
    parts = urlsplit(sandbox.authority)
    return f"{parts.scheme}://{parts.netloc}"


def tokens_of(sandbox: Sandbox, app: str = "reader", *, secret: str = "") -> AppTokens:
    return AppTokens(
        authority=origin(sandbox),
        tenant_id=sandbox.tenant,
        client_id=sandbox.client_id(app),
        credential=Credential("secret", Secret((secret or sandbox.secret(app)).encode())),
        scope=GRAPH_SCOPE,
    )


class Reader:
    """A reader's token without the authority; *roles* replaces what it is consented."""

    def __init__(self, sandbox: Sandbox, *roles: str) -> None:
        self._sandbox, self._roles = sandbox, roles
        self.renewed = 0

    async def token(self) -> str:
        return self._sandbox.reader_token(*self._roles)

    async def renew(self) -> None:
        self.renewed += 1


def directory_of(
    sandbox: Sandbox,
    http: GraphHttp,
    store: Store,
    *,
    reader: Reader | AppTokens | None = None,
    naps: Naps | None = None,
    clock: Clock | None = None,
) -> GraphDirectory:
    sleep = naps or Naps()
    asking = Asking(http, reader or Reader(sandbox), deadline=5, sleep=sleep)
    at = clock or sandbox.clock
    return GraphDirectory(asking, Budget(store, at, sleep=sleep), at)


def acting_of(sandbox: Sandbox, http: GraphHttp, store: Store) -> GraphActing:
    return GraphActing(http, Budget(store, sandbox.clock, sleep=Naps()))


async def signed_in(url: str, person: str, method: str = "", *, cancel: bool = False) -> dict[str, str]:
    """What the authority posts to the callback after *person* signed in at *url*."""
    parts = urlsplit(url)
    form = dict(parse_qsl(parts.query)) | {"person": person, "method": method}
    if cancel:
        form["cancel"] = "1"
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(url.partition("?")[0], data=form)
    assert answer.status_code == 200, answer.text[-500:]
    return {
        unescape(name): unescape(value)
        for name, value in re.findall(
            r'<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"', answer.text
        )
    }
