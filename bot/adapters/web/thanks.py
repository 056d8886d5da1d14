"""`POST /c/<handle>/thanks`: one press at the end of a case, and it reaches whoever helped."""

from __future__ import annotations

from aiohttp import web

from bot.adapters.web import security
from bot.adapters.web.case import cookie_of
from bot.adapters.web.shell import Shell
from bot.ports.thanks import Gratitude


class ThanksPage:
    def __init__(self, shell: Shell, thanks: Gratitude) -> None:
        self._shell = shell
        self._thanks = thanks

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/c/{handle}/thanks", self.say)]

    async def say(self, request: web.Request) -> web.Response:
        handle = request.match_info["handle"]
        await self._shell.form(request)
        value = request.cookies.get(cookie_of(handle), "")
        await self._thanks.pressed(handle, security.hashed(value) if value else "")
        return self._shell.see_other(f"/c/{handle}")
