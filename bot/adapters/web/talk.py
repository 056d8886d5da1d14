"""The talk between person and agent, on the review page and on the case page.

Both pages show it and send a line by a plain form; what scripts add is that new lines appear by
themselves (`case.js` for the person, `talk.js` for the agent) and that nothing typed is lost. The same
addresses answer in JSON to whoever asks for it.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.adapters.web import security
from bot.adapters.web.app import status_of
from bot.adapters.web.case import cookie_of
from bot.adapters.web.polling import LONGEST, Polls
from bot.adapters.web.shell import Shell
from bot.core.model import Reason
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.case_page import CasePages
from bot.ports.reviews import Reviews
from bot.ports.talk import QUICK, AgentTalk, BadgeView, LineView, PersonTalks, Talks

KIND = "desk"
_TYPED = 9000
"""Characters of a form's text; what is too long for a line is refused kindly, with the text kept."""

_ROOTS = ("/c", "/helper")
"""The person's page, and the one where a helper's browser stands in for theirs."""


class TalkPage:
    def __init__(
        self,
        shell: Shell,
        reviews: Reviews,
        talks: Talks,
        cases: CasePages,
        people: PersonTalks,
        polls: Polls,
    ) -> None:
        self._shell = shell
        self._reviews = reviews
        self._talks = talks
        self._cases = cases
        self._people = people
        self._polls = polls

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/r/{handle}/talk", self.show),
            web.post("/r/{handle}/talk", self.write),
            web.post("/r/{handle}/talk/end", self.end),
            *(
                web.post(f"{root}/{{handle}}/{name}", doing)
                for root in _ROOTS
                for name, doing in (("talk", self.say), ("talk/seen", self.seen), ("badge", self.badge))
            ),
        ]

    # --- the agent's side ----------------------------------------------------------------------------

    async def show(self, request: web.Request) -> web.Response:
        """The talk alone. For the page's script: waits until it differs from `after`, then sends the
        lines; that does not keep the session awake."""
        handle = request.match_info["handle"]
        plain = _wants_json(request)
        agent = await self._shell.session(request, KIND, touch=not plain)
        if agent is None:
            if plain:
                return self._shell.json({"over": True})
            return self._shell.page(request, "review_door.html", pane=True, action=f"/r/{handle}")
        case_id = await self._reviews.case_of(handle, agent)
        if not plain:
            return await self._page(request, agent, case_id)
        after = request.query.get("after", "")
        if after:
            await self._polls.until(
                case_id, LONGEST, lambda: self._talks.mark(case_id), lambda mark: mark != after
            )
        talk = await self._talks.view(agent, case_id)
        html = self._shell.fragment(request, "talk_lines.html", talk=talk, own="agent")
        return self._shell.json(
            {"mark": talk.mark, "html": html, "waiting": talk.waiting, "writes": not talk.why_not,
             "lines": [_line(one) for one in talk.lines]}
        )  # fmt: skip

    async def _page(
        self,
        request: web.Request,
        agent: Session,
        case_id: str,
        problem: Reason | None = None,
        text: str = "",
    ) -> web.Response:
        handle = request.match_info["handle"]
        talk = await self._talks.view(agent, case_id)
        return self._shell.page(
            request,
            "review_talk_page.html",
            status=status_of(problem) if problem else 200,
            pane=True,
            agent=agent,
            action=f"/r/{handle}",
            **(for_review(self._shell, talk) | {"problem": problem, "text": text, "alone": True}),
        )

    async def write(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        agent = await self._agent(request)
        handle = request.match_info["handle"]
        case_id = await self._reviews.case_of(handle, agent)
        text = form.text("text", longest=_TYPED)
        try:
            await self._talks.write(
                agent, case_id, text=text, quick=form.text("quick"), once=form.text("once", longest=80)
            )
        except Refused as err:
            if _wants_json(request):
                words = self._shell.words.say(self._shell.locale(request), f"reasons.{err.reason.value}")
                return self._shell.json(
                    {"error": err.reason.value, "words": words}, status=status_of(err.reason)
                )
            kept = "" if err.reason is Reason.TALK_SECRET else text
            return await self._page(request, agent, case_id, err.reason, kept)
        if _wants_json(request):
            return self._shell.json({"ok": True})
        return self._shell.see_other(f"/r/{handle}/talk" if form.text("alone") else f"/r/{handle}#talk")

    async def end(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        agent = await self._agent(request)
        handle = request.match_info["handle"]
        await self._talks.finish(agent, await self._reviews.case_of(handle, agent), form.text("outcome"))
        return self._shell.see_other(f"/r/{handle}/talk" if form.text("alone") else f"/r/{handle}#talk")

    async def _agent(self, request: web.Request) -> Session:
        agent = await self._shell.session(request, KIND)
        if agent is None:
            raise Refused(Reason.NOT_SIGNED_IN)
        return agent

    # --- the person's side ---------------------------------------------------------------------------

    async def say(self, request: web.Request) -> web.Response:
        handle, browser = self._who(request)
        fields = await self._fields(request)
        text = _text(fields, "text", _TYPED)
        try:
            hidden = await self._people.say(handle, browser, text=text, once=_text(fields, "once"))
        except Refused as err:
            if _wants_json(request):
                words = self._shell.words.say(self._shell.locale(request), f"reasons.{err.reason.value}")
                return self._shell.json(
                    {"error": err.reason.value, "words": words}, status=status_of(err.reason)
                )
            return await self._answer(request, status=status_of(err.reason), problem=err.reason, text=text)
        if _wants_json(request):
            return self._shell.json({"ok": True, "masked": hidden})
        return self._shell.see_other(f"{_root(request)}/{handle}#talk")

    async def seen(self, request: web.Request) -> web.Response:
        handle, browser = self._who(request)
        data = await self._shell.data(request)
        seq = data.get("seq", 0)
        await self._people.seen(handle, browser, seq if isinstance(seq, int) and 0 <= seq < 10**6 else 0)
        return self._shell.json({"ok": True})

    async def badge(self, request: web.Request) -> web.Response:
        """Whether somebody who says so really works on this case."""
        handle, browser = self._who(request)
        fields = await self._fields(request)
        found = await self._people.check(handle, browser, _text(fields, "who"))
        if _wants_json(request):
            return self._shell.json(
                {"answer": found.answer, "name": found.name, "badge": found.badge,
                 "since": found.since.isoformat() if found.since else ""}
            )  # fmt: skip
        return await self._answer(request, found=found)

    async def _answer(
        self,
        request: web.Request,
        *,
        status: int = 200,
        found: BadgeView | None = None,
        problem: Reason | None = None,
        text: str = "",
    ) -> web.Response:
        """A small page of its own, which works without script and leads back."""
        handle, browser = self._who(request)
        view = await self._cases.view(handle, browser, self._shell.visitor(request))
        return self._shell.page(
            request, "case_talk_answer.html", status=status, pane=True, view=view,
            base=f"{_root(request)}/{handle}",
            found=found, problem=problem, text=text, phone=self._shell.site.desk_phone,
        )  # fmt: skip

    async def _fields(self, request: web.Request) -> dict[str, Any]:
        if request.content_type == "application/json":
            return await self._shell.data(request)
        return dict(await self._shell.form(request))

    def _who(self, request: web.Request) -> tuple[str, str]:
        handle = request.match_info["handle"]
        value = request.cookies.get(cookie_of(handle), "")
        return handle, security.hashed(value) if value else ""


def for_review(shell: Shell, talk: AgentTalk | None) -> dict[str, Any]:
    """What the agent's part of a page needs: the talk, a name for the form, and every sentence as the
    person will read it."""
    found: dict[str, Any] = {
        "talk": talk,
        "problem": None,
        "text": "",
        "alone": False,
        "once": "",
        "quick": [],
    }
    if talk is None:
        return found
    quick = [(name, shell.words.say(talk.locale, f"talk.quick.{name}")) for name in QUICK]
    return found | {"quick": quick, "once": shell.fresh_browser()[0][:32]}


def _line(line: LineView) -> dict[str, Any]:
    return {
        "seq": line.seq, "at": line.at.isoformat(), "author": line.author, "name": line.name,
        "surface": line.surface, "text": line.text, "word": line.word, "masked": line.masked,
        "gone": line.gone,
    }  # fmt: skip


def _root(request: web.Request) -> str:
    return next(root for root in _ROOTS if request.path.startswith(f"{root}/"))


def _wants_json(request: web.Request) -> bool:
    return (
        "application/json" in request.headers.get("Accept", "") or request.content_type == "application/json"
    )


def _text(fields: dict[str, Any], name: str, longest: int = 200) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str) or len(value) > longest:
        raise Refused(Reason.BAD_FORM, detail=name)
    return value.strip()
