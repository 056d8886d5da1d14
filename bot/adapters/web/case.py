"""The case page, `/c/<handle>`: claim, proofs, waiting, the pass, registering the new method.

Each form has a JSON twin (same path, same fields, `Content-Type: application/json`); docs/http.md
lists them. A GET changes nothing. This browser is known by a cookie of its own per case, random and
made at the claim, so that neither a planted cookie nor another case's opens anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from bot.adapters.web import security
from bot.adapters.web.app import status_of
from bot.adapters.web.case_json import pulse_json, sealed_json, view_json
from bot.adapters.web.polling import Polls
from bot.adapters.web.shell import LOCALE, Shell
from bot.core.model import Reason
from bot.errors import Refused
from bot.ports.case_page import CasePages, Stage

LIFE = 24 * 3600
_STEPS = (Stage.CLAIM, Stage.KEY, Stage.PROVE, Stage.TICK, Stage.WAIT, Stage.PASS, Stage.REGISTER)
Fields = Mapping[str, Any]
Doing = Callable[[str, str, Fields], Awaitable[None]]


class CasePage:
    def __init__(
        self, shell: Shell, pages: CasePages, polls: Polls, *, security_info: str, root: str = "/c"
    ) -> None:
        """*security_info*: where people register sign-in methods, as a link on the page. *root*: what
        stands before the handle, another for a helper's page."""
        self._root = root
        self._shell = shell
        self._pages = pages
        self._polls = polls
        self._security_info = security_info

    def routes(self) -> list[web.RouteDef]:
        at = f"{self._root}/{{handle}}"
        return [
            web.get(at, self.show),
            web.post(f"{at}/claim", self.claim),
            web.post(f"{at}/key", self.key),
            web.post(f"{at}/pulse", self.pulse),
            web.post(f"{at}/sign-in", self.sign_in),
            web.post(f"{at}/pass", self.take_pass),
            web.post(f"{at}/finish", self.finish),
            *(web.post(f"{at}/{name}", self._form(doing)) for name, doing in self._forms().items()),
        ]

    def _forms(self) -> dict[str, Doing]:
        """Forms that change something and come back to the page."""
        pages = self._pages
        return {
            "address": lambda h, b, f: pages.address(h, b, _text(f, "address")),
            "code": lambda h, b, f: pages.saved_code(h, b, _text(f, "code")),
            "mail": lambda h, b, f: pages.mail_code(
                h, b, address=_text(f, "address"), choice=_text(f, "to"), read_on=_text(f, "read_on")
            ),
            "mail-code": lambda h, b, f: pages.issued_code(h, b, _text(f, "digits")),
            "check": lambda h, b, f: pages.ask_check(
                h, b, how=_text(f, "how"), number_ref=_text(f, "number"), counter=_text(f, "counter")
            ),
            "manager": lambda h, b, f: pages.ask_manager(h, b),
            "contact": lambda h, b, f: pages.ask_contact(h, b, _text(f, "contact")),
            "digits": lambda h, b, f: pages.digits(h, b, _text(f, "digits")),
            "gone": lambda h, b, f: pages.gone(h, b, _list(f, "method")),
            "added": lambda h, b, f: pages.added(h, b, _text(f, "method"), yours=_text(f, "yours") == "yes"),
            "person": lambda h, b, f: pages.person(h, b),
            "not-me": lambda h, b, f: pages.not_me(h, b, _text(f, "number")),
        }

    # --- looking ---------------------------------------------------------------------------------

    async def show(self, request: web.Request) -> web.Response:
        if _wants_json(request):
            return await self._json_view(request)
        return await self._page(request)

    async def _page(
        self, request: web.Request, problem: Reason | None = None, field: str = ""
    ) -> web.Response:
        handle = request.match_info["handle"]
        visitor = self._shell.visitor(request)
        view = await self._pages.view(handle, self._browser(request), visitor)
        request[LOCALE] = view.locale
        step = _STEPS.index(view.stage) + 1 if view.stage in _STEPS else 0
        return self._shell.page(
            request,
            "case.html",
            status=status_of(problem) if problem else 200,
            pane=True,
            view=view,
            base=f"{self._root}/{handle}",
            **await self._beside(request),
            here=visitor,
            step=step,
            steps=len(_STEPS),
            problem=problem,
            field=field,
            security_info=self._security_info,
        )

    async def _beside(self, request: web.Request) -> dict[str, Any]:
        """What a page that is more than a case page shows beside it."""
        return {"helper": None}

    async def _json_view(self, request: web.Request) -> web.Response:
        handle = request.match_info["handle"]
        view = await self._pages.view(handle, self._browser(request), self._shell.visitor(request))
        cookie = request.cookies.get(security.FORM_COOKIE, "")
        fresh = "" if cookie else self._shell.fresh_browser()[0]
        response = self._shell.json(view_json(view) | {"form_token": security.token_for(cookie or fresh)})
        if fresh:
            security.set_cookie(response, security.FORM_COOKIE, fresh)
        return response

    # --- doing -----------------------------------------------------------------------------------

    def _form(self, doing: Doing) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handler(request: web.Request) -> web.Response:
            fields = await self._fields(request)
            handle = request.match_info["handle"]
            try:
                await doing(handle, self._browser(request), fields)
            except Refused as err:
                return await self._refused(request, err.reason)
            return await self._done(request)

        return handler

    async def claim(self, request: web.Request) -> web.Response:
        fields = await self._fields(request)
        value, browser = self._shell.fresh_browser()
        try:
            await self._pages.claim(
                request.match_info["handle"], _text(fields, "number"), browser,
                self._shell.visitor(request), shared=_text(fields, "shared") in ("1", "on", "true"),
            )  # fmt: skip
        except Refused as err:
            return await self._refused(request, err.reason)
        response = await self._done(request)
        security.set_cookie(response, cookie_of(request.match_info["handle"]), value, max_age=LIFE)
        return response

    async def finish(self, request: web.Request) -> web.Response:
        await self._fields(request)
        handle, browser = request.match_info["handle"], self._browser(request)
        view = await self._pages.view(handle, browser, self._shell.visitor(request))
        try:
            await self._pages.finish(handle, browser)
        except Refused as err:
            return await self._refused(request, err.reason)
        if _sent_json(request):
            response = self._shell.json({"ok": True})
        else:
            response = self._shell.page(request, "case_finished.html", pane=True, base=_base(request))
        security.drop_cookie(response, cookie_of(handle))
        if view.door:
            security.drop_cookie(response, security.DOOR_COOKIE)
        if view.shared:
            response.headers["Clear-Site-Data"] = security.WIPE
        return response

    async def sign_in(self, request: web.Request) -> web.Response:
        await self._fields(request)
        value, browser = "", self._shell.browser_hash(request)
        if not browser:
            value, browser = self._shell.fresh_browser()
        try:
            redirect = await self._pages.sign_in(
                request.match_info["handle"], self._browser(request), browser
            )
        except Refused as err:
            return await self._refused(request, err.reason)
        response = self._shell.to_authority(redirect)
        if value:
            self._shell.give_browser(response, value)
        return response

    # --- the script's part -------------------------------------------------------------------------

    async def key(self, request: web.Request) -> web.Response:
        data = await self._shell.data(request)
        jwk = data.get("jwk")
        if not isinstance(jwk, dict):
            raise Refused(Reason.BAD_FORM, detail="jwk")
        await self._pages.key(
            request.match_info["handle"], self._browser(request), jwk, forgotten=_text(data, "forgotten")
        )
        return self._shell.json({"ok": True})

    async def pulse(self, request: web.Request) -> web.Response:
        data = await self._shell.data(request)
        wait = data.get("wait", 0)
        pulse = await self._polls.unless_closing(
            self._pages.pulse(
                request.match_info["handle"], self._browser(request), answer=_text(data, "answer"),
                version=_text(data, "version"), wait=float(wait) if isinstance(wait, int | float) else 0.0,
            )
        )  # fmt: skip
        if pulse is None:
            raise Refused(Reason.UNAVAILABLE)
        return self._shell.json(pulse_json(pulse))

    async def take_pass(self, request: web.Request) -> web.Response:
        await self._shell.data(request)
        sealed = await self._pages.take_pass(request.match_info["handle"], self._browser(request))
        return self._shell.json(sealed_json(sealed) or {})

    # --- small -------------------------------------------------------------------------------------

    def _browser(self, request: web.Request) -> str:
        value = request.cookies.get(cookie_of(request.match_info["handle"]), "")
        return security.hashed(value) if value else ""

    async def _fields(self, request: web.Request) -> Fields:
        if _sent_json(request):
            return await self._shell.data(request)
        form = await self._shell.form(request)
        return {**form, "method": form.all("method")}

    async def _done(self, request: web.Request) -> web.Response:
        return (
            self._shell.json({"ok": True}) if _sent_json(request) else self._shell.see_other(_base(request))
        )

    async def _refused(self, request: web.Request, reason: Reason) -> web.Response:
        """The same page again with what was wrong; a script gets the closed word."""
        if _sent_json(request):
            return self._shell.json({"error": reason.value}, status=status_of(reason))
        return await self._page(request, reason, request.path.rpartition("/")[2])


def cookie_of(handle: str) -> str:
    """The name of this case's cookie; tells nothing but that it belongs to this address."""
    return f"__Host-case-{security.hashed(handle)[:12]}"


def _base(request: web.Request) -> str:
    return request.path.rpartition("/")[0]  # of a POST, whose last part says what it does


def _wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _sent_json(request: web.Request) -> bool:
    return request.content_type == "application/json"


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, bool):
        return "1" if value else ""
    if not isinstance(value, str) or len(value) > 400:
        raise Refused(Reason.BAD_FORM, detail=name)
    return value.strip()


def _list(fields: Fields, name: str) -> list[str]:
    value = fields.get(name, [])
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise Refused(Reason.BAD_FORM, detail=name)
    return [v for v in values if v]
