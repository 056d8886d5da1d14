"""Another device goes on with a case by QR code: evidence anew, the old page ends, the approver sees it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest_asyncio

from bot.core.records import Attempt, Case, Evidence, Move, Request
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.browsing import form_token
from tests.web.door import Guest, cases, printed, upn
from tests.web.visiting import serving


@pytest_asyncio.fixture
async def guest(whole: Whole) -> AsyncIterator[Guest]:  # noqa: F811
    async with serving(whole), Guest(whole) as browser:
        await browser.opens()
        yield browser


async def code(guest: Guest) -> str:
    """Show a code; the path it leads to."""
    answer = await guest.does(f"{await guest.case_path()}/move")
    assert answer.status == 200, answer.text[:600]
    found = re.search(r'value="http[^"]*(/move/[^"]+)"', answer.text)
    assert found
    assert "data:image/svg+xml" in answer.text
    return found[1]


async def types(other: Guest, path: str, number: str, **more: str) -> int:
    token = form_token((await other.get(path)).text)
    answer = await other.ask("POST", path, data={"form_token": token, "number": number, **more})
    await other.whole.settle()
    return answer.status


async def test_the_case_goes_on_on_the_other_device(guest: Guest) -> None:
    """Case page and conversation both; the first browser has neither any more."""
    whole = guest.whole  # noqa: F811
    await guest.script()
    path = await code(guest)
    (case,) = await cases(whole)
    async with Guest(whole) as phone:
        page = await phone.get(path)
        assert case.number not in page.text
        assert await types(phone, path, case.number) == 303
        told = await phone.told("/help")
        assert (told["state"], bool(told["messages"])) == ("open", True)
        assert (await phone.told(str(told["case"])))["stage"] == "key"
    after, before = sorted(await whole.rows(Attempt), key=lambda one: one.moved_from, reverse=True)
    assert (before.status, before.ended_reason) == ("ended", "moved")
    assert (after.via, after.moved_from) == ("move", before.id)
    told = await guest.told("/help")
    assert (told["state"], told["messages"]) == ("elsewhere", [])


async def test_what_passed_before_does_not_count_and_is_no_stranger(guest: Guest) -> None:
    """The evidence is void; new evidence on the new device stops nothing."""
    whole = guest.whole  # noqa: F811
    await guest.presses(":gone")
    script = await guest.script()
    await script.good("address", address=upn(whole, "employee"))
    codes = await printed(whole, "employee")
    await script.good("code", code=codes[0])
    path = await code(guest)
    (case,) = await cases(whole)
    async with Guest(whole) as phone:
        assert await types(phone, path, case.number) == 303
        (row,) = await whole.rows(Evidence)
        assert row.void_reason == "moved"
        script = await phone.script()
        view = await script.look()
        assert (view["passed"], view["numbers"]) == ([], [])
        await script.good("code", code=codes[1])
        assert (await whole.rows(Case))[0].status == "open"
        assert (await script.look())["passed"]


async def test_a_code_is_good_once_for_ten_minutes_and_five_numbers(guest: Guest) -> None:
    """Used, superseded, old or guessed at: it is over, and looking at it changes nothing."""
    whole = guest.whole  # noqa: F811
    (case,) = await cases(whole)
    async with Guest(whole) as other:
        first, second = await code(guest), await code(guest)
        assert await types_late(other, first, case.number) == 409
        for _ in range(3):
            assert (await other.get(second)).status == 200
            assert (await other.ask("HEAD", second)).status == 200
        for _ in range(4):
            assert await types(other, second, "000000") == 409
        assert (await whole.rows(Move, status="open")) != []
        assert await types(other, second, "000000") == 409
        assert await types_late(other, second, case.number) == 409
        third = await code(guest)
        token = form_token((await other.get("/help")).text)
        whole.clock.go(minutes=11)
        answer = await other.ask("POST", third, data={"form_token": token, "number": case.number})
        assert answer.status == 409
        fourth = await code(guest)
        assert await types(other, fourth, case.number) == 303
        assert await types_late(other, fourth, case.number) == 409
        assert (await other.ask("POST", fourth, data={"number": case.number})).status == 403
    assert len(await whole.rows(Attempt)) == 2


async def test_nothing_moves_once_approvers_were_asked(guest: Guest) -> None:
    """What they saw must not change; neither can a code be shown, nor one shown before be used."""
    whole = guest.whole  # noqa: F811
    path = await code(guest)
    (case,) = await cases(whole)
    (attempt,) = await whole.rows(Attempt)
    at = whole.clock.now()
    request = Request(
        "request-1", case.id, attempt.id, "", "approval", 4, [], "standard", "v1", [], "", 1, at, at, "open"
    )
    await whole.store.transact(lambda work: work.add(request))
    assert (await guest.does(f"{await guest.case_path()}/move")).status == 409
    async with Guest(whole) as phone:
        assert await types(phone, path, case.number) == 409
    assert [one.status for one in await whole.rows(Attempt)] == ["open"]


async def test_nobody_else_shows_a_code(guest: Guest) -> None:
    """The handle alone, without the browser's own cookie, gives nothing away."""
    async with Guest(guest.whole) as stranger:
        assert (await stranger.does(f"{await guest.case_path()}/move")).status == 403
    assert not await guest.whole.rows(Move)


async def test_the_token_is_not_kept(guest: Guest) -> None:
    path = await code(guest)
    assert path.rpartition("/")[2].encode() not in guest.whole.at_rest()


async def types_late(other: Guest, path: str, number: str) -> int:
    """Type into a page that was open before; what is over shows no form."""
    token = form_token((await other.get("/help")).text)
    return (await other.ask("POST", path, data={"form_token": token, "number": number})).status
