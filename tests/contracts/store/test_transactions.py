"""What `transact` promises: all or nothing, one after the other, on disk before the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.records import Case, EventRow, Execution, Limit
from bot.errors import ConflictError
from bot.ports.store import Store, UnitOfWork
from tests.contracts.store.rows import NOW, SPAN, case, event, execution


async def count(store: Store, kind: type) -> int:
    return await store.read(lambda work: work.count(kind))


async def test_an_exception_undoes_everything_and_reaches_the_caller(store: Store) -> None:
    """Half a turn never exists."""

    class OddError(Exception):
        pass

    def half(work: UnitOfWork) -> None:
        work.add(case("c1"))
        raise OddError

    with pytest.raises(OddError):
        await store.transact(half)
    assert await count(store, Case) == 0


async def test_many_at_once_commit_together_and_a_failing_one_fails_alone(store: Store) -> None:
    """One person's bug does not cost another person's turn."""

    def turn(n: int) -> None:
        def run(work: UnitOfWork) -> int:
            work.add(event(f"e{n}"))
            work.bump("turns", until=NOW)
            if n % 7 == 3:
                raise ValueError(n)
            return n

        return run

    got = await asyncio.gather(*(store.transact(turn(n)) for n in range(60)), return_exceptions=True)
    for n, result in enumerate(got):
        assert isinstance(result, ValueError) if n % 7 == 3 else result == n
    kept = await store.read(lambda work: {row.id for row in work.find(EventRow)})
    assert kept == {f"e{n}" for n in range(60) if n % 7 != 3}
    counted = await store.read(lambda work: work.get(Limit, "turns"))
    assert counted is not None
    assert counted.count == len(kept)


async def test_more_than_one_commit_takes_are_all_answered(store: Store) -> None:
    """Whoever waits behind a full commit is in the next one; nobody is forgotten on the way."""

    def turn(n: int) -> Callable[[UnitOfWork], int]:
        return lambda work: work.bump(f"limit-{n}", until=NOW)

    async with asyncio.timeout(60):
        got = await asyncio.gather(*(store.transact(turn(n)) for n in range(600)))
    assert got == [1] * 600


@pytest.mark.parametrize("way", ["transact", "read", "glance"])
async def test_a_search_that_found_nothing_fails_like_any_other_bug(store: Store, way: str) -> None:
    """`next` of nothing raises what no future takes; still nobody waits for ever, and others go on."""

    def nothing(work: UnitOfWork) -> int:
        return next(iter(()))

    async with asyncio.timeout(20):
        got = await asyncio.gather(
            getattr(store, way)(nothing), getattr(store, way)(lambda work: 7), return_exceptions=True
        )
    assert isinstance(got[0], RuntimeError)
    assert got[1] == 7


async def test_an_async_function_is_refused(store: Store) -> None:
    """It would commit before it ran."""

    async def wrong(work: UnitOfWork) -> None:
        work.add(case("c1"))

    with pytest.raises(TypeError):
        await store.transact(wrong)
    with pytest.raises(TypeError):
        await store.read(wrong)
    assert await count(store, Case) == 0


@pytest.mark.parametrize("locked", [True, False])
async def test_no_update_is_lost_between_replicas(replicas: tuple[Store, Store], locked: bool) -> None:
    """Reading, adding one and writing back counts everyone, whether or not the row was locked."""
    await replicas[0].transact(lambda work: work.add(case("c1")))

    def add_one(work: UnitOfWork) -> None:
        found = work.case("c1") if locked else work.get(Case, "c1")
        assert found is not None
        work.put(replace(found, version=found.version + 1, state={"n": found.version + 1}))

    await asyncio.gather(*(replicas[n % 2].transact(add_one) for n in range(40)))
    kept = await replicas[0].read(lambda work: work.get(Case, "c1"))
    assert kept is not None
    assert (kept.version, kept.state) == (40, {"n": 40})


async def test_one_of_many_racers_gets_the_lock_of_a_subject(replicas: tuple[Store, Store]) -> None:
    """Two approvers press at once: one execution opens."""

    def approve(n: int) -> None:
        def run(work: UnitOfWork) -> bool:
            if work.first(Execution, subject_oid="s", status="open"):
                return False
            work.add(execution(f"x{n}"))
            return True

        return run

    won = await asyncio.gather(
        *(replicas[n % 2].transact(approve(n)) for n in range(24)), return_exceptions=True
    )
    assert sum(result is True for result in won) == 1
    assert all(isinstance(r, bool | ConflictError) for r in won)
    assert await count(replicas[1], Execution) == 1


async def test_a_duplicate_that_races_gets_the_first_ones_reply(replicas: tuple[Store, Store]) -> None:
    """The platform delivers an event to two replicas at once; one turn happens, both get its reply."""
    ran: list[int] = []

    def turn(n: int) -> None:
        def run(work: UnitOfWork) -> dict[str, object]:
            seen = work.reply_to("d")
            if seen is not None:
                return seen
            work.bump("turns", until=NOW)
            work.add(event(f"e{n}", dedupe_key="d", reply={"by": n}))
            ran.append(n)
            return {"by": n}

        return run

    replies = await asyncio.gather(*(replicas[n % 2].transact(turn(n)) for n in range(12)))
    assert all(reply == replies[0] for reply in replies)
    turns = await replicas[0].read(lambda work: work.get(Limit, "turns"))
    assert turns is not None
    assert turns.count == 1


async def test_a_lease_has_one_holder_until_it_ends(replicas: tuple[Store, Store]) -> None:
    """Single-worker jobs run once, and go on when their worker dies."""
    first, second = replicas

    async def take(store: Store, holder: str, seconds: float) -> bool:
        now = NOW + SPAN * seconds
        return await store.transact(lambda work: work.lease("l", holder, now=now, span=SPAN))

    assert await take(first, "a", 0)
    assert not await take(second, "b", 0.5)
    assert await take(first, "a", 0.9)
    assert not await take(second, "b", 1.5)
    assert await take(second, "b", 1.9)
    assert not await take(first, "a", 2)


async def test_racers_for_a_free_lease_have_one_winner(replicas: tuple[Store, Store]) -> None:
    """Two replicas start in the same instant."""
    won = await asyncio.gather(
        *(
            replicas[n % 2].transact(lambda work, n=n: work.lease("l", f"h{n}", now=NOW, span=SPAN))
            for n in range(10)
        )
    )
    assert sum(won) == 1


async def test_a_counter_counts_everyone(replicas: tuple[Store, Store]) -> None:
    """Guessing in parallel does not slip past a limit."""
    counts = await asyncio.gather(
        *(replicas[n % 2].transact(lambda work: work.bump("tries", until=NOW)) for n in range(30))
    )
    assert sorted(counts) == list(range(1, 31))
    assert await replicas[0].transact(lambda work: work.bump("tries", until=NOW, by=5)) == 35


async def test_who_waits_no_longer_does_not_harm_the_others(store: Store) -> None:
    """A closed browser cancels its own request only."""
    waiting = [
        asyncio.ensure_future(store.transact(lambda work: work.bump("n", until=NOW))) for _ in range(20)
    ]
    await asyncio.sleep(0)
    for each in waiting[::2]:
        each.cancel()
    got = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, int) for result in got[1::2])


async def test_a_closed_store_says_so(store: Store) -> None:
    """Nothing hangs after the end."""
    await store.transact(lambda work: work.add(case("c1")))
    await store.close()
    await store.close()
    with pytest.raises(RuntimeError):
        await store.transact(lambda work: None)
    with pytest.raises(RuntimeError):
        await store.read(lambda work: None)
