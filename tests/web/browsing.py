"""A small browser for tests without Chromium: keeps cookies, finds form tokens."""

from __future__ import annotations

import re
from html import unescape
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, Self

import aiohttp


class Answer:
    """A response, read."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()

    def cookies(self) -> SimpleCookie:
        jar = SimpleCookie()
        for line in self.headers.getall("Set-Cookie", []):
            jar.load(line)
        return jar


class Browser:
    """Sends every cookie it was given, as a browser does to a host it trusts."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.jar: dict[str, str] = {}
        self._client = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._client.close()

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.jar.items())} if self.jar else {}
        headers.update(more.pop("headers", {}))
        async with self._client.request(
            method, self.base + path, headers=headers, allow_redirects=False, **more
        ) as got:
            answer = Answer(got.status, got.headers, await got.read())
        for name, morsel in answer.cookies().items():
            if morsel["max-age"] == "0":
                self.jar.pop(name, None)
            else:
                self.jar[name] = morsel.value
        return answer

    async def get(self, path: str, **more: Any) -> Answer:
        headers = {"Accept": "text/html", **more.pop("headers", {})}
        return await self.ask("GET", path, headers=headers, **more)

    async def post(self, path: str, form: dict[str, str], *, token: str | None = None, **more: Any) -> Answer:
        """Post a form as a page of ours would, its token included (or *token* in its place)."""
        if token is None:
            token = form_token((await self.get("/help")).text)
        return await self.ask("POST", path, data={"form_token": token, **form}, **more)


def form_token(html: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', html)
    assert found, html[:500]
    return unescape(found[1])
