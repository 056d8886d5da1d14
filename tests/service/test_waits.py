"""Expected waits, the place in the queue, and what the chat says of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.core.effects import HandOff
from bot.core.events import Answered, Event
from bot.core.model import CaseId, EventId
from bot.core.records import Card, Job, Shift, Stretch
from bot.derived import opens_next
from bot.ports.store import Store, UnitOfWork
from bot.service import cards, stretches
from bot.service.queue_lines import QueueLines
from bot.service.waits import WaitBook
from tests.fakes.clock import FakeClock
from tests.web.house import KEYS, a_case, words

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def book(store: Store, *, is_open: Callable[[datetime], bool] = lambda at: True) -> WaitBook:
    return WaitBook(store, open_now=is_open, opens_next=lambda at: MONDAY, zone=ZoneInfo("Europe/Berlin"))


async def known(
    store: Store, at: datetime, *, taken: int, worked: int, count: int = 6, kind: str = "person", **more: Any
) -> None:
    """Waits of the past, in minutes, one agent on duty and nobody before."""

    def fn(work: UnitOfWork) -> None:
        for n in range(count):
            asked = at - timedelta(days=1, minutes=n)
            had = asked + timedelta(minutes=taken)
            done = had + timedelta(minutes=worked)
            row = Stretch(f"{kind}{n}{at:%H%M}", f"old{n}", kind, asked, 1, 0, had, done)
            work.add(replace(row, **more))

    await store.transact(fn)


async def put_up(store: Store, clock: FakeClock, *ids: str, duty: int = 1) -> None:
    """Cards of people who want to talk, a minute apart, and so many agents."""
    for ident in ids:
        case = a_case(ident, clock.now())

        def fn(work: UnitOfWork, case: Any = case) -> None:
            work.add(case)
            cards.show(work, KEYS, case, "person", clock.now())

        await store.transact(fn)
        clock.go(minutes=1)
    for n in range(duty):
        row = Shift(f"oid-agent{n}", f"Agent{n} Name", clock.now(), clock.now())
        await store.transact(lambda work, row=row: work.save(row))  # type: ignore[misc]


async def taken(store: Store, case_id: str, at: datetime, name: str = "Priya Raman") -> Card:
    """The card, taken."""

    def fn(work: UnitOfWork) -> Card:
        card = work.get(Card, case_id)
        assert card is not None
        card = replace(card, taken_by="oid-agent0", taken_name=name, taken_at=at, version=card.version + 1)
        work.put(card)
        stretches.taken(work, case_id, at)
        return card

    return await store.transact(fn)


async def test_the_place_in_the_queue_is_kept_until_an_agent_takes_the_case(
    store: Store, clock: FakeClock
) -> None:
    """It depends on when one asked and on nothing a page or chat does; who is read is before nobody."""
    await put_up(store, clock, "c1", "c2", "c3")
    waits = book(store)

    async def place(case_id: str) -> int:
        found = await store.read(lambda work: waits.standing(work, case_id, clock.now()))
        assert found is not None
        return found.before

    assert [await place(case) for case in ("c1", "c2", "c3")] == [0, 1, 2]
    await taken(store, "c1", clock.now())
    clock.go(minutes=1)
    assert [await place(case) for case in ("c2", "c3")] == [0, 1]
    clock.go(hours=2)
    again = a_case("c2", clock.now())
    await store.transact(lambda work: cards.show(work, KEYS, again, "person", clock.now()))
    assert await place("c2") == 0
    await store.transact(lambda work: cards.done(work, "c2", clock.now()))
    assert await store.read(lambda work: waits.standing(work, "c2", clock.now())) is None


async def test_who_reads_is_named_and_how_long_that_takes(store: Store, clock: FakeClock) -> None:
    """First the turn and the work, then only the work; by the agent's first name."""
    await known(store, clock.now(), taken=5, worked=4)
    await put_up(store, clock, "c1")
    waits = book(store)
    before = await store.read(lambda work: waits.standing(work, "c1", clock.now()))
    await taken(store, "c1", clock.now())
    after = await store.read(lambda work: waits.standing(work, "c1", clock.now()))
    assert before is not None
    assert after is not None
    assert (before.minutes, before.reading) == (9, "")
    assert (after.minutes, after.reading) == (4, "Priya")
    clock.go(minutes=11)  # left alone: nobody reads it any more
    lapsed = await store.read(lambda work: waits.standing(work, "c1", clock.now()))
    assert lapsed is not None
    assert lapsed.reading == ""


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "approval"},
        {"taken_at": None},
        {"asked_at": datetime(2026, 9, 1, tzinfo=UTC)},
    ],
)
async def test_only_like_waits_count(store: Store, clock: FakeClock, more: dict[str, Any]) -> None:
    """For the same thing, ended by an agent's hand, of the last thirty days."""
    await known(store, clock.now(), taken=5, worked=4, **more)
    await put_up(store, clock, "c1")
    assert await book(store).expected("person", clock.now()) is None


