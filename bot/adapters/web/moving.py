"""Another device goes on with a case: the QR code, and the page behind it.

The code is in the answer to a POST of the browser that has the case, and nowhere else; looking at what
it leads to changes nothing, since the case number must be typed there.
"""

from __future__ import annotations

import segno
from aiohttp import web

from bot.adapters.web import security
from bot.adapters.web.app import status_of
from bot.adapters.web.case import LIFE, cookie_of
from bot.adapters.web.help import SHARED, SHARED_LIFE, place_of
from bot.adapters.web.shell import Shell
from bot.core.model import Reason
from bot.errors import Refused
from bot.ports.moving import Moves


class MovePage:
    def __init__(self, shell: Shell, moves: Moves) -> None:
        self._shell = shell
        self._moves = moves

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/c/{handle}/move", self.offer),
            web.get("/move/{token}", self.show),
            web.post("/move/{token}", self.take),
        ]

    async def offer(self, request: web.Request) -> web.Response:
        await self._shell.form(request)
        handle = request.match_info["handle"]
        value = request.cookies.get(cookie_of(handle), "")
        offered = await self._moves.offer(handle, security.hashed(value) if value else "")
        url = f"{self._shell.site.public_url.rstrip('/')}/move/{offered.token}"
        code = segno.make(url, error="m", micro=False)
        return self._shell.page(
            request,
            "move_code.html",
            pane=True,
            picture=code.svg_data_uri(scale=6, border=4, light="#fff", omitsize=True),
            address=url,
            until=offered.until,
            base=f"/c/{handle}",
        )

    async def show(self, request: web.Request) -> web.Response:
        return await self._page(request)

    async def _page(self, request: web.Request, problem: Reason | None = None) -> web.Response:
        token = request.match_info["token"]
        good = await self._moves.look(token)
        status = status_of(problem) if problem else 200
        return self._shell.page(
            request, "move.html", status=status, good=good, problem=problem, here=self._shell.visitor(request)
        )

    async def take(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        shared = "shared" in form
        value, _ = self._shell.fresh_browser()
        value = SHARED + value if shared else value
        own, browser = self._shell.fresh_browser()
        try:
            moved = await self._moves.take(
                request.match_info["token"], form.text("number"), browser, self._shell.visitor(request),
                place_of(value), shared=shared,
            )  # fmt: skip
        except Refused as err:
            return await self._page(request, err.reason)
        life = SHARED_LIFE if shared else LIFE
        response = self._shell.see_other(f"/c/{moved.handle}")
        security.set_cookie(response, cookie_of(moved.handle), own, max_age=life)
        if moved.talk:
            security.set_cookie(response, security.DOOR_COOKIE, value, max_age=life)
        return response
