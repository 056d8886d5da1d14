"""Claiming, the page key, presence, and how an attempt ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.core.model import Reason
from bot.core.records import Attempt, AuditRow, Case, Job
from bot.errors import Refused
from bot.ports.case_page import Stage
from bot.ports.store import Store
from bot.service.attempts import present
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.page_key import PageKey
from tests.fakes.proving import NUMBER, VISITOR, PageOf, World


@pytest.fixture
async def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> World:
    made = World(store, clock, entropy)
    await made.case()
    return made


async def refused(doing: object) -> Reason:
    with pytest.raises(Refused) as caught:
        await doing  # type: ignore[misc]
    return caught.value.reason


async def test_looking_at_the_page_claims_nothing(world: World) -> None:
    """Unfurlers and mail scanners open links; a view leaves no row behind."""
    view = await world.pages.view(world.handle("case-1"), "", VISITOR)
    assert (view.stage, view.number) == (Stage.CLAIM, "")
    assert await world.rows(Attempt) == []


async def test_a_claim_needs_the_case_number(world: World) -> None:
    """The number is not on the page, so who only has the link cannot claim."""
    handle = world.handle("case-1")
    assert (
        await refused(world.pages.claim(handle, "000000", "b", VISITOR, shared=False)) is Reason.WRONG_NUMBER
    )
    assert await world.rows(Attempt) == []
    await world.pages.claim(handle, f" {NUMBER[:3]} {NUMBER[3:]} ", "b", VISITOR, shared=False)
    assert (await world.attempt("b")).network == VISITOR.network


async def test_guessing_case_numbers_stops_after_ten(world: World) -> None:
    """Somebody with the link gets ten guesses an hour; then even the right number must wait."""
    handle = world.handle("case-1")
    for _ in range(10):
        assert (
            await refused(world.pages.claim(handle, "1", "b", VISITOR, shared=False)) is Reason.WRONG_NUMBER
        )
    assert await refused(world.pages.claim(handle, NUMBER, "b", VISITOR, shared=False)) is Reason.TOO_MANY
    world.clock.go(hours=1)
    await world.pages.claim(handle, NUMBER, "b", VISITOR, shared=False)


async def test_an_unknown_handle_is_no_case(world: World) -> None:
    """A made-up address says nothing about cases."""
    assert await refused(world.pages.view("nonsense", "", VISITOR)) is Reason.UNKNOWN_CASE


@pytest.mark.parametrize(("status", "reason"), [("ended", Reason.CASE_ENDED), ("frozen", Reason.CASE_FROZEN)])
async def test_a_case_that_is_over_or_frozen_cannot_be_claimed(
    store: Store, clock: FakeClock, entropy: FakeEntropy, status: str, reason: Reason
) -> None:
    """Terminal states are final."""
    world = World(store, clock, entropy)
    await world.case(status=status)
    assert (
        await refused(world.pages.claim(world.handle("case-1"), NUMBER, "b", VISITOR, shared=False)) is reason
    )


async def test_another_browser_is_never_let_in(world: World) -> None:
    """The cookie of the claim is the browser; a second one sees the claim form and can do nothing."""
    await world.page("browser-1")
    stranger = PageOf(world, "browser-2", "case-1")
    assert (await stranger.view()).stage is Stage.CLAIM
    for doing in (stranger.code(), stranger.digits("123456"), stranger.tick("app")):
        assert await refused(doing) is Reason.OTHER_BROWSER
    assert await refused(world.pages.take_pass(stranger.handle, "browser-2")) is Reason.OTHER_BROWSER


async def test_a_browser_of_another_case_is_another_browser(world: World) -> None:
    """A claim of one case opens no other."""
    await world.case("case-2", "222222")
    await world.page("browser-2", "case-2", "222222")
    stranger = PageOf(world, "browser-2", "case-1")
    assert (await stranger.view()).number == ""
    assert await refused(stranger.code()) is Reason.OTHER_BROWSER
    assert await refused(stranger.tick("app")) is Reason.OTHER_BROWSER


async def test_any_number_of_browsers_may_claim(world: World) -> None:
    """A person may start on a phone and go on at a desk."""
    for n in range(4):
        await world.pages.claim(world.handle("case-1"), NUMBER, f"b{n}", VISITOR, shared=False)
    assert len(await world.rows(Attempt, case_id="case-1")) == 4


async def test_a_shared_computer_forgets_after_half_an_hour(world: World) -> None:
    """The person says it is shared; the attempt ends soon. Otherwise it lasts a day."""
    await world.pages.claim(world.handle("case-1"), NUMBER, "shared", VISITOR, shared=True)
    await world.pages.claim(world.handle("case-1"), NUMBER, "own", VISITOR, shared=False)
    world.clock.go(minutes=31)
    assert (await PageOf(world, "shared", "case-1").view()).stage is Stage.CLAIM
    assert (await PageOf(world, "own", "case-1").view()).stage is Stage.KEY
    world.clock.go(hours=24)
    assert (await PageOf(world, "own", "case-1").view()).stage is Stage.CLAIM


async def test_a_key_counts_only_after_it_opened_something(world: World) -> None:
    """A browser that loses its keys is found out before anything depends on them."""
    page = PageOf(world, "b", "case-1")
    await world.pages.claim(page.handle, NUMBER, "b", VISITOR, shared=False)
    assert await refused(page.code()) is Reason.KEY_MISSING
    await world.pages.key(page.handle, "b", page.key.jwk)
    assert (await page.view()).stage is Stage.KEY
    assert await refused(page.code()) is Reason.KEY_MISSING
    await page.beat()
    assert (await page.view()).stage is Stage.PROVE


async def test_a_wrong_answer_is_no_presence(world: World) -> None:
    """Only who holds the key can answer."""
    page = PageOf(world, "b", "case-1")
    await world.pages.claim(page.handle, NUMBER, "b", VISITOR, shared=False)
    await world.pages.key(page.handle, "b", page.key.jwk)
    pulse = await world.pages.pulse(page.handle, "b", answer="nonsense", version="", wait=0)
    assert pulse.challenge is not None
    assert not pulse.present
    assert (await world.attempt("b")).key_tested_at is None


async def test_an_answer_counts_once_and_not_late(world: World) -> None:
    """A recorded answer is worth nothing: the next challenge is another, and a minute is the limit."""
    page = await world.page()
    world.clock.go(seconds=30)
    pulse = await world.pages.pulse(page.handle, page.browser, answer="", version="", wait=0)
    assert pulse.challenge is not None
    answer = page.answer(pulse.challenge)
    world.clock.go(seconds=61)
    late = await world.pages.pulse(page.handle, page.browser, answer=answer, version="", wait=0)
    assert not late.present
    assert late.challenge is not None
    good = page.answer(late.challenge)
    assert (await world.pages.pulse(page.handle, page.browser, answer=good, version="", wait=0)).present
    world.clock.go(seconds=61)
    again = await world.pages.pulse(page.handle, page.browser, answer=good, version="", wait=0)
    assert not again.present


async def test_a_tested_key_is_never_replaced(world: World) -> None:
    """What was proven to one key cannot be carried over to another."""
    page = await world.page()
    other = PageKey()
    assert await refused(world.pages.key(page.handle, page.browser, other.jwk)) is Reason.KEY_CHANGED
    await world.pages.key(page.handle, page.browser, page.key.jwk)


async def test_an_untested_key_may_be_made_again(world: World) -> None:
    """A reload during the self-test starts it anew."""
    page = PageOf(world, "b", "case-1")
    await world.pages.claim(page.handle, NUMBER, "b", VISITOR, shared=False)
    await world.pages.key(page.handle, "b", PageKey().jwk)
    await world.pages.key(page.handle, "b", page.key.jwk)
    await page.beat()
    assert (await world.attempt("b")).key_tested_at


async def test_a_key_that_is_no_point_on_the_curve_is_refused(world: World) -> None:
    """Nothing is ever sealed to nonsense."""
    page = PageOf(world, "b", "case-1")
    await world.pages.claim(page.handle, NUMBER, "b", VISITOR, shared=False)
    bad = page.key.jwk | {"x": page.key.jwk["y"]}
    assert await refused(world.pages.key(page.handle, "b", bad)) is Reason.KEY_MISSING


async def test_proofs_need_a_page_that_is_there(world: World) -> None:
    """A page that stopped answering for a minute can enter nothing until it answers again."""
    page = await world.page()
    world.clock.go(seconds=61)
    assert await refused(page.code()) is Reason.PAGE_ABSENT
    await page.beat()
    await page.code()


async def summoned(world: World) -> asyncio.Task[bool]:
    """A summons that has put its new challenge to the page."""
    attempt = await world.attempt()
    asked = asyncio.create_task(world.attempts.summon(attempt.id))
    for _ in range(10_000):
        await asyncio.sleep(0)
        if (await world.attempt()).challenge not in ("", attempt.challenge):
            return asked
    raise AssertionError("no challenge was put")


async def test_a_page_that_answers_while_a_request_is_at_work_is_there(world: World) -> None:
    """The request's own time is older than the answer then, which makes nobody absent."""
    page = await world.page()
    (attempt,) = await world.rows(Attempt)
    assert attempt.answered_at is not None
    assert present(attempt, attempt.answered_at - timedelta(seconds=5))
    assert not present(attempt, attempt.answered_at + timedelta(seconds=61))
    assert (await page.view()).present


