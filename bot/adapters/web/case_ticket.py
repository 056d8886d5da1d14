"""The ticket of a case, noted by an agent on the review page; the number alone, nothing is asked of it."""

from __future__ import annotations

from aiohttp import web

from bot.adapters.web.shell import Shell
from bot.core.model import Reason
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.reviews import Reviews
from bot.ports.tickets import CaseTickets

KIND = "desk"


class CaseTicket:
    def __init__(self, shell: Shell, reviews: Reviews, tickets: CaseTickets) -> None:
        self._shell = shell
        self._reviews = reviews
        self._tickets = tickets

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/r/{handle}/ticket", self.note)]

    async def note(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        agent: Session | None = await self._shell.session(request, KIND)
        if agent is None:
            raise Refused(Reason.NOT_SIGNED_IN)
        handle = request.match_info["handle"]
        case_id = await self._reviews.case_of(handle, agent)
        try:
            await self._tickets.note(agent, case_id, form.text("ticket"))
        except Refused as err:
            return self._shell.see_other(f"/r/{handle}?refused={err.reason.value}")
        return self._shell.see_other(f"/r/{handle}#ticket")
