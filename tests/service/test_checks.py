"""The live check: who may make one, what their sign-in covers, and the six digits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.core.model import Reason
from bot.core.records import Card, Check, Sighting
from bot.errors import Refused
from bot.ports.sign_in import Purpose
from bot.ports.store import Store
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.proving import AGENT, AGENT_TWIN, MANAGER, SUBJECT, PageOf, World


@pytest.fixture
async def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> World:
    made = World(store, clock, entropy, video="https://video.example/room")
    await made.case()
    return made


async def refused(doing: Any) -> Reason:
    with pytest.raises(Refused) as caught:
        await doing
    return caught.value.reason


async def asked(world: World, how: str = "call_back", page: PageOf | None = None) -> tuple[PageOf, Check]:
    page = page or await world.page()
    await world.pages.ask_check(page.handle, page.browser, how=how, number_ref="", counter="")
    return page, (await world.rows(Check, status="asked"))[-1]


async def tell(world: World, check: Check, by: str = AGENT, *, number: str = "business0") -> Any:
    return await world.checks.tell(check.id, by, device="laptop", place="home", number_ref=number)


async def test_asking_puts_a_card_before_the_agents(world: World) -> None:
    await asked(world)
    assert (await world.row(Card, "case-1")).wants == "live_check"


async def test_a_call_back_ends_in_evidence_by_the_agent(world: World) -> None:
    page = await world.page()
    await page.digits(await world.live_check(page))
    row = (await world.evidence())[0]
    assert (row.kind, row.by_oid, row.how["how"], row.how["number"]) == (
        "live_check",
        AGENT,
        "call_back",
        "business0",
    )


@pytest.mark.parametrize(
    ("who", "reason"),
    [(SUBJECT, Reason.SELF), (AGENT_TWIN, Reason.SAME_HUMAN), (MANAGER, Reason.NOT_AN_AGENT)],
)
async def test_who_may_not_check(world: World, who: str, reason: Reason) -> None:
    """Not oneself, not by one's second account, not outside the group."""
    _, check = await asked(world)
    assert await refused(tell(world, check, who)) is reason
    assert await refused(world.checks.sign(check.id, who, "", "b")) is reason


async def test_an_agent_whose_human_is_unknown_may_not_check(world: World) -> None:
    _, check = await asked(world)
    world.directory.people["oid-new"] = replace(world.directory.people[AGENT], oid="oid-new")
    world.directory.groups["oid-new"] = {"group-agents"}
    assert await refused(tell(world, check, "oid-new")) is Reason.UNLINKED_HUMAN


async def test_an_agent_thrown_out_meanwhile_cannot_finish(world: World) -> None:
    """The group is read again when the sign-in comes back."""
    _, check = await asked(world)
    await tell(world, check)
    await world.checks.sign(check.id, AGENT, "", "b")
    world.directory.groups[AGENT] = set()
    assert await refused(world.signed()) is Reason.NOT_AN_AGENT
    assert await world.checks.digits(check.id, AGENT) is None


async def test_what_the_page_sees_shows_only_after_the_agent_wrote_what_was_told(world: World) -> None:
    """Else the agent would read out the answer."""
    _, check = await asked(world)
    before = await world.checks.of_case("case-1")
    assert before is not None
    assert before.seen is None
    after = await tell(world, check)
    assert after.seen.device == "Firefox, Linux"
    assert await refused(tell(world, check)) is Reason.DECIDED_ALREADY


async def test_nobody_signs_before_writing_down_what_was_told(world: World) -> None:
    _, check = await asked(world)
    assert await refused(world.checks.sign(check.id, AGENT, "", "b")) is Reason.BAD_FORM


async def test_a_number_that_is_not_on_record_cannot_be_called(world: World) -> None:
    _, check = await asked(world)
    assert await refused(tell(world, check, number="made-up")) is Reason.BAD_FORM
    assert await refused(tell(world, check, number="")) is Reason.BAD_FORM


async def test_a_number_first_seen_after_installation_cannot_be_called_yet(world: World) -> None:
    """Who writes a new number into the directory waits two weeks for our call."""
    await asked(world)
    await world.checks.of_case("case-1")  # the installation sees what there is
    world.clock.go(days=3)
    people = world.directory.people
    people[SUBJECT] = replace(people[SUBJECT], business_phones=("+49 30 5550 0101", "+49 30 9999 0000"))
    await world.case("case-2", "222222")
    page = await world.page("browser-2", "case-2", "222222")
    _, check = await asked(world, page=page)
    assert await refused(tell(world, check, number="business1")) is Reason.BAD_FORM
    await tell(world, check, number="business0")


async def test_video_needs_a_photo_that_was_there_before(world: World) -> None:
    """A photo changed yesterday is the attacker's own face."""
    await asked(world, "video")
    await world.checks.of_case("case-1")
    world.clock.go(days=3)
    world.directory.photo_bytes = b"another face"
    await world.case("case-2", "222222")
    page = await world.page("browser-2", "case-2", "222222")
    _, check = await asked(world, "video", page)
    assert await refused(tell(world, check, number="")) is Reason.PROOF_CLOSED
    assert len([s for s in await world.rows(Sighting) if s.method_type == "photo"]) == 2


