"""`/me`, its further ways back in: forms for addresses, and the script's part for remembered browsers.

Every POST needs a session of my page; what changes something also spends a fresh sign-in, which the
services see to. What was wrong is said on the page itself, beside the field.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.adapters.web.app import status_of
from bot.adapters.web.forms import Form
from bot.adapters.web.shell import Shell
from bot.core.model import Reason
from bot.core.records import Session
from bot.errors import Refused
from bot.ports.my_ways import ContactKept, MyWays, WaysView

KIND = "me"
Page = Callable[[web.Request, Session, Reason, str], Awaitable[web.Response]]
Doing = Callable[[Session, Form], Awaitable[None]]


class MyWaysForms:
    """Part of `Me`, which shows the page again when something was refused."""

    def __init__(self, shell: Shell, ways: MyWays, page: Page) -> None:
        self._shell = shell
        self._ways = ways
        self._page = page

    def routes(self) -> list[web.RouteDef]:
        ways = self._ways
        return [
            self._form("/me/address", "addresses", lambda s, f: ways.add_address(s, f.text("address"))),
            self._form(
                "/me/address/code", "addresses",
                lambda s, f: ways.prove_address(s, f.text("id"), f.text("digits")),
            ),
            self._form("/me/address/again", "addresses", lambda s, f: ways.again(s, f.text("id"))),
            self._form("/me/address/remove", "addresses", lambda s, f: ways.remove_address(s, f.text("id"))),
            self._form("/me/browser/forget", "browsers", lambda s, f: ways.forget_browser(s, f.text("id"))),
            self._form("/me/contact", "contacts", lambda s, f: ways.name_contact(s, f.text("address"))),
            self._form("/me/contact/agree", "contacts", lambda s, f: ways.agree(s, f.text("id"))),
            self._form("/me/contact/end", "contacts", lambda s, f: ways.end_contact(s, f.text("id"))),
            web.post("/me/browser/test", self.test_browser),
            web.post("/me/browser", self.remember),
        ]  # fmt: skip

    def _form(self, path: str, part: str, doing: Doing) -> web.RouteDef:
        async def handler(request: web.Request) -> web.Response:
            form = await self._shell.form(request)
            session = await self._session(request)
            try:
                await doing(session, form)
            except Refused as err:
                if err.reason is Reason.NOT_SIGNED_IN:
                    raise
                return await self._page(request, session, err.reason, part)
            return self._shell.see_other(f"/me#{part}")

        return web.post(path, handler)

    async def test_browser(self, request: web.Request) -> web.Response:
        data = await self._shell.data(request)
        jwk = data.get("jwk")
        if not isinstance(jwk, dict):
            raise Refused(Reason.BAD_FORM, detail="jwk")
        test = await self._ways.test_browser(await self._session(request), jwk)
        return self._shell.json({"wire": dict(test.wire), "info": test.info, "ticket": test.ticket})

    async def remember(self, request: web.Request) -> web.Response:
        data = await self._shell.data(request)
        ticket, answer = data.get("ticket"), data.get("answer")
        if not isinstance(ticket, str) or not isinstance(answer, str):
            raise Refused(Reason.BAD_FORM)
        device = self._shell.visitor(request).device
        await self._ways.remember_browser(
            await self._session(request), ticket=ticket, answer=answer, device=device
        )
        return self._shell.json({"ok": True})

    async def _session(self, request: web.Request) -> Session:
        session = await self._shell.session(request, KIND)
        if session is None:
            raise Refused(Reason.NOT_SIGNED_IN)
        return session


def status(reason: Reason | None) -> int:
    return status_of(reason) if reason else 200


def ways_json(view: WaysView) -> dict[str, Any]:
    """The JSON twin's part."""
    return {
        "addresses": [
            {
                "id": a.id, "masked": a.masked, "proven": a.proven, "counts": a.counts,
                "counts_from": a.counts_from.isoformat() if a.counts_from else "",
            }
            for a in view.addresses
        ],
        "browsers": [
            {
                "id": b.id, "device": b.device, "counts": b.counts, "thumbprint": b.thumbprint,
                "counts_from": b.counts_from.isoformat(),
            }
            for b in view.browsers
        ],
        "contacts": [_contact(one) for one in view.contacts],
        "named_by": [_contact(one) for one in view.named_by],
        "may_change": view.may_change,
        "may_remember": view.may_remember,
    }  # fmt: skip


def _contact(one: ContactKept) -> dict[str, Any]:
    return {
        "id": one.id, "name": one.name, "agreed": one.agreed, "counts": one.counts,
        "counts_from": one.counts_from.isoformat() if one.counts_from else "",
    }  # fmt: skip
