"""The named verbs: replies, outbox lanes, timers, transcript, hints."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.records import Job, Line, Timer
from bot.ports.store import Store, UnitOfWork
from tests.contracts.store.rows import NOW, SPAN, case, event, job, timer


async def take(store: Store, *, at: float = 0, limit: int = 10, holder: str = "h") -> list[str]:
    now = NOW + timedelta(seconds=at)
    return [j.key for j in await store.take_jobs(holder, now=now, span=SPAN, limit=limit)]


async def put(store: Store, *jobs: Job) -> None:
    await store.transact(lambda work: work.enqueue(jobs))


async def finish(store: Store, key: str, **changes: object) -> None:
    def end(work: UnitOfWork) -> None:
        kept = work.lock(Job, key)
        assert kept is not None
        work.put(replace(kept, **{"status": "done", **changes}))

    await store.transact(end)


async def status(store: Store, key: str) -> str:
    kept = await store.read(lambda work: work.get(Job, key))
    assert kept is not None
    return kept.status


async def test_the_reply_of_an_event_seen_before_comes_back(store: Store) -> None:
    """A duplicate is answered, not run again; an empty reply is a reply."""
    await store.transact(lambda work: (work.add(event("e1")), work.add(event("e2", reply={}))))
    assert await store.read(lambda work: work.reply_to("d/e1")) == {"says": []}
    assert await store.read(lambda work: work.reply_to("d/e2")) == {}
    assert await store.read(lambda work: work.reply_to("d/e3")) is None


async def test_only_the_heads_of_lanes_are_leased_in_order(store: Store) -> None:
    """Messages to one person never overtake each other."""
    await put(store, job("a1", "a"), job("a2", "a"), job("b1", "b"))
    assert await take(store) == ["a1", "b1"]
    assert await take(store) == []
    await finish(store, "a1")
    assert await take(store) == ["a2"]
    await finish(store, "b1", status="dead")
    await finish(store, "a2")
    assert await take(store) == []


async def test_a_lease_counts_the_attempt_and_ends(store: Store) -> None:
    """A job whose worker was killed comes again, and is not tried for ever."""
    await put(store, job("a1"))
    (first,) = await store.take_jobs("h", now=NOW, span=SPAN, limit=1)
    assert (first.attempts, first.leased_until, first.leased_by) == (1, NOW + SPAN, "h")
    assert await store.read(lambda work: work.get(Job, "a1")) == replace(first, seq=first.seq)
    assert await take(store, at=9) == []
    (again,) = await store.take_jobs("other", now=NOW + SPAN, span=SPAN, limit=1)
    assert (again.attempts, again.leased_by) == (2, "other")


async def test_a_head_that_must_wait_holds_its_lane(store: Store) -> None:
    """Backing off keeps the order."""
    await put(store, job("a1", not_before=NOW + SPAN), job("a2"), job("b1", "b"))
    assert await take(store) == ["b1"]
    assert await take(store, at=10) == ["a1", "b1"]


async def test_a_key_already_there_is_left_alone(store: Store) -> None:
    """A turn that ran again does not send twice."""
    await put(store, job("a1", body={"n": 1}))
    await finish(store, "a1")
    await put(store, job("a1", body={"n": 2}), job("a2"))
    assert await status(store, "a1") == "done"
    assert await take(store) == ["a2"]


async def test_a_later_update_of_a_message_makes_the_waiting_one_needless(store: Store) -> None:
    """A card that changed five times is edited once, and its place in the lane is the newest."""
    await put(store, job("c1", coalesce="card"), job("c2", coalesce="card"), job("c3", coalesce="card"))
    await put(store, job("other", coalesce="another"), job("plain"))
    assert [await status(store, key) for key in ("c1", "c2", "c3", "other", "plain")] == [
        "skipped", "skipped", "waiting", "waiting", "waiting",
    ]  # fmt: skip
    await put(store, job("c2", coalesce="card"))
    assert await status(store, "c3") == "waiting"


async def test_an_update_on_its_way_is_followed_not_overtaken(store: Store) -> None:
    """An older edit that is being sent cannot land after the newer one."""
    await put(store, job("c1", coalesce="card"))
    assert await take(store) == ["c1"]
    await put(store, job("c2", coalesce="card"))
    assert await status(store, "c1") == "waiting"
    assert await take(store) == []
    await finish(store, "c1")
    assert await take(store) == ["c2"]


async def test_replicas_never_hold_one_job_together(replicas: tuple[Store, Store]) -> None:
    """Every head is leased once, whoever asks, and lanes stay in order."""
    lanes, length = 12, 4
    await put(replicas[0], *(job(f"{lane}/{n}", f"l{lane}") for n in range(length) for lane in range(lanes)))
    taken: list[str] = []

    async def work(store: Store, holder: str) -> None:
        idle = 0
        while idle < 20:
            jobs = await store.take_jobs(holder, now=NOW, span=SPAN, limit=3)
            idle = 0 if jobs else idle + 1
            for each in jobs:
                taken.append(each.key)
                await finish(store, each.key)

    await asyncio.gather(*(work(replicas[n % 2], f"h{n}") for n in range(6)))
    assert sorted(taken) == sorted(f"{lane}/{n}" for n in range(length) for lane in range(lanes))
    for lane in range(lanes):
        assert [key for key in taken if key.startswith(f"{lane}/")] == [f"{lane}/{n}" for n in range(length)]


async def test_due_timers_come_earliest_first(store: Store) -> None:
    """Nothing fires early, and a long queue is worked off in order."""
    await store.transact(lambda work: [work.schedule(timer(f"t{n}", n)) for n in (3, 1, 2, 9)])
    due = await store.due_timers(now=NOW + timedelta(seconds=3), limit=2)
    assert [t.key for t in due] == ["t1", "t2"]
    due = await store.due_timers(now=NOW + timedelta(seconds=3), limit=9)
    assert [t.key for t in due] == ["t1", "t2", "t3"]


async def test_a_timer_moves_while_it_waits_and_stays_ended(store: Store) -> None:
    """A retried turn does not bring back what has fired or was cancelled."""
    await store.transact(lambda work: work.schedule(timer("t1", 1)))
    await store.transact(lambda work: work.schedule(timer("t1", 5, body={"n": 2})))
    moved = await store.read(lambda work: work.get(Timer, "t1"))
    assert moved == timer("t1", 5, body={"n": 2})
    await store.transact(lambda work: work.put(timer("t1", 5, status="fired")))
    await store.transact(lambda work: work.schedule(timer("t1", 9)))
    assert await store.due_timers(now=NOW + SPAN, limit=9) == []


async def test_a_group_of_timers_is_cancelled_together(store: Store) -> None:
    """Leaving a step silences its reminders, and no others."""

    def run(work: UnitOfWork) -> None:
        work.schedule(timer("t1", group="g"))
        work.schedule(timer("t2", group="g"))
        work.schedule(timer("t3", group="other"))
        work.cancel_timers("g")
        work.schedule(timer("t1", group="g"))

    await store.transact(run)
    assert [t.key for t in await store.due_timers(now=NOW, limit=9)] == ["t3"]


async def line(store: Store, key: str, place: str = "p") -> int:
    return await store.transact(
        lambda work: work.append_line(place=place, effect_key=key, author="bot", message={"k": key}, at=NOW)
    )


async def test_transcript_lines_are_numbered_by_place_without_a_gap(replicas: tuple[Store, Store]) -> None:
    """A page that asks from a number on misses nothing, whichever replica wrote it."""
    numbers = await asyncio.gather(*(line(replicas[n % 2], f"k{n}", f"p{n % 3}") for n in range(24)))
    for place in range(3):
        assert sorted(numbers[place::3]) == list(range(1, 9))
    kept = await replicas[0].read(lambda work: work.find(Line, place="p0", order="seq"))
    assert [row.seq for row in kept] == list(range(1, 9))


async def test_a_message_sent_again_keeps_its_line(store: Store) -> None:
    """At least once behind, exactly once on the page."""
    assert [await line(store, key) for key in ("a", "b", "a", "b", "c")] == [1, 2, 1, 2, 3]


async def test_a_commit_wakes_who_waits_for_it(store: Store) -> None:
    """A page that polls sees news at once."""
    seen = await store.changed("p", after=0, timeout=5)
    for write, topic in (
        (lambda work: work.append_line(place="p", effect_key="k", author="bot", message={}, at=NOW), "p"),
        (lambda work: work.add(case("c1")), "c1"),
        (lambda work: work.enqueue([job("k", case_id="c1")]), "outbox"),
        (lambda work: work.schedule(timer()), "timers"),
    ):
        seen = await store.changed(topic, after=0, timeout=5)
        waiting = asyncio.ensure_future(store.changed(topic, after=seen, timeout=30))
        await asyncio.sleep(0)
        await store.transact(write)
        assert await asyncio.wait_for(waiting, 5) > seen


async def test_a_notice_wakes_its_topic_only(store: Store) -> None:
    """`notify` is heard at once; other topics keep waiting and learn nothing."""
    seen = await store.changed("a", after=0, timeout=5)
    other = await store.changed("b", after=0, timeout=5)
    waiting = asyncio.ensure_future(store.changed("a", after=seen, timeout=30))
    await asyncio.sleep(0)
    store.notify("a")
    assert await asyncio.wait_for(waiting, 5) > seen
    assert await store.changed("b", after=other, timeout=0.001) == other


async def test_news_between_reading_and_waiting_is_not_missed(store: Store) -> None:
    """A change after the last look answers the next wait without waiting."""
    seen = await store.changed("p", after=0, timeout=5)
    store.notify("p")
    assert await asyncio.wait_for(store.changed("p", after=seen, timeout=30), 5) > seen


async def test_another_replica_is_heard_too(replicas: tuple[Store, Store]) -> None:
    """A page on one replica sees what happened on another, without being told."""
    here, there = replicas
    await line(there, "before")
    seen = await here.changed("p", after=0, timeout=5)
    waiting = asyncio.ensure_future(here.changed("p", after=seen, timeout=30))
    await asyncio.sleep(0)
    await line(there, "news")
    assert await asyncio.wait_for(waiting, 10) > seen


async def test_closing_lets_everybody_go(store: Store) -> None:
    """Long polls end when the product stops."""
    seen = await store.changed("p", after=0, timeout=5)
    waiting = asyncio.ensure_future(store.changed("p", after=seen, timeout=30))
    await asyncio.sleep(0)
    await store.close()
    await asyncio.wait_for(waiting, 5)


async def test_a_case_is_found_and_locked_by_its_id(store: Store) -> None:
    """The turn's own verb for a case."""
    await store.transact(lambda work: work.add(case("c1")))
    assert await store.transact(lambda work: work.case("c1")) == case("c1")
    assert await store.transact(lambda work: work.case("c2")) is None


async def test_the_outbox_gives_numbers_that_ascend(store: Store) -> None:
    """Order of enqueueing is order of delivery, whatever the keys are called."""
    await put(store, job("z"), job("a"), job("m"))
    kept = await store.read(lambda work: work.find(Job, order="seq"))
    assert [each.key for each in kept] == ["z", "a", "m"]
    assert len({each.seq for each in kept}) == 3


@pytest.mark.parametrize("limit", [1, 2])
async def test_no_more_heads_are_leased_than_asked_for(store: Store, limit: int) -> None:
    """A worker takes what it can carry."""
    await put(store, *(job(f"k{n}", f"l{n}") for n in range(3)))
    assert len(await take(store, limit=limit)) == limit
