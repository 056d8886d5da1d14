"""Evidence: where it comes from, when it holds, what the first one and a second attempt's lead to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.facts import Method, Role
from bot.core.model import ActKind, ProofKind, Reason
from bot.core.proofs import Why
from bot.core.records import Attempt, Card, Case, Evidence, Job, Limit, Proving
from bot.errors import Refused
from bot.ports.case_page import Stage
from bot.ports.store import Store
from bot.service import cards
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.proving import AGENT, GOOD, SUBJECT, USED, YOUNG, PageOf, World


@pytest.fixture
async def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> World:
    made = World(store, clock, entropy)
    await made.case()
    return made


async def refused(doing: Any) -> Reason:
    with pytest.raises(Refused) as caught:
        await doing
    return caught.value.reason


async def standing(world: World) -> list[Evidence]:
    def fn(work: Any) -> list[Evidence]:
        case, attempt = work.get(Case, "case-1"), work.first(Attempt, browser_hash="browser-1")
        return list(world.book.standing(work, case, attempt, world.clock.now()))

    return await world.store.read(fn)


async def proven(world: World) -> PageOf:
    """A page that passed a code and a call-back."""
    page = await world.page()
    await page.code()
    await page.digits(await world.live_check(page))
    return page


# --- the first evidence ---------------------------------------------------------------------------


async def test_a_saved_code_becomes_evidence_of_this_attempt(world: World) -> None:
    page = await world.page()
    await page.code()
    row = (await world.evidence())[0]
    assert (row.kind, row.subject_oid, row.thumbprint) == (
        "saved_code",
        SUBJECT,
        (await world.attempt()).thumbprint,
    )
    assert world.keys.row_mac_fits(row)


async def test_the_first_evidence_queues_the_notice_in_its_own_transaction(world: World) -> None:
    """The account's addresses hear of it, and not a moment before (I7)."""
    page = await world.page()
    assert not [j for j in await world.rows(Job) if j.kind == "notice"]
    await page.code()
    assert [j.body["what"] for j in await world.rows(Job) if j.kind == "notice"] == ["help_started"]
    assert (await world.row(Case, "case-1")).proven_at


async def test_before_one_evidence_the_account_is_not_read(world: World) -> None:
    """A stolen chat explores nothing: Graph is not even asked."""
    page = await world.page()
    await page.view()
    await world.provings.assess("case-1")
    assert world.directory.asked == []
    await page.code()
    assert f"facts {SUBJECT}" in world.directory.asked


async def test_numbers_show_only_after_one_evidence_and_masked(world: World) -> None:
    page = await world.page()
    assert (await page.view()).numbers == ()
    await page.code()
    shown = [n.masked for n in (await page.view()).numbers]
    assert shown
    assert all("0110101" not in n for n in shown)


async def test_a_code_that_somebody_else_used_up_meanwhile_is_no_evidence(world: World) -> None:
    """Both were told it is good; only one uses it."""
    page = await world.page()

    async def still_good(subject_oid: str, typed: str) -> str | Reason:
        return "selector-1"

    world.codes.verify = still_good  # type: ignore[method-assign]
    world.codes.spent.add("selector-1")
    assert await refused(page.code()) is Reason.USED_CODE
    assert await world.evidence() == []


# --- rows nobody may touch ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "live_check"}, {"subject_oid": "oid-other"}, {"by_oid": AGENT}, {"how": {"how": "counter"}},
        {"thumbprint": "x"},
    ],
)  # fmt: skip
async def test_a_row_changed_in_the_database_counts_for_nothing(world: World, change: dict[str, Any]) -> None:
    """The MAC covers every column."""
    page = await world.page()
    await page.code()
    row = (await world.evidence())[0]
    await world.store.transact(lambda work: work.put(replace(row, **change)))
    assert await standing(world) == []


async def test_an_old_row_made_younger_counts_for_nothing(world: World) -> None:
    page = await world.page()
    await page.code()
    row = (await world.evidence())[0]
    world.clock.go(minutes=61)
    await world.store.transact(lambda work: work.put(replace(row, at=world.clock.now())))
    assert await standing(world) == []


