"""One question to Graph with the reader's token: asked again while it may help, until a deadline.

Only reads come this way, so repeating is safe. Errors become TransientError or PermanentError,
whose *reason* is `unlicensed` where the tenant lacks the licence, else Graph's own code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphServiceClient

from bot.adapters.graph.client import Answer, GraphHttp, send
from bot.errors import PermanentError, TransientError
from bot.ports.directory import AppTokens

_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_UNLICENSED = frozenset(
    {
        "AadPremiumLicenseRequired",
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    }
)
_PAGES = 50
_TRIES = 4

Build = Callable[[GraphServiceClient], RequestInformation]


class Asking:
    """Asks Graph; *deadline* is in seconds and covers all tries of one question and its pages."""

    def __init__(
        self,
        http: GraphHttp,
        tokens: AppTokens,
        *,
        deadline: float = 20,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http, self._tokens = http, tokens
        self._deadline, self._sleep = deadline, sleep

    async def one(self, build: Build) -> dict[str, Any] | None:
        """A JSON object, or None for 404."""
        async with _within(self._deadline):
            answer = await self._answer(build)
        if answer is None:
            return None
        body = answer.body()
        if not body:
            raise PermanentError("graph: the answer is no object", status=answer.status)
        return body

    async def raw(self, build: Build) -> Answer | None:
        """Bytes, or None for 404."""
        async with _within(self._deadline):
            return await self._answer(build)

    async def listed(self, build: Build) -> list[dict[str, Any]] | None:
        """All items over all pages, or None for 404. A page that is missing makes the whole unreadable."""
        found: list[dict[str, Any]] = []
        async with _within(self._deadline):
            for page in range(_PAGES):
                answer = await self._answer(build)
                if answer is None and not page:
                    return None
                body = answer.body() if answer else {}
                items = body.get("value")
                if not isinstance(items, list):
                    raise PermanentError("graph: the answer is no list")
                found += items
                following = body.get("@odata.nextLink")
                if not following:
                    return found
                build = self._page(str(following))
        raise PermanentError("graph: too many pages")

    def _page(self, link: str) -> Build:
        ours, theirs = urlsplit(self._http.base_url), urlsplit(link)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            raise PermanentError("graph: the next page is at another host")
        return lambda service: service.users.with_url(link).to_get_request_information()

    async def _answer(self, build: Build) -> Answer | None:
        """One good answer, or None for 404."""
        service = self._http.service(self._give)
        renewed = False
        for attempt in range(1, _TRIES + 1):
            answer = await _sent(service, build(service))
            if isinstance(answer, Answer) and answer.status == 401 and not renewed:
                renewed = True
                await self._tokens.renew()
                answer = await _sent(service, build(service))
            if isinstance(answer, Answer):
                if answer.ok:
                    return answer
                if answer.status == 404:
                    return None
                if answer.status not in _AGAIN:
                    raise _refused(answer)
            wait = answer.retry_after() if isinstance(answer, Answer) else None
            if attempt < _TRIES:
                await self._sleep(0.25 * 2**attempt if wait is None else wait)
        why = f"status {answer.status}" if isinstance(answer, Answer) else answer
        raise TransientError(f"graph cannot be read ({why})", retry_after=wait)

    async def _give(self, challenged: bool) -> str:
        if challenged:
            await self._tokens.renew()
        return await self._tokens.token()


async def _sent(service: GraphServiceClient, request: RequestInformation) -> Answer | str:
    """The answer, or the kind of failure that came instead."""
    try:
        return await send(service, request)
    except httpx.HTTPError as err:
        return type(err).__name__


def _refused(answer: Answer) -> PermanentError:
    code = answer.code
    reason = "unlicensed" if code in _UNLICENSED else code
    return PermanentError(
        f"graph refused to answer: {answer.status} {code}", status=answer.status, reason=reason
    )


class _within:  # noqa: N801 -- reads as a word of the statement it stands in
    """`asyncio.timeout` that raises TransientError."""

    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        try:
            await self._timeout.__aexit__(*error)
        except TimeoutError:
            raise TransientError("graph did not answer in time") from None
