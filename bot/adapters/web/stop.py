"""`/stop`: whoever has an objection code says "this was not me"; an agent takes back what was made.

Anybody may open it, nothing is in its address, and a GET does nothing: number and code are typed,
which a mail scanner does not do.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.adapters.web.app import status_of
from bot.adapters.web.shell import Shell
from bot.core.model import Reason
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.objections import Objections, Stopped, Takebacks, TakebackView

KIND = "desk"
_SAID = frozenset({Reason.WRONG_CODE, Reason.TOO_MANY})


class StopPage:
    def __init__(self, shell: Shell, objections: Objections, takebacks: Takebacks) -> None:
        self._shell = shell
        self._objections = objections
        self._takebacks = takebacks

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/stop", self.show),
            web.post("/stop", self.object),
            web.post("/stop/take-back", self.take_back),
        ]

    async def show(self, request: web.Request) -> web.Response:
        if _wants_json(request):
            return self._shell.json({"takebacks": [_plain(one) for one in await self._listed(request) or ()]})
        return await self._page(request)

    async def object(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        number, code = form.text("number", longest=40), form.text("code", longest=60)
        try:
            stopped = await self._objections.object(number, code, self._shell.visitor(request))
        except Refused as err:
            if err.reason not in _SAID or _wants_json(request):
                raise
            return await self._page(request, status=status_of(err.reason), wrong=err.reason.value)
        if _wants_json(request):
            told = {"result": stopped.result, "number": stopped.number, "at": stopped.at.isoformat()}
            return self._shell.json(told)
        return await self._page(request, stopped=stopped)

    async def take_back(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        agent = await self._shell.session(request, KIND)
        if agent is None:
            raise Refused(Reason.NOT_SIGNED_IN)
        browser, fresh = self._shell.browser_hash(request), ""
        if not browser:
            fresh, browser = self._shell.fresh_browser()
        redirect = await self._takebacks.begin(agent, browser, form.text("case"))
        response = self._shell.to_authority(redirect)
        if fresh:
            self._shell.give_browser(response, fresh)
        return response

    async def _page(
        self, request: web.Request, *, status: int = 200, wrong: str = "", stopped: Stopped | None = None
    ) -> web.Response:
        return self._shell.page(
            request, "stop.html", status=status, wrong=wrong, stopped=stopped,
            takebacks=await self._listed(request),
        )  # fmt: skip

    async def _listed(self, request: web.Request) -> list[TakebackView] | None:
        """What an agent sees below the form; None for everybody else."""
        agent: Session | None = await self._shell.session(request, KIND)
        if agent is None:
            return None
        try:
            return list(await self._takebacks.listed(agent))
        except Refused as err:
            if err.reason is Reason.NOT_AN_AGENT:
                return None
            raise


def _plain(one: TakebackView) -> dict[str, Any]:
    added = [{"type": m.type, "yours": m.yours} for m in one.added] if one.added is not None else None
    return {
        "case": one.case_id,
        "number": one.number,
        "why": one.why,
        "passes": one.passes,
        "sessions": one.sessions,
        "done": one.done,
        "added": added,
    }


def _wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")
