"""A case of the front door shows in its person's own chat, once: when they are back, and proven."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio

from bot.core.model import Place
from bot.core.records import Case, ChatLink, ChatRow
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.case_house import Script
from tests.web.door import Guest, cases, printed, upn
from tests.web.visiting import serving


@pytest_asyncio.fixture
async def guest(whole: Whole) -> AsyncIterator[Guest]:  # noqa: F811
    async with serving(whole), Guest(whole) as browser:
        await browser.opens()
        await browser.presses(":gone")
        yield browser


async def named(guest: Guest) -> Script:
    """The page knows the work address, and nothing passed yet."""
    script = await guest.script()
    await script.good("address", address=upn(guest.whole, "employee"))
    return script


async def proves(guest: Guest, script: Script) -> None:
    await script.good("code", code=(await printed(guest.whole, "employee"))[0])
    await guest.whole.settle()


async def told(whole: Whole, person: str = "employee") -> list[str]:  # noqa: F811
    (case,) = [one for one in await cases(whole) if one.place.startswith("web:door:")]
    return [m.text() for m in await whole.shown(person) if case.number in m.text()]


async def test_nobody_is_told_before_one_evidence(guest: Guest) -> None:
    """Until then the case only says whose it is."""
    await named(guest)
    await guest.whole.say("hello", linked=True)
    assert await told(guest.whole) == []


async def test_an_account_that_is_not_linked_is_never_told(guest: Guest) -> None:
    """A stolen chat account whose address fits is no sign that its owner is back."""
    script = await named(guest)
    await proves(guest, script)
    await guest.whole.say("hello", linked=False)
    await guest.whole.say("hello", "hello_user", linked=True)
    assert await told(guest.whole) == []
    assert await told(guest.whole, "hello_user") == []


async def test_who_writes_from_a_linked_account_is_told_once(guest: Guest) -> None:
    script = await named(guest)
    await proves(guest, script)
    for _ in range(3):
        await guest.whole.say("hello", linked=True)
    (line,) = await told(guest.whole)
    assert "under way" in line


async def test_the_state_is_that_of_the_moment(guest: Guest) -> None:
    script = await named(guest)
    await proves(guest, script)
    (case,) = await cases(guest.whole)
    over = replace(case, status="ended", outcome="resolved", ended_at=guest.whole.clock.now())
    await guest.whole.store.transact(lambda work: work.put(over))
    await guest.whole.say("hello", linked=True)
    (line,) = await told(guest.whole)
    assert "finished" in line


async def test_a_linked_chat_is_told_at_once(guest: Guest) -> None:
    """Its owner sees it in whichever window is open; an account whose link was planted hears nothing."""
    whole = guest.whole  # noqa: F811
    oid, at = whole.sandbox.oid("employee"), whole.clock.now()
    link = ChatLink("web:demo:employee", "web", "demo", "employee", oid, at, "")
    link = replace(link, mac=whole.product.keys.row_mac(link))
    planted = ChatLink("web:demo:attacker", "web", "demo", "attacker", oid, at, "forged")
    rows = [ChatRow(Place("web", "demo", who).key, "de", "", at) for who in ("employee", "attacker")]
    await whole.store.transact(lambda work: [work.add(row) for row in (link, planted, *rows)] and None)
    script = await named(guest)
    await whole.settle()
    assert await told(whole) == []
    await proves(guest, script)
    (line,) = await told(whole)
    assert "in Arbeit" in line
    assert await told(whole, "attacker") == []
    await whole.say("hallo", linked=True)
    assert len(await told(whole)) == 1


async def test_a_case_of_the_own_chat_is_not_told_again(guest: Guest) -> None:
    """Only what began at the front door."""
    whole = guest.whole  # noqa: F811
    await whole.press("start:new_phone")
    mine = [one for one in await whole.rows(Case) if one.place == "web:demo:employee"]
    at = whole.clock.now()
    await whole.store.transact(lambda work: work.put(replace(mine[0], proven_at=at)))
    before = len(await whole.shown())
    await whole.say("help", linked=True)
    assert not [m for m in (await whole.shown())[before:] if "help page" in m.text()]
