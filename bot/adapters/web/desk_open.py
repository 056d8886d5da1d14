"""`/desk/open` and `/desk/case/<number>`: a case for a caller, and a case by its number.

Both are the desk's: without its session they show its door. A GET changes nothing, so the address with
`ticket` and `upn` can stand behind a button in another system.
"""

from __future__ import annotations

from aiohttp import web

from bot.adapters.web.app import status_of
from bot.adapters.web.desk_door import agent_of, demand_agent, door
from bot.adapters.web.forms import Form
from bot.adapters.web.shell import Shell
from bot.core.model import Reason
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.callers import Callers
from bot.ports.clock import Entropy


class DeskOpen:
    def __init__(self, shell: Shell, callers: Callers, entropy: Entropy) -> None:
        self._shell = shell
        self._callers = callers
        self._entropy = entropy

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/desk/open", self.form),
            web.post("/desk/open", self.open),
            web.get("/desk/find", self.find),
            web.get("/desk/case/{number}", self.case),
            web.post("/desk/case/{number}", self.meet),
        ]

    # --- opening -----------------------------------------------------------------------------

    async def form(self, request: web.Request) -> web.Response:
        agent = await agent_of(self._shell, request)
        if agent is None:
            return door(self._shell, request)
        query = request.query
        return self._form(request, agent, query.get("upn", "")[:200], "", query.get("ticket", "")[:40])

    def _form(
        self,
        request: web.Request,
        agent: Session,
        address: str,
        flow: str,
        ticket: str,
        problem: Reason | None = None,
    ) -> web.Response:
        flows = self._callers.flows(self._shell.locale(request))
        return self._shell.page(
            request,
            "desk_open.html",
            status=status_of(problem) if problem else 200,
            agent=agent,
            flows=flows,
            address=address,
            flow=flow or ("new_phone" if ("new_phone" in dict(flows)) else ""),
            ticket=ticket,
            problem=problem,
            once=self._entropy.bytes(16).hex(),
        )

    async def open(self, request: web.Request) -> web.Response:
        agent, form = await self._asked(request)
        address, flow, ticket = form.text("address"), form.text("flow"), form.text("ticket")
        try:
            opened = await self._callers.open(
                agent, address=address, flow=flow, ticket=ticket, once=form.text("once")
            )
        except Refused as err:
            if err.reason is Reason.NOT_AN_AGENT:
                raise
            return self._form(request, agent, address, flow, ticket, err.reason)
        # The caller's words stand beside the agent's: who reads them out may not speak that language.
        spoken = list(dict.fromkeys((opened.locale, self._shell.locale(request))))
        number = f"{opened.number[:3]} {opened.number[3:]}"
        address = f"{self._shell.site.public_url.rstrip('/')}/help"
        script = [
            (locale, self._shell.words.say(locale, "callers.script", number=number, address=address))
            for locale in spoken
        ]
        return self._shell.page(
            request, "desk_opened.html", agent=agent, opened=opened, number=number, script=script
        )

    # --- finding -----------------------------------------------------------------------------

    async def find(self, request: web.Request) -> web.Response:
        """The small form on the desk: it leads to the case's own address."""
        digits = "".join(c for c in request.query.get("number", "") if c.isdigit() and c.isascii())[:9]
        return self._shell.see_other(f"/desk/case/{digits}" if digits else "/desk")

    async def case(self, request: web.Request) -> web.Response:
        agent = await agent_of(self._shell, request)
        if agent is None:
            return door(self._shell, request)
        return await self._case(request, agent)

    async def _case(
        self, request: web.Request, agent: Session, problem: Reason | None = None
    ) -> web.Response:
        number = request.match_info["number"]
        try:
            found = await self._callers.find(agent, number, self._shell.locale(request))
        except Refused as err:
            if err.reason is not Reason.UNKNOWN_CASE:
                raise
            found, problem = None, err.reason
        status = status_of(problem) if problem else 200
        return self._shell.page(
            request, "desk_case.html", status=status, agent=agent, found=found, problem=problem
        )

    async def meet(self, request: web.Request) -> web.Response:
        agent, form = await self._asked(request)
        try:
            review = await self._callers.meet(agent, request.match_info["number"], form.text("how"))
        except Refused as err:
            if err.reason is Reason.NOT_AN_AGENT:
                raise
            return await self._case(request, agent, err.reason)
        return self._shell.see_other(review)

    # --- small -------------------------------------------------------------------------------

    async def _asked(self, request: web.Request) -> tuple[Session, Form]:
        form = await self._shell.form(request)
        return await demand_agent(self._shell, request), form
