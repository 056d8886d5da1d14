"""The demo's front page, with the three panes of one story, and the way through to the sandbox.

Only under `keyturn demo`. The sandbox is a process of its own; passing `/sandbox/*` on lets one
address be enough, for people and for scripts.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from bot.adapters.web import security
from bot.adapters.web.shell import FRAMES, PANE, Shell
from bot.errors import TransientError
from bot.ports.chat_pages import Chatters
from bot.ports.demo import StartOver

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_ON = _HOP_BY_HOP | {"host", "cookie", "content-length", "accept-encoding"}
_NOT_BACK = _HOP_BY_HOP | {"content-length", "content-encoding", "set-cookie"}
_PATIENCE = aiohttp.ClientTimeout(total=70)


class DemoPage:
    """*sandbox_url* is where the sandbox listens on loopback; *changed* hears of every change made there."""

    def __init__(
        self,
        shell: Shell,
        chatters: Chatters,
        start_over: StartOver,
        *,
        sandbox_url: str,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._changed = changed
        self._shell = shell
        self._chatters = chatters
        self._start_over = start_over
        self._sandbox = sandbox_url.rstrip("/")
        self._client: aiohttp.ClientSession | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.show),
            web.post("/demo/start-over", self.restart),
            web.route("*", "/sandbox/{rest:.*}", self.sandbox),
        ]

    async def show(self, request: web.Request) -> web.Response:
        people = self._chatters.all()
        chosen = self._chatters.find(request.query.get("person", "")) or people[0]
        response = self._shell.page(
            request, "demo.html", people=people, chosen=chosen, again="again" in request.query
        )
        response[FRAMES] = True
        return response

    async def restart(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        chosen = self._chatters.find(form.text("person")) or self._chatters.all()[0]
        await self._start_over.start_over(chosen.id)
        return self._shell.see_other(f"/?person={chosen.id}&again=1")

    async def sandbox(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on as it is, without our cookies: the sandbox has none of its own here.

        Starting over is done here as well, or the product would go on with what the tenant forgot."""
        if request.method not in ("GET", "HEAD"):
            security.demand_same_origin(request)
        sent = await request.read()
        headers = CIMultiDict((k, v) for k, v in request.headers.items() if k.lower() not in _NOT_ON)
        url = URL(f"{self._sandbox}{request.rel_url.raw_path_qs}", encoded=True)
        try:
            async with self._session().request(
                request.method, url, headers=headers, data=sent, allow_redirects=False
            ) as answer:
                body = await answer.read()
        except (TimeoutError, aiohttp.ClientError) as err:
            raise TransientError("the sandbox does not answer") from err
        if request.method == "POST" and request.path == "/sandbox/start-over" and answer.status < 400:
            await self._start_over.start_over(_person(sent, request.content_type))
        if request.method not in ("GET", "HEAD"):
            await self._changed()
        back = CIMultiDict((k, v) for k, v in answer.headers.items() if k.lower() not in _NOT_BACK)
        response = web.Response(status=answer.status, headers=back, body=body)
        response[PANE] = True
        return response

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                timeout=_PATIENCE, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._client

    async def close(self) -> None:
        """Let go of connections; the composition root calls it at the end."""
        if self._client is not None:
            await self._client.close()


def _person(sent: bytes, content_type: str) -> str:
    """Who is to start over, as the sandbox itself read it just now: a form or JSON; "" is everybody."""
    if content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(sent.decode())).get("person", "")
    return str(json.loads(sent).get("person", "")) if sent else ""
