"""Reading SQLite beside the writer: a few threads with a connection each, a snapshot for each read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlite_utils import Database

from bot.adapters.store.sqlite_file import SqliteConnection, connect
from bot.adapters.store.statements import Book
from bot.adapters.store.unit import Unit, done
from bot.ports.store import UnitOfWork

T = TypeVar("T")

THREADS = 4


class _Glance(NamedTuple):
    fn: Callable[[Unit], Any]
    answer: asyncio.Future[Any]


class _Seen(NamedTuple):
    answer: asyncio.Future[Any]
    result: Any
    error: BaseException | None


class Readers:
    """*path* has been opened and migrated by the writer."""

    def __init__(self, path: Path, book: Book) -> None:
        self._path = path
        self._book = book
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store-read")
        self._local = threading.local()
        self._opened: list[Database] = []
        self._glances: dict[asyncio.AbstractEventLoop, list[_Glance]] = {}

    async def read(self, fn: Callable[[UnitOfWork], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, fn)

    async def glance(self, fn: Callable[[UnitOfWork], T]) -> T:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        glances = self._glances.get(loop)
        if glances is None:
            glances = self._glances[loop] = []
            loop.call_soon(self._look, loop)
        glances.append(_Glance(fn, answer))
        return await answer

    def close(self) -> None:
        """Wait for those under way; blocks."""
        self._threads.shutdown()
        for database in self._opened:
            database.close()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """One thread reads for all who came in this round of the loop: waking it costs more than a row."""
        glances = self._glances.pop(loop)
        try:
            self._threads.submit(self._read_all, loop, glances)
        except RuntimeError as err:  # closed meanwhile
            _tell([_Seen(one.answer, None, err) for one in glances])

    def _read(self, fn: Callable[[Unit], T]) -> T:
        with self._snapshot() as unit:
            return done(fn, unit)

    def _read_all(self, loop: asyncio.AbstractEventLoop, glances: list[_Glance]) -> None:
        """Each for itself, in one snapshot; where that cannot be had, each is told."""
        try:
            with self._snapshot() as unit:
                seen = [_one(unit, glance) for glance in glances]
        except Exception as err:  # noqa: BLE001 - it belongs to the callers, who get it
            seen = [_Seen(glance.answer, None, err) for glance in glances]
        with suppress(RuntimeError):  # that loop is closed: nobody waits there
            loop.call_soon_threadsafe(_tell, seen)

    @contextmanager
    def _snapshot(self) -> Iterator[Unit]:
        database: Database | None = getattr(self._local, "database", None)
        if database is None:
            database = self._local.database = connect(self._path, reading=True)
            self._opened.append(database)
        unit = Unit(SqliteConnection(database), self._book, writing=False)
        database.execute("BEGIN")
        try:
            yield unit
        finally:
            unit.end()
            database.execute("ROLLBACK")


def _one(unit: Unit, glance: _Glance) -> _Seen:
    try:
        result = done(glance.fn, unit)
    except BaseException as err:  # noqa: BLE001 - it belongs to the caller, who gets it
        return _Seen(glance.answer, None, err)
    return _Seen(glance.answer, result, None)


def _tell(seen: list[_Seen]) -> None:
    for answer, result, error in seen:
        if answer.done():
            continue
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)
