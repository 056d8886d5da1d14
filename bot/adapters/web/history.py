"""`/desk/history`: what happened around the account of a case, for the agents who have it before them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.adapters.web.desk_door import agent_of, door, wants_json
from bot.adapters.web.shell import Shell
from bot.ports.history import Histories, History

LONGEST = 60


class HistoryPage:
    def __init__(self, shell: Shell, histories: Histories) -> None:
        self._shell = shell
        self._histories = histories

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk/history", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """Changes nothing but the audit log, which notes who looked."""
        agent = await agent_of(self._shell, request)
        if agent is None:
            return door(self._shell, request)
        found = await self._histories.of_case(request.query.get("case", "")[:LONGEST], agent)
        if wants_json(request):
            return self._shell.json(_plain(found))
        return self._shell.page(request, "desk_history.html", pane=True, agent=agent, history=found)


def _plain(history: History) -> dict[str, Any]:
    """For a script: ids, closed words and times."""
    return {
        "number": history.number,
        "cases": [
            {
                "number": one.number,
                "opened_at": one.opened_at.isoformat(),
                "ended_at": one.ended_at.isoformat() if one.ended_at else "",
                "flow": one.flow,
                "status": one.status,
                "outcome": one.outcome,
                "evidence": [{"kind": kind, "how": how, "counts": on} for kind, how, on in one.evidence],
                "acts": [{"kind": kind, "result": result} for kind, result in one.acts],
                "requests": list(one.requests),
                "helped": list(one.helped),
                "objections": [at.isoformat() for at in one.objections],
            }
            for one in history.cases
        ],
    }
