"""Signing somebody out everywhere: one proof, one other human, once a day, and never the last way in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import Tag
from bot.core.events import Answered
from bot.core.model import ActKind, ProofKind, Reason
from bot.core.records import Attempt, AuditRow, Evidence, Intent, Request
from bot.ports.store import Store
from bot.service.spacing import note_forgotten
from tests.core.deciding import AGENT, CHECKER, SUBJECT, UNREADABLE
from tests.fakes.approving import World
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.tenant import TOKEN, Fault

FORGET = (ActKind.FORGET_DEVICES,)


@pytest.fixture
async def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> World:
    """Proven by one saved code, and no method said to be gone."""
    made = World(store, clock, entropy)
    await made.case(proofs=((ProofKind.SAVED_CODE, "", ""),))
    await made.change(Attempt, "attempt", gone=[], gone_at=None)
    return made


async def asked(world: World, version: int = 5) -> Sequence[Answered]:
    """One more round of asking; evidence is as if passed just now."""
    for row in await world.all(Evidence):
        fresh = replace(row, at=world.clock.now() - timedelta(minutes=1))
        await world.change(Evidence, row.id, at=fresh.at, mac=world.keys.row_mac(fresh))
    await world.change(Attempt, "attempt", expires_at=world.clock.now() + timedelta(hours=9))
    await world.rows.transact(lambda work: [work.remove(Intent, i.id) for i in work.find(Intent)])
    return await world.perform(FORGET, version=version)


async def test_one_proof_and_another_human_sign_somebody_out_everywhere(world: World) -> None:
    """Approver, draft, sign-in, intent, call and result, as for every act."""
    assert await asked(world) == []
    seen = await world.approve()
    assert (seen.status, seen.outcome) == ("closed", "done")
    assert world.tenant.calls == [("forget_devices", SUBJECT)]
    assert world.tenant.tokens == [TOKEN]
    [intent] = await world.all(Intent)
    assert (intent.act["kind"], intent.result) == ("forget_devices", "done")
    assert world.turns.outcomes == ["done"]
    notices = [job.body["what"] for job in await world.jobs("notice")]
    assert notices[0] == "change_soon"


async def test_a_page_that_is_closed_keeps_nobody_signed_in(world: World) -> None:
    """Only a pass needs the person's browser: there is nothing to hand over."""
    world.answering = False
    world.clock.go(minutes=3)
    await asked(world)
    assert (await world.approve()).outcome == "done"


async def test_the_only_way_in_is_not_taken(world: World) -> None:
    """Somebody without a method lives on the session that is open: that is said, and nothing is done."""
    await asked(world)
    bare = replace(world.tenant.accounts[SUBJECT], methods=())
    world.tenant.accounts[SUBJECT] = bare
    assert await world.draft() == (Reason.WOULD_LOCK_OUT,)
    assert world.tenant.calls == []


async def test_methods_said_to_be_gone_are_no_way_in(world: World) -> None:
    """The lost phone still stands on the account, and opens nothing."""
    await world.change(Attempt, "attempt", gone=[{"id": "m1", "type": "microsoftAuthenticator", "label": ""}])
    await asked(world)
    assert await world.draft() == (Reason.WOULD_LOCK_OUT,)


async def test_methods_that_cannot_be_read_count_as_none(world: World) -> None:
    await asked(world)
    world.tenant.accounts[SUBJECT] = replace(world.tenant.accounts[SUBJECT], methods=UNREADABLE)
    assert Reason.FACTS_UNREADABLE in (await world.draft())  # type: ignore[operator]


async def test_with_a_pass_in_the_plan_the_last_session_may_go(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """The pass is made first; then everything is signed out."""
    world = World(store, clock, entropy)
    await world.case()
    await world.ask((ActKind.FORGET_DEVICES, ActKind.ISSUE_PASS))
    world.tenant.accounts[SUBJECT] = replace(world.tenant.accounts[SUBJECT], methods=())
    assert (await world.approve()).outcome == "done"
    assert [call for call, _ in world.tenant.calls] == ["list_passes", "issue_pass", "forget_devices"]


async def test_once_a_day_counted_from_the_last_time(world: World) -> None:
    """Agents are not even asked; the person hears why."""
    assert await asked(world, 5) == []
    assert (await world.approve()).outcome == "done"
    world.clock.go(hours=23)
    assert [one.outcome for one in await asked(world, 6)] == ["refused"]
    assert [job.body["effect"]["reason"] for job in await world.jobs("say")] == [Reason.RECENT_FORGET]
    assert await world.all(Request, status="open") == []
    world.clock.go(hours=1)
    assert await asked(world, 7) == []
    assert (await world.approve()).outcome == "done"
    world.clock.go(hours=23)
    assert [one.outcome for one in await asked(world, 8)] == ["refused"]


async def test_the_day_is_looked_at_again_when_it_is_signed(world: World) -> None:
    """Two requests may lie open at once; the second is refused by what the first has done."""
    await asked(world)
    await world.draft()
    await world.rows.transact(lambda work: note_forgotten(work, SUBJECT, world.clock.now()))
    seen = await world.sign()
    assert (seen.status, seen.reasons) == ("refused", (Reason.RECENT_FORGET,))
    assert world.tenant.calls == []


async def test_whoever_checked_does_not_approve(store: Store, clock: FakeClock, entropy: FakeEntropy) -> None:
    """The rules about humans hold for this act, too."""
    world = World(store, clock, entropy)
    await world.case(proofs=((ProofKind.LIVE_CHECK, "call_back", CHECKER),))
    await world.change(Attempt, "attempt", gone=[], gone_at=None)
    await asked(world)
    assert await world.draft(CHECKER) == (Reason.WAS_CHECKER,)


async def test_silence_is_looked_into_and_counts_as_done_only_when_seen(world: World) -> None:
    """Entra says since when sessions count: what it confirms was done, whatever the answer was."""
    for confirmed, outcome, version in ((False, "void", 5), (True, "done", 6)):
        world.tenant.confirms = confirmed
        world.tenant.faults = [Fault("forget_devices", "after", world.tenant.count("forget_devices") + 1)]
        assert await asked(world, version) == []
        assert (await world.approve()).outcome == outcome


async def test_everything_is_in_the_log(world: World) -> None:
    await asked(world)
    await world.approve()
    rows = await world.all(AuditRow)
    tags = {row.tag for row in rows}
    assert {Tag.REQUEST_ASKED, Tag.INTENT_WRITTEN, Tag.RESULT_WRITTEN, Tag.EXECUTION_CLOSED} <= tags
    written = next(row for row in rows if row.tag == Tag.INTENT_WRITTEN)
    assert (written.actor, written.body["act"]) == (AGENT, "forget_devices")
