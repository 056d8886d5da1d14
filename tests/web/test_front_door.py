"""The front door: somebody locked out of chat opens a case on a public page, and it is theirs at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.core.records import Attempt, Case
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.browsing import Answer, form_token
from tests.web.visiting import Visitor, serving


class Guest(Visitor):
    """A browser at the front door."""

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
        return str((await self.told("/help"))["case"])


@pytest_asyncio.fixture
async def guest(whole: Whole) -> AsyncIterator[Guest]:  # noqa: F811
    async with serving(whole), Guest(whole) as browser:
        yield browser


async def cases(whole: Whole) -> list[Case]:  # noqa: F811
    found: list[Case] = await whole.rows(Case, order="id")
    return found


async def test_somebody_opens_a_case_and_has_it_at_once(guest: Guest) -> None:
    """No number to type: the browser that opened it holds the case page's cookie."""
    path = await guest.opens()
    (case,) = await cases(guest.whole)
    assert case.place.startswith("web:door:")
    assert (case.subject_oid, case.identified_by) == ("", "")
    (attempt,) = await guest.whole.rows(Attempt)
    assert (attempt.case_id, attempt.via, attempt.status) == (case.id, "door", "open")
    assert path.startswith("/c/")
    view = await guest.told(path)
    assert (view["stage"], view["number"]) == ("key", case.number)
    assert "is Authenticator still working" in (await guest.page()).text or case.number[:3] in (
        await guest.page()
    ).text
