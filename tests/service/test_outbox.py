"""The outbox: in order, at least once, given up in the end, and never in anybody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.core.audit import Tag
from bot.core.records import AuditRow, Fact, Job
from bot.errors import NotDueError, PermanentError, TransientError
from bot.ports.store import Store, UnitOfWork
from bot.service import outbox as module
from bot.service.outbox import MOST_ATTEMPTS, MOST_BUGS, Outbox
from tests.contracts.store.rows import NOW, job
from tests.fakes.clock import FakeClock, FakeEntropy

Handler = Callable[[Job], Awaitable[None]]


class Post:
    """A handler that notes what it carried, and may be told to fail or to hold."""

    def __init__(self) -> None:
        self.carried: list[str] = []
        self.fail: dict[str, Exception] = {}
        self.hold = asyncio.Event()
        self.hold.set()
        self.reached = asyncio.Event()

    async def __call__(self, job: Job) -> None:
        self.reached.set()
        await self.hold.wait()
        self.carried.append(job.key)
        if job.key in self.fail:
            raise self.fail[job.key]


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def outbox(store: Store, clock: FakeClock, entropy: FakeEntropy, post: Post) -> Outbox:
    return Outbox(store, clock, entropy, {"say": post}, holder="here")


async def enqueue(store: Store, *jobs: Job) -> None:
    await store.transact(lambda work: work.enqueue(jobs))


async def kept(store: Store, key: str) -> Job:
    found = await store.read(lambda work: work.get(Job, key))
    assert found is not None
    return found


async def deaths(store: Store) -> list[AuditRow]:
    return await store.read(lambda work: work.find(AuditRow, tag=Tag.EFFECT_DEAD))


async def test_lanes_are_emptied_in_order(store: Store, outbox: Outbox, post: Post) -> None:
    """A person reads the bot's messages in the order in which they were meant."""
    await enqueue(store, *(job(f"{lane}{n}", lane) for n in range(3) for lane in "ab"))
    assert await outbox.drain() == 6
    assert [key for key in post.carried if key < "b"] == ["a0", "a1", "a2"]
    assert [key for key in post.carried if key > "b"] == ["b0", "b1", "b2"]
    assert {(await kept(store, key)).status for key in post.carried} == {"done"}


async def test_a_passing_fault_is_tried_again_later_and_longer(
    store: Store, outbox: Outbox, post: Post, clock: FakeClock
) -> None:
    """The platform is not hammered, and the lane keeps its order meanwhile."""
    post.fail["a"] = TransientError("away")
    await enqueue(store, job("a"), job("b"))
    waits = []
    for _ in range(5):
        assert await outbox.drain() == 1
        waits.append((await kept(store, "a")).not_before - clock.now())
        clock.at = (await kept(store, "a")).not_before
    assert post.carried == ["a"] * 5
    assert waits == sorted(waits)
    assert waits[0] >= timedelta(seconds=1)
    assert waits[4] >= timedelta(seconds=16)
    post.fail.clear()
    await outbox.drain()
    assert post.carried[5:] == ["a", "b"]


async def test_the_platforms_own_waiting_time_is_kept(
    store: Store, outbox: Outbox, post: Post, clock: FakeClock
) -> None:
    """Throttled for a minute means a minute."""
    post.fail["a"] = TransientError("throttled", retry_after=60)
    await enqueue(store, job("a"))
    await outbox.drain()
    clock.go(seconds=59)
    assert await outbox.drain() == 0
    clock.go(seconds=2)
    assert await outbox.drain() == 1


async def test_waiting_for_our_own_pace_is_no_attempt(
    store: Store, outbox: Outbox, post: Post, clock: FakeClock
) -> None:
    """A long queue in front of a rate limit is not a failure, however often it is looked at."""
    post.fail["a"] = NotDueError("our pace", retry_after=5)
    await enqueue(store, job("a"))
    for _ in range(3 * MOST_ATTEMPTS):
        await outbox.drain()
        clock.go(seconds=6)
    waiting = await kept(store, "a")
    assert (waiting.status, waiting.attempts) == ("waiting", 0)
    del post.fail["a"]
    await outbox.drain()
    assert (await kept(store, "a")).status == "done"


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        (TransientError("away"), MOST_ATTEMPTS),
        (PermanentError("gone", status=404), 1),
        (ValueError("a bug"), MOST_BUGS),
    ],
)
async def test_what_cannot_be_done_is_given_up_audited_and_out_of_the_way(
    store: Store, outbox: Outbox, post: Post, clock: FakeClock, fault: Exception, tries: int
) -> None:
    """A dead head does not silence its lane for ever, and nobody has to guess what happened."""
    post.fail["a"] = fault
    await enqueue(store, job("a", case_id="c9"), job("b"))
    for _ in range(tries):
        assert (await kept(store, "b")).status == "waiting"
        await outbox.drain()
        clock.go(seconds=600)
    assert post.carried == ["a"] * tries + ["b"]
    dead = await kept(store, "a")
    assert dead.status == "dead"
    assert dead.leased_until is None
    (row,) = await deaths(store)
    assert (row.case_id, row.body["effect"], row.body["attempts"]) == ("c9", "a", tries)


