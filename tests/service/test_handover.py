"""The sealed pass on its way: one browser, thirty minutes, and back when nobody comes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.model import Reason
from bot.core.records import Attempt, AuditRow, Case, Handover, Withdrawal
from bot.errors import Refused
from bot.ports.sign_in import Landing, Purpose, SignInAsk
from bot.ports.store import Store, UnitOfWork
from bot.service.handover import used_passes
from tests.core.deciding import AGENT, ELIGIBLE, SECOND, SUBJECT
from tests.fakes.approving import World
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.tenant import Fault


@pytest.fixture
async def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> World:
    made = World(store, clock, entropy)
    await made.case()
    await made.ask()
    await made.approve()
    return made


async def claim(world: World, **attempt: object) -> Handover:
    def fn(work: UnitOfWork) -> Handover:
        case, row = work.case("case"), work.get(Attempt, "attempt")
        assert case is not None
        assert row is not None
        return world.handovers.claim(work, case, replace(row, **attempt), world.clock.now())  # type: ignore[arg-type]

    return await world.rows.transact(fn)


async def reason(world: World, **attempt: object) -> Reason:
    with pytest.raises(Refused) as caught:
        await claim(world, **attempt)
    return caught.value.reason


async def test_after_the_countdown_the_one_browser_gets_it_and_again_on_reload(world: World) -> None:
    """Very young passes can fail, so it waits a moment first."""
    assert await reason(world) is Reason.TOO_SOON
    world.clock.go(seconds=10)
    first = await claim(world)
    assert first.status == "shown"
    assert (await claim(world)).sealed == first.sealed


async def test_another_browser_never_gets_it(world: World) -> None:
    """Neither another attempt, nor another key, nor an attempt that ended."""
    world.clock.go(seconds=10)
    assert await reason(world, id="other") is Reason.OTHER_BROWSER
    assert await reason(world, thumbprint="other") is Reason.OTHER_BROWSER
    assert await reason(world, status="ended") is Reason.OTHER_BROWSER
    assert await reason(world, status="frozen") is Reason.CASE_FROZEN
    await world.change(Case, "case", status="frozen")
    assert await reason(world) is Reason.CASE_FROZEN


async def test_unclaimed_it_is_destroyed_and_withdrawn(world: World) -> None:
    """Ciphertext gone, "withdraw" on the desk, and an agent's fresh sign-in deletes the pass."""
    timers = {t.body["name"]: t for t in await world.timers("handover")}
    world.clock.go(minutes=15)
    await world.handovers.fire(timers["unclaimed"])
    [gone] = await world.all(Handover)
    assert (gone.status, gone.sealed) == ("destroyed", "")
    [row] = await world.all(Withdrawal)
    assert (row.why, row.pass_id) == ("unclaimed", "pass-1")
    assert await withdraw(world, row) == Landing("/desk")
    assert world.tenant.passes == {}
    assert [w.status for w in await world.all(Withdrawal)] == ["done"]
    assert [h.status for h in await world.all(Handover)] == ["withdrawn"]


async def test_a_shown_pass_is_wiped_when_its_life_is_over(world: World) -> None:
    """Nothing is to be withdrawn: Entra refuses it by itself."""
    timers = {t.body["name"]: t for t in await world.timers("handover")}
    world.clock.go(seconds=10)
    await claim(world)
    await world.handovers.fire(timers["unclaimed"])
    assert [h.status for h in await world.all(Handover)] == ["shown"]
    world.clock.go(minutes=15)
    await world.handovers.fire(timers["over"])
    assert [(h.status, h.sealed) for h in await world.all(Handover)] == [("destroyed", "")]
    assert await world.all(Withdrawal) == []


async def test_a_used_pass_is_wiped_and_starts_the_spacing(world: World) -> None:
    """No second pass within 72 hours of a used one."""
    world.clock.go(seconds=10)
    await claim(world)
    now = world.clock.now()

    def use(work: UnitOfWork) -> None:
        case = work.case("case")
        assert case is not None
        world.handovers.used(work, case, now)
        world.handovers.used(work, case, now)

    await world.rows.transact(use)
    assert [(h.status, h.sealed) for h in await world.all(Handover)] == [("finished", "")]
    assert await world.rows.read(lambda work: used_passes(work, SUBJECT, now)) == (now,)
    world.clock.go(days=8)
    assert await world.rows.read(lambda work: used_passes(work, SUBJECT, world.clock.now())) == ()


# --- withdrawing ------------------------------------------------------------------------------------


async def withdraw(world: World, row: Withdrawal, oid: str = SECOND) -> Landing:
    ask = SignInAsk(Purpose.WITHDRAW, "b", row.id, oid)
    return await world.withdrawals.signed(world.finished(ask))


async def asked(world: World, pass_id: str = "pass-1") -> Withdrawal:
    def fn(work: UnitOfWork) -> Withdrawal:
        case = work.case("case")
        assert case is not None
        return world.handovers.ask_withdrawal(work, case, pass_id, "unknown", world.clock.now())

    return await world.rows.transact(fn)


async def test_only_an_agent_withdraws_and_never_their_own(world: World) -> None:
    """Refused and audited; the pass stays on the desk's list."""
    row = await asked(world)
    world.tenant.accounts[AGENT] = replace(world.tenant.accounts[AGENT], groups=frozenset({ELIGIBLE}))
    assert (await withdraw(world, row, AGENT)).refused == Reason.NOT_AN_AGENT
    subject = world.tenant.accounts[SUBJECT]
    world.tenant.accounts[SUBJECT] = replace(subject, groups=world.tenant.accounts[SECOND].groups)
    assert (await withdraw(world, row, SUBJECT)).refused == Reason.SELF
    assert world.tenant.count("withdraw_pass") == 0
    tags = [r.tag for r in await world.all(AuditRow)]
    assert tags.count("agent:withdrawal:refused") == 2


async def test_silence_leaves_it_on_the_desk(world: World) -> None:
    """Nobody is told "done" for what is not known to be done."""
    row = await asked(world)
    world.tenant.faults = [Fault("withdraw_pass", "before")]
    assert (await withdraw(world, row)).refused == Reason.UNAVAILABLE
    assert [w.status for w in await world.all(Withdrawal)] == ["open"]
    assert await withdraw(world, row) == Landing("/desk")


async def test_a_pass_of_a_later_approval_is_left_alone(world: World) -> None:
    """An old entry on the desk does not take somebody's fresh pass away."""
    assert await withdraw(world, await asked(world, "pass-0")) == Landing("/desk")
    assert await withdraw(world, await asked(world, "")) == Landing("/desk")
    assert world.tenant.passes[SUBJECT].id == "pass-1"