async def test_a_summons_finds_the_page_that_answers(world: World) -> None:
    """Before an act the page is asked anew; an old answer does not count for it."""
    page = await world.page()
    asked = await summoned(world)
    await page.beat()
    assert await asked


async def test_a_summons_nobody_answers_is_answered_no(world: World) -> None:
    """No page, no act; that it answered a moment before does not help."""
    await world.page()
    asked = await summoned(world)
    assert not asked.done()
    world.clock.go(seconds=61)
    world.store.notify("case-1")
    assert not await asked


async def test_a_summons_wakes_the_open_pulse(world: World) -> None:
    """The page hears of the new challenge at once, in the request it already has open."""
    page = await world.page()
    view = await page.view()
    pulse = asyncio.create_task(
        world.pages.pulse(page.handle, page.browser, answer="", version=view.version, wait=20)
    )
    await asyncio.sleep(0)
    await world.attempts.challenge((await world.attempt()).id, anew=True)
    world.store.notify("case-1")
    woken = await asyncio.wait_for(pulse, 5)
    assert woken.challenge is not None


async def test_a_pulse_tells_the_end_of_the_case_and_is_not_refused(world: World) -> None:
    """The page asks on until it hears; only whose browser it is not is turned away."""
    page = await world.page()
    world.clock.go(seconds=30)
    pulse = await world.pages.pulse(page.handle, page.browser, answer="", version="", wait=0)
    assert pulse.challenge is not None
    await world.pages.not_me(page.handle, page.browser, "")
    for answer in ("", page.answer(pulse.challenge)):
        told = await world.pages.pulse(page.handle, page.browser, answer=answer, version="", wait=0)
        assert (told.stage, told.challenge, told.present) == (Stage.FROZEN, None, False)
    assert await refused(world.pages.pulse(page.handle, "other", answer="", version="", wait=0)) is (
        Reason.OTHER_BROWSER
    )