async def test_waits_of_the_night_say_nothing_of_the_day(store: Store, clock: FakeClock) -> None:
    """What began outside the service hours counts outside them, and the other way round."""
    await known(store, clock.now() - timedelta(hours=12), taken=50, worked=30)
    await put_up(store, clock)
    waits = book(store, is_open=lambda at: 6 <= at.hour < 20)
    assert await waits.expected("person", clock.now()) is None
    await known(store, clock.now(), taken=2, worked=1)
    assert await waits.expected("person", clock.now()) == 3


async def test_around_the_same_time_of_day_counts_most(store: Store, clock: FakeClock) -> None:
    """Where enough is known of these hours, the others are left out."""
    await known(store, clock.now() + timedelta(hours=6), taken=40, worked=20, count=9)
    await put_up(store, clock)
    assert await book(store).expected("person", clock.now()) == 60
    await known(store, clock.now(), taken=2, worked=1, count=10)
    assert await book(store).expected("person", clock.now()) == 3


async def test_outside_the_hours_the_next_opening_is_said(store: Store, clock: FakeClock) -> None:
    """Only while nobody is on duty, and then no minutes."""
    await known(store, clock.now(), taken=2, worked=1)
    await put_up(store, clock, "c1", duty=0)
    waits = book(store, is_open=lambda at: False)
    found = await store.read(lambda work: waits.standing(work, "c1", clock.now()))
    assert found is not None
    assert (found.opens_at, found.opens_day, found.opens_time) == (MONDAY, "tomorrow", "08:00")
    assert found.minutes is None
    await put_up(store, clock, duty=1)
    found = await store.read(lambda work: waits.standing(work, "c1", clock.now()))
    assert found is not None
    assert found.opens_at is None


class _Hours:
    """The part of the settings that the hours are read from."""

    def __init__(self, *hours: tuple[int, str, str]) -> None:
        from bot.setting_values import Opening

        self.desk = self
        self.timezone = "Europe/Berlin"
        self.hours = tuple(Opening(*one) for one in hours)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-22T09:00", "2026-11-23T08:00"),  # a Sunday
        ("2026-11-23T06:59", "2026-11-23T08:00"),
        ("2026-11-23T07:00", "2026-11-24T08:00"),  # it is just opening
        ("2026-11-27T19:00", "2026-11-30T08:00"),  # over the weekend
        ("2026-03-28T12:00", "2026-03-30T08:00"),  # the clock changes in between
    ],
)
def test_the_desk_opens_next_by_its_own_clock(at: str, opens: str) -> None:
    """*at* is UTC, *opens* is what stands on the door in Berlin."""
    hours = _Hours(*((day, "08:00", "18:00") for day in range(5)))
    found = opens_next(hours)(datetime.fromisoformat(at).replace(tzinfo=UTC))  # type: ignore[arg-type]
    assert found is not None
    assert f"{found.astimezone(ZoneInfo('Europe/Berlin')):%Y-%m-%dT%H:%M}" == opens


def test_a_desk_without_hours_never_says_when_it_opens() -> None:
    assert opens_next(_Hours())(MONDAY) is None  # type: ignore[arg-type]


async def said(store: Store) -> list[str]:
    """What the waiting jobs will say in the chat."""
    jobs = await store.read(lambda work: work.find(Job, kind="say", order="seq"))
    texts = []
    for job in jobs:
        effect = job.body["effect"]
        texts.append(words().say("en", f"common.{effect['key']}", **effect["values"]).replace("**", ""))
    return texts


async def test_the_chat_says_the_place_and_then_who_reads(store: Store, clock: FakeClock) -> None:
    """Once for the wait, once for each agent who takes it; pressing again says nothing twice."""
    await known(store, clock.now(), taken=5, worked=4)
    await put_up(store, clock, "c1", "c2")
    lines = QueueLines(book(store))
    case = a_case("c2", clock.now())
    event = Event(EventId("e1"), "d1", clock.now(), CaseId("c2"), Answered("person", 1, "x"))
    for _ in range(2):
        await store.transact(
            lambda work: lines.queued(work, case, HandOff("person", 2, "desk"), event, "e1/0")
        )
    card = await taken(store, "c2", clock.now())
    for _ in range(2):
        await store.transact(lambda work: lines.reading(work, card, clock.now()))
    assert await said(store) == [
        (
            "1 before you. Usually about 14 minutes. You may leave: your place is kept, and I write here "
            "when something happens."
        ),
        "Priya is reading your case, usually 4 minutes. You may leave; I write here.",
    ]


async def test_of_a_live_check_the_chat_says_nothing(store: Store, clock: FakeClock) -> None:
    """It is waited for on the case page."""
    await put_up(store, clock)
    case = a_case("c1", clock.now())

    def fn(work: UnitOfWork) -> None:
        work.add(case)
        cards.show(work, KEYS, case, "live_check", clock.now())

    await store.transact(fn)
    card = await taken(store, "c1", clock.now())
    await store.transact(lambda work: QueueLines(book(store)).reading(work, card, clock.now()))
    assert await said(store) == []
