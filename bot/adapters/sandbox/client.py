"""A client for the sandbox's own levers (`/sandbox/...`), which only the demo uses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import aiohttp

from bot.errors import PermanentError, TransientError


class SandboxClient:
    """Implements `ports.demo.Tenant`."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str) -> None:
        self._http = http
        self._url = base_url.rstrip("/")

    async def people(self) -> Sequence[dict[str, Any]]:
        """Everybody, each at least with `id`, `name` and `oid`."""
        found = await self._call("GET", "/sandbox/people")
        assert isinstance(found, list)
        return found

    async def country(self) -> str:
        """Where the sandbox says that everybody is."""
        return str((await self._call("GET", "/sandbox/country"))["country"])

    async def start_over(self, person: str) -> None:
        await self._call("POST", "/sandbox/start-over", {"person": person})

    async def put_codes(self, person: str, codes: Sequence[str], printed_at: datetime) -> None:
        body = {"codes": list(codes), "printed_at": printed_at.isoformat()}
        await self._call("PUT", f"/sandbox/people/{person}/codes", body)

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            async with self._http.request(method, self._url + path, json=body) as answer:
                if answer.status >= 400:
                    raise PermanentError(f"the sandbox answered {answer.status}", status=answer.status)
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as err:
            raise TransientError("the sandbox cannot be reached") from err