async def test_finish_ends_the_attempt(world: World) -> None:
    """After Finish this browser is a stranger again."""
    page = await world.page()
    await world.pages.finish(page.handle, page.browser)
    assert (await page.view()).stage is Stage.CLAIM
    assert await refused(page.code()) is Reason.ATTEMPT_ENDED


async def test_i_did_not_open_this_freezes_the_case_and_alerts(world: World) -> None:
    """What passed in that attempt is void, security hears of it, nothing more passes."""
    page = await world.page()
    await page.code()
    await world.pages.not_me(page.handle, page.browser, "")
    assert (await world.row(Case, "case-1")).status == "frozen"
    assert (await world.attempt()).status == "frozen"
    assert (await world.evidence())[0].voided_at
    assert world.halted == ["not_opened_by_me"]
    jobs = {job.kind for job in await world.rows(Job)}
    assert {"alert", "notice", "card"} <= jobs
    assert (await page.view()).stage is Stage.FROZEN
    assert await refused(page.digits("123456")) is Reason.CASE_FROZEN


async def test_a_scanner_that_presses_every_button_freezes_nothing(world: World) -> None:
    """From a browser that claimed nothing, the report needs the typed case number."""
    handle = world.handle("case-1")
    assert await refused(world.pages.not_me(handle, "", "")) is Reason.WRONG_NUMBER
    assert (await world.row(Case, "case-1")).status == "open"
    await world.pages.not_me(handle, "", NUMBER)
    assert (await world.row(Case, "case-1")).status == "frozen"


async def test_what_happens_is_audited_without_secrets(world: World) -> None:
    """Ids and outcomes; no handle, number, cookie or code."""
    page = await world.page()
    await page.code()
    text = repr(await world.rows(AuditRow))
    assert "attempt" in text
    for secret in (page.handle, page.browser, "GOOD-CODE", NUMBER):
        assert secret not in text
