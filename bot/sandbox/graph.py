"""Graph v1.0: every endpoint behind its door. What is not here answers 404, and is in the ledger."""

from __future__ import annotations

from aiohttp import web

from bot.sandbox import graph_methods, graph_reads, graph_users
from bot.sandbox.graph_door import Call, Endpoint, GraphError, door

READER = ("User.Read.All",)
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _unknown(call: Call) -> None:
    segment = call.request.path.rsplit("/", 1)[-1]
    raise GraphError(404, "BadRequest", f"Resource not found for the segment '{segment}'.")


def _anyone(verb: str, path: str) -> Endpoint:
    """Unknown addresses are refused as such to whoever holds any token of ours."""
    everything = (*READER, "openid")
    return Endpoint(verb, path, _unknown, everything, everything)


def routes() -> list[web.RouteDef]:
    known = [*graph_users.ENDPOINTS, *graph_methods.ENDPOINTS, *graph_reads.ENDPOINTS]
    defs = [web.route(one.verb, f"/v1.0{one.path}", door(one)) for one in known]
    rest = [web.route(verb, "/{version:v1\\.0|beta}/{rest:.*}", door(_anyone(verb, "/"))) for verb in VERBS]
    return defs + rest
