"""`/help`, the front door: for people who are locked out of chat, under `serve` and in the demo alike.

A plain page until somebody writes; then the same conversation as in any chat. A browser is known by a
cookie of its own, random and made by a POST; the conversation's public id is a hash of it. Whoever
opens a case here has it at once: the case page's own cookie comes with the answer. A GET changes
nothing.
"""

from __future__ import annotations

import contextlib
from typing import Any

from aiohttp import web

from bot.adapters.web import security
from bot.adapters.web.app import status_of
from bot.adapters.web.case import LIFE, cookie_of
from bot.adapters.web.shell import LOCALE, Shell
from bot.adapters.web.talking import Speaker, Talking
from bot.core.model import Place, Reason
from bot.errors import Refused
from bot.ports.case_page import CasePages
from bot.ports.front_door import FrontDoor, Visit, door_of

SHARED = "s."
"""Before the cookie's random value in a browser that was said to be shared."""
SHARED_LIFE = 30 * 60
_ACTION = "/help/talk"


class HelpPage:
    def __init__(self, shell: Shell, talking: Talking, doors: FrontDoor, cases: CasePages) -> None:
        self._shell = shell
        self._talking = talking
        self._doors = doors
        self._cases = cases

    def routes(self) -> list[web.RouteDef]:
        home = [] if self._shell.site.demo else [web.get("/", self.home)]
        return [
            web.get("/help", self.show),
            web.get("/help/lines", self.lines),
            web.post("/help/start", self.start),
            web.post("/help/talk", self.talk),
            web.post("/help/claim", self.claim),
            web.post("/help/leave", self.leave),
            *home,
        ]

    async def home(self, request: web.Request) -> web.Response:
        """Whoever types the bare address looks for help; the demo has a front page of its own."""
        return self._shell.see_other("/help")

    # --- looking -----------------------------------------------------------------------------

    async def show(self, request: web.Request) -> web.Response:
        if "application/json" in request.headers.get("Accept", ""):
            return await self._json_view(request)
        return await self._page(request)

    async def _page(
        self, request: web.Request, problem: Reason | None = None, field: str = ""
    ) -> web.Response:
        visit = await self._visit(request)
        if visit.locale:
            request[LOCALE] = visit.locale
        talk: dict[str, Any] = {}
        if visit.readable:
            talk = await self._talking.values(request, self._place(request), _ACTION)
        return self._shell.page(
            request,
            "help.html",
            status=status_of(problem) if problem else 200,
            visit=visit,
            mark=_mark(visit),
            address=f"{self._shell.site.public_url.rstrip('/')}/help",
            here=self._shell.visitor(request),
            problem=problem,
            field=field,
            **talk,
        )

    async def _json_view(self, request: web.Request) -> web.Response:
        visit = await self._visit(request)
        cookie = request.cookies.get(security.FORM_COOKIE, "")
        fresh = "" if cookie else self._shell.fresh_browser()[0]
        talk: dict[str, Any] = {"seq": 0, "messages": []}
        if visit.readable:
            talk = await self._talking.messages(request, self._place(request))
        response = self._shell.json(
            {
                "state": visit.state,
                "number": visit.number,
                "case": f"/c/{visit.handle}" if visit.handle else "",
                "form_token": security.token_for(cookie or fresh),
                **talk,
            }
        )
        if fresh:
            security.set_cookie(response, security.FORM_COOKIE, fresh)
        return response

    async def lines(self, request: web.Request) -> web.Response:
        """What is new, for the page's script; `mark` says whether the page around it still fits."""
        visit = await self._visit(request)
        if not visit.readable:
            return self._shell.json({"seq": 0, "lines": [], "mark": _mark(visit)})
        told = await self._talking.lines(request, self._place(request), _ACTION)
        return self._shell.json({**told, "mark": _mark(await self._visit(request))})

    # --- talking -----------------------------------------------------------------------------

    async def start(self, request: web.Request) -> web.Response:
        """A conversation from its beginning; what this browser had before is let go."""
        sent = await self._sent(request)
        shared = str(sent.get("shared", "")) in ("1", "on", "True", "true")
        value, _ = self._shell.fresh_browser()
        value = SHARED + value if shared else value
        return await self._said(request, value, sent, fresh=True)

    async def talk(self, request: web.Request) -> web.Response:
        sent = await self._sent(request)
        value = request.cookies.get(security.DOOR_COOKIE, "")
        visit = await self._visit(request)
        if not value or not visit.readable:
            raise Refused(Reason.OTHER_BROWSER)
        return await self._said(request, value, sent, fresh=False)

    async def _said(
        self, request: web.Request, value: str, sent: dict[str, Any], *, fresh: bool
    ) -> web.Response:
        place = place_of(value)
        visitor = self._shell.visitor(request)
        await self._doors.admit(place, visitor.network)
        speaker = Speaker(place, place.address, _ACTION)
        if _sent_json(request):
            reply = await self._talking.script(request, speaker, sent)
        else:
            reply = await self._talking.form(request, speaker, await self._shell.form(request))
        own, browser = self._shell.fresh_browser()
        shared = value.startswith(SHARED)
        handle = await self._doors.settle(place, browser, visitor, shared=shared)
        if _sent_json(request) or "application/json" in request.headers.get("Accept", ""):
            response = self._shell.json(reply)
        else:
            response = self._shell.see_other("/help#end")
        if fresh:
            _give(response, security.DOOR_COOKIE, value, shared)
        if handle:
            _give(response, cookie_of(handle), own, shared)
        return response

    # --- a case that somebody else opened ----------------------------------------------------------

    async def claim(self, request: web.Request) -> web.Response:
        sent = await self._sent(request)
        number, address = _text(sent, "number"), _text(sent, "address")
        shared = str(sent.get("shared", "")) in ("1", "on", "True", "true")
        value, _ = self._shell.fresh_browser()
        value = SHARED + value if shared else value
        own, browser = self._shell.fresh_browser()
        place = place_of(value)
        try:
            handle = await self._doors.claim(
                place, number, address, browser, self._shell.visitor(request), shared=shared
            )
        except Refused as err:
            if _sent_json(request):
                return self._shell.json({"error": err.reason.value}, status=status_of(err.reason))
            return await self._page(request, err.reason, "claim")
        visit = await self._doors.visit(place, lambda _: browser)
        held = bool(visit.handle)  # the conversation came along
        if _sent_json(request):
            response = self._shell.json({"case": f"/c/{handle}", "talk": held})
        else:
            response = self._shell.see_other("/help" if held else f"/c/{handle}")
        if held:
            _give(response, security.DOOR_COOKIE, value, shared)
        _give(response, cookie_of(handle), own, shared)
        return response

    async def leave(self, request: web.Request) -> web.Response:
        """Finish here: this browser's part ends and what it holds is wiped."""
        await self._sent(request)
        visit = await self._visit(request)
        shared = visit.shared or request.cookies.get(security.DOOR_COOKIE, "").startswith(SHARED)
        browser = self._browser_of(request, visit.handle) if visit.handle else ""
        if browser:
            with contextlib.suppress(Refused):  # it had ended already
                await self._cases.finish(visit.handle, browser)
        base = f"/c/{visit.handle}" if visit.handle else ""
        if _sent_json(request):
            response = self._shell.json({"ok": True})
        else:
            response = self._shell.page(request, "help_left.html", base=base)
        security.drop_cookie(response, security.DOOR_COOKIE)
        if visit.handle:
            security.drop_cookie(response, cookie_of(visit.handle))
        if shared:
            response.headers["Clear-Site-Data"] = security.WIPE
        return response

    # --- small -------------------------------------------------------------------------------------

    def _place(self, request: web.Request) -> Place:
        return place_of(request.cookies.get(security.DOOR_COOKIE, ""))

    async def _visit(self, request: web.Request) -> Visit:
        value = request.cookies.get(security.DOOR_COOKIE, "")
        if not value:
            return Visit("none")
        return await self._doors.visit(place_of(value), lambda handle: self._browser_of(request, handle))

    def _browser_of(self, request: web.Request, handle: str) -> str:
        value = request.cookies.get(cookie_of(handle), "")
        return security.hashed(value) if value else ""

    async def _sent(self, request: web.Request) -> dict[str, Any]:
        return (
            await self._shell.data(request) if _sent_json(request) else dict(await self._shell.form(request))
        )


def place_of(value: str) -> Place:
    """The conversation of a browser; nobody finds the cookie from its public id."""
    return door_of(security.hashed(f"door/{value}")[:22])


def _mark(visit: Visit) -> str:
    """Changes when the page around the conversation does."""
    return f"{visit.state}{visit.number}"


def _give(response: web.StreamResponse, name: str, value: str, shared: bool) -> None:
    security.set_cookie(response, name, value, max_age=SHARED_LIFE if shared else LIFE)


def _sent_json(request: web.Request) -> bool:
    return request.content_type == "application/json"


def _text(sent: dict[str, Any], name: str) -> str:
    value = sent.get(name, "")
    if not isinstance(value, str) or len(value) > 200:
        raise Refused(Reason.BAD_FORM, detail=name)
    return value.strip()
