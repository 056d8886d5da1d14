"""SQLite: one writing thread, readers beside it.

The writer drains its queue: BEGIN IMMEDIATE, the functions, one COMMIT for as many as were waiting, and
only then the answers. Where a function raises, the batch runs again with a savepoint around each, so that
only that one is undone. With `synchronous=FULL` that commit is on disk. Whoever
arrives while the disk works shares the next commit, so the price of a sync is divided under load.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from bot.adapters.store.sqlite_file import SqliteConnection, connect, migrate
from bot.adapters.store.sqlite_reading import Readers
from bot.adapters.store.statements import SQLITE, Book
from bot.adapters.store.unit import Unit, done
from bot.adapters.store.waiting import Waiting
from bot.core.records import Job, Timer
from bot.errors import TransientError, UnusableError
from bot.ports.store import UnitOfWork

T = TypeVar("T")

AT_ONCE = 256
"""Functions that share a commit at most."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class _Wanted(NamedTuple):
    """One function on its way through the writer."""

    fn: Callable[[Unit], Any]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]


class _Outcome(NamedTuple):
    wanted: _Wanted
    result: Any
    error: BaseException | None
    touched: set[str]


class SqliteStore:
    """`bot.ports.store.Store` on one file."""

    def __init__(self, path: Path, *, existing: bool = False) -> None:
        """Open, migrate and start the writer. Raises UnusableError."""
        self._path = path
        if not path.parent.is_dir():
            raise UnusableError(str(path.parent), "there is no such folder.", "Create it, or name another.")
        if existing and not path.is_file():
            raise UnusableError(str(path), "there is no such file.", "Name the database that exists.")
        self._database = connect(path, proving=not existing)
        try:
            migrate(self._database, str(path), existing=existing)
        except UnusableError:
            self._database.close()
            raise
        self._book = Book(SQLITE)
        self._queue: queue.SimpleQueue[_Wanted | Callable[[], None] | None] = queue.SimpleQueue()
        self._arrived: dict[asyncio.AbstractEventLoop, list[_Wanted]] = {}
        self._waiting = Waiting(self._mark, self._version())
        self._readers = Readers(path, self._book)
        self._closed = False
        self._writer = threading.Thread(target=self._write, name="store-write", daemon=True)
        self._writer.start()

    # --- the port

    async def transact(self, fn: Callable[[UnitOfWork], T]) -> T:
        if self._closed:
            raise RuntimeError("the store is closed")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        arrived = self._arrived.get(loop)
        if arrived is None:
            arrived = self._arrived[loop] = []
            loop.call_soon(self._hand_over, loop)
        arrived.append(_Wanted(fn, loop, answer))
        return await answer

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give the writer at once whatever came in this round of the loop: they share a commit, and
        the two threads do not wrestle for the interpreter over each."""
        for wanted in self._arrived.pop(loop, ()):
            self._queue.put(wanted)

    async def read(self, fn: Callable[[UnitOfWork], T]) -> T:
        return await self._readers.read(fn)

    async def glance(self, fn: Callable[[UnitOfWork], T]) -> T:
        return await self._readers.glance(fn)

    async def take_jobs(self, holder: str, *, now: datetime, span: timedelta, limit: int) -> list[Job]:
        def take(work: UnitOfWork) -> list[Job]:
            assert isinstance(work, Unit)
            return work.take_jobs(holder, now=now, span=span, limit=limit)

        return await self.transact(take)

    async def due_timers(self, *, now: datetime, limit: int) -> list[Timer]:
        def due(work: UnitOfWork) -> list[Timer]:
            assert isinstance(work, Unit)
            return work.due_timers(now=now, limit=limit)

        return await self.read(due)

    async def changed(self, topic: str, *, after: int, timeout: float) -> int:
        return await self._waiting.changed(topic, after=after, timeout=timeout)

    def notify(self, topic: str) -> None:
        self._waiting.wake((topic,))

    async def close(self) -> None:
        """Answer what is queued, then let go of the file."""
        if self._closed:
            return
        self._closed = True
        await self._waiting.close()
        for loop in list(self._arrived):
            self._hand_over(loop)
        self._queue.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._readers.close)
        self._database.close()

    def _version(self) -> int:
        return int(self._database.execute("PRAGMA data_version").fetchone()[0])

    async def _mark(self) -> int:
        """Moves when another connection than the writer's commits."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[int] = loop.create_future()

        def look() -> None:
            mark = self._version()
            loop.call_soon_threadsafe(lambda: None if answer.done() else answer.set_result(mark))

        self._queue.put(look)
        return await answer

    # --- writing, all of it in the writer's thread

    def _write(self) -> None:
        while (first := self._queue.get()) is not None:
            batch: list[_Wanted] = []
            aside: list[Callable[[], None]] = []
            item: _Wanted | Callable[[], None] | None = first
            with suppress(queue.Empty):
                while item is not None:
                    (batch if isinstance(item, _Wanted) else aside).append(item)  # type: ignore[arg-type]
                    if len(batch) >= AT_ONCE:
                        break  # before anything more is taken: whoever is taken must be answered
                    item = self._queue.get_nowait()
            if batch:
                self._answer(self._commit(batch))
            for look in aside:
                look()
            if item is None:
                return

    def _commit(self, batch: list[_Wanted]) -> list[_Outcome]:
        """Run a batch in one transaction. When the database itself fails, each function is tried in a
        transaction of its own, so that no one fails for another's sake."""
        try:
            outcomes = self._attempt(batch, apart=False) or self._attempt(batch, apart=True)
            if self._database.conn.in_transaction:
                self._database.conn.execute("COMMIT")
            return outcomes
        except sqlite3.Error as err:
            with suppress(sqlite3.Error):
                self._database.rollback()
            if len(batch) > 1:
                return [outcome for wanted in batch for outcome in self._commit([wanted])]
            return [_Outcome(batch[0], None, self._translated(err), set())]

    def _attempt(self, batch: list[_Wanted], *, apart: bool) -> list[_Outcome]:
        """Run the functions in a transaction, which stays open. Unless *apart*, there is nothing between
        them: a savepoint keeps a copy of every page that is touched. Where one raises, all is undone and
        the answer is empty, for the batch to run again with each between savepoints. A function alone
        in its transaction needs none."""
        self._database.conn.execute("BEGIN IMMEDIATE")
        outcomes = []
        for wanted in batch:
            outcome = self._run(wanted, apart=apart)
            if outcome.error is not None and not apart:
                self._database.rollback()
                if len(batch) > 1:
                    return []
            outcomes.append(outcome)
        return outcomes

    def _run(self, wanted: _Wanted, *, apart: bool) -> _Outcome:
        """One function. Raises sqlite3.Error when the whole transaction is lost with it."""
        if wanted.answer.cancelled():
            return _Outcome(wanted, None, None, set())
        execute = self._database.conn.execute
        unit = Unit(SqliteConnection(self._database), self._book, writing=True)
        if apart:
            execute("SAVEPOINT one")
        try:
            result = done(wanted.fn, unit)
        except BaseException as err:  # it belongs to the caller, who gets it
            if isinstance(err, sqlite3.Error) and not self._database.conn.in_transaction:
                raise
            if apart:
                execute("ROLLBACK TO one")
                execute("RELEASE one")
            error = self._translated(err) if isinstance(err, sqlite3.OperationalError) else err
            return _Outcome(wanted, None, error, set())
        finally:
            unit.end()
        if apart:
            execute("RELEASE one")
        return _Outcome(wanted, result, None, unit.touched)

    def _answer(self, outcomes: list[_Outcome]) -> None:
        """Tell everybody, with one wake-up of each event loop."""
        for loop in {outcome.wanted.loop for outcome in outcomes}:
            mine = [outcome for outcome in outcomes if outcome.wanted.loop is loop]
            with suppress(RuntimeError):  # that loop is closed: nobody waits there
                loop.call_soon_threadsafe(self._tell, mine)

    def _tell(self, outcomes: list[_Outcome]) -> None:
        topics: set[str] = set()
        for wanted, result, error, touched in outcomes:
            if not wanted.answer.done():
                if error is None:
                    wanted.answer.set_result(result)
                else:
                    wanted.answer.set_exception(error)
            topics |= touched
        self._waiting.wake(topics)

    def _translated(self, err: sqlite3.Error) -> Exception:
        if getattr(err, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            return UnusableError(str(self._path), "the database is damaged.", "Restore a backup.")
        return TransientError(f"the database cannot write now ({err})", retry_after=1.0)
