"""The HTTP client that MSAL and the token validation share.

MSAL insists on an https authority. In front of a loopback authority it keeps a real-looking
https name, and this client sends those requests to the loopback address instead. Nothing but
the configured authority is ever reached: no redirects, no proxies or certificates from the
environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

_NAME = "https://login.microsoftonline.com"
"""What MSAL is told when the authority is plain http on loopback: a name it knows."""


class AuthorityHttp:
    """`get`, `post` and `close` as MSAL wants them (synchronous: call from a thread)."""

    def __init__(self, authority: str, *, timeout: float = 10) -> None:
        self._authority = authority.rstrip("/")
        self.name = _NAME if self._authority.startswith("http://") else self._authority
        limits = httpx.Timeout(timeout, connect=min(timeout, 5))
        self._client = httpx.Client(trust_env=False, follow_redirects=False, timeout=limits)

    def get(
        self, url: str, params: Any = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> httpx.Response:
        return self._client.get(self._reached(url), params=params, headers=_plain(headers))

    def post(
        self,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> httpx.Response:
        return self._client.post(self._reached(url), params=params, data=data, headers=_plain(headers))

    def close(self) -> None:
        self._client.close()

    def _reached(self, url: str) -> str:
        """Where *url* leads, if it is the authority's. Raises httpx.UnsupportedProtocol if not."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in {self.name, self._authority}:
            raise httpx.UnsupportedProtocol("not an address of the configured authority")
        return self._authority + url[len(origin) :]


def _plain(headers: Mapping[str, str] | None) -> dict[str, str]:
    """MSAL passes None for headers it has no value for; httpx takes text only."""
    return {name: value for name, value in (headers or {}).items() if value is not None}
