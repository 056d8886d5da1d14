"""`/helper`: somebody named stands in with their own browser for a person who has none.

`/helper/<handle>` is a door until the helper signed in freshly there; then it is the case page, under
an address of its own, with the conversation below where this browser holds it.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.adapters.web import security
from bot.adapters.web.app import status_of
from bot.adapters.web.case import CasePage, cookie_of
from bot.adapters.web.polling import Polls
from bot.adapters.web.shell import LOCALE, Shell
from bot.adapters.web.talking import Speaker, Talking
from bot.core.model import Reason
from bot.errors import Refused
from bot.ports.case_page import CasePages
from bot.ports.helpers import Helpers, HelperView
from bot.ports.reviews import Reviews
from bot.ports.sign_in import Redirect

ROOT = "/helper"
_NOT_HERE = ("claim", "sign-in")
"""What the person's own page can do and a helper's cannot."""


class HelperPage(CasePage):
    def __init__(
        self,
        shell: Shell,
        pages: CasePages,
        polls: Polls,
        helpers: Helpers,
        reviews: Reviews,
        talking: Talking,
        *,
        security_info: str,
    ) -> None:
        super().__init__(shell, pages, polls, security_info=security_info, root=ROOT)
        self._helpers = helpers
        self._reviews = reviews
        self._talking = talking

    def routes(self) -> list[web.RouteDef]:
        own = f"{ROOT}/{{handle}}"
        case = [r for r in super().routes() if r.path.rpartition("/")[2] not in _NOT_HERE]
        return [
            web.get(ROOT, self.front),
            web.post(ROOT, self.find),
            web.post(f"{own}/start", self.start),
            web.get(f"{own}/lines", self.lines),
            web.post(f"{own}/say", self.say),
            web.post("/c/{handle}/helper", self.name),
            web.post("/r/{handle}/helper", self.name_for),
            web.post("/desk/case/{number}/helper", self.name_for_number),
            *case,
        ]

    # --- coming ----------------------------------------------------------------------------------

    async def front(self, request: web.Request) -> web.Response:
        return self._shell.page(request, "helper_front.html")

    async def find(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        value, browser = self._leaving(request)
        visitor = self._shell.visitor(request)
        return self._leave(await self._helpers.begin_by_number(form.text("number"), browser, visitor), value)

    async def start(self, request: web.Request) -> web.Response:
        await self._shell.form(request)
        value, browser = self._leaving(request)
        visitor = self._shell.visitor(request)
        handle = request.match_info["handle"]
        return self._leave(await self._helpers.begin(handle, browser, visitor), value)

    # --- the page ----------------------------------------------------------------------------------

    async def show(self, request: web.Request) -> web.Response:
        view = await self._view(request)
        if view.state == "open":
            return await super().show(request)
        if view.locale:
            request[LOCALE] = view.locale
        handle = request.match_info["handle"]
        return self._shell.page(request, "helper_door.html", view=view, action=f"{ROOT}/{handle}")

    async def _beside(self, request: web.Request) -> dict[str, Any]:
        view = await self._view(request)
        if view.state != "open" or view.place is None:
            return {"helper": view}
        action = f"{ROOT}/{request.match_info['handle']}/say"
        return {"helper": view, "mark": "", **await self._talking.values(request, view.place, action)}

    async def lines(self, request: web.Request) -> web.Response:
        """What is new in the conversation, for the page's script."""
        view = await self._view(request)
        if view.state != "open" or view.place is None:
            return self._shell.json({"seq": 0, "lines": [], "mark": "over"})
        action = f"{ROOT}/{request.match_info['handle']}/say"
        return self._shell.json({**await self._talking.lines(request, view.place, action), "mark": ""})

    async def say(self, request: web.Request) -> web.Response:
        plain = request.content_type == "application/json"
        sent = await self._shell.data(request) if plain else {}
        form = None if plain else await self._shell.form(request)
        view = await self._view(request)
        if view.state != "open" or view.place is None:
            raise Refused(Reason.OTHER_BROWSER)
        handle = request.match_info["handle"]
        speaker = Speaker(view.place, view.place.address, f"{ROOT}/{handle}/say")
        if form is None:
            return self._shell.json(await self._talking.script(request, speaker, sent))
        reply = await self._talking.form(request, speaker, form)
        if "application/json" in request.headers.get("Accept", ""):
            return self._shell.json(reply)
        return self._shell.see_other(f"{ROOT}/{handle}#end")

    async def _view(self, request: web.Request) -> HelperView:
        return await self._helpers.view(request.match_info["handle"], self._browser(request))

    # --- naming somebody -----------------------------------------------------------------------------

    async def name(self, request: web.Request) -> web.Response:
        """From the person's page; the answer is the same for every address."""
        form = await self._shell.form(request)
        handle = request.match_info["handle"]
        value = request.cookies.get(cookie_of(handle), "")
        browser = security.hashed(value) if value else ""
        problem: Reason | None = None
        try:
            await self._helpers.name(handle, browser, form.text("address"))
        except Refused as err:
            problem = err.reason
        return self._shell.page(
            request,
            "helper_named.html",
            status=status_of(problem) if problem else 200,
            problem=problem,
            back=f"/c/{handle}",
            door=f"{self._shell.site.public_url}{ROOT}",
        )

    async def name_for(self, request: web.Request) -> web.Response:
        """From the review page, by an agent who speaks with the person."""
        form = await self._shell.form(request)
        agent = await self._shell.session(request, "desk")
        if agent is None:
            raise Refused(Reason.NOT_SIGNED_IN)
        handle = request.match_info["handle"]
        case_id = await self._reviews.case_of(handle, agent)
        try:
            await self._helpers.name_for(case_id, agent, form.text("address"))
        except Refused as err:
            return self._shell.see_other(f"/r/{handle}?refused={err.reason.value}#helper")
        return self._shell.see_other(f"/r/{handle}#helper")

    async def name_for_number(self, request: web.Request) -> web.Response:
        """The same from the desk's page of a case that an agent opened."""
        form = await self._shell.form(request)
        agent = await self._shell.session(request, "desk")
        if agent is None:
            raise Refused(Reason.NOT_SIGNED_IN)
        number = request.match_info["number"]
        said = ""
        try:
            await self._helpers.name_for_number(number, agent, form.text("address"))
        except Refused as err:
            said = f"?refused={err.reason.value}"
        digits = "".join(c for c in number if c.isdigit() and c.isascii())[:9]
        return self._shell.see_other(f"/desk/case/{digits}{said}#helper")

    # --- small ---------------------------------------------------------------------------------------

    def _leaving(self, request: web.Request) -> tuple[str, str]:
        known = self._shell.browser_hash(request)
        return ("", known) if known else self._shell.fresh_browser()

    def _leave(self, redirect: Redirect, value: str) -> web.Response:
        response = self._shell.to_authority(redirect)
        if value:
            self._shell.give_browser(response, value)
        return response
