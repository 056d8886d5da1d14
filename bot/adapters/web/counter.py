"""`/counter`, the screen at a help desk's counter, and `/desk/counter`, where agents look after them.

The screen needs no session: its own cookie says which counter it is. It shows the rotating code and
nothing about anybody.
"""

from __future__ import annotations

import io

import segno
from aiohttp import web
from markupsafe import Markup

from bot.adapters.web import security
from bot.adapters.web.desk_door import KIND, agent_of, demand_agent, door
from bot.adapters.web.shell import Shell
from bot.ports.counters import Counters, Screen

COOKIE = security.session_cookie("counter")


class CounterPage:
    def __init__(self, shell: Shell, counters: Counters) -> None:
        self._shell = shell
        self._counters = counters

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/counter", self.screen),
            web.get("/counter/code", self.code),
            web.get("/desk/counter", self.show),
            web.post("/desk/counter", self.enrol),
            web.post("/desk/counter/revoke", self.revoke),
        ]

    # --- the screen ----------------------------------------------------------------------------------

    async def screen(self, request: web.Request) -> web.Response:
        shown = await self._counters.screen(_browser(request))
        address = f"{self._shell.site.public_url}/help"
        response = self._shell.page(
            request, "counter.html", pane=True, shown=shown, door=address,
            picture=_qr(address) if shown else "",
        )  # fmt: skip
        if shown is not None:
            # Each look lets the browser keep its cookie longer: a screen is never enrolled twice.
            security.set_cookie(response, COOKIE, request.cookies[COOKIE], max_age=400 * 86400)
        return response

    async def code(self, request: web.Request) -> web.Response:
        """The code for the page's script; empty once this is no counter any more."""
        shown = await self._counters.screen(_browser(request))
        return self._shell.json(_plain(shown))

    # --- for agents ------------------------------------------------------------------------------------

    async def show(self, request: web.Request) -> web.Response:
        agent = await agent_of(self._shell, request)
        if agent is None:
            return door(self._shell, request)
        listed = await self._counters.list(agent, _browser(request))
        return self._shell.page(request, "desk_counter.html", pane=True, agent=agent, counters=listed)

    async def enrol(self, request: web.Request) -> web.Response:
        """Off to the agent's fresh sign-in. This browser leaves the desk: it will stand where people
        can reach it."""
        form = await self._shell.form(request)
        agent = await demand_agent(self._shell, request)
        browser, fresh = self._shell.browser_hash(request), ""
        if not browser:
            fresh, browser = self._shell.fresh_browser()
        redirect = await self._counters.enrol(agent, browser, name=form.text("name"), site=form.text("site"))
        response = self._shell.to_authority(redirect)
        if fresh:
            self._shell.give_browser(response, fresh)
        await self._shell.sign_out(request, response, KIND)
        return response

    async def revoke(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        await self._counters.revoke(await demand_agent(self._shell, request), form.text("counter"))
        return self._shell.see_other("/desk/counter")


def _browser(request: web.Request) -> str:
    value = request.cookies.get(COOKIE, "")
    return security.hashed(value) if value else ""


def _plain(shown: Screen | None) -> dict[str, str]:
    if shown is None:
        return {"code": "", "until": "", "at": ""}
    return {
        "code": shown.code.digits,
        "until": shown.code.until.isoformat(),
        "at": shown.at.isoformat(),
    }


def _qr(text: str) -> Markup:
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out, kind="svg", scale=6, border=4, xmldecl=False, svgns=False, light="#fff", omitsize=True
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - drawn here from our own address
