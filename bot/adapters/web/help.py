"""`/help`: the front door's sign: the desk's phone, its hours, and how to reach it."""

from __future__ import annotations

from aiohttp import web

from bot.adapters.web.shell import Shell


class HelpPage:
    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/help", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        return self._shell.page(request, "help.html")
