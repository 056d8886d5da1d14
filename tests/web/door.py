"""People at the front door, and an agent on the telephone."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

from bot.core.records import Case
from tests.fakes.page_key import PageKey
from tests.fakes.product import Whole
from tests.web.browsing import Answer, form_token
from tests.web.case_house import Script
from tests.web.visiting import Visitor


class Guest(Visitor):
    """A browser without script at the front door."""

    async def page(self) -> Answer:
        return await self.get("/help")

    async def does(self, path: str, /, **form: str) -> Answer:
        token = form_token((await self.page()).text)
        answer = await self.ask(
            "POST", path, data={"form_token": token, **form}, headers={"Accept": "text/html"}
        )
        await self.whole.settle()
        return answer

    async def opens(self, flow: str = "new_phone", **more: str) -> str:
        """Write, start a flow; the path of the case page."""
        assert (await self.does("/help/start", text="I got a new phone", **more)).status == 303
        assert (await self.does("/help/talk", choice=f"start:{flow}")).status == 303
        return await self.case_path()

    async def presses(self, ending: str) -> None:
        """The newest button of the conversation whose id ends so."""
        told = await self.told("/help")
        ids = [c["id"] for m in told["messages"] for c in m["choices"] if c["id"].endswith(ending)]
        assert ids, [c["id"] for m in told["messages"] for c in m["choices"]]
        assert (await self.does("/help/talk", choice=ids[-1])).status == 303

    async def case_path(self) -> str:
        return str((await self.told("/help"))["case"])

    async def claims(self, number: str, address: str, **more: str) -> Answer:
        return await self.does("/help/claim", number=number, address=address, **more)

    async def script(self, path: str = "") -> Script:
        """The case page in this browser, with its key made and tested."""
        script = Script(self, path or await self.case_path(), PageKey())
        await script.good("key", jwk=script.key.jwk)
        await script.beat()
        return script


class Agent(Visitor):
    """An agent's browser with a desk session."""

    async def sits_down(self, person: str = "agent") -> None:
        assert await self.signs_in("/desk/sign-in", person) == "/desk"

    async def opens_for(self, address: str, flow: str = "new_phone", ticket: str = "") -> Answer:
        page = await self.get("/desk/open")
        once = re.search(r'name="once" value="([^"]+)"', page.text)
        assert once, page.text[:400]
        return await self.post(
            "/desk/open", {"address": address, "flow": flow, "ticket": ticket, "once": once[1]}
        )


def plain(html: str) -> str:
    """What a page says, without what differs from one rendering to the next."""
    html = re.sub(r'name="(form_token|nonce|once)" value="[^"]*"', r'name="\1"', html)
    return unescape(html)


async def cases(whole: Whole, **where: Any) -> list[Case]:
    found: list[Case] = await whole.rows(Case, order="id", **where)
    return found


def upn(whole: Whole, person: str) -> str:
    who = whole.sandbox.state.directory.get(person)
    assert who is not None
    return str(who.upn)


async def printed(whole: Whole, person: str) -> list[str]:
    """Codes that the person printed a month ago."""
    book, oid = whole.product.codes, whole.sandbox.oid(person)
    at = whole.clock.now() - timedelta(days=30)
    codes = book.draw()
    rows = await book.prepare(oid, codes, at=at, counts_from=at)
    await whole.store.transact(lambda work: book.keep(work, rows, by=oid, method="demo"))
    return list(codes)