async def test_a_planted_row_counts_for_nothing(world: World) -> None:
    await world.page()
    attempt, at = await world.attempt(), world.clock.now()
    planted = Evidence(
        "e9", "case-1", attempt.id, SUBJECT, "verified_id", at, "", attempt.thumbprint, {}, "made-up"
    )
    await world.store.transact(lambda work: work.add(planted))
    assert await standing(world) == []


async def test_taking_back_a_void_in_the_database_does_not_help(world: World) -> None:
    page = await world.page()
    await page.code()
    attempt = await world.attempt()
    await world.store.transact(lambda work: world.stops.void(work, attempt.id, "tries", world.clock.now()))
    row = (await world.evidence())[0]
    await world.store.transact(lambda work: work.put(replace(row, voided_at=None, void_reason="")))
    assert await standing(world) == []


async def test_evidence_holds_for_an_hour(world: World) -> None:
    page = await world.page()
    await page.code()
    world.clock.go(minutes=60)
    assert len(await standing(world)) == 1
    world.clock.go(seconds=1)
    assert await standing(world) == []


async def test_evidence_of_one_attempt_is_none_of_anothers(world: World) -> None:
    """Two browsers never add up."""
    page = await world.page()
    await page.code()
    row = (await world.evidence())[0]
    await world.page("browser-2")
    other = await world.attempt("browser-2")
    assert world.book.fault(row, other, world.clock.now()) is Reason.EVIDENCE_SHORT


# --- pass_proof refuses ---------------------------------------------------------------------------


async def test_nothing_passes_when_the_flow_does_not_ask(world: World) -> None:
    page = await world.page()
    proving = await world.row(Proving, "case-1")
    await world.store.transact(lambda work: work.put(replace(proving, closed_at=world.clock.now())))
    assert await refused(page.code()) is Reason.PROOF_CLOSED
    assert await world.evidence() == []


async def test_pass_proof_itself_refuses_an_untested_key(world: World) -> None:
    """Whoever calls it: without a tested key there is nothing to bind evidence to."""
    await world.page()
    attempt = replace(await world.attempt(), key_tested_at=None)
    case = await world.row(Case, "case-1")

    def fn(work: Any) -> None:
        world.book.pass_proof(work, case, attempt, ProofKind.MANAGER, {}, "oid-manager", world.clock.now())

    with pytest.raises(Refused) as caught:
        await world.store.transact(fn)
    assert caught.value.reason is Reason.KEY_MISSING


@pytest.mark.parametrize("status", ["ended", "frozen", "with_person"])
async def test_pass_proof_refuses_a_case_that_is_not_open(world: World, status: str) -> None:
    await world.page()
    attempt, case = await world.attempt(), replace(await world.row(Case, "case-1"), status=status)

    def fn(work: Any) -> None:
        world.book.pass_proof(work, case, attempt, ProofKind.MANAGER, {}, "oid-manager", world.clock.now())

    with pytest.raises(Refused):
        await world.store.transact(fn)


# --- doubts -----------------------------------------------------------------------------------------


async def test_a_second_attempt_that_passes_evidence_stops_the_case(world: World) -> None:
    """Two browsers that both proved something: one of them is somebody else. A person must look."""
    await (await world.page("browser-1")).code()
    second = await world.page("browser-2")
    world.codes.spent.clear()
    await second.code()
    assert (await world.row(Case, "case-1")).status == "with_person"
    assert world.turns.outcomes == ["refused"]
    assert (await world.row(Card, "case-1")).wants == "person"
    assert (await second.view()).stage is Stage.PERSON


async def test_a_second_case_that_passes_evidence_stops(world: World) -> None:
    """One open case a person, once evidence passed."""
    await (await world.page("browser-1")).code()
    await world.case("case-2", "222222")
    world.codes.spent.clear()
    await (await world.page("browser-2", "case-2", "222222")).code()
    assert (await world.row(Case, "case-2")).status == "with_person"
    assert (await world.row(Case, "case-1")).status == "open"


# --- what must be shown, and the answer to the flow -------------------------------------------------


async def test_a_code_and_a_call_back_are_enough_for_an_ordinary_account(world: World) -> None:
    page = await proven(world)
    assert (await page.view()).stage is Stage.TICK
    assert world.turns.outcomes == []


