"""msgraph-sdk, held short: its request builders and pipeline, but raw answers.

Parsing one typed entity imports 1,200 modules and takes seconds, so answers are taken as bytes
through a response handler. The pipeline has neither the SDK's retry nor its redirect handler: it
retries POST, and a pass made twice is a pass lost. One more second call hides in Kiota: a claims
challenge is answered by sending the same request again. Whoever must call once refuses to
give a token then.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.request_information import RequestInformation
from kiota_abstractions.response_handler import ResponseHandler
from kiota_http.middleware import ParametersNameDecodingHandler
from kiota_http.middleware.options import ResponseHandlerOption
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph_core import GraphClientFactory
from msgraph_core.middleware import GraphTelemetryHandler

for _name in ("httpx", "httpcore"):  # their INFO lines show whole addresses, people included
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """What Graph answered. The body stays out of the repr: it may hold a pass."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def body(self) -> dict[str, Any]:
        """The JSON object, or an empty one: gateways answer HTML, some calls nothing."""
        try:
            body = json.loads(self.content)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    @property
    def code(self) -> str:
        """Graph's error code, short enough and plain enough for a log."""
        error = self.body().get("error")
        code = str(error.get("code", "")) if isinstance(error, dict) else ""
        return "".join(c for c in code[:60] if c.isalnum() or c in "_.-")

    def retry_after(self) -> float | None:
        """Seconds the platform asked us to wait."""
        try:
            return max(0.0, float(self.headers.get("retry-after", "")))
        except ValueError:
            return None


class _Raw(ResponseHandler):  # type: ignore[misc]
    """Hands the answer over as it came."""

    async def handle_response_async(self, response: httpx.Response, error_map: Any = None) -> Answer:
        return Answer(response.status_code, dict(response.headers), response.content)


GiveToken = Callable[[bool], Awaitable[str]]
"""Gives an access token. The argument tells that Graph asked for more claims and would now get the
same request again; who must not send twice raises."""


class TokenProvider(AccessTokenProvider):  # type: ignore[misc]
    """Gives a token to Graph alone: Kiota would send it to whatever host an address names."""

    def __init__(self, base_url: str, give: GiveToken) -> None:
        self._origin, self._give = _origin(base_url), give

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        if _origin(uri) != self._origin:
            raise PermissionError("no token for this host")
        return await self._give("claims" in (additional_authentication_context or {}))

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator([urlsplit(self._origin).hostname])


class GraphHttp:
    """One connection pool to Graph, for the event loop it is first used in."""

    def __init__(self, base_url: str, *, timeout: float = 20) -> None:
        self.base_url = base_url.rstrip("/")
        self._limits = httpx.Timeout(timeout, connect=min(timeout, 5))
        self._client: httpx.AsyncClient | None = None
        self._transport: httpx.AsyncHTTPTransport | None = None

    def service(self, give: GiveToken) -> GraphServiceClient:
        """A Graph client that asks *give* for its tokens."""
        if self._client is None:
            self._transport = httpx.AsyncHTTPTransport(trust_env=False)
            plain = httpx.AsyncClient(
                transport=self._transport, timeout=self._limits, trust_env=False, follow_redirects=False
            )
            self._client = GraphClientFactory.create_with_custom_middleware(
                [ParametersNameDecodingHandler(), GraphTelemetryHandler()], client=plain
            )
        bearer = BaseBearerTokenAuthenticationProvider(TokenProvider(self.base_url, give))
        adapter = GraphRequestAdapter(bearer, client=self._client)
        adapter.base_url = self.base_url
        return GraphServiceClient(request_adapter=adapter)

    async def close(self) -> None:
        if self._client is not None and self._transport is not None:
            await self._client.aclose()
            await self._transport.aclose()  # Kiota's wrapper around it closes nothing
            self._client = None


async def send(service: GraphServiceClient, request: RequestInformation) -> Answer:
    """Send *request* and take the answer raw, whatever its status. Raises httpx.HTTPError."""
    request.headers.try_add("client-request-id", str(uuid4()))
    request.add_request_options([_RAW])
    answer: Answer = await service.request_adapter.send_primitive_async(request, "bytes", {})
    return answer


_RAW = ResponseHandlerOption(_Raw())


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
