"""ServiceNow, Jira Cloud and a webhook receiver over loopback, as strict as their documents.

Faithful in what a caller can get wrong: authentication, paths, required fields, encoded queries, error
envelopes, Atlassian Document Format, comment properties, links by `globalId`.
"""

from __future__ import annotations

import base64
import json
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook

from tests.web.house import free_port

NOW_USER, NOW_PASSWORD = "keyturn", "canary-servicenow"
NOW_CLIENT, NOW_SECRET = "a1b2", "canary-servicenow-oauth"
JIRA_USER, JIRA_TOKEN = "keyturn@example.test", "canary-jira"
HOOK_SECRET = "whsec_" + base64.b64encode(b"canary-webhook-secret-of-32-byte").decode()


@dataclass
class Fake(ABC):
    """*faults* are answered first, one a call: a status, or a status with headers."""

    url: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)
    faults: list[int | tuple[int, dict[str, str]]] = field(default_factory=list)
    after: bool = False
    """The fault comes after the work is done."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.calls.append((request.method, request.path))
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None and not self.after:
            return self._fault(fault)
        answer = await self.answer(request)
        return self._fault(fault) if fault is not None else answer

    @abstractmethod
    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What it really says."""

    def _fault(self, fault: int | tuple[int, dict[str, str]]) -> web.Response:
        status, headers = fault if isinstance(fault, tuple) else (fault, {})
        return web.Response(status=status, text="<html>canary-body</html>", headers=headers)


def _basic(request: web.Request, user: str, password: str) -> bool:
    wanted = base64.b64encode(f"{user}:{password}".encode()).decode()
    return request.headers.get("Authorization") == f"Basic {wanted}"


