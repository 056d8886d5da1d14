"""The one way into every page of the desk: its session, or its door, which leads back to that page."""

from __future__ import annotations

from aiohttp import web

from bot.adapters.web.shell import Shell
from bot.core.model import Reason
from bot.core.records import Session
from bot.errors import Refused

KIND = "desk"
LONGEST = 300
"""Characters of the page's own address that survive the sign-in."""


async def agent_of(shell: Shell, request: web.Request) -> Session | None:
    """Whoever has the desk open in this browser. Whether they are an agent still, the services ask."""
    return await shell.session(request, KIND)


async def demand_agent(shell: Shell, request: web.Request) -> Session:
    """For what a form does: Refused(NOT_SIGNED_IN) without a session."""
    agent = await agent_of(shell, request)
    if agent is None:
        raise Refused(Reason.NOT_SIGNED_IN)
    return agent


def wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def door(shell: Shell, request: web.Request) -> web.Response:
    """For what a page shows: the sign-in, after which people are where they wanted to be."""
    if wants_json(request):
        return shell.json({"over": True})
    here = str(request.rel_url.without_query_params("refused"))  # the last sign-in's answer is not the page's
    return shell.page(request, "desk_sign_in.html", pane=True, back=here[:LONGEST])
