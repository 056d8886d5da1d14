"""`/r/<handle>`: what an agent reads before deciding, the live check, and the way to the signature."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from bot.adapters.web import security
from bot.adapters.web.forms import Form
from bot.adapters.web.polling import LONGEST, Polls
from bot.adapters.web.shell import Shell
from bot.adapters.web.talk import for_review
from bot.core.model import LiveHow, Reason
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.checks import Checks, CheckView, ShownDigits
from bot.ports.desk import Desk
from bot.ports.reviews import APPROVE_FOR, DENY_FOR, Pulse, Reviews, ReviewView, Signable
from bot.ports.sign_in import Redirect
from bot.ports.talk import Talks

KIND = "desk"


class ReviewPage:
    def __init__(
        self,
        shell: Shell,
        reviews: Reviews,
        checks: Checks,
        desk: Desk,
        polls: Polls,
        talks: Talks | None = None,
    ) -> None:
        self._shell = shell
        self._reviews = reviews
        self._checks = checks
        self._desk = desk
        self._polls = polls
        self._talks = talks

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/r/{handle}", self.show),
            web.get("/r/{handle}/live", self.live),
            web.get("/r/{handle}/photo", self.photo),
            web.post("/r/{handle}/sign-in", self.sign_in),
            web.post("/r/{handle}/take", self.take),
            web.post("/r/{handle}/release", self.release),
            web.post("/r/{handle}/deny", self.deny),
            web.post("/r/{handle}/suspicious", self.suspicious),
            web.post("/r/{handle}/more", self.more),
            web.post("/r/{handle}/approve", self.approve),
            web.get("/r/{handle}/signed/{signing}", self.signed),
            web.post("/r/{handle}/check/told", self.told),
            web.post("/r/{handle}/check/sign", self.sign_check),
        ]

    # --- reading -----------------------------------------------------------------------------------

    async def show(self, request: web.Request) -> web.Response:
        handle = request.match_info["handle"]
        agent = await self._shell.session(request, KIND)
        if agent is None:
            # Whether the handle names anything is told to agents only.
            return self._shell.page(request, "review_door.html", pane=True, action=f"/r/{handle}")
        view = await self._reviews.view(handle, agent)
        check = await self._checks.of_case(view.case_id)
        digits = await self._checks.digits(check.id, agent.oid) if check else None
        if "application/json" in request.headers.get("Accept", ""):
            return self._shell.json(_plain(view, check, digits))
        talk = await self._talks.view(agent, view.case_id) if self._talks else None
        return self._shell.page(
            request,
            "review.html",
            pane=True,
            agent=agent,
            view=view,
            check=check,
            digits=digits,
            action=f"/r/{handle}",
            approve_for=[w.value for w in APPROVE_FOR],
            deny_for=[w.value for w in DENY_FOR],
            call_back=LiveHow.CALL_BACK.value,
            **for_review(self._shell, talk),
        )

    async def live(self, request: web.Request) -> web.Response:
        """For the page's script: waits until something differs from `after`. Does not keep the
        session awake."""
        handle = request.match_info["handle"]
        agent = await self._shell.session(request, KIND, touch=False)
        if agent is None:
            return self._shell.json({"over": True})
        case_id = await self._reviews.case_of(handle, agent)
        after, there = request.query.get("after", ""), request.query.get("present", "")

        def news(pulse: Pulse) -> bool:
            return pulse.mark != after or str(pulse.present).lower() != there

        pulse = await self._polls.until(case_id, LONGEST, lambda: self._reviews.pulse(handle), news)
        return self._shell.json({"mark": pulse.mark, "present": pulse.present, "status": pulse.status})

    async def photo(self, request: web.Request) -> web.Response:
        agent = await self._agent(request)
        found = await self._reviews.photo(request.match_info["handle"], agent)
        if found is None or not found[0].startswith("image/"):
            raise web.HTTPNotFound
        return web.Response(body=found[1], content_type=found[0], headers={"Cache-Control": "no-store"})

    async def signed(self, request: web.Request) -> web.Response:
        """What became of a signature; back and reload show the same."""
        agent = await self._agent(request)
        handle = request.match_info["handle"]
        view = await self._reviews.outcome(handle, agent, request.match_info["signing"])
        working = view.status in ("working", "executing")
        if "application/json" in request.headers.get("Accept", ""):
            return self._shell.json(
                {
                    "status": view.status,
                    "reasons": list(view.reasons),
                    "missing": view.missing,
                    "outcome": view.outcome,
                    "acts": [{"kind": a.kind, "result": a.result} for a in view.acts],
                }
            )
        page = self._shell.page(
            request, "review_outcome.html", pane=True, view=view, working=working, action=f"/r/{handle}"
        )
        if working:
            page.headers["Refresh"] = "2"
        return page

    # --- one POST each -------------------------------------------------------------------------------

    async def sign_in(self, request: web.Request) -> web.Response:
        await self._shell.form(request)
        value, browser = self._browser(request)
        redirect = await self._desk.sign_in(browser, review=request.match_info["handle"])
        return self._leave(redirect, value)

    async def take(self, request: web.Request) -> web.Response:
        handle, agent, _ = await self._asked(request)
        await self._desk.take(agent, await self._reviews.case_of(handle, agent))
        return self._shell.see_other(f"/r/{handle}")

    async def release(self, request: web.Request) -> web.Response:
        handle, agent, _ = await self._asked(request)
        await self._desk.release(agent, await self._reviews.case_of(handle, agent))
        return self._shell.see_other(f"/r/{handle}")

    async def deny(self, request: web.Request) -> web.Response:
        handle, agent, form = await self._asked(request)
        await self._reviews.deny(handle, agent, why=form.text("why"), note=form.text("note", longest=500))
        return self._shell.see_other(f"/r/{handle}")

    async def suspicious(self, request: web.Request) -> web.Response:
        handle, agent, form = await self._asked(request)
        await self._reviews.suspicious(handle, agent, note=form.text("note", longest=500))
        return self._shell.see_other(f"/r/{handle}")

    async def more(self, request: web.Request) -> web.Response:
        handle, agent, _ = await self._asked(request)
        await self._reviews.ask_more(handle, agent)
        return self._shell.see_other(f"/r/{handle}")

    # --- signatures ------------------------------------------------------------------------------------

    async def approve(self, request: web.Request) -> web.Response:
        """Stores the draft and shows it once more: "You are about to sign"."""
        handle, agent, form = await self._asked(request)
        value, browser = self._browser(request)
        made = await self._reviews.draft(
            handle,
            agent,
            browser,
            why=form.text("why"),
            note=form.text("note", longest=500),
            replaces=form.text("replaces"),
        )
        plain = "application/json" in request.headers.get("Accept", "")
        if isinstance(made, Signable):
            response = (
                self._shell.json({"location": made.redirect.url, "digest": made.digest})
                if plain
                else self._shell.page(
                    request, "review_sign.html", pane=True, draft=made, agent=agent, action=f"/r/{handle}"
                )
            )
            self._carry(response, made.redirect, value)
            return response
        if plain:
            return self._shell.json({"refused": list(made)}, status=409)
        return self._shell.page(
            request, "review_refused.html", status=409, pane=True, reasons=made, action=f"/r/{handle}"
        )

    async def told(self, request: web.Request) -> web.Response:
        handle, agent, form = await self._asked(request)
        check = await self._check(handle, agent)
        await self._checks.tell(
            check.id,
            agent.oid,
            device=form.text("device"),
            place=form.text("place"),
            number_ref=form.text("number"),
            counter=form.text("counter"),
            paper=form.text("paper"),
        )
        return self._shell.see_other(f"/r/{handle}#check")

    async def sign_check(self, request: web.Request) -> web.Response:
        handle, agent, _ = await self._asked(request)
        check = await self._check(handle, agent)
        value, browser = self._browser(request)
        hint = str(agent.facts.get("upn", ""))
        return self._leave(await self._checks.sign(check.id, agent.oid, hint, browser), value)

    async def _check(self, handle: str, agent: Session) -> CheckView:
        check = await self._checks.of_case(await self._reviews.case_of(handle, agent))
        if check is None:
            raise Refused(Reason.ATTEMPT_ENDED)
        return check

    # --- small -----------------------------------------------------------------------------------------

    async def _agent(self, request: web.Request) -> Session:
        agent = await self._shell.session(request, KIND)
        if agent is None:
            raise Refused(Reason.NOT_SIGNED_IN)
        return agent

    async def _asked(self, request: web.Request) -> tuple[str, Session, Form]:
        form = await self._shell.form(request)
        return request.match_info["handle"], await self._agent(request), form

    def _browser(self, request: web.Request) -> tuple[str, str]:
        known = self._shell.browser_hash(request)
        return ("", known) if known else self._shell.fresh_browser()

    def _leave(self, redirect: Redirect, value: str) -> web.Response:
        response = self._shell.to_authority(redirect)
        if value:
            self._shell.give_browser(response, value)
        return response

    def _carry(self, response: web.Response, redirect: Redirect, value: str) -> None:
        """The transaction cookie goes out with the page that shows the draft."""
        security.set_cookie(
            response, redirect.cookie_name, redirect.cookie_value, max_age=redirect.max_age, cross_site=True
        )
        if value:
            self._shell.give_browser(response, value)


def _plain(view: ReviewView, check: CheckView | None, digits: ShownDigits | None) -> dict[str, Any]:
    """The page for a script: closed words, ids and times."""
    request, subject = view.request, view.subject
    return {
        "number": view.number,
        "status": view.status,
        "present": view.present,
        "subject": {"upn": subject.upn, "name": subject.name, "rank": subject.rank} if subject else None,
        "evidence": [
            {"kind": p.kind, "how": p.how, "at": _iso(p.at), "intact": p.intact} for p in view.evidence
        ],
        "missing": list(view.missing),
        "faults": list(view.faults),
        "pass_policy": view.pass_policy,
        "live_pass": view.live_pass.id if view.live_pass else "",
        "request": {
            "id": request.id,
            "status": request.status,
            "acts": [{"kind": a.kind, "label": a.label, "minutes": a.minutes} for a in request.acts],
            "needed": request.needed,
            "given": request.given,
            "expires_at": _iso(request.expires_at),
        }
        if request
        else None,
        "last_outcome": view.last_outcome,
        "check": {
            "id": check.id,
            "how": check.how,
            "status": check.status,
            "told": bool(check.told),
            "numbers": [{"ref": n.ref, "usable": n.usable} for n in check.numbers],
            "video_url": check.video_url,
        }
        if check
        else None,
        "digits": digits.digits if digits else "",
    }


def _iso(at: datetime) -> str:
    return at.isoformat()
