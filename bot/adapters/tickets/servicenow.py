"""ServiceNow's Table API: work notes on an incident (agents see them, callers do not).

https://developer.servicenow.com/dev.do#!/reference/api/latest/rest/c_TableAPI
A POST twice makes two incidents; `correlation_id` is asked first, and the outbox makes one call at a
time for a case. A note that is sent twice stands there twice: journals have no key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any

import httpx

from bot.adapters.tickets.calling import Calling
from bot.errors import PermanentError
from bot.ports.clock import Clock
from bot.ports.tickets import Made
from bot.setting_tickets import ServiceNow

_RESOLVED = "6"
_EARLY = timedelta(seconds=60)


class ServiceNowTickets:
    """Implements `ports.tickets.TicketSystem`."""

    name = "servicenow"

    def __init__(self, settings: ServiceNow, clock: Clock) -> None:
        self.creates = settings.create
        self._group = settings.group
        self._path = f"/api/now/table/{settings.table}"
        self._calling = Calling("ServiceNow", settings.url, auth=_auth(settings, clock))

    async def find(self, number: str) -> str | None:
        if not number.isalnum() or not number.isascii():
            return None  # ^ and = would be a query of its own
        return await self._first(f"number={number.upper()}")

    async def create(self, title: str, text: str, link: str, *, key: str) -> Made:
        query = {"sysparm_query": f"correlation_id={key}", **_FIELDS}
        found = _rows(await self._calling.send("GET", self._path, query=query))
        if found:
            return _made(found[0])
        body = {
            "short_description": title,
            "work_notes": f"{text}\n{link}",
            "correlation_id": key,
            "correlation_display": "Keyturn",
        }
        if self._group:
            body["assignment_group"] = self._group
        answer = await self._calling.send(
            "POST", self._path, query={"sysparm_fields": "sys_id,number"}, body=body
        )
        return _made((answer or {}).get("result", {}))

    async def note(self, sys_id: str, text: str, link: str, *, key: str) -> None:
        await self._change(sys_id, {"work_notes": f"{text}\n{link}"})

    async def close(self, sys_id: str, text: str) -> None:
        await self._change(
            sys_id, {"state": _RESOLVED, "close_code": "Solved (Permanently)", "close_notes": text}
        )

    async def aclose(self) -> None:
        await self._calling.aclose()

    async def _first(self, query: str) -> str | None:
        rows = _rows(await self._calling.send("GET", self._path, query={"sysparm_query": query, **_FIELDS}))
        return _made(rows[0]).sys_id if rows else None

    async def _change(self, sys_id: str, body: dict[str, str]) -> None:
        await self._calling.send(
            "PATCH", f"{self._path}/{sys_id}", query={"sysparm_fields": "sys_id"}, body=body
        )


_FIELDS = {"sysparm_fields": "sys_id,number", "sysparm_limit": "1"}


def _rows(answer: dict[str, Any] | None) -> list[dict[str, Any]]:
    rows = (answer or {}).get("result")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _made(row: dict[str, Any]) -> Made:
    number, sys_id = str(row.get("number", "")), str(row.get("sys_id", ""))
    if not number or not sys_id.isalnum():
        raise PermanentError("ServiceNow answered without number and sys_id")
    return Made(number, sys_id)


def _auth(settings: ServiceNow, clock: Clock) -> httpx.Auth:
    if settings.password is not None:
        return httpx.BasicAuth(settings.user, settings.password.reveal_bytes().decode())
    assert settings.client_secret is not None
    return _ClientCredentials(
        settings.url, settings.client_id, settings.client_secret.reveal_bytes().decode(), clock
    )


class _ClientCredentials(httpx.Auth):
    """`/oauth_token.do`, kept until shortly before its end; asked for anew once after a 401."""

    def __init__(self, base: str, client_id: str, client_secret: str, clock: Clock) -> None:
        self._address, self._clock = f"{base}/oauth_token.do", clock
        self._form = {
            "grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret
        }  # fmt: skip
        self._token, self._until = "", datetime.min.replace(tzinfo=clock.now().tzinfo)
        self._one = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        async with self._one:
            for again in (False, True):
                if again or self._clock.now() >= self._until:
                    answer = yield httpx.Request("POST", self._address, data=self._form)
                    await answer.aread()
                    body = answer.json() if answer.is_success else {}
                    self._token = str(body.get("access_token", ""))
                    span = timedelta(seconds=float(body.get("expires_in", 0)))
                    self._until = self._clock.now() + max(span - _EARLY, timedelta())
                request.headers["Authorization"] = f"Bearer {self._token}"
                response = yield request
                if response.status_code != 401:
                    return