async def test_no_text_of_an_error_is_kept(
    store: Store, outbox: Outbox, post: Post, clock: FakeClock
) -> None:
    """An exception may quote what it choked on."""
    post.fail = {"a": ValueError("hunter2"), "b": PermanentError("hunter2")}
    await enqueue(store, job("a"), job("b", "other"))
    for _ in range(MOST_BUGS):
        await outbox.drain()
        clock.go(seconds=600)
    for key in "ab":
        assert "hunter2" not in (await kept(store, key)).error
    assert "hunter2" not in str(await deaths(store))


async def test_an_effect_that_nobody_carries_is_given_up(store: Store, outbox: Outbox) -> None:
    """An unknown kind is shown, not forgotten."""
    await enqueue(store, job("a", kind="smoke_signal"))
    await outbox.drain()
    assert (await kept(store, "a")).status == "dead"


async def test_who_waits_for_an_answer_hears_of_its_death(
    store: Store, clock: FakeClock, entropy: FakeEntropy, post: Post
) -> None:
    """In the same transaction, so that a flow never waits for a read that is not coming."""

    def mourn(work: UnitOfWork, job: Job) -> None:
        work.save(Fact("mourned", {"key": job.key}, NOW))

    post.fail["a"] = PermanentError("no")
    runner = Outbox(store, clock, entropy, {"say": post}, holder="h", when_dead={"say": mourn})
    await enqueue(store, job("a"))
    await runner.drain()
    assert await store.read(lambda work: work.get(Fact, "mourned")) == Fact("mourned", {"key": "a"}, NOW)


async def test_only_the_newest_update_of_a_message_is_sent(store: Store, outbox: Outbox, post: Post) -> None:
    """Five changes of a card are one edit."""
    await enqueue(store, *(job(f"c{n}", coalesce="card") for n in range(5)))
    assert await outbox.drain() == 1
    assert post.carried == ["c4"]


async def test_a_commit_wakes_the_runner_and_stopping_lets_it_finish(
    store: Store, outbox: Outbox, post: Post
) -> None:
    """Nothing waits for a poll; nothing is cut off at the end."""
    running = asyncio.create_task(outbox.run())
    post.hold.clear()
    await enqueue(store, job("a"), job("b"))
    await asyncio.wait_for(post.reached.wait(), 5)
    outbox.stop()
    post.hold.set()
    await asyncio.wait_for(running, 5)
    assert post.carried == ["a"]
    assert [(await kept(store, key)).status for key in "ab"] == ["done", "waiting"]


async def test_a_handler_that_never_ends_is_left_and_its_job_freed(
    store: Store, outbox: Outbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hanging platform does not keep the product from stopping, nor the next process from trying."""
    monkeypatch.setattr(module, "GRACE", 0.01)
    running = asyncio.create_task(outbox.run())
    post.hold.clear()
    await enqueue(store, job("a"))
    await asyncio.wait_for(post.reached.wait(), 5)
    outbox.stop()
    await asyncio.wait_for(running, 5)
    assert (await kept(store, "a")).leased_until is None
    post.hold.set()
    assert await outbox.drain() == 1


async def test_a_platform_that_does_not_answer_is_a_passing_fault(
    store: Store, outbox: Outbox, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler that hangs gives its hand free and comes again."""
    monkeypatch.setattr(module, "LONGEST_RUN", 0.01)
    post.hold.clear()
    await enqueue(store, job("a"))
    await outbox.drain()
    assert ((await kept(store, "a")).status, (await kept(store, "a")).error) == ("waiting", "timeout")


async def test_a_killed_process_takes_its_own_lanes_back_and_others_wait_for_the_lease(
    store: Store, outbox: Outbox, post: Post, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """A restart goes on at once; a replica takes over when the lease has ended."""
    await enqueue(store, job("a"))
    (taken,) = await store.take_jobs("here", now=NOW, span=module.LEASE, limit=9)
    assert taken.attempts == 1
    other = Outbox(store, clock, entropy, {"say": post}, holder="there")
    assert await other.drain() == 0
    again = asyncio.create_task(outbox.run())
    await asyncio.wait_for(post.reached.wait(), 5)
    outbox.stop()
    await again
    assert post.carried == ["a"]
    await enqueue(store, job("b"))
    await store.take_jobs("here", now=NOW, span=module.LEASE, limit=9)
    clock.at = NOW + module.LEASE
    assert await other.drain() == 1


async def test_a_job_that_kills_its_process_is_given_up_in_the_end(
    store: Store, outbox: Outbox, post: Post, clock: FakeClock
) -> None:
    """Attempts count when they begin."""
    await enqueue(store, job("a"))
    for _ in range(MOST_ATTEMPTS - 1):
        await store.take_jobs("here", now=clock.now(), span=module.LEASE, limit=9)
        clock.at += module.LEASE
    post.fail["a"] = TransientError("away")
    await outbox.drain()
    assert (await kept(store, "a")).status == "dead"


async def test_two_runners_carry_everything_once(
    store: Store, clock: FakeClock, entropy: FakeEntropy, post: Post
) -> None:
    """Replicas share the work without repeating it."""
    await enqueue(store, *(job(f"{lane}-{n}", f"l{lane}") for n in range(3) for lane in range(15)))
    runners = [Outbox(store, clock, entropy, {"say": post}, holder=f"h{n}") for n in range(2)]
    for _ in range(5):
        await asyncio.gather(*(runner.drain() for runner in runners))
    assert len(post.carried) == len(set(post.carried)) == 45
