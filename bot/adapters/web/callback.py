"""Where the authority sends a browser back to: the one POST that may come from another site.

Nothing here judges a sign-in; `SignIns.finish` does, from the posted form and the transaction
cookie. This page sets the session that was opened and sends the browser on. The transaction cookie
is left to run out after its ten minutes: it is spent, and by it a reload finds the outcome.
"""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from bot.adapters.web import security
from bot.adapters.web.forms import local_path
from bot.adapters.web.shell import Shell
from bot.core.model import Reason
from bot.errors import Refused
from bot.ports.sign_in import SignIns


class Callback:
    def __init__(self, shell: Shell, sign_ins: SignIns) -> None:
        self._shell = shell
        self._sign_ins = sign_ins

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/auth/callback", self.finish)]

    async def finish(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            raise Refused(Reason.BAD_FORM)
        posted = await request.post()
        form = {name: value for name, value in posted.items() if isinstance(value, str)}
        landing = await self._sign_ins.finish(form, dict(request.cookies))
        path = local_path(landing.path)
        if landing.refused:
            path += f"{'&' if '?' in path else '?'}refused={quote(landing.refused)}"
        response = self._shell.see_other(path)
        self._shell.land(response, landing)
        if landing.drop_cookie in request.cookies:
            security.drop_cookie(response, landing.drop_cookie, cross_site=True)
        return response
