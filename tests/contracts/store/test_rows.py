"""Rows in, rows out: the same on every database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.model import Rank
from bot.core.records import TABLES, AuditRow, Card, Case, ChatRow, Execution, Fact, Limit, Timer
from bot.errors import ConflictError
from bot.ports.store import Among, Not, Over, Store, Under, UnitOfWork
from tests.contracts.store.rows import NOW, audit, case, execution, moments, rows_of, timer

on_one_store = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Undo(Exception):
    """Raised to leave nothing behind."""


async def undone(store: Store, fn: Callable[[UnitOfWork], None]) -> None:
    def run(work: UnitOfWork) -> None:
        fn(work)
        raise Undo

    with pytest.raises(Undo):
        await store.transact(run)


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
@given(data=st.data())
@on_one_store
async def test_every_record_comes_back_as_it_went_in(
    store: Store, kind: type[Any], data: st.DataObject
) -> None:
    """Nothing is rounded, trimmed or lost, whatever a row holds."""
    row = data.draw(rows_of(kind))
    key = getattr(row, TABLES[kind].key)

    def there_and_back(work: UnitOfWork) -> None:
        work.add(row)
        got = work.get(kind, key)
        if hasattr(row, "seq") and kind.__name__ == "Job":
            got = replace(got, seq=row.seq)
        assert got == row

    await undone(store, there_and_back)


async def test_a_taken_key_is_a_conflict_that_can_be_caught(store: Store) -> None:
    """Who was second may go on in the same transaction."""

    def second(work: UnitOfWork) -> None:
        work.add(case("c1"))
        with pytest.raises(ConflictError):
            work.add(case("c1", number="other", handle_hash="other"))
        with pytest.raises(ConflictError):
            work.add(case("c2", number="c1"))
        work.add(case("c3"))

    await store.transact(second)
    assert await store.read(lambda work: [c.id for c in work.find(Case, order="id")]) == ["c1", "c3"]


async def test_a_partial_unique_set_holds_only_where_it_says(store: Store) -> None:
    """An open execution locks its subject; closed ones do not."""

    def run(work: UnitOfWork) -> None:
        work.add(execution("x1"))
        with pytest.raises(ConflictError):
            work.add(execution("x2"))
        work.put(execution("x1", status="closed"))
        work.add(execution("x2"))
        with pytest.raises(ConflictError):
            work.put(execution("x1"))
        with pytest.raises(ConflictError):
            work.save(execution("x3"))
        work.add(execution("x4", subject="another"))

    await store.transact(run)
    found = await store.read(lambda work: work.find(Execution, order="id", status="open"))
    assert [x.id for x in found] == ["x2", "x4"]


async def test_put_replaces_what_is_there_and_refuses_what_is_not(store: Store) -> None:
    """A lost row is noticed, not made again."""
    with pytest.raises(ConflictError):
        await store.transact(lambda work: work.put(case("c1")))
    await store.transact(lambda work: work.add(case("c1")))
    await store.transact(lambda work: work.put(case("c1", step="later", proven_at=NOW)))
    assert await store.read(lambda work: work.get(Case, "c1")) == case("c1", step="later", proven_at=NOW)


@given(rows_of(ChatRow), st.lists(rows_of(ChatRow), max_size=4), st.booleans())
@on_one_store
async def test_put_after_reading_writes_every_change(
    store: Store, first: ChatRow, others: list[ChatRow], reading: bool
) -> None:
    """Writing only changed columns is never seen."""

    def run(work: UnitOfWork) -> None:
        work.add(first)
        for other in others:
            if reading:
                work.lock(ChatRow, first.place)
            wanted = replace(other, place=first.place)
            work.put(wanted)
            assert work.find(ChatRow, place=first.place) == [wanted]

    await undone(store, run)


async def test_put_sees_the_row_that_save_left(store: Store) -> None:
    """What was read earlier in the transaction does not hide what was written since."""

    def run(work: UnitOfWork) -> None:
        work.add(Limit("x", 1, NOW))
        work.get(Limit, "x")
        work.save(Limit("x", 5, NOW))
        work.put(Limit("x", 1, NOW))
        work.bump("x", until=NOW, by=2)
        work.put(Limit("x", 1, NOW))

    await store.transact(run)
    assert await store.read(lambda work: work.get(Limit, "x")) == Limit("x", 1, NOW)


async def test_save_inserts_or_replaces(store: Store) -> None:
    """The one verb for rows of which only the newest counts."""
    await store.transact(lambda work: work.save(Fact("f", {"a": 1}, NOW)))
    await store.transact(lambda work: work.save(Fact("f", {"a": 2}, NOW)))
    assert await store.read(lambda work: work.get(Fact, "f")) == Fact("f", {"a": 2}, NOW)


async def test_remove_deletes_and_forgives(store: Store) -> None:
    """Removing what is not there is no fault."""
    await store.transact(lambda work: work.add(Limit("x", 1, NOW)))
    for _ in range(2):
        await store.transact(lambda work: work.remove(Limit, "x"))
    assert await store.read(lambda work: work.get(Limit, "x")) is None


cards = st.lists(
    st.builds(
        Card,
        case_id=st.text("abcde-Zz_0", min_size=1, max_size=3),
        handle_hash=st.just(""),
        asked_at=moments,
        status=st.sampled_from(["open", "done"]),
        wants=st.just("person"),
        taken_by=st.sampled_from(["", "a", "B", "ß"]),
        taken_at=st.none() | moments,
        version=st.integers(-3, 3),
    ),
    max_size=8,
    unique_by=lambda card: card.case_id,
)
columns = st.sampled_from(["case_id", "asked_at", "status", "taken_by", "taken_at", "version"])


def fits(value: Any, wanted: Any) -> bool:
    """What a condition of `find` means, said in Python."""
    match wanted:
        case Over(limit):
            return value is not None and value > limit
        case Under(limit):
            return value is not None and value <= limit
        case Among(values):
            return value in values
        case Not(other):
            return bool(value != other)
        case _:
            return bool(value == wanted)


@given(cards, st.data())
@settings(on_one_store, max_examples=60)
async def test_find_means_what_it_says(store: Store, rows: list[Card], data: st.DataObject) -> None:
    """Conditions, order, null and limits are those of Python, on every database."""
    order = data.draw(st.sampled_from(["", "-"])) + data.draw(columns)
    limit = data.draw(st.integers(0, 4))
    where = {}
    for name in data.draw(st.sets(columns, max_size=2)):
        of = st.sampled_from([getattr(row, name) for row in rows]) if rows else st.just("open")
        value = data.draw(of)
        forms = [value, Not(value), Among([value]), Among([])]
        forms += [] if value is None else [Over(value), Under(value)]
        if rows or name in ("status", "case_id", "taken_by"):
            where[name] = data.draw(st.sampled_from(forms))

    def key(row: Card) -> tuple[Any, ...]:
        value = getattr(row, order.removeprefix("-"))
        return (value is not None, value, row.case_id) if value is not None else (False, row.case_id)

    wanted = [row for row in rows if all(fits(getattr(row, n), w) for n, w in where.items())]
    wanted.sort(key=key, reverse=order.startswith("-"))

    def run(work: UnitOfWork) -> None:
        for row in rows:
            work.add(row)
        assert work.find(Card, order=order, limit=limit, **where) == (wanted[:limit] if limit else wanted)
        assert work.first(Card, order=order, **where) == (wanted[0] if wanted else None)
        assert work.count(Card, **where) == len(wanted)

    await undone(store, run)


async def test_an_unknown_column_is_a_bug_said_at_once(store: Store) -> None:
    """A misspelt condition never selects everything."""
    for wrong in (
        lambda work: work.find(Card, stauts="open"),
        lambda work: work.find(Card, order="when"),
        lambda work: work.count(Card, nothing=1),
    ):
        with pytest.raises(TypeError):
            await store.read(wrong)


async def test_text_that_one_database_could_not_keep_is_refused_by_both(store: Store) -> None:
    """NUL and lone surrogates never reach a text column; inside JSON they are kept."""
    for bad in ("a\0b", "\ud800"):
        with pytest.raises(ValueError):
            await store.transact(lambda work, bad=bad: work.add(case("c1", place=bad)))
        with pytest.raises(ValueError):
            await store.read(lambda work, bad=bad: work.find(Case, place=bad))
    odd = {"nul": "a\0b", "lone": "\ud800", "sort": Rank.STANDARD}
    await store.transact(lambda work: work.add(case("c1", state=odd)))
    kept = await store.read(lambda work: work.get(Case, "c1"))
    assert kept is not None
    assert kept.state == odd


async def test_moments_are_kept_in_utc_and_naive_ones_refused(store: Store) -> None:
    """A moment means the same wherever it was written."""
    there = timezone(timedelta(hours=5, minutes=30))
    await store.transact(lambda work: work.add(Limit("x", 1, NOW.astimezone(there))))
    kept = await store.read(lambda work: work.get(Limit, "x"))
    assert kept is not None
    assert kept.until == NOW
    assert kept.until.tzinfo is UTC
    with pytest.raises(ValueError):
        await store.transact(lambda work: work.add(Limit("y", 1, datetime(2026, 1, 1))))  # noqa: DTZ001


async def test_a_value_for_a_text_column_may_be_a_word_of_a_vocabulary(store: Store) -> None:
    """Enumerations are kept and found as their values."""
    await store.transact(lambda work: work.add(case("c1", outcome=Rank.SENSITIVE)))
    found = await store.read(lambda work: work.find(Case, outcome=Rank.SENSITIVE))
    assert [c.outcome for c in found] == ["sensitive"]
    assert type(found[0].outcome) is str


async def test_reading_sees_one_moment_and_cannot_write(store: Store) -> None:
    """A page is drawn from one state of the world."""
    await store.transact(lambda work: work.add(Limit("x", 1, NOW)))
    for write in (
        lambda work: work.add(Limit("y", 1, NOW)),
        lambda work: work.put(Limit("x", 1, NOW)),
        lambda work: work.put(Limit("x", 2, NOW)),
        lambda work: work.save(Limit("x", 2, NOW)),
        lambda work: work.remove(Limit, "x"),
        lambda work: work.bump("x", until=NOW),
        lambda work: work.schedule(timer()),
        lambda work: work.audit(audit("a1")),
    ):
        with pytest.raises(RuntimeError):
            await store.read(write)
    assert await store.read(lambda work: work.lock(Limit, "x")) == Limit("x", 1, NOW)


async def test_glances_at_the_same_moment_are_each_for_themselves(store: Store) -> None:
    """One that fails, writes or was given up does not disturb those beside it."""
    await store.transact(lambda work: work.add(Limit("x", 1, NOW)))

    def broken(work: UnitOfWork) -> None:
        raise LookupError

    given_up = asyncio.ensure_future(store.glance(lambda work: work.get(Limit, "x")))
    seen = asyncio.gather(
        store.glance(lambda work: work.get(Limit, "x")),
        store.glance(broken),
        store.glance(lambda work: work.add(Limit("y", 1, NOW))),
        store.glance(lambda work: work.get(Limit, "y")),
        return_exceptions=True,
    )
    await asyncio.sleep(0)
    given_up.cancel()
    first, error, refused, last = await seen
    assert (first, last) == (Limit("x", 1, NOW), None)
    assert (type(error), type(refused)) == (LookupError, RuntimeError)


async def test_a_unit_of_work_is_dead_after_its_transaction(store: Store) -> None:
    """Nobody can write outside a transaction by keeping the unit."""
    kept: list[UnitOfWork] = []
    await store.transact(kept.append)
    await store.read(kept.append)
    await store.glance(kept.append)
    for work in kept:
        with pytest.raises(AttributeError):
            work.get(Limit, "x")


async def test_audit_rows_and_timers_have_their_own_verbs(store: Store) -> None:
    """The names of the hot path do what the plain verbs do."""
    await store.transact(lambda work: (work.audit(audit("a1", n=1)), work.schedule(timer("t1"))))
    got = await store.read(lambda work: (work.get(AuditRow, "a1"), work.get(Timer, "t1")))
    assert got == (audit("a1", n=1), timer("t1"))