@dataclass
class FakeServiceNow(Fake):
    """One table, `incident`."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    granted: int = 0

    def incident(self, number: str) -> str:
        """A ticket that somebody made by hand; its sys_id."""
        sys_id = f"{len(self.rows) + 1:032x}"
        self.rows[sys_id] = {"sys_id": sys_id, "number": number, "state": "1", "correlation_id": ""}
        return sys_id

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/oauth_token.do":
            return await self._grant(request)
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ") in self.tokens
        if not bearer and not _basic(request, NOW_USER, NOW_PASSWORD):
            return _now_error(401, "User Not Authenticated", "Required to provide Auth information")
        found = re.fullmatch(r"/api/now/table/incident(?:/([0-9a-f]{32}))?", request.path)
        if found is None:
            return _now_error(400, "Requested URI does not represent any resource", request.path)
        sys_id = found[1]
        match request.method:
            case "GET" if not sys_id:
                return self._list(request)
            case "POST" if not sys_id:
                return self._insert(request, await request.json())
            case "PATCH" if sys_id:
                return self._update(sys_id, request, await request.json())
        return _now_error(405, "Method not supported", "")

    async def _grant(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (form.get("client_id"), form.get("client_secret"), form.get("grant_type")) != (
            NOW_CLIENT, NOW_SECRET, "client_credentials",
        ):  # fmt: skip
            return web.json_response({"error": "invalid_client"}, status=401)
        self.granted += 1
        token = f"canary-token-{self.granted}"
        self.tokens = {token}
        return web.json_response({"access_token": token, "expires_in": 1799, "token_type": "Bearer"})

    def _list(self, request: web.Request) -> web.Response:
        column, _, value = request.query.get("sysparm_query", "").partition("=")
        if column not in {"number", "correlation_id"} or "^" in value:
            return _now_error(400, "Invalid query", request.query_string)
        rows = [self._shown(row, request) for row in self.rows.values() if row.get(column) == value]
        return web.json_response({"result": rows[: int(request.query.get("sysparm_limit", "10000"))]})

    def _insert(self, request: web.Request, body: dict[str, str]) -> web.Response:
        assert body.get("short_description"), body
        sys_id = self.incident(f"INC{10000 + len(self.rows):07d}")
        self._write(sys_id, body)
        row = self._shown(self.rows[sys_id], request)
        return web.json_response({"result": row}, status=201)

    def _update(self, sys_id: str, request: web.Request, body: dict[str, str]) -> web.Response:
        if sys_id not in self.rows:
            return _now_error(404, "No Record found", "Record doesn't exist or ACL restricts the record")
        if body.get("state") == "6" and not (body.get("close_code") and body.get("close_notes")):
            return _now_error(403, "Operation Failed", "Data Policy Exception: close_code, close_notes")
        self._write(sys_id, body)
        return web.json_response({"result": self._shown(self.rows[sys_id], request)})

    def _write(self, sys_id: str, body: dict[str, str]) -> None:
        body = dict(body)
        if note := body.pop("work_notes", ""):
            self.notes.setdefault(sys_id, []).append(note)
        self.rows[sys_id] |= body

    @staticmethod
    def _shown(row: dict[str, str], request: web.Request) -> dict[str, str]:
        wanted = request.query.get("sysparm_fields", "")
        return {k: v for k, v in row.items() if not wanted or k in wanted.split(",")}


def _now_error(status: int, message: str, detail: str) -> web.Response:
    return web.json_response(
        {"error": {"message": message, "detail": detail}, "status": "failure"}, status=status
    )


@dataclass
class FakeJira(Fake):
    """One project, HELP, with the transitions Start and Done."""

    issues: dict[str, dict[str, Any]] = field(default_factory=dict)

    def issue(self, **fields: Any) -> str:
        """An issue; its id."""
        ident = str(10000 + len(self.issues))
        self.issues[ident] = {
            "id": ident, "key": f"HELP-{len(self.issues) + 1}", "fields": fields, "comments": [],
            "links": {}, "status": "Open",
        }  # fmt: skip
        return ident

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if not _basic(request, JIRA_USER, JIRA_TOKEN):
            return web.Response(status=401, text="Client must be authenticated to access this resource.")
        body = await request.json() if request.can_read_body else {}
        path = request.path.removeprefix("/rest/api/3")
        if (request.method, path) == ("POST", "/search/jql"):
            return self._search(body)
        if (request.method, path) == ("POST", "/issue"):
            return self._create(body)
        found = re.fullmatch(r"/issue/([A-Z0-9-]+)(/comment|/remotelink|/transitions)?", path)
        issue = self._issue(found[1]) if found else None
        if found is None or issue is None:
            said = ["Issue does not exist or you do not have permission to see it."]
            return web.json_response({"errorMessages": said, "errors": {}}, status=404)
        return self._part(request.method, found[2] or "", issue, body)

    def _issue(self, name: str) -> dict[str, Any] | None:
        return next((one for one in self.issues.values() if name in (one["id"], one["key"])), None)

    def _search(self, body: dict[str, Any]) -> web.Response:
        found = re.fullmatch(r'labels = "([a-z0-9-]+)"', body["jql"])
        assert found, body
        hits = [one for one in self.issues.values() if found[1] in one["fields"].get("labels", ())]
        return web.json_response({"issues": [_brief(one) for one in hits], "isLast": True})

    def _create(self, body: dict[str, Any]) -> web.Response:
        fields = body["fields"]
        errors = {}
        if fields.get("project") != {"key": "HELP"}:
            errors["project"] = "valid project is required"
        if fields.get("issuetype") != {"name": "Task"}:
            errors["issuetype"] = "Specify a valid issue type"
        if not fields.get("summary") or "\n" in fields["summary"]:
            errors["summary"] = "You must specify a summary of the issue."
        if errors or not _is_document(fields["description"]):
            return web.json_response({"errorMessages": [], "errors": errors}, status=400)
        return web.json_response(_brief(self.issues[self.issue(**fields)]), status=201)

    def _part(self, method: str, part: str, issue: dict[str, Any], body: dict[str, Any]) -> web.Response:
        match (method, part):
            case ("GET", ""):
                return web.json_response({**_brief(issue), "fields": {"status": {"name": issue["status"]}}})
            case ("GET", "/comment"):
                return web.json_response({"comments": issue["comments"], "total": len(issue["comments"])})
            case ("POST", "/comment"):
                if not _is_document(body["body"]):
                    said = {"comment": "Comment body is not valid!"}
                    return web.json_response({"errorMessages": [], "errors": said}, status=400)
                issue["comments"].append(body)
                return web.json_response({"id": "1", **body}, status=201)
            case ("POST", "/remotelink"):
                if not body["object"]["url"] or not body["object"]["title"]:
                    return web.json_response({"errorMessages": ["'title' is required."]}, status=400)
                new = body["globalId"] not in issue["links"]
                issue["links"][body["globalId"]] = body["object"]
                return web.json_response({"id": 1}, status=201 if new else 200)
            case ("GET", "/transitions"):
                ways = [{"id": "11", "name": "Start"}, {"id": "31", "name": "Done"}]
                return web.json_response({"transitions": ways})
            case ("POST", "/transitions"):
                issue["status"] = {"11": "In Progress", "31": "Done"}[body["transition"]["id"]]
                return web.Response(status=204)
        return web.Response(status=405)


def _brief(issue: dict[str, Any]) -> dict[str, Any]:
    return {"id": issue["id"], "key": issue["key"], "self": "http://localhost/"}


def _is_document(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and (value.get("type"), value.get("version")) == ("doc", 1)
        and all(
            part["type"] == "paragraph"
            and all(one["type"] == "text" and one["text"] for one in part["content"])
            for part in value["content"]
        )
    )


@dataclass
class FakeReceiver(Fake):
    """A webhook's other end: checks each signature as the official library does, at *now*."""

    now: datetime | None = None
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    times: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        sent = request.headers
        at = datetime.fromtimestamp(int(sent["webhook-timestamp"]), tz=self.now.tzinfo if self.now else None)
        signed = Webhook(HOOK_SECRET).sign(sent["webhook-id"], at, body)
        if signed not in sent["webhook-signature"].split(" "):
            return web.Response(status=401)
        assert self.now is None or abs((self.now - at).total_seconds()) < 300
        self.times += 1
        self.taken[sent["webhook-id"]] = json.loads(body)
        return web.Response(status=204)


@asynccontextmanager
async def serving(*fakes: Fake) -> AsyncIterator[None]:
    """Each of them on a port of its own."""
    runners = []
    for fake in fakes:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", fake.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        fake.url = f"http://127.0.0.1:{port}"
        runners.append(runner)
    try:
        yield
    finally:
        for runner in runners:
            await runner.cleanup()
