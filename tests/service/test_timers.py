"""Timers: not early, not lost, by one replica, and no timer stops another."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import Tag
from bot.core.records import AuditRow, Timer
from bot.errors import TransientError
from bot.ports.store import Store
from bot.service.timers import LEASE, MOST_ATTEMPTS, Timers
from tests.contracts.store.rows import NOW, timer
from tests.fakes.clock import FakeClock, FakeEntropy


class Bell:
    """A handler that notes what rang."""

    def __init__(self) -> None:
        self.rang: list[str] = []
        self.fail: dict[str, Exception] = {}
        self.heard = asyncio.Event()

    async def __call__(self, timer: Timer) -> None:
        self.rang.append(timer.key)
        self.heard.set()
        if timer.key in self.fail:
            raise self.fail[timer.key]


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def timers(store: Store, clock: FakeClock, entropy: FakeEntropy, bell: Bell) -> Timers:
    return Timers(store, clock, entropy, {"step": bell}, holder="here")


async def schedule(store: Store, *each: Timer) -> None:
    await store.transact(lambda work: [work.schedule(one) for one in each])


async def kept(store: Store, key: str) -> Timer:
    found = await store.read(lambda work: work.get(Timer, key))
    assert found is not None
    return found


async def test_a_timer_fires_when_it_is_due_and_once(
    store: Store, timers: Timers, bell: Bell, clock: FakeClock
) -> None:
    """A reminder comes neither early nor twice."""
    await schedule(store, timer("a", 5), timer("b", 2), timer("c", 9))
    assert await timers.fire_due() == 0
    clock.go(seconds=5)
    assert await timers.fire_due() == 2
    assert bell.rang == ["b", "a"]
    assert await timers.fire_due() == 0
    assert (await kept(store, "a")).status == "fired"


async def test_one_that_fails_is_tried_again_then_given_up_and_audited(
    store: Store, timers: Timers, bell: Bell, clock: FakeClock
) -> None:
    """A bug in one timer stops no other, and is seen."""
    bell.fail = {"a": ValueError("a bug"), "b": TransientError("away", retry_after=100)}
    await schedule(store, timer("a", case_id="c9"), timer("b"), timer("c"))
    assert await timers.fire_due() == 3
    assert (await kept(store, "c")).status == "fired"
    assert (await kept(store, "b")).due_at == NOW + timedelta(seconds=100)
    for _ in range(MOST_ATTEMPTS):
        clock.go(seconds=600)
        await timers.fire_due()
    assert bell.rang.count("a") == MOST_ATTEMPTS
    assert (await kept(store, "a")).status == "dead"
    rows = await store.read(lambda work: work.find(AuditRow, tag=Tag.TIMER_DEAD, order="id"))
    assert {(row.case_id, row.body["timer"]) for row in rows} == {("c9", "a"), ("c1", "b")}


async def test_a_kind_that_nobody_knows_is_shown_not_forgotten(store: Store, timers: Timers) -> None:
    """It dies at once."""
    await schedule(store, timer("a", kind="egg"))
    await timers.fire_due()
    assert (await kept(store, "a")).status == "dead"


async def test_a_handler_may_move_its_own_timer(store: Store, clock: FakeClock, entropy: FakeEntropy) -> None:
    """Polling is a timer that sets itself again."""

    async def again(timer: Timer) -> None:
        await schedule(store, replace(timer, due_at=timer.due_at + timedelta(seconds=10)))

    timers = Timers(store, clock, entropy, {"step": again}, holder="here")
    await schedule(store, timer("a"))
    for n in range(3):
        assert await timers.fire_due() == 1
        assert (await kept(store, "a")).due_at == NOW + timedelta(seconds=10 * (n + 1))
        clock.go(seconds=10)


async def test_a_timer_cancelled_while_it_fires_stays_cancelled(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """What the person did meanwhile wins."""

    async def leave(timer: Timer) -> None:
        await store.transact(lambda work: work.cancel_timers("g"))

    timers = Timers(store, clock, entropy, {"step": leave}, holder="here")
    await schedule(store, timer("a", group="g"))
    await timers.fire_due()
    assert (await kept(store, "a")).status == "cancelled"


async def test_a_commit_wakes_the_runner_and_it_stops_at_once(
    store: Store, timers: Timers, bell: Bell
) -> None:
    """A timer set for now fires now."""
    running = asyncio.create_task(timers.run())
    await schedule(store, timer("later", 3600))
    await schedule(store, timer("now"))
    await asyncio.wait_for(bell.heard.wait(), 5)
    timers.stop()
    await asyncio.wait_for(running, 5)
    assert bell.rang == ["now"]


async def test_one_replica_fires_and_the_other_takes_over_when_it_is_gone(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """Reminders come once while all is well, and still come when a replica died."""
    bells = {name: Bell() for name in ("first", "second")}
    runners = {
        name: Timers(store, clock, entropy, {"step": bell}, holder=name) for name, bell in bells.items()
    }
    tasks = {name: asyncio.create_task(runner.run()) for name, runner in runners.items()}
    await schedule(store, timer("a"))
    done, _ = await asyncio.wait(
        [asyncio.create_task(bell.heard.wait()) for bell in bells.values()],
        timeout=5,
        return_when=asyncio.FIRST_COMPLETED,
    )
    assert done
    leader = next(name for name, bell in bells.items() if bell.rang)
    other = next(name for name in bells if name != leader)
    runners[leader].stop()
    await asyncio.wait_for(tasks[leader], 5)
    clock.at += LEASE
    await schedule(store, timer("b"))
    await asyncio.wait_for(bells[other].heard.wait(), 10)
    runners[other].stop()
    await asyncio.wait_for(tasks[other], 5)
    assert (bells[leader].rang, bells[other].rang) == (["a"], ["b"])