async def test_a_code_alone_is_not_enough(world: World) -> None:
    page = await world.page()
    await page.code()
    assert (await page.view()).stage is Stage.PROVE
    assert await refused(page.tick("app", "sms")) is Reason.EVIDENCE_SHORT


async def test_after_a_code_the_manager_is_not_needed_any_more(world: World) -> None:
    """Only what is really left stays open: the live check."""
    page = await world.page()
    await page.code()
    doors = {door.kind.value: door for door in (await page.view()).doors}
    assert [k for k, door in doors.items() if door.open] == ["live_check", "sign_in"]
    assert doors["manager"].why is Why.NOT_NEEDED


async def test_the_flow_is_answered_once_everything_strong_is_gone(world: World) -> None:
    page = await proven(world)
    await page.tick("app", "sms")
    assert world.turns.outcomes == ["ok"]
    assert [m["id"] for m in (await world.attempt()).gone] == ["app", "sms"]
    assert await refused(page.tick("app", "sms")) is Reason.PROOF_CLOSED


async def test_a_strong_method_left_never_reaches_a_request(world: World) -> None:
    """Windows Hello still works? Then sign in with it; no pass is made."""
    owned = world.directory.owned[SUBJECT]
    hello = Method("hello", "windowsHelloForBusiness", "LAPTOP", world.clock.now() - timedelta(days=99))
    world.directory.owned[SUBJECT] = (*owned, hello)
    page = await proven(world)
    await page.tick("app", "sms")
    assert world.turns.outcomes == []
    assert (await page.view()).still_strong == ("LAPTOP",)
    await world.pages.sign_in(page.handle, page.browser, "cookie")
    await world.signed(SUBJECT)
    assert world.turns.outcomes == ["working_method"]


async def test_the_password_is_never_offered_for_removal(world: World) -> None:
    page = await proven(world)
    assert "pw" not in {m.id for m in (await page.view()).methods}
    assert await refused(page.tick("app", "sms", "pw")) is Reason.BAD_FORM


async def test_methods_of_somebody_else_cannot_be_ticked(world: World) -> None:
    page = await proven(world)
    assert await refused(page.tick("app", "sms", "another-persons-method")) is Reason.BAD_FORM
    assert world.turns.outcomes == []


async def test_evidence_that_ran_out_before_ticking_is_not_enough(world: World) -> None:
    page = await proven(world)
    world.clock.go(minutes=61)
    await page.beat()
    assert await refused(page.tick("app", "sms")) is Reason.EVIDENCE_SHORT


async def test_ticking_needs_the_page_to_be_there(world: World) -> None:
    page = await proven(world)
    world.clock.go(seconds=61)
    assert await refused(page.tick("app", "sms")) is Reason.PAGE_ABSENT


async def test_a_call_back_to_the_lost_phone_proves_nothing(world: World) -> None:
    """The number called rings on what is now ticked as gone: that check is void."""
    page = await world.page()
    await page.code()
    await world.pages.ask_check(page.handle, page.browser, how="call_back", number_ref="", counter="")
    from bot.core.records import Check

    check = (await world.rows(Check, status="asked"))[0]
    await world.checks.tell(check.id, AGENT, device="phone", place="home", number_ref="sms")
    await world.checks.sign(check.id, AGENT, "", "b")
    await world.signed(AGENT)
    shown = await world.checks.digits(check.id, AGENT)
    assert shown is not None
    await page.digits(shown.digits)
    assert await refused(page.tick("app", "sms")) is Reason.RANG_ON_LOST
    assert world.turns.outcomes == []
    assert (await page.view()).stage is Stage.PROVE


async def test_a_privileged_account_is_turned_to_a_person_after_one_evidence(world: World) -> None:
    """No pass for administrators here; the page gives no reason."""
    world.directory.active = (Role("62e90394-69f5-4237-9190-012177145e10", "Global Administrator", "/"),)
    page = await world.page()
    await page.code()
    assert world.turns.outcomes == ["refused"]
    assert (await page.view()).stage is Stage.TALK


