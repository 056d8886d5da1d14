"""`/desk/threat`: how careful everybody must be now; one agent raises it, two lower it."""

from __future__ import annotations

from aiohttp import web

from bot.adapters.web.desk_door import agent_of, demand_agent, door, wants_json
from bot.adapters.web.shell import Shell
from bot.ports.threats import Threats


class ThreatPage:
    def __init__(self, shell: Shell, threats: Threats) -> None:
        self._shell = shell
        self._threats = threats

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk/threat", self.show), web.post("/desk/threat", self.change)]

    async def show(self, request: web.Request) -> web.Response:
        agent = await agent_of(self._shell, request)
        if agent is None:
            return door(self._shell, request)
        view = await self._threats.view(agent)
        if wants_json(request):
            told = {"elevated": view.elevated, "fixed": view.fixed, "broken": view.broken}
            return self._shell.json({**told, "lowering": bool(view.lowering)})
        return self._shell.page(request, "desk_threat.html", agent=agent, view=view)

    async def change(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        agent = await demand_agent(self._shell, request)
        browser, fresh = self._shell.browser_hash(request), ""
        if not browser:
            fresh, browser = self._shell.fresh_browser()
        response = self._shell.to_authority(await self._threats.begin(agent, browser, form.text("do")))
        if fresh:
            self._shell.give_browser(response, fresh)
        return response
