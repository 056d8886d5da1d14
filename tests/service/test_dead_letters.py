"""Dead letters: seen, tried again or dismissed, and never twice."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import pytest

from bot.core.audit import Tag
from bot.core.events import Chose, Commanded, Event, Happening, TimerFired, Wrote
from bot.core.model import Command
from bot.core.records import AuditRow, Case, EventRow, Job, Timer
from bot.ports.store import Store, UnitOfWork
from bot.service.dead_letters import DeadLetterBox
from tests.contracts.store.rows import case, event, job, timer
from tests.fakes.clock import FakeClock, FakeEntropy


class Turns:
    """Takes a turn as the real ones do, in the transaction it is given."""

    def __init__(self) -> None:
        self.taken: list[Happening] = []
        self.fail = False

    async def receive(self, event: Event) -> dict[str, Any]:
        raise AssertionError(event)

    def take(
        self, work: UnitOfWork, case: Case, what: Happening, *, dedupe_key: str, at: datetime
    ) -> dict[str, Any]:
        work.add(event("again", dedupe_key=dedupe_key, at=at))
        if self.fail:
            raise ValueError("again")
        self.taken.append(what)
        return {}


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def box(store: Store, turns: Turns, clock: FakeClock, entropy: FakeEntropy) -> DeadLetterBox:
    return DeadLetterBox(store, turns, clock, entropy)


@pytest.fixture
async def letters(store: Store, clock: FakeClock) -> list[str]:
    """One of each sort, newest first."""
    what = Chose("start", 0, "gone")

    def fill(work: UnitOfWork) -> None:
        work.add(case("c1"))
        work.add(
            event("e1", status="failed", kind="Chose", body=asdict(what), error="ValueError", at=clock.now())
        )
        work.add(event("e2"))
        work.enqueue([job("k1", at=clock.go(seconds=1)), job("k2")])
        work.put(replace(job("k1", at=clock.now()), status="dead", error="timeout", attempts=12))
        work.schedule(timer("t1"))
        work.put(replace(timer("t1"), due_at=clock.go(seconds=1), status="dead", attempts=10))

    await store.transact(fill)
    return ["timer/t1", "effect/k1", "event/e1"]


async def audited(store: Store, tag: Tag) -> list[AuditRow]:
    return await store.read(lambda work: work.find(AuditRow, tag=tag))


async def test_what_was_given_up_is_listed_newest_first(box: DeadLetterBox, letters: list[str]) -> None:
    """With the case's number, what it was, and the class of the error."""
    found = await box.listed()
    assert [each.key for each in found] == letters
    assert {each.number for each in found} == {"c1"}
    assert [each.error for each in found] == ["", "timeout", "ValueError"]
    assert len(await box.listed(limit=2)) == 2


async def test_a_failed_event_is_taken_again_as_a_new_one(
    store: Store, box: DeadLetterBox, turns: Turns, letters: list[str]
) -> None:
    """After everything that happened since; the first failure stays on record."""
    assert await box.retry("event/e1", by="agent")
    assert turns.taken == [Chose("start", 0, "gone")]
    kept = await store.read(lambda work: work.get(EventRow, "e1"))
    assert kept is not None
    assert kept.status == "retried"
    assert not await box.retry("event/e1", by="agent")
    (row,) = await audited(store, Tag.LETTER_RETRIED)
    assert (row.actor, row.case_id, row.body) == ("agent", "c1", {"letter": "event/e1"})


async def test_an_event_that_fails_again_stays(
    store: Store, box: DeadLetterBox, turns: Turns, letters: list[str]
) -> None:
    """Nothing of the second try is left behind."""
    turns.fail = True
    assert not await box.retry("event/e1", by="agent")
    assert [each.key for each in await box.listed()] == letters
    assert await store.read(lambda work: work.get(EventRow, "again")) is None
    assert await audited(store, Tag.LETTER_RETRIED) == []


@pytest.mark.parametrize(
    "what", [Wrote("x"), Commanded(Command.LANGUAGE, "de"), TimerFired("s", 1, "remind", 2)]
)
async def test_every_kind_of_event_can_be_taken_again(
    store: Store, box: DeadLetterBox, turns: Turns, letters: list[str], what: Happening
) -> None:
    """As it was kept."""
    row = event("e9", status="failed", kind=type(what).__name__, body=asdict(what))
    await store.transact(lambda work: work.add(row))
    assert await box.retry("event/e9", by="agent")
    assert turns.taken == [what]


async def test_an_effect_and_a_timer_get_all_their_attempts_again(
    store: Store, box: DeadLetterBox, letters: list[str], clock: FakeClock
) -> None:
    """They are due at once."""
    for key in ("effect/k1", "timer/t1"):
        assert await box.retry(key, by="agent")
        assert not await box.retry(key, by="agent")
    kept = await store.read(lambda work: (work.get(Job, "k1"), work.get(Timer, "t1")))
    assert [(each.status, each.attempts) for each in kept if each] == [("waiting", 0), ("waiting", 0)]
    (fired,) = await store.due_timers(now=clock.now(), limit=9)
    assert fired.key == "t1"
    assert len(await audited(store, Tag.LETTER_RETRIED)) == 2


async def test_a_dismissed_letter_is_gone_for_good(
    store: Store, box: DeadLetterBox, turns: Turns, letters: list[str]
) -> None:
    """And who dismissed it is on record."""
    for key in letters:
        assert await box.dismiss(key, by="agent")
        assert not await box.dismiss(key, by="agent")
        assert not await box.retry(key, by="agent")
    assert await box.listed() == ()
    assert turns.taken == []
    assert len(await audited(store, Tag.LETTER_DISMISSED)) == 3


@pytest.mark.parametrize("key", ["", "event/", "event/e2", "effect/k2", "timer/none", "letter/x"])
async def test_what_is_no_dead_letter_is_left_alone(
    store: Store, box: DeadLetterBox, letters: list[str], key: str
) -> None:
    """A stale button on the desk does nothing."""
    assert not await box.retry(key, by="agent")
    assert not await box.dismiss(key, by="agent")
    assert [each.key for each in await box.listed()] == letters
