"""The Bot Connector: takes what the bot sends to Teams, keeps it as Teams would, refuses what Teams
refuses. Faults are planned one by one with `plan`; each serves one request that changes something.

    POST   /v3/conversations                                   a new 1:1 conversation
    POST   /v3/conversations/{id}/activities                   a message
    POST   /v3/conversations/{id}/activities/{activity id}     a reply; the id must exist
    PUT    /v3/conversations/{id}/activities/{activity id}     an update of an own message
    DELETE /v3/conversations/{id}/activities/{activity id}
    GET    /v3/conversations/{id}/members[/{user id}], /pagedmembers
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.teams.authority import Authority
from tests.fakes.teams.cards import complaints, size

CARD = "application/vnd.microsoft.card.adaptive"
MOST_BYTES = 100 * 1024


@dataclass(frozen=True, slots=True)
class Throttled:
    """429; *after* is the header, often missing."""

    after: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Any other refusal, before anything happened."""

    status: int
    code: str = "BadSyntax"


@dataclass(frozen=True, slots=True)
class Lost:
    """It happened, and the answer was a failure: whoever sends it again shows it twice."""

    status: int = 502


@dataclass(frozen=True, slots=True)
class Slow:
    """It is answered when the test says so."""

    go: asyncio.Event = field(default_factory=asyncio.Event)


Fault = Throttled | Refused | Lost | Slow


@dataclass
class Conversation:
    id: str
    kind: str = "personal"
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    blocked: bool = False


@dataclass
class Posted:
    """A message as it stands. *versions* is all that was ever in it, oldest first: what retention
    and eDiscovery keep."""

    id: str
    conversation: str
    versions: list[dict[str, Any]]
    deleted: bool = False

    @property
    def activity(self) -> dict[str, Any]:
        return self.versions[-1]

    @property
    def card(self) -> dict[str, Any] | None:
        return card_of(self.activity)


def card_of(activity: dict[str, Any]) -> dict[str, Any] | None:
    for attachment in activity.get("attachments") or ():
        if attachment.get("contentType") == CARD:
            content: dict[str, Any] = attachment["content"]
            return content
    return None


