"""`/link/<handle>`: which chat account is to be linked, the number from its own chat, and a sign-in.

A GET never links. The number is not on the page and not in its address.
"""

from __future__ import annotations

from aiohttp import web

from bot.adapters.web.shell import Shell
from bot.core.model import Reason
from bot.errors import Refused
from bot.ports.linking import LinkPages


class LinkPage:
    def __init__(self, shell: Shell, links: LinkPages) -> None:
        self._shell = shell
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/link/{handle}", self.view), web.post("/link/{handle}", self.sign)]

    async def view(self, request: web.Request) -> web.Response:
        return await self._page(request)

    async def sign(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        known = self._shell.browser_hash(request)
        value, browser = ("", known) if known else self._shell.fresh_browser()
        handle = request.match_info["handle"]
        try:
            redirect = await self._links.sign(handle, form.text("number"), browser)
        except Refused as err:
            if err.reason is not Reason.WRONG_CODE:
                raise
            return await self._page(request, wrong=True)
        response = self._shell.to_authority(redirect)
        if value:
            self._shell.give_browser(response, value)
        return response

    async def _page(self, request: web.Request, *, wrong: bool = False) -> web.Response:
        handle = request.match_info["handle"]
        view = await self._links.view(handle, self._shell.browser_hash(request))
        if "application/json" in request.headers.get("Accept", ""):
            if wrong:
                raise Refused(Reason.WRONG_CODE)
            told = {"channel": view.channel, "tenant": view.tenant, "user": view.user}
            return self._shell.json({"status": view.status, **told, "until": view.until.isoformat()})
        return self._shell.page(
            request, "link.html", status=409 if wrong else 200, view=view, wrong=wrong,
            action=f"/link/{handle}",
        )  # fmt: skip
