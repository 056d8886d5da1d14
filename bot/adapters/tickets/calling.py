"""One HTTP client for all of them: no proxies of the environment, no redirects, nothing logged."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import httpx

from bot.errors import PermanentError, TransientError

for _name in ("httpx", "httpcore"):  # their INFO lines show whole addresses
    logging.getLogger(_name).setLevel(logging.WARNING)

SECONDS = 10.0
_LATER = frozenset({408, 409, 425, 429})
"""Not the request's fault, though 4xx."""
_LONGEST_WAIT = 3600.0


class Calling:
    """*what* names the other side in errors: an operator reads them, and they hold nothing else."""

    def __init__(
        self, what: str, base: str, *, auth: httpx.Auth | None = None, client: httpx.AsyncClient | None = None
    ) -> None:
        self._what = what
        self._client = client or httpx.AsyncClient(
            base_url=base, auth=auth, timeout=SECONDS, trust_env=False, follow_redirects=False
        )

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        absent: bool = False,
    ) -> dict[str, Any] | None:
        """The answer's JSON object, empty where there is none. None for 404 where *absent* allows it."""
        try:
            answer = await self._client.request(
                method,
                path,
                params=dict(query or {}),
                json=body,
                content=content,
                headers={"Accept": "application/json", **(headers or {})},
            )
        except httpx.HTTPError as err:  # not `from err`: it holds the whole address
            raise TransientError(f"{self._what}: {type(err).__name__}") from None
        status = answer.status_code
        if status == 404 and absent:
            return None
        if status >= 500 or status in _LATER:
            raise TransientError(f"{self._what} answered {status}", retry_after=_after(answer))
        if not 200 <= status < 300:
            raise PermanentError(f"{self._what} answered {status}", status=status)
        return _object(answer.content)

    async def aclose(self) -> None:
        await self._client.aclose()


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _after(answer: httpx.Response) -> float | None:
    try:
        return min(_LONGEST_WAIT, max(0.0, float(answer.headers.get("retry-after", ""))))
    except ValueError:
        return None