@dataclass
class Connector:
    """*posted* is everything in order of arrival; *requests* what was tried, as (method, path, status).
    *found* collects what is not refused by Teams but would look wrong."""

    authority: Authority
    tenant: str
    app_id: str
    port: int = 0
    conversations: dict[str, Conversation] = field(default_factory=dict)
    posted: list[Posted] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    installed: dict[str, str] = field(default_factory=dict)  # user id or oid: conversation id
    heard: list[Callable[[Posted], None]] = field(default_factory=list)
    written: set[str] = field(default_factory=set)  # ids of what people wrote
    typing: int = 0

    @property
    def service_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/teams/"

    @property
    def bot(self) -> dict[str, Any]:
        return {"id": f"28:{self.app_id}", "name": "Keyturn"}

    def plan(self, *faults: Fault) -> None:
        """The next requests that change something meet these, one each."""
        self.faults.extend(faults)

    def conversation(self, ident: str, kind: str = "personal") -> Conversation:
        return self.conversations.setdefault(ident, Conversation(ident, kind))

    def of(self, conversation: str) -> list[Posted]:
        """What stands in a conversation; a channel's threads belong to it."""
        return [
            one for one in self.posted
            if one.conversation.split(";")[0] == conversation.split(";")[0] and not one.deleted
        ]  # fmt: skip

    def by_id(self, ident: str) -> Posted | None:
        return next((one for one in self.posted if one.id == ident), None)

    def new_id(self) -> str:
        return str(1_763_800_000_000 + len(self.requests) * 7 + len(self.posted))

    # --- the door --------------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        base = "/teams/v3/conversations"
        one = f"{base}/{{conversation}}"
        activity = f"{one}/activities/{{activity}}"
        return [
            web.post(base, self.serve(self._create)),
            web.post(f"{one}/activities", self.serve(self._post)),
            web.post(activity, self.serve(self._post)),
            web.put(activity, self.serve(self._put)),
            web.delete(activity, self.serve(self._delete)),
            web.get(f"{one}/members", self.serve(self._members, changes=False)),
            web.get(f"{one}/pagedmembers", self.serve(self._members, changes=False)),
            web.get(f"{one}/members/{{member}}", self.serve(self._member, changes=False)),
        ]

    def serve(self, handler: Any, *, changes: bool = True) -> Any:
        async def answer(request: web.Request) -> web.Response:
            given = request.headers.get("Authorization", "")
            if given.removeprefix("Bearer ") not in self.authority.given:
                return self._noted(request, _error(401, "Unauthorized"))
            body = await request.json() if request.can_read_body else {}
            fault = self.faults.popleft() if changes and self.faults else None
            match fault:
                case Throttled(after):
                    refused = _error(429, "TooManyRequests")
                    if after:
                        refused.headers["Retry-After"] = after
                    return self._noted(request, refused)
                case Refused(status, code):
                    return self._noted(request, _error(status, code))
                case Lost(status):
                    handler(request, body)
                    return self._noted(request, _error(status, "ServiceError"))
                case Slow(go):
                    await go.wait()
                case None:
                    pass
            return self._noted(request, handler(request, body))

        return answer

    def _noted(self, request: web.Request, answer: web.Response) -> web.Response:
        self.requests.append((request.method, request.path, answer.status))
        return answer

    # --- what it does ----------------------------------------------------------------------------

    def _create(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        members = body.get("members") or []
        tenant = (body.get("channelData") or {}).get("tenant", {}).get("id")
        if body.get("isGroup") or len(members) != 1:
            return _error(400, "BadSyntax")
        if tenant != self.tenant:
            return _error(403, "ConversationTenantMismatch")
        known = self.installed.get(members[0].get("id", ""))
        if known is None:
            return _error(403, "BotNotInConversationRoster")
        return web.json_response({"id": known}, status=201)

    def _post(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        where = request.match_info["conversation"]
        if refused := self._refused(where, body):
            return refused
        reply_to = request.match_info.get("activity")
        if reply_to and self.by_id(reply_to) is None and reply_to not in self.written:
            return _error(404, "ActivityNotFoundInConversation")
        if body.get("type") == "typing":
            self.typing += 1
            return web.json_response({}, status=201)
        self._look(body)
        ident = self.new_id()
        one = Posted(ident, where, [body])
        self.posted.append(one)
        for hear in self.heard:
            hear(one)
        if body.get("text") and body.get("attachments"):
            return web.json_response({}, status=201)  # Teams makes two of it and names neither
        return web.json_response({"id": ident}, status=201)

    def _put(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        where, ident = request.match_info["conversation"], request.match_info["activity"]
        if refused := self._refused(where, body):
            return refused
        one = self.by_id(ident)
        if one is None or one.deleted or one.conversation.split(";")[0] != where.split(";")[0]:
            return _error(404, "ActivityNotFoundInConversation")
        self._look(body)
        one.versions.append(body)
        for hear in self.heard:
            hear(one)
        return web.json_response({"id": ident})

    def _delete(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        one = self.by_id(request.match_info["activity"])
        if one is None:
            return _error(404, "ActivityNotFoundInConversation")
        one.deleted = True
        return web.json_response({})

    def _members(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        found = self._known(request.match_info["conversation"])
        if found is None:
            return _error(404, "ConversationNotFound")
        members = list(found.members.values())
        return web.json_response({"members": members} if "paged" in request.path else members)

    def _member(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        found = self._known(request.match_info["conversation"])
        member = found.members.get(request.match_info["member"]) if found else None
        return web.json_response(member) if member else _error(404, "MemberNotFoundInConversation")

    def _refused(self, where: str, body: dict[str, Any]) -> web.Response | None:
        found = self._known(where)
        if found is None:
            return _error(404, "ConversationNotFound")
        if found.blocked:
            return _error(403, "MessageWritesBlocked")
        if body.get("type") not in {"message", "typing"}:
            return _error(400, "BadSyntax")
        if size(body) > MOST_BYTES:
            return _error(413, "MessageSizeTooBig")
        return None

    def _known(self, where: str) -> Conversation | None:
        return self.conversations.get(where) or self.conversations.get(where.split(";")[0])

    def _look(self, body: dict[str, Any]) -> None:
        """House rules: what Teams would take, and people would stumble over."""
        card = card_of(body)
        if card is not None:
            self.found += complaints(card)
            if not body.get("summary"):
                self.found.append("a card without a summary: the phone says “Sent a card”")
        elif not body.get("text"):
            self.found.append("an empty message")
        elif body.get("textFormat") != "plain":
            self.found.append("text that is read as markup")


def _error(status: int, code: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": code}}, status=status)


@asynccontextmanager
async def running(authority: Authority) -> AsyncIterator[Connector]:
    """A fresh connector on a free port, in the test's own loop."""
    made = Connector(authority, authority.tenant, authority.app_id)
    app = web.Application(client_max_size=4 * 2**20)
    app.add_routes(made.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        await runner.cleanup()
