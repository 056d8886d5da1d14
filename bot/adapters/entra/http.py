"""The HTTP clients of the authority: ours, and the one handed to MSAL.

Nothing but the configured authority is ever reached: no redirects, no proxies or certificates
from the environment. MSAL insists on https everywhere, also inside the discovery document. In
front of a loopback authority it is shown a real-looking https name in place of the address, and
its requests for that name go to the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

_NAME = "https://login.microsoftonline.com"


class AuthorityHttp:
    """Reads and posts at one authority. Synchronous: call from a thread."""

    def __init__(self, authority: str, *, timeout: float = 10) -> None:
        self.authority = authority.rstrip("/")
        limits = httpx.Timeout(timeout, connect=min(timeout, 5))
        self._client = httpx.Client(trust_env=False, follow_redirects=False, timeout=limits)

    def get(
        self, url: str, *, params: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return self._client.get(self._ours(url), params=params, headers=headers)

    def post(
        self, url: str, *, params: Any = None, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return self._client.post(self._ours(url), params=params, data=data, headers=headers)

    def close(self) -> None:
        self._client.close()

    def _ours(self, url: str) -> str:
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" != self.authority:
            raise httpx.UnsupportedProtocol("not an address of the configured authority")
        return url


@dataclass(frozen=True, slots=True)
class Shown:
    """What MSAL reads of an answer."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise httpx.HTTPError(f"the authority answered {self.status_code}")


class MsalHttp:
    """`get`, `post` and `close` as MSAL wants them, under the name it accepts."""

    def __init__(self, http: AuthorityHttp) -> None:
        self._http = http
        self.name = _NAME if http.authority.startswith("http://") else http.authority

    def get(
        self, url: str, params: Any = None, headers: Mapping[str, str | None] | None = None, **_: Any
    ) -> Shown:
        return self._shown(self._http.get(self.real(url), params=params, headers=_plain(headers)))

    def post(
        self,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: Mapping[str, str | None] | None = None,
        **_: Any,
    ) -> Shown:
        return self._shown(self._http.post(self.real(url), params=params, data=data, headers=_plain(headers)))

    def close(self) -> None:
        """The client is shared; its owner closes it."""

    def real(self, url: str) -> str:
        """The authority's own address for one that MSAL made."""
        return self._http.authority + url[len(self.name) :] if url.startswith(f"{self.name}/") else url

    def _shown(self, answer: httpx.Response) -> Shown:
        text = answer.text.replace(f'"{self._http.authority}/', f'"{self.name}/')
        return Shown(answer.status_code, text, dict(answer.headers))


def _plain(headers: Mapping[str, str | None] | None) -> dict[str, str]:
    """MSAL passes None for headers it has no value for; httpx takes text only."""
    return {name: value for name, value in (headers or {}).items() if value is not None}
