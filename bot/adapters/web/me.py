"""`/me`: what is enrolled, since when it counts, and making ten saved codes to print.

A GET never makes codes. The sheet is the answer to one POST, is not cached, and a reload of it asks
for a new sign-in, because the grant behind it is spent.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.adapters.web.my_ways import MyWaysForms, status, ways_json
from bot.adapters.web.shell import Shell
from bot.core.model import Reason
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.my_page import MyPage, MyView
from bot.ports.my_ways import MyWays

KIND = "me"
PARTS = ("codes", "addresses", "browsers", "contacts")
"""Parts of the page to which a fresh sign-in comes back."""


class Me:
    def __init__(self, shell: Shell, my_page: MyPage, ways: MyWays) -> None:
        self._shell = shell
        self._my_page = my_page
        self._ways = ways

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/me", self.view),
            web.post("/me/sign-in", self.sign_in),
            web.post("/me/enrol", self.enrol),
            web.post("/me/codes", self.make),
            web.post("/me/unlink", self.unlink),
            web.post("/me/sign-out", self.sign_out),
            *MyWaysForms(self._shell, self._ways, self.show).routes(),
        ]

    async def view(self, request: web.Request) -> web.Response:
        session = await self._shell.session(request, KIND)
        if session is None:
            if _wants_json(request):
                raise Refused(Reason.NOT_SIGNED_IN)
            return self._shell.page(request, "me_door.html")
        if _wants_json(request):
            view, ways = await self._my_page.view(session), await self._ways.view(session)
            return self._shell.json(_view_json(view) | ways_json(ways))
        return await self.show(request, session)

    async def show(
        self, request: web.Request, session: Session, problem: Reason | None = None, part: str = ""
    ) -> web.Response:
        """The page, with what was wrong in which of its parts."""
        view, ways = await self._my_page.view(session), await self._ways.view(session)
        return self._shell.page(
            request, "me.html", status=status(problem), view=view, ways=ways, problem=problem, part=part
        )

    async def sign_in(self, request: web.Request) -> web.Response:
        await self._shell.form(request)
        value, browser = self._browser(request)
        response = self._shell.to_authority(await self._my_page.sign_in(browser))
        if value:
            self._shell.give_browser(response, value)
        return response

    async def enrol(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        session = await self._session(request)
        value, browser = self._browser(request)
        slow = form.text("method") == "other"
        what = form.text("for") if form.text("for") in PARTS else PARTS[0]
        response = self._shell.to_authority(await self._my_page.enrol(session, browser, slow=slow, what=what))
        if value:
            self._shell.give_browser(response, value)
        return response

    async def make(self, request: web.Request) -> web.Response:
        await self._shell.form(request)
        sheet = await self._my_page.make(await self._session(request))
        if _wants_json(request):
            return self._shell.json(
                {
                    "codes": list(sheet.codes),
                    "made_at": sheet.made_at.isoformat(),
                    "counts_from": sheet.counts_from.isoformat(),
                }
            )
        return self._shell.page(request, "me_codes.html", sheet=sheet)

    async def unlink(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        await self._my_page.unlink(await self._session(request), form.text("account"))
        return self._shell.see_other("/me#chats")

    async def sign_out(self, request: web.Request) -> web.Response:
        await self._shell.form(request)
        response = self._shell.see_other("/me")
        await self._shell.sign_out(request, response, KIND)
        return response

    async def _session(self, request: web.Request) -> Session:
        session = await self._shell.session(request, KIND)
        if session is None:
            raise Refused(Reason.NOT_SIGNED_IN)
        return session

    def _browser(self, request: web.Request) -> tuple[str, str]:
        """(new cookie value or "", hash): sign-ins are bound to the browser that began them."""
        known = self._shell.browser_hash(request)
        return ("", known) if known else self._shell.fresh_browser()


def _wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _view_json(view: MyView) -> dict[str, Any]:
    methods = None
    if view.methods is not None:
        methods = [
            {"type": m.type, "since": m.since.isoformat() if m.since else "", "baseline": m.baseline}
            for m in view.methods
        ]
    sets = [
        {
            "left": one.left, "used": one.used, "counts": one.counts,
            "made_at": one.made_at.isoformat(), "counts_from": one.counts_from.isoformat(),
        }
        for one in view.codes
    ]  # fmt: skip
    chats = [{"channel": c.channel, "tenant": c.tenant, "user": c.user} for c in view.chats]
    return {"codes": sets, "methods": methods, "may_make": view.may_make, "chats": chats}