async def test_while_a_person_has_the_talk_the_page_says_so(world: World) -> None:
    """A handoff shows on the page as well as in chat, until somebody closed it."""
    world.directory.active = (Role("62e90394-69f5-4237-9190-012177145e10", "Global Administrator", "/"),)
    page = await world.page()
    await page.code()
    case, at = await world.row(Case, "case-1"), world.clock.now()
    await world.store.transact(lambda work: cards.show(work, world.keys, case, "person", at))
    assert (await page.view()).stage is Stage.PERSON
    await world.store.transact(lambda work: cards.done(work, "case-1", at))
    assert (await page.view()).stage is Stage.TALK


async def test_an_account_that_cannot_be_read_waits_and_then_counts_as_privileged(world: World) -> None:
    """A hiccup of Graph sends nobody away; two minutes of silence do, never further."""
    world.directory.unreadable = "error"
    page = await world.page()
    await page.code()
    assert (await page.view()).stage is Stage.LOOK
    assert world.turns.outcomes == []
    world.clock.go(minutes=2, seconds=1)
    await world.provings.assess("case-1")
    assert world.turns.outcomes == ["refused"]


async def test_an_account_read_late_goes_on(world: World) -> None:
    world.directory.unreadable = "late"
    page = await world.page()
    await page.code()
    world.directory.unreadable = ""
    world.clock.go(seconds=6)
    await world.pages.pulse(page.handle, page.browser, answer="", version="", wait=0)
    assert (await page.view()).stage is Stage.PROVE


