"""`/help`: the front door's sign: the desk's phone, its hours, and how to reach it."""

from __future__ import annotations

from aiohttp import web

from bot.adapters.web.shell import Shell


class HelpPage:
    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[web.RouteDef]:
        home = [] if self._shell.site.demo else [web.get("/", self.home)]
        return [web.get("/help", self.show), *home]

    async def home(self, request: web.Request) -> web.Response:
        """Whoever types the bare address looks for help; the demo has a front page of its own."""
        return self._shell.see_other("/help")

    async def show(self, request: web.Request) -> web.Response:
        return self._shell.page(request, "help.html")
