"""What every Graph call passes: the ledger, the token, the permission, the faults.

Handlers are plain functions from a `Call` to an answer and run without a break, so that a call is
either carried out whole or not at all.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import jwt
from aiohttp import web

from bot.sandbox.directory import Account
from bot.sandbox.faults import GATEWAY, Fault, Kind, hold, lag
from bot.sandbox.state import STATE, State
from bot.sandbox.tokens import GRAPH, App


class GraphError(Exception):
    """A refusal in Graph's own shape."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}
        super().__init__(f"{status} {code}")


def absent(name: str) -> GraphError:
    """Graph's sentence about a directory object that is not there."""
    what = "does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", f"Resource '{name}' {what}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the registration, and the person behind it when the token is delegated."""

    app: App
    actor: Account | None
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised call."""

    state: State
    request: web.Request
    caller: Caller
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def query(self) -> Any:
        return self.request.query

    def user(self) -> Account:
        """The account in the path. Raises 404."""
        ref = self.request.match_info["user"]
        who = self.state.directory.find(ref)
        if who is None:
            raise absent(ref)
        return who

    @property
    def actor_id(self) -> str:
        return self.caller.actor.id if self.caller.actor else ""


Answer = web.StreamResponse | dict[str, Any] | None
Handle = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route of Graph. *app* and *delegated*: permissions of which one is enough. *methods_api*:
    its refusals use the authentication-method service's words."""

    verb: str
    path: str
    handle: Handle
    app: tuple[str, ...] = ()
    delegated: tuple[str, ...] = ()
    status: int = 200
    methods_api: bool = False


def door(endpoint: Endpoint) -> Callable[[web.Request], Any]:
    """The aiohttp handler of an endpoint."""

    async def enter(request: web.Request) -> web.StreamResponse:
        state = request.app[STATE]
        n = state.journal.arrived(request.method, request.path)
        fault = state.faults.meets(request.method, request.path)
        if fault:
            state.journal.met(n, fault.kind.value)
        ids = {
            "request-id": str(uuid4()),
            "client-request-id": request.headers.get("client-request-id", str(uuid4())),
        }
        try:
            body = await _body(request)
            caller = authenticated(state, request)
            state.journal.identified(n, caller.app.name, caller.actor.id if caller.actor else "")
            if early := await _before(fault):
                state.journal.decided(n, early.status)
                early.headers.update(ids)
                return early
            permitted(endpoint, caller)
            done = _carried_out(endpoint, Call(state, request, caller, body), fault)
        except GraphError as err:
            done = error_response(err, ids, state)
        state.journal.decided(n, done.status)
        done.headers.update(ids)
        return await _after(fault, request, done, ids, state)

    return enter


def _carried_out(endpoint: Endpoint, call: Call, fault: Fault | None) -> web.StreamResponse:
    late = lag.set(fault.seconds if fault and fault.kind is Kind.LAG else 0.0)
    try:
        answer = endpoint.handle(call)
    finally:
        lag.reset(late)
    match answer:
        case web.StreamResponse():
            return answer
        case None:
            return web.Response(status=204)
        case _:
            return json_response(answer, status=endpoint.status)


async def _before(fault: Fault | None) -> web.Response | None:
    """The part of a fault that strikes before the call is carried out."""
    if fault is None:
        return None
    match fault.kind:
        case Kind.HOLD if fault.when == "before":
            await hold(fault)
        case Kind.SLOW:
            await asyncio.sleep(fault.seconds)
        case Kind.HTML502:
            return web.Response(status=502, text=GATEWAY, content_type="text/html")
        case Kind.THROTTLE | Kind.UNAVAILABLE:
            throttled = fault.kind is Kind.THROTTLE
            status, code = (429, "TooManyRequests") if throttled else (503, "serviceNotAvailable")
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            raise GraphError(
                status, code, "Too many requests." if throttled else "Service unavailable.", headers
            )
        case Kind.CLAIMS:
            claims = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1"}}}').decode()
            challenge = f'Bearer realm="", error="insufficient_claims", claims="{claims}"'
            raise GraphError(
                401,
                "InvalidAuthenticationToken",
                "Continuous access evaluation resulted in claims challenge.",
                {"WWW-Authenticate": challenge},
            )
    return None


async def _after(
    fault: Fault | None, request: web.Request, done: web.StreamResponse, ids: dict[str, str], state: State
) -> web.StreamResponse:
    """The part of a fault that strikes after: the answer is late, lost, or never comes."""
    if fault is None:
        return done
    match fault.kind:
        case Kind.HOLD if fault.when == "after":
            await hold(fault)
        case Kind.TIMEOUT_AFTER:
            await asyncio.sleep(fault.seconds)
            return error_response(
                GraphError(504, "UnknownError", "The gateway did not receive a timely answer."), ids, state
            )
        case Kind.DROP:
            if request.transport:
                request.transport.abort()
    return done


async def _body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise GraphError(400, "BadRequest", "Unable to read JSON request payload.")
    return {name: value for name, value in body.items() if not name.startswith("@odata")}


def authenticated(state: State, request: web.Request) -> Caller:
    """The caller behind the bearer token. Raises 401."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthenticated("Access token is empty.")
    try:
        claims = state.keys.verify(token.strip(), GRAPH, state.issuer)
    except (jwt.PyJWTError, KeyError):
        raise _unauthenticated(
            "Access token validation failure. Invalid audience, signature or lifetime."
        ) from None
    app = state.apps.get(claims.get("appid", ""))
    if app is None:
        raise _unauthenticated("The application of this token is unknown.")
    if "scp" not in claims:
        return Caller(app, None, frozenset(claims.get("roles", ())))
    actor = state.directory.find(claims["oid"])
    if actor is None or not actor.enabled:
        raise _unauthenticated("The user of this token is unknown or disabled.")
    return Caller(app, actor, frozenset(claims["scp"].split()))


def _unauthenticated(message: str) -> GraphError:
    header = {
        "WWW-Authenticate": 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common"'
    }
    return GraphError(401, "InvalidAuthenticationToken", message, header)


def permitted(endpoint: Endpoint, caller: Caller) -> None:
    """Raises 403 when none of the endpoint's permissions is in the token."""
    enough = endpoint.delegated if caller.actor else endpoint.app
    if not caller.permissions & set(enough):
        raise forbidden(endpoint.methods_api)


def forbidden(methods_api: bool) -> GraphError:
    if methods_api:
        return GraphError(403, "accessDenied", "Request Authorization failed")
    return GraphError(
        403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
    )


def json_response(doc: dict[str, Any], *, status: int = 200) -> web.Response:
    mime = (
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    )
    return web.Response(
        body=json.dumps(doc).encode(), status=status, headers={"Content-Type": mime, "OData-Version": "4.0"}
    )


def error_response(err: GraphError, ids: dict[str, str], state: State) -> web.Response:
    at = state.clock.now().strftime("%Y-%m-%dT%H:%M:%S")
    doc = {"error": {"code": err.code, "message": err.message, "innerError": {"date": at, **ids}}}
    response = web.json_response(doc, status=err.status, headers=err.headers)
    response.headers.update(ids)
    return response
