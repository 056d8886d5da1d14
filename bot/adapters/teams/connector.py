"""HTTP towards Teams, under the SDK's client: one session of ours, without blocking, redirects, proxies
or retries of anybody else's choosing. What failed is said in our own words before the SDK reads it.
"""

from __future__ import annotations

import json
import logging
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from botframework.connector.aio import ConnectorClient
from botframework.connector.bot_framework_sdk_client_async import BotFrameworkConnectorConfiguration
from msrest.authentication import Authentication
from msrest.pipeline import AsyncHTTPPolicy, AsyncHTTPSender, AsyncPipeline, Response
from msrest.pipeline.universal import RawDeserializer
from msrest.universal_http.async_abc import AsyncClientResponse
from yarl import URL

from bot.errors import TransientError
from bot.ports.directory import AppTokens

for _name in ("msrest", "botframework", "botbuilder"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_MOST_CLIENTS = 16
_MOST_ANSWER = 64 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5)
_CODE = re.compile(r"[A-Za-z0-9_]{1,60}")


@dataclass(frozen=True, slots=True)
class SendFailedError(Exception):
    """Teams said no, or nothing (*status* 0). *arrived* says whether the message may be there all the
    same, so that sending it again could show it twice. *code* is Teams' own, never its text."""

    status: int
    code: str = ""
    retry_after: float | None = None
    arrived: bool = True

    def __str__(self) -> str:
        return f"{self.status} {self.code}".strip()


class Http:
    """The session; made when it is first needed, on the loop it is used on."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                timeout=_TIMEOUT, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    async def read(self, url: str) -> bytes:
        """A small public document. Raises TransientError."""
        try:
            async with self.session.get(url, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise TransientError(f"{answer.status} for a document of Teams")
                return await _whole(answer, 8 * _MOST_ANSWER)
        except (aiohttp.ClientError, TimeoutError) as err:
            raise TransientError(f"a document of Teams cannot be read ({type(err).__name__})") from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class Clients:
    """The SDK's client for each service URL. Making one costs a millisecond, so they are kept."""

    def __init__(self, http: Http, tokens: AppTokens | None) -> None:
        """*tokens* is None where nobody is authenticated."""
        self._http = http
        self._tokens = tokens
        self._made: OrderedDict[str, Any] = OrderedDict()

    def of(self, service_url: str) -> Any:
        client = self._made.get(service_url)
        if client is None:
            client = self._made[service_url] = self._make(service_url)
            while len(self._made) > _MOST_CLIENTS:
                self._made.popitem(last=False)
        self._made.move_to_end(service_url)
        return client

    def _make(self, service_url: str) -> Any:
        configuration = BotFrameworkConnectorConfiguration(Authentication(), service_url)
        configuration.custom_pipeline = AsyncPipeline(
            [configuration.user_agent_policy, RawDeserializer(), _Bearer(self._tokens)], _Sender(self._http)
        )
        return ConnectorClient(None, custom_configuration=configuration)


class _Bearer(AsyncHTTPPolicy):  # type: ignore[misc]
    """The SDK asks MSAL anew in each turn, on the event loop; ours is kept until it expires."""

    def __init__(self, tokens: AppTokens | None) -> None:
        super().__init__()
        self._tokens = tokens

    async def send(self, request: Any, **config: Any) -> Any:
        if self._tokens is None:
            return await self.next.send(request, **config)
        try:
            return await self._sent(request, await self._tokens.token(), config)
        except SendFailedError as err:
            if err.status != 401:
                raise
        await self._tokens.renew()
        return await self._sent(request, await self._tokens.token(), config)

    async def _sent(self, request: Any, token: str, config: dict[str, Any]) -> Any:
        request.http_request.headers["Authorization"] = f"Bearer {token}"
        return await self.next.send(request, **config)


class _Answer(AsyncClientResponse):  # type: ignore[misc]
    def __init__(self, request: Any, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__(request, None)
        self.status_code = status
        self.headers = headers
        self._body = body

    def body(self) -> bytes:
        return self._body


class _Sender(AsyncHTTPSender):  # type: ignore[misc]
    def __init__(self, http: Http) -> None:
        self._http = http

    async def __aexit__(self, *_: object) -> None:
        """The session is shared; its owner closes it."""

    async def send(self, request: Any, **_: Any) -> Any:
        asked = request.http_request
        try:
            async with self._http.session.request(
                asked.method,
                URL(asked.url, encoded=True),
                data=asked.data,
                headers={name: value for name, value in asked.headers.items() if name != "Content-Length"},
                allow_redirects=False,
            ) as got:
                body = await _whole(got, _MOST_ANSWER)
                status, headers = got.status, got.headers
        except aiohttp.ClientConnectorError:
            raise SendFailedError(0, "unreachable", arrived=False) from None
        except (aiohttp.ClientError, TimeoutError):
            raise SendFailedError(0, "no_answer") from None
        if status >= 300:
            raise SendFailedError(
                status, _code(body), _seconds(headers.get("Retry-After", "")), arrived=status >= 500
            )
        kept = {"content-type": "application/json"}  # Teams answers JSON or nothing
        return Response(request, _Answer(asked, status, kept, body))


async def _whole(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The body, however many pieces it comes in; what is longer is no answer of Teams."""
    body = b""
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > most:
            raise aiohttp.ClientPayloadError("too long")
    return body


def _code(body: bytes) -> str:
    """Teams' word for what is wrong; its sentence may repeat what we sent."""
    try:
        code = json.loads(body)["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return ""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _seconds(header: str) -> float | None:
    if not header:
        return None
    if header.isascii() and header.isdigit():
        return float(min(int(header), 600))
    try:
        wait = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait, 0.0), 600.0)
