"""The door of the Web API: who calls, whether they may, how often, and what goes wrong on demand.

What a method does stands in `methods_chat`, `methods_views` and `methods_more`; each is registered
with the scopes of which one is needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.slack.workspace import Grant, Workspace

if TYPE_CHECKING:
    from tests.fakes.slack.server import FakeSlack


class Refused(Exception):
    """Slack's `ok: false`."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


@dataclass(slots=True)
class Call:
    """One call as its method sees it."""

    slack: FakeSlack
    grant: Grant
    args: dict[str, Any]

    @property
    def world(self) -> Workspace:
        return self.slack.world

    def need(self, name: str, error: str = "invalid_arguments") -> Any:
        value = self.args.get(name)
        if value in (None, ""):
            raise Refused(error, response_metadata={"messages": [f"[ERROR] missing required field: {name}"]})
        return value

    def scoped(self, *any_of: str) -> None:
        if not self.grant.scopes & set(any_of):
            raise Refused(
                "missing_scope", needed=",".join(any_of), provided=",".join(sorted(self.grant.scopes))
            )


@dataclass(frozen=True, slots=True)
class Record:
    """One call in the ledger; *outcome* is ok, Slack's error, or what the fault was."""

    method: str
    args: Mapping[str, Any]
    team: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Method:
    run: Callable[[Call], dict[str, Any]]
    scopes: tuple[str, ...]
    kind: str = "bot"


METHODS: dict[str, Method] = {}


def method(name: str, *scopes: str, kind: str = "bot") -> Callable[[Any], Any]:
    """Register a method; one of *scopes* is needed. *kind*: whose token, or none."""

    def registered(run: Callable[[Call], dict[str, Any]]) -> Callable[[Call], dict[str, Any]]:
        METHODS[name] = Method(run, scopes, kind)
        return run

    return registered


@dataclass(slots=True)
class WebApi:
    slack: FakeSlack
    calls: list[Record] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        args, token = await _read(request)
        grant = self.slack.world.grants.get(token)
        fault = self.slack.faults.take(name)
        team = grant.team_id if grant else ""
        if fault is not None:
            match fault.kind:
                case "limited":
                    return self._limited(name, args, team, fault.retry_after)
                case "status":
                    self._note(name, args, team, f"status {fault.status}")
                    return web.Response(
                        status=fault.status, text="<html>upstream</html>", content_type="text/html"
                    )
                case "error":
                    self._note(name, args, team, fault.error)
                    return _json({"ok": False, "error": fault.error}, grant)
                case "drop_before":
                    self._note(name, args, team, "dropped before")
                    return _dropped(request)
                case "hold":
                    fault.reached.set()
                    await fault.let_go.wait()
        answer = self._answer(name, args, token, grant)
        if isinstance(answer, int):
            return self._limited(name, args, team, answer)
        self._note(name, args, team, "ok" if answer["ok"] else answer["error"])
        if fault is not None and fault.kind == "drop_after":
            return _dropped(request)
        return _json(answer, grant)

    def _answer(
        self, name: str, args: dict[str, Any], token: str, grant: Grant | None
    ) -> dict[str, Any] | int:
        known = METHODS.get(name)
        try:
            if known is None:
                raise Refused("unknown_method", req_method=name)
            if known.kind != "none":
                self._authorised(known, token, grant)
            grant = grant or Grant("", "", frozenset(), "none")
            if wait := self.slack.rates.wait(name, grant.team_id, str(args.get("channel", ""))):
                return wait
            call = Call(self.slack, grant, args)
            if known.scopes:
                call.scoped(*known.scopes)
            return {"ok": True, **known.run(call)}
        except Refused as no:
            return {"ok": False, "error": no.error, **no.more}

    def _authorised(self, known: Method, token: str, grant: Grant | None) -> None:
        if not token:
            raise Refused("not_authed")
        if grant is None:
            raise Refused("invalid_auth")
        if grant.dead:
            raise Refused(grant.dead)
        if known.kind != "any" and grant.kind != known.kind:
            raise Refused("not_allowed_token_type")

    def _limited(self, name: str, args: dict[str, Any], team: str, retry_after: int) -> web.Response:
        self._note(name, args, team, "ratelimited")
        return web.json_response(
            {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(retry_after)}
        )

    def _note(self, name: str, args: dict[str, Any], team: str, outcome: str) -> None:
        self.calls.append(Record(name, args, team, outcome))


async def _read(request: web.Request) -> tuple[dict[str, Any], str]:
    """The arguments, however they were sent, and the token apart from them."""
    args: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        args |= await request.json()
    elif request.can_read_body:
        args |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    for name in ("blocks", "view", "metadata", "attachments", "manifest"):
        if isinstance(args.get(name), str):
            try:
                args[name] = json.loads(args[name])
            except ValueError:
                args[name] = None
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if bearer.startswith("Basic "):
        args["basic"], bearer = bearer.removeprefix("Basic "), ""
    token = bearer or str(args.pop("token", ""))
    args.pop("token", None)
    return args, token


def _json(answer: dict[str, Any], grant: Grant | None) -> web.Response:
    headers = {"x-slack-req-id": "0"}
    if grant is not None:
        headers["x-oauth-scopes"] = ",".join(sorted(grant.scopes))
    return web.json_response(answer, headers=headers)


def _dropped(request: web.Request) -> web.Response:
    """The connection ends without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