async def test_the_sign_in_covers_attempt_key_and_way(world: World) -> None:
    """Change anything under the signature while the agent signs, and it signs nothing."""
    page, check = await asked(world)
    await tell(world, check)
    await world.checks.sign(check.id, AGENT, "", "b")
    assert world.sign_ins.asks[-1].purpose is Purpose.CHECK
    assert world.sign_ins.asks[-1].expected_oid == AGENT
    now = await world.row(Check, check.id)
    for change in ({"how": "video"}, {"number_ref": "sms"}, {"told": {**now.told, "place": "elsewhere"}}):
        await world.store.transact(lambda work, change=change: work.put(replace(now, **change)))
        assert await refused(world.signed()) is Reason.EVIDENCE_CHANGED
    await world.store.transact(lambda work: work.put(now))
    attempt = await world.attempt()
    await world.store.transact(lambda work: work.put(replace(attempt, thumbprint="another")))
    assert await refused(world.signed()) is Reason.EVIDENCE_CHANGED
    assert page.browser


async def test_a_page_that_left_is_not_checked(world: World) -> None:
    _, check = await asked(world)
    await tell(world, check)
    world.clock.go(seconds=61)
    assert await refused(world.checks.sign(check.id, AGENT, "", "b")) is Reason.PAGE_ABSENT


async def test_only_the_signer_sees_the_digits_and_for_a_minute(world: World) -> None:
    page = await world.page()
    digits = await world.live_check(page)
    check = (await world.rows(Check, status="signed"))[0]
    assert len(digits) == 6
    assert await world.checks.digits(check.id, "oid-somebody") is None
    world.clock.go(seconds=59)
    shown = await world.checks.digits(check.id, AGENT)
    assert shown is not None
    assert shown.digits == digits
    world.clock.go(seconds=1)
    assert await world.checks.digits(check.id, AGENT) is None


async def test_the_store_holds_no_digits(world: World) -> None:
    page = await world.page()
    digits = await world.live_check(page)
    check = (await world.rows(Check))[0]
    assert digits not in repr(replace(check, id="", signing_id=""))
    assert digits not in repr(await world.checks.digits(check.id, AGENT))


async def test_late_digits_are_said_to_be_late_and_prove_nothing(world: World) -> None:
    page = await world.page()
    digits = await world.live_check(page)
    world.clock.go(seconds=60)
    assert await refused(page.digits(digits)) is Reason.DIGITS_LATE
    assert await world.evidence() == []
    assert (await world.attempt()).wrong_tries == 0


async def test_digits_work_once(world: World) -> None:
    page = await world.page()
    digits = await world.live_check(page)
    await page.digits(f"{digits[:3]} {digits[3:]}")
    assert await refused(page.digits(digits)) is Reason.PROOF_CLOSED


async def test_digits_of_one_browser_are_none_of_anothers(world: World) -> None:
    """A relay that shows the victim another page learns nothing it can type itself."""
    page = await world.page()
    other = await world.page("browser-2")
    digits = await world.live_check(page)
    assert await refused(other.digits(digits)) is Reason.PROOF_CLOSED


async def test_signing_again_makes_new_digits(world: World) -> None:
    page = await world.page()
    first = await world.live_check(page)
    check = (await world.rows(Check))[0]
    await world.checks.sign(check.id, AGENT, "", "b")
    await world.signed()
    shown = await world.checks.digits(check.id, AGENT)
    assert shown is not None
    assert shown.digits != first
    assert await refused(page.digits(first)) is Reason.WRONG_CODE


async def test_asking_again_ends_what_was_asked_and_gives_no_try_back(world: World) -> None:
    page = await world.page()
    await world.live_check(page)
    await refused(page.digits("000000"))
    world.clock.go(seconds=31)
    await page.beat()
    await asked(world, "video", page)
    assert [c.status for c in await world.rows(Check, order="asked_at")] == ["ended", "asked"]
    assert (await world.attempt()).wrong_tries == 1


# --- the counter (more in test_counters.py) ---------------------------------------------------------


async def test_in_person_help_is_never_exhausted(world: World) -> None:
    """Fifty wrong tries of strangers do not turn away somebody who stands at the counter."""
    from datetime import timedelta

    from bot.core.records import Limit

    at = world.clock.now()
    await world.store.transact(
        lambda work: work.save(Limit(f"wrong/strangers/{SUBJECT}", 50, at + timedelta(days=9)))
    )
    page = await world.page()
    await page.digits(await world.live_check(page, "counter"))
    assert len(await world.evidence()) == 1


# --- the working method -----------------------------------------------------------------------------


async def test_another_account_turns_nothing_back(world: World) -> None:
    page = await world.page()
    await world.pages.sign_in(page.handle, page.browser, "cookie")
    assert world.sign_ins.asks[-1].expected_oid == SUBJECT
    assert await refused(world.signed(MANAGER)) is Reason.OTHER_ACCOUNT
    assert world.turns.outcomes == []


async def test_a_sign_in_for_another_page_key_counts_for_nothing(world: World) -> None:
    page = await world.page()
    await world.pages.sign_in(page.handle, page.browser, "cookie")
    assert await refused(world.signed(SUBJECT, digest="another")) is Reason.EVIDENCE_CHANGED


async def test_a_working_method_is_no_evidence(world: World) -> None:
    """It ends in self-service, never in a pass."""
    page = await world.page()
    await world.pages.sign_in(page.handle, page.browser, "cookie")
    landing = await world.signed(SUBJECT)
    assert landing.path == page.handle.join(["/c/", ""])
    assert await world.evidence() == []
    assert world.turns.outcomes == ["working_method"]
