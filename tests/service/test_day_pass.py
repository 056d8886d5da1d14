"""A pass for one day: multi-use, nothing removed, three a month, and outside the spacing of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.events import Answered
from bot.core.facts import PassPolicy
from bot.core.model import ActKind, PassShape, Reason
from bot.core.records import Attempt, Evidence, Handover, Intent, Limit, Request
from bot.ports.store import Store
from bot.service.spacing import day_passes, note_day_pass
from tests.core.deciding import SUBJECT
from tests.fakes.approving import World
from tests.fakes.clock import FakeClock, FakeEntropy

PASS = (ActKind.ISSUE_PASS,)
DAY = PassShape.DAY


@pytest.fixture
async def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> World:
    made = World(store, clock, entropy)
    await made.case()
    return made


async def asked(world: World, version: int = 5) -> Sequence[Answered]:
    for row in await world.all(Evidence):
        fresh = replace(row, at=world.clock.now() - timedelta(minutes=1))
        await world.change(Evidence, row.id, at=fresh.at, mac=world.keys.row_mac(fresh))
    return await world.perform(PASS, version=version, shape=DAY)


async def had(world: World, *days_ago: int) -> None:
    for days in days_ago:
        at = world.clock.now() - timedelta(days=days)
        await world.rows.transact(lambda work, at=at: note_day_pass(work, SUBJECT, at))  # type: ignore[misc]


async def test_a_day_pass_is_asked_for_signed_made_and_sealed(world: World) -> None:
    """Ten hours or the tenant's longest, as often as needed; the digest is over that."""
    await asked(world)
    drafted = await world.draft()
    assert not isinstance(drafted, tuple)
    assert [(a.kind, a.minutes, a.once, a.shape) for a in drafted.acts] == [("issue_pass", 480, False, "day")]
    assert (await world.sign()).outcome == "done"
    [intent] = await world.all(Intent)
    assert (intent.act["shape"], intent.act["minutes"], intent.act["once"]) == ("day", 480, False)
    [handover] = await world.all(Handover)
    assert handover.expires_at - handover.made_at == timedelta(hours=8)
    assert [one.body["what"] for one in await world.jobs("notice")] == ["act_soon", "day_pass_made"]


async def test_what_the_person_ticked_stays_on_the_account(world: World) -> None:
    """They said what is not with them, to sort out what can ring where; nothing of it is removed."""
    [attempt] = await world.all(Attempt)
    assert attempt.gone
    await asked(world)
    await world.approve()
    assert [call for call, _ in world.tenant.calls] == ["list_passes", "issue_pass"]


async def test_the_fourth_in_a_month_is_refused_and_agents_are_not_asked(world: World) -> None:
    """Counted over 30 days, whatever cases they were made in."""
    await had(world, 29, 10, 1)
    assert [one.outcome for one in await asked(world)] == ["refused"]
    assert await world.all(Request, status="open") == []
    assert [job.body["effect"]["reason"] for job in await world.jobs("say")] == [Reason.DAY_PASSES]
    world.clock.go(days=1)
    await world.change(Attempt, "attempt", expires_at=world.clock.now() + timedelta(hours=9))
    assert await asked(world, 6) == []


async def test_the_month_is_looked_at_again_when_it_is_signed(world: World) -> None:
    await had(world, 20, 10)
    await asked(world)
    await world.draft()
    await had(world, 0)
    seen = await world.sign()
    assert (seen.status, seen.reasons) == ("refused", (Reason.DAY_PASSES,))
    assert world.tenant.calls == []


async def test_each_one_made_is_counted(world: World) -> None:
    await asked(world)
    await world.approve()
    at = world.clock.now()
    assert await world.rows.read(lambda work: day_passes(work, SUBJECT, at)) == (at,)


async def test_it_neither_waits_for_the_72_hours_nor_starts_them(world: World) -> None:
    """Somebody may leave the phone at home the day after setting it up, and lose it the day after that."""
    now = world.clock.now()
    used = Limit(f"used/{SUBJECT}/{(now - timedelta(hours=5)).isoformat()}", 1, now + timedelta(days=6))
    await world.rows.transact(lambda work: work.save(used))
    await asked(world)
    assert (await world.approve()).outcome == "done"
    [handover] = await world.all(Handover)
    await world.change(Handover, handover.id, status="shown")
    await world.rows.transact(lambda work: world.handovers.used(work, work.case("case"), now))  # type: ignore[arg-type]
    assert [one.id for one in await world.all(Limit) if one.id.startswith("used/")] == [used.id]
    assert (await world.all(Handover))[0].status == "shown"


async def test_where_passes_work_only_once_there_is_none(world: World) -> None:
    """A pass that works once for ten hours would be the worst of both."""
    await asked(world)
    world.tenant.policy = PassPolicy(True, 10, 480, 60, True, ("all_users",), ())
    assert await world.draft() == (Reason.PASS_NOT_ALLOWED,)


async def test_a_tenant_whose_shortest_pass_is_longer_than_a_day_has_none(world: World) -> None:
    await asked(world)
    world.tenant.policy = PassPolicy(True, 1440, 2880, 1440, False, ("all_users",), ())
    assert await world.draft() == (Reason.PASS_NOT_ALLOWED,)


async def test_a_flow_that_would_remove_something_with_it_is_refused(world: World) -> None:
    """The linter says so before; the request and the decision hold it again."""
    acts = (ActKind.ISSUE_PASS, ActKind.REMOVE_METHOD)
    assert [one.outcome for one in await world.perform(acts, shape=DAY)] == ["refused"]
    assert [job.body["effect"]["reason"] for job in await world.jobs("say")] == [Reason.FORBIDDEN]
