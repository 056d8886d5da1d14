"""What only SQLite promises here: shared commits, full syncs, a neighbour that holds the lock."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable
from contextlib import closing
from pathlib import Path

import pytest

from bot.adapters.store import sqlite_file
from bot.adapters.store.sqlite import SqliteStore
from bot.core.records import Limit
from bot.errors import TransientError
from bot.ports.store import UnitOfWork
from tests.contracts.store.rows import NOW

FULL = 2


@pytest.fixture
async def file_store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "x.db")
    yield store
    await store.close()


async def test_what_waits_while_the_disk_works_shares_a_commit(file_store: SqliteStore) -> None:
    """A hundred turns at once cost one sync; savepoints are paid for only where one of them fails."""
    said: list[str] = []
    file_store._database.conn.set_trace_callback(said.append)
    await asyncio.gather(
        *(file_store.transact(lambda work, n=n: work.add(Limit(str(n), 1, NOW))) for n in range(100))
    )
    file_store._database.conn.set_trace_callback(None)
    assert said.count("COMMIT") < 20
    assert "SAVEPOINT one" not in said


async def test_one_that_fails_among_many_is_undone_alone(file_store: SqliteStore) -> None:
    """The others of its commit run again, each once in the end, and share their commit still."""

    def turn(n: int) -> Awaitable[int]:
        def run(work: UnitOfWork) -> int:
            kept = work.bump("all", until=NOW)
            if n == 3:
                raise ValueError("a bug")
            return kept

        return file_store.transact(run)

    got = await asyncio.gather(*(turn(n) for n in range(6)), return_exceptions=True)
    assert isinstance(got[3], ValueError)
    assert [each for each in got if isinstance(each, int)] == [1, 2, 3, 4, 5]
    assert await file_store.read(lambda work: work.find(Limit)) == [Limit("all", 5, NOW)]


async def test_every_commit_is_synced_to_a_write_ahead_log(file_store: SqliteStore) -> None:
    """An acknowledged approval survives a power cut, as far as the disk is honest."""

    def settings(work: UnitOfWork) -> tuple[str, int]:
        run = file_store._database.execute
        return run("PRAGMA journal_mode").fetchone()[0], run("PRAGMA synchronous").fetchone()[0]

    assert await file_store.transact(settings) == ("wal", FULL)


async def test_a_neighbour_who_keeps_the_lock_is_waited_for_then_reported(
    file_store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup tool that locks the file delays turns; it does not lose them silently."""
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.05)
    impatient = SqliteStore(tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as neighbour:
        neighbour.execute("BEGIN IMMEDIATE")
        waiting = [impatient.transact(lambda work: work.bump("n", until=NOW)) for _ in range(3)]
        got = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(each, TransientError) and each.retry_after for each in got)
        patient = asyncio.ensure_future(file_store.transact(lambda work: work.bump("n", until=NOW)))
        await asyncio.sleep(0)
        neighbour.execute("COMMIT")
    assert await patient == 1
    assert await impatient.transact(lambda work: work.bump("n", until=NOW)) == 2
    await impatient.close()


async def test_when_the_transaction_itself_is_lost_each_function_is_tried_alone(
    file_store: SqliteStore,
) -> None:
    """A full disk fails the turn that needed the room, and not those that shared its commit."""
    lost: list[int] = []

    def turn(n: int) -> None:
        def run(work: UnitOfWork) -> int:
            work.add(Limit(f"l{n}", 1, NOW))
            if n == 3:
                lost.append(n)
                file_store._database.rollback()  # as SQLite does on its own for SQLITE_FULL
                raise sqlite3.OperationalError("database or disk is full")
            return n

        return run

    got = await asyncio.gather(*(file_store.transact(turn(n)) for n in range(6)), return_exceptions=True)
    assert isinstance(got[3], TransientError)
    assert [each for each in got if isinstance(each, int)] == [0, 1, 2, 4, 5]
    kept = await file_store.read(lambda work: {row.id for row in work.find(Limit)})
    assert kept == {"l0", "l1", "l2", "l4", "l5"}
