"""Thanks: from the end of a case back to whoever helped, through the whole product."""

from __future__ import annotations

import pytest

from bot.adapters.web.case import cookie_of
from bot.adapters.web.desk import DeskPage
from bot.adapters.web.security import hashed
from bot.core.audit import Tag, audit_row
from bot.core.model import Place
from bot.core.records import Case, Request, Session, Thanks
from bot.ports.desk import Desk
from bot.service.thanks import ThanksBook, helpers
from tests.fakes.product import Whole, choices, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.talking import Desked
from tests.web.visiting import Visitor, serving


def desk_of(whole: Whole) -> Desk:  # noqa: F811
    return next(page for page in whole.product.pages if isinstance(page, DeskPage))._desk


async def agent(whole: Whole, who: str = "agent") -> Session:  # noqa: F811
    """An agent on duty, at the desk."""
    at, oid = whole.clock.now(), whole.sandbox.oid(who)
    name = {"agent": "Jonas Lindqvist", "agent2": "Priya Raman"}[who]
    session = Session(f"s-{who}", "desk", oid, name, at, at, at, {})
    await desk_of(whole).start_shift(session)
    return session


async def helped(whole: Whole, who: str = "agent") -> Case:  # noqa: F811
    """Somebody asked for a person; an agent took the case and ended the talk."""
    await whole.press("start:new_phone")
    await whole.say("I want to talk to a person")
    case = await whole.case()
    session = await agent(whole, who)
    await desk_of(whole).take(session, case.id)
    await desk_of(whole).answer(session, case.id, "closed")
    await whole.settle()
    return await whole.case()


async def texts(whole: Whole) -> list[str]:  # noqa: F811
    return [message.text() for message in await whole.shown()]


async def test_thanks_come_back_to_who_helped(whole: Whole) -> None:  # noqa: F811
    """The chat offers it once; one press; it stands on that agent's desk with the case number, and
    pressing again thanks nobody twice."""
    case = await helped(whole)
    assert case.status == "ended"
    shown = await texts(whole)
    assert any("Jonas is reading your case" in text for text in shown)
    assert any("You are next" in text for text in shown)
    offers = [message for message in await whole.shown() if f"thanks:{case.id}" in choices(message)]
    assert len(offers) == 1
    assert "Jonas helped you" in offers[0].text()
    for _ in range(2):
        await whole.press(f"thanks:{case.id}")
        assert "passed on" in (await whole.last()).text()
    session = await agent(whole)
    board = await desk_of(whole).board(session)
    assert [one.number for one in board.thanks] == [case.number]
    assert (await whole.tags()).count("person:desk:thanked") == 1


async def test_nobody_else_can_thank(whole: Whole) -> None:  # noqa: F811
    """Not from another chat, not for a case that runs, not for one that does not exist."""
    case = await helped(whole)
    await whole.press(f"thanks:{case.id}", person="hello_user")
    await whole.press("thanks:nothing")
    whole.clock.go(seconds=2)
    await whole.press("start:new_phone")
    running = await whole.case()
    await whole.press(f"thanks:{running.id}")
    assert await whole.rows(Thanks) == []


async def test_the_case_pages_button_thanks(whole: Whole) -> None:  # noqa: F811
    """In the browser that has the case, and in no other."""
    case = await helped(whole)
    path = f"/c/{await Desked(whole).claimed(case, hashed('cookie'))}"
    async with serving(whole), Visitor(whole) as browser:
        refused = await browser.post(f"{path}/thanks", {})
        assert (refused.status, await whole.rows(Thanks)) == (403, [])
        browser.jar[cookie_of(path.removeprefix("/c/"))] = "cookie"
        assert f'action="{path}/thanks"' in (await browser.get(path)).text
        assert (await browser.post(f"{path}/thanks", {})).status == 303
        assert "passed on" in (await browser.get(path)).text
    assert [row.oid for row in await whole.rows(Thanks)] == [whole.sandbox.oid("agent")]


async def test_without_help_nothing_is_offered(whole: Whole) -> None:  # noqa: F811
    """Somebody who stops a case met nobody."""
    await whole.press("start:new_phone")
    case = await whole.case()
    await whole.say("cancel")
    ended = await whole.store.read(lambda work: work.get(Case, case.id))
    assert ended.status == "ended"
    assert not any("thanks:" in one for message in await whole.shown() for one in choices(message))


@pytest.mark.parametrize(("outcome", "count"), [("denied", 0), ("refused", 0), ("done", 1), ("partial", 1)])
async def test_nobody_is_asked_to_thank_for_a_no(whole: Whole, outcome: str, count: int) -> None:  # noqa: F811
    """The last request decides."""
    at = whole.clock.now()
    request = Request("r", "c", "a", "s", "x", 1, [], "standard", "p", [], "t", 1, at, at, "ended", outcome)
    row = audit_row("1", at, Tag.CHECK_SIGNED, case_id="c", actor="oid-agent")
    await whole.store.transact(lambda work: [work.add(request), work.audit(row)])
    assert len(await whole.store.read(lambda work: helpers(work, "c"))) == count


async def test_a_press_and_the_page_thank_once_between_them(whole: Whole) -> None:  # noqa: F811
    """Whichever comes first."""
    case = await helped(whole, "agent2")
    book = next(p for p in whole.product.pages if type(p).__name__ == "ThanksPage")._thanks
    assert isinstance(book, ThanksBook)
    at = whole.clock.now()
    place = Place.of(case.place)
    for _ in range(2):
        await whole.store.transact(lambda work: book.said(work, place, case.id, at))
    seen = await whole.store.read(lambda work: book.helped(work, case.id))
    assert seen is not None
    assert (seen.names, seen.given) == (("Priya",), True)