async def test_a_step_that_asks_for_no_act_is_answered_at_once(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    from bot.core.effects import OpenProof
    from bot.core.events import Answered, Event
    from bot.core.model import CaseId, EventId

    world = World(store, clock, entropy)
    case = await world.case(acts=[ActKind.FORGET_DEVICES])
    event = Event(EventId("e2"), "e2", clock.now(), CaseId("case-1"), Answered("x", 1, "ok"))
    told = await store.transact(
        lambda work: world.provings.open(work, case, OpenProof("x", 2, ()), event, "k")
    )
    assert [a.outcome for a in told] == ["ok"]


# --- tries ------------------------------------------------------------------------------------------


async def wrong(world: World, page: PageOf, times: int, *, code: str = "WRONG") -> None:
    for _ in range(times):
        await page.beat()
        assert await refused(page.code(code)) is Reason.WRONG_CODE
        world.clock.go(hours=1)


async def test_waits_grow_after_each_wrong_try(world: World) -> None:
    page = await world.page()
    for seconds in (30, 120, 600, 3600):
        await page.beat()
        assert await refused(page.code("WRONG")) is Reason.WRONG_CODE
        world.clock.go(seconds=seconds - 1)
        await page.beat()
        assert await refused(page.code(GOOD)) is Reason.TOO_SOON
        world.clock.go(seconds=1)
    await page.beat()
    assert await refused(page.code("WRONG")) is Reason.WRONG_CODE
    assert (await world.attempt()).status == "ended"


async def test_the_fifth_wrong_try_ends_the_attempt_and_voids_its_evidence(world: World) -> None:
    page = await world.page()
    await page.code()
    await world.live_check(page)
    for _ in range(5):
        await page.beat()
        with pytest.raises(Refused):
            await page.digits("000000")
        world.clock.go(hours=1)
    assert (await world.attempt()).ended_reason == "tries"
    assert all(row.voided_at for row in await world.evidence())
    view = await page.view()
    assert (view.stage, view.ended) == (Stage.CLAIM, "tries")


@pytest.mark.parametrize(("code", "reason"), [(USED, Reason.USED_CODE), (YOUNG, Reason.YOUNG_CODE)])
async def test_used_and_young_codes_count_as_wrong_tries(world: World, code: str, reason: Reason) -> None:
    page = await world.page()
    assert await refused(page.code(code)) is reason
    assert (await world.attempt()).wrong_tries == 1


async def test_claiming_anew_does_not_shorten_a_wait(world: World) -> None:
    page = await world.page()
    await refused(page.code("WRONG"))
    second = await world.page("browser-2")
    assert await refused(second.code()) is Reason.TOO_SOON
    world.clock.go(seconds=30)
    await second.code()


async def test_fifty_wrong_tries_close_the_strangers_pool_but_not_the_known_one(world: World) -> None:
    """A stranger can slow the way of strangers, never the way that starts with an agent."""
    at = world.clock.now()
    await world.store.transact(
        lambda work: work.save(Limit(f"wrong/strangers/{SUBJECT}", 50, at + timedelta(days=9)))
    )
    page = await world.page()
    assert await refused(page.code()) is Reason.TOO_MANY
    await world.case("case-2", "222222", agent_started=True)
    await (await world.page("browser-2", "case-2", "222222")).code()


async def test_the_pool_belongs_to_the_person_not_to_the_case(world: World) -> None:
    page = await world.page()
    await wrong(world, page, 3)
    await world.case("case-2", "222222")
    other = await world.page("browser-2", "case-2", "222222")
    await refused(other.code("WRONG"))
    assert (await world.row(Limit, f"wrong/strangers/{SUBJECT}")).count == 4


async def test_parallel_guesses_gain_nothing(world: World) -> None:
    """While one guess is being checked another fails: the first is no longer looked at."""
    page = await world.page()
    verify = world.codes.verify

    async def meanwhile(subject_oid: str, typed: str) -> str | Reason:
        if typed == GOOD:
            world.codes.verify = verify  # type: ignore[method-assign]
            await refused(page.code("WRONG"))
        return await verify(subject_oid, typed)

    world.codes.verify = meanwhile  # type: ignore[method-assign]
    assert await refused(page.code(GOOD)) is Reason.TOO_SOON
    assert await world.evidence() == []


async def test_openings_are_counted_for_the_chat_account_that_makes_them(world: World) -> None:
    at = world.clock.now()

    def opened(account: str) -> Any:
        return lambda work: world.limits.opening(work, account=account, network="", at=at)

    for _ in range(10):
        assert await world.store.transact(opened("web:demo:mallory")) is None
    assert await world.store.transact(opened("web:demo:mallory")) is Reason.TOO_MANY
    assert await world.store.transact(opened("web:demo:employee")) is None


# --- whose account ------------------------------------------------------------------------------------


async def test_the_address_is_answered_alike_for_every_name(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """Known or not, the page looks the same; only a proof tells."""
    world = World(store, clock, entropy)
    await world.case(subject_oid="", identified_by="")
    page = await world.page()
    views = []
    for address in (f"{SUBJECT}@keyturn.example", "nobody@keyturn.example"):
        await world.pages.address(page.handle, page.browser, address)
        views.append((await page.view()).version)
    assert views[0] == views[1]
    assert await refused(page.code()) is Reason.WRONG_CODE


async def test_the_address_cannot_be_changed_after_evidence(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    world = World(store, clock, entropy)
    await world.case(subject_oid="", identified_by="")
    page = await world.page()
    await world.pages.address(page.handle, page.browser, f"{SUBJECT}@keyturn.example")
    await page.code()
    assert (
        await refused(world.pages.address(page.handle, page.browser, f"{AGENT}@keyturn.example"))
        is Reason.PROOF_CLOSED
    )


async def test_a_linked_chat_cannot_name_another_account(world: World) -> None:
    page = await world.page()
    told = world.pages.address(page.handle, page.browser, f"{AGENT}@keyturn.example")
    assert await refused(told) is Reason.PROOF_CLOSED


# --- what agents see of it ------------------------------------------------------------------------


async def drawn(world: World, why: str) -> int:
    """How often the card was drawn anew because of that."""
    return len([job for job in await world.rows(Job, kind="card") if f"/{why}/" in job.key])


async def test_a_proof_that_passes_is_drawn_on_the_card_at_once(world: World) -> None:
    """Whoever looks at the agents' channel sees what is still missing now, not when somebody pressed."""
    await proven(world)
    assert await drawn(world, "evidence") == 1  # the code passed before there was a card


async def test_a_page_that_comes_back_is_drawn_on_the_card(world: World) -> None:
    """And not at each of its answers."""
    page = await world.page()
    await page.code()
    await world.live_check(page)
    world.clock.go(seconds=90)
    for _ in range(3):
        page.answer(await page.beat())
        world.clock.go(seconds=20)
    assert await drawn(world, "page") == 1
