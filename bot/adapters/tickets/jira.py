"""Jira Cloud's REST API, version 3: comments that only agents see, and a link to the case.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/
Bodies are Atlassian Document Format. A comment carries its key as a property, and the link has a
`globalId`, so that saying something again changes nothing. `sd.public.comment` makes a comment internal
in Jira Service Management; elsewhere it means nothing.
"""

from __future__ import annotations

import re
from typing import Any

import httpx

from bot.adapters.tickets.calling import Calling
from bot.errors import PermanentError
from bot.ports.tickets import Made
from bot.setting_tickets import Jira

_KEY = re.compile(r"[A-Z][A-Z0-9_]{1,19}-[1-9][0-9]{0,9}")
_PROPERTY = "keyturn"
_API = "/rest/api/3"


class JiraTickets:
    """Implements `ports.tickets.TicketSystem`."""

    name = "jira"

    def __init__(self, settings: Jira) -> None:
        self.creates = settings.create
        self._project, self._type, self._done = settings.project, settings.issue_type, settings.done
        auth = httpx.BasicAuth(settings.user, settings.token.reveal_bytes().decode())
        self._calling = Calling("Jira", settings.url, auth=auth)

    async def find(self, number: str) -> str | None:
        if not _KEY.fullmatch(number.upper()):
            return None
        answer = await self._calling.send(
            "GET", f"{_API}/issue/{number.upper()}", query={"fields": "status"}, absent=True
        )
        return str(answer["id"]) if answer and "id" in answer else None

    async def create(self, title: str, text: str, link: str, *, key: str) -> Made:
        label = key
        answer = await self._calling.send(
            "POST",
            f"{_API}/search/jql",
            body={"jql": f'labels = "{label}"', "fields": ["status"], "maxResults": 1},
        )
        issues = (answer or {}).get("issues") or []
        made = issues[0] if issues else await self._new(title, text, label)
        if not made or "key" not in made or "id" not in made:
            raise PermanentError("Jira answered without key and id")
        await self._link(str(made["id"]), link)
        return Made(str(made["key"]), str(made["id"]))

    async def note(self, sys_id: str, text: str, link: str, *, key: str) -> None:
        path = f"{_API}/issue/{sys_id}/comment"
        query = {"expand": "properties", "orderBy": "-created", "maxResults": "50"}
        answer = await self._calling.send("GET", path, query=query)
        if not any(_says(one, key) for one in (answer or {}).get("comments", ())):
            properties = [
                {"key": _PROPERTY, "value": {"key": key}},
                {"key": "sd.public.comment", "value": {"internal": True}},
            ]
            await self._calling.send("POST", path, body={"body": _document(text), "properties": properties})
        await self._link(sys_id, link)

    async def close(self, sys_id: str, text: str) -> None:
        if not self._done:
            return
        path = f"{_API}/issue/{sys_id}/transitions"
        answer = await self._calling.send("GET", path)
        for one in (answer or {}).get("transitions", ()):
            if str(one.get("name", "")).casefold() == self._done.casefold():
                await self._calling.send("POST", path, body={"transition": {"id": str(one["id"])}})
                return

    async def aclose(self) -> None:
        await self._calling.aclose()

    async def _new(self, title: str, text: str, label: str) -> dict[str, Any] | None:
        fields = {
            "project": {"key": self._project},
            "issuetype": {"name": self._type},
            "summary": title,
            "description": _document(text),
            "labels": [label],
        }
        return await self._calling.send("POST", f"{_API}/issue", body={"fields": fields})

    async def _link(self, sys_id: str, link: str) -> None:
        body = {"globalId": link, "object": {"url": link, "title": "Keyturn"}}
        await self._calling.send("POST", f"{_API}/issue/{sys_id}/remotelink", body=body)


def _document(text: str) -> dict[str, Any]:
    """Plain text as Atlassian Document Format: a paragraph a line."""
    lines = [line for line in text.splitlines() if line.strip()]
    return {
        "version": 1,
        "type": "doc",
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in lines],
    }


def _says(comment: dict[str, Any], key: str) -> bool:
    return any(
        one.get("key") == _PROPERTY and (one.get("value") or {}).get("key") == key
        for one in comment.get("properties", ())
    )
