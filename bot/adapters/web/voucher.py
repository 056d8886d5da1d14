"""`/v/<handle>`: a manager reads who asks, says how they made sure, signs in freshly, gives digits."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.adapters.web.shell import Shell
from bot.core.model import Reason, VouchHow
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.sign_in import Redirect
from bot.ports.vouchers import VoucherGlance, VoucherPages

KIND = "voucher"


class Voucher:
    def __init__(self, shell: Shell, vouchers: VoucherPages) -> None:
        self._shell = shell
        self._vouchers = vouchers

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v/{handle}", self.view),
            web.post("/v/{handle}/open", self.open),
            web.post("/v/{handle}/sign", self.sign),
            web.post("/v/{handle}/refuse", self.refuse),
        ]

    async def view(self, request: web.Request) -> web.Response:
        handle = request.match_info["handle"]
        if not await self._vouchers.exists(handle):
            raise web.HTTPNotFound
        # The page's own script asks for JSON; a page left open must still fall idle.
        session = await self._shell.session(request, KIND, touch=not _wants_json(request))
        if session is None:
            if _wants_json(request):
                raise Refused(Reason.NOT_SIGNED_IN)
            return self._shell.page(request, "voucher_door.html", action=f"/v/{handle}", other="")
        if _wants_json(request):
            return self._shell.json(_glance_json(await self._vouchers.glance(handle, session)))
        try:
            view = await self._vouchers.view(handle, session)
        except Refused as err:
            if err.reason is not Reason.NOT_THE_MANAGER:
                raise
            # Somebody with two accounts must be able to come back as the other one.
            return self._shell.page(
                request, "voucher_door.html", status=403, action=f"/v/{handle}", other=session.name
            )
        return self._shell.page(
            request, "voucher.html", view=view, session=session, hows=tuple(VouchHow), action=f"/v/{handle}"
        )

    async def open(self, request: web.Request) -> web.Response:
        await self._shell.form(request)
        value, browser = self._browser(request)
        redirect = await self._vouchers.open(request.match_info["handle"], browser)
        return self._leave(redirect, value)

    async def sign(self, request: web.Request) -> web.Response:
        form = await self._shell.form(request)
        session = await self._session(request)
        value, browser = self._browser(request)
        redirect = await self._vouchers.sign(
            request.match_info["handle"], session, how=form.text("how"), browser_hash=browser
        )
        return self._leave(redirect, value)

    async def refuse(self, request: web.Request) -> web.Response:
        await self._shell.form(request)
        handle = request.match_info["handle"]
        await self._vouchers.refuse(handle, await self._session(request))
        return self._shell.see_other(f"/v/{handle}")

    async def _session(self, request: web.Request) -> Session:
        session = await self._shell.session(request, KIND)
        if session is None:
            raise Refused(Reason.NOT_SIGNED_IN)
        return session

    def _browser(self, request: web.Request) -> tuple[str, str]:
        known = self._shell.browser_hash(request)
        return ("", known) if known else self._shell.fresh_browser()

    def _leave(self, redirect: Redirect, value: str) -> web.Response:
        response = self._shell.to_authority(redirect)
        if value:
            self._shell.give_browser(response, value)
        return response


def _glance_json(glance: VoucherGlance) -> dict[str, Any]:
    return {
        "status": glance.status,
        "digits": glance.digits.digits if glance.digits else "",
        "until": glance.digits.until.isoformat() if glance.digits else "",
        "present": glance.present,
    }


def _wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")
