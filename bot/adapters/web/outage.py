"""`/desk/outage`: say what is broken for everybody, until when, and that it is fixed. And, on the case
page, the wish to hear of that."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from bot.adapters.web import security
from bot.adapters.web.case import cookie_of
from bot.adapters.web.desk_door import agent_of, demand_agent, door, wants_json
from bot.adapters.web.forms import Form
from bot.adapters.web.shell import WISHED, Shell
from bot.core.model import Reason
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.outages import LONGEST_TEXT, Outages, OutageView, What

SPANS = {"30m": 30, "1h": 60, "2h": 120, "4h": 240, "8h": 480, "12h": 720}
"""What the page offers, in minutes."""


class OutagePage:
    def __init__(self, shell: Shell, outages: Outages) -> None:
        self._shell = shell
        self._outages = outages
        shell.outages = outages  # every page shows what is broken

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/desk/outage", self.show),
            web.post("/desk/outage", self.change),
            web.post("/c/{handle}/fixed", self.wish),
        ]

    async def show(self, request: web.Request) -> web.Response:
        agent = await agent_of(self._shell, request)
        if agent is None:
            return door(self._shell, request)
        now = await self._outages.now()
        if wants_json(request):
            return self._shell.json({"outage": _plain(now)})
        return self._shell.page(
            request, "desk_outage.html", agent=agent, now=now, kinds=list(What), spans=list(SPANS),
            longest=LONGEST_TEXT,
        )  # fmt: skip

    async def change(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        agent = await demand_agent(self._shell, request)
        match form.text("do"):
            case "start":
                await self._start(agent, form)
            case "extend":
                await self._outages.extend(agent, form.text("outage"), span=_span(form))
            case "end":
                await self._outages.end(agent, form.text("outage"))
            case _:
                raise Refused(Reason.BAD_FORM)
        return self._shell.see_other("/desk/outage")

    async def _start(self, agent: Session, form: Form) -> None:
        texts = {one: form.text(f"text_{one}", longest=500) for one in self._shell.site.locales}
        pauses = bool(form.text("pauses"))
        await self._outages.start(agent, form.text("what"), span=_span(form), pauses=pauses, texts=texts)

    async def wish(self, request: web.Request) -> web.Response:
        """ "Tell me when it is fixed", in the chat that the case belongs to."""
        await self._shell.form(request)
        handle = request.match_info["handle"]
        await self._outages.tell(handle, _browser(request, handle))
        return self._shell.see_other(f"/c/{handle}?{WISHED}=1")


def _browser(request: web.Request, handle: str) -> str:
    value = request.cookies.get(cookie_of(handle), "")
    return security.hashed(value) if value else ""


def _span(form: Form) -> timedelta:
    minutes = SPANS.get(form.text("span"))
    if minutes is None:
        raise Refused(Reason.BAD_FORM, detail="span")
    return timedelta(minutes=minutes)


def _plain(view: OutageView | None) -> dict[str, object] | None:
    if view is None:
        return None
    return {
        "id": view.id, "what": view.what, "text": dict(view.text), "by": view.by, "pauses": view.pauses,
        "started_at": view.started_at.isoformat(), "until": view.until.isoformat(),
        "wishes": view.wishes, "held": view.held,
    }  # fmt: skip
