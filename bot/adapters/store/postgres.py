"""PostgreSQL through psycopg 3: a pool of connections, each used by one thread at a time.

Transactions are REPEATABLE READ: a row that somebody else changed since our snapshot makes the
database refuse, whether it was locked or not, and the function runs again on a fresh snapshot. What is
decided from rows that the function does not write still needs a lock or a unique set (docs/store.md).
Commits are synchronous; a server that would lose acknowledged ones is refused at start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import errors
from psycopg_pool import ConnectionPool, PoolTimeout

from bot.adapters.store import migrations
from bot.adapters.store.statements import POSTGRES, Book
from bot.adapters.store.unit import Unit, done
from bot.adapters.store.waiting import Waiting
from bot.core.records import Job, Timer
from bot.errors import ConflictError, TransientError, UnusableError
from bot.ports.store import UnitOfWork

T = TypeVar("T")
Raw = psycopg.Connection[tuple[Any, ...]]

THREADS = 8
"""Transactions and reads at once; as many connections."""
TRIES = 30
"""Runs of one function before its caller hears of the conflict."""
WAIT_SECONDS = 10.0
"""For a connection; and for a row that another transaction holds."""
MIGRATION_LOCK = 0x6B657974

WRITE = "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"
READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
TAKE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
"""For leasing lanes: a head that another replica just took is seen as taken, not as a conflict."""

_AGAIN = (errors.SerializationFailure, errors.DeadlockDetected)


class PostgresConnection:
    """`unit.Connection` on PostgreSQL, where a failed statement spoils the whole transaction: *failed*
    remembers it, so that a function which swallowed the error is not taken for done."""

    __slots__ = ("_execute", "failed")

    def __init__(self, connection: Raw) -> None:
        self._execute = connection.execute
        self.failed: psycopg.Error | None = None

    def run(self, sql: str, values: Sequence[Any] = ()) -> psycopg.Cursor[tuple[Any, ...]]:
        try:
            return self._execute(sql, values, prepare=True)
        except errors.UniqueViolation as err:
            self.failed = err
            raise ConflictError("a unique set is taken") from err
        except psycopg.Error as err:
            self.failed = err
            raise

    @contextmanager
    def guarded(self) -> Iterator[None]:
        self._execute("SAVEPOINT guarded")
        try:
            yield
        except ConflictError:
            self._execute("ROLLBACK TO guarded")
            self.failed = None
            raise
        self._execute("RELEASE guarded")


def _checked(connection: Raw, place: str) -> None:
    """Refuse a server that would lose commits or letters."""

    def shown(name: LiteralString) -> str:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        return str(row[0]) if row else ""

    for name in ("fsync", "synchronous_commit"):
        if shown(name) == "off":
            raise UnusableError(
                place,
                f"the server runs with {name}=off, so that acknowledged approvals could be lost.",
                f"Set {name}=on for this server, database and role.",
            )
    if shown("server_encoding") != "UTF8":
        raise UnusableError(
            place, "the database is not in UTF-8.", "Create one with ENCODING 'UTF8' TEMPLATE template0."
        )


def _migrate(connection: Raw, place: str, *, existing: bool) -> None:
    """Bring the tables up to date, all or nothing; a lock lets one replica do it."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS _migrations"
            " (migration_set text NOT NULL, name text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (migration_set, name))"
        )
        done = connection.execute("SELECT name FROM _migrations WHERE migration_set = %s", (migrations.SET,))
        applied = [row[0] for row in done.fetchall()]
        for name in migrations.pending(applied, place, existing=existing):
            for statement in migrations.steps(name, "postgres"):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO _migrations (migration_set, name) VALUES (%s, %s)", (migrations.SET, name)
            )


def _grown(connection: Raw) -> int:
    """How far the server's log has grown."""
    row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    return int(row[0]) if row else -1


def _prepared(connection: Raw) -> None:
    """Every connection of the pool: explicit transactions, and no endless wait for a row."""
    connection.autocommit = True
    connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{WAIT_SECONDS:.0f}s",))


class PostgresStore:
    """`bot.ports.store.Store` on a PostgreSQL database."""

    def __init__(
        self,
        url: str,
        *,
        place: str = "store.url",
        stop: Callable[[], None] | None = None,
        existing: bool = False,
    ) -> None:
        """Connect, check, migrate. *stop* is called at `close`. Raises UnusableError."""
        self._place, self._stop = place, stop
        try:
            with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
                _checked(connection, place)
                _migrate(connection, place, existing=existing)
                seen = _grown(connection)
        except psycopg.Error as err:
            reason = str(err).splitlines()[0] if str(err) else type(err).__name__
            raise UnusableError(
                place,
                f"the database cannot be used ({reason}).",
                "Check that the server runs and that this role may create tables.",
            ) from err
        self._book = Book(POSTGRES)
        self._pool: ConnectionPool[Raw] = ConnectionPool(
            url, min_size=1, max_size=THREADS, timeout=WAIT_SECONDS, configure=_prepared, open=False
        )
        self._pool.open(wait=True, timeout=WAIT_SECONDS)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")
        self._waiting = Waiting(self._mark, seen)
        self._closed = False

    # --- the port

    async def transact(self, fn: Callable[[UnitOfWork], T]) -> T:
        return await self._written(WRITE, fn)

    async def read(self, fn: Callable[[UnitOfWork], T]) -> T:
        return await self._threaded(lambda: self._once(READ, fn)[0])

    async def glance(self, fn: Callable[[UnitOfWork], T]) -> T:
        return await self.read(fn)

    async def take_jobs(self, holder: str, *, now: datetime, span: timedelta, limit: int) -> list[Job]:
        def take(work: UnitOfWork) -> list[Job]:
            assert isinstance(work, Unit)
            return work.take_jobs(holder, now=now, span=span, limit=limit)

        return await self._written(TAKE, take)

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
        """Let running transactions end, then let go of the server."""
        if self._closed:
            return
        self._closed = True
        await self._waiting.close()
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._pool.close)
        if self._stop is not None:
            await asyncio.to_thread(self._stop)

    # --- in a thread

    async def _threaded(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise RuntimeError("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _written(self, begin: LiteralString, fn: Callable[[UnitOfWork], T]) -> T:
        result, touched = await self._threaded(lambda: self._until_done(begin, fn))
        self._waiting.wake(touched)
        return result

    def _until_done(self, begin: LiteralString, fn: Callable[[UnitOfWork], T]) -> tuple[T, set[str]]:
        for tried in range(TRIES):
            try:
                return self._once(begin, fn)
            except _AGAIN:
                time.sleep(0.002 * tried)
        raise ConflictError("other workers kept changing the same rows")

    def _once(self, begin: LiteralString, fn: Callable[[UnitOfWork], T]) -> tuple[T, set[str]]:
        """One run of *fn* in one transaction."""
        try:
            with self._pool.connection() as connection:
                link = PostgresConnection(connection)
                unit = Unit(link, self._book, writing=begin is not READ)
                connection.execute(begin)
                try:
                    result = done(fn, unit)
                    if link.failed is not None:
                        raise link.failed
                    connection.execute("COMMIT")
                except BaseException:
                    with suppress(psycopg.Error):
                        connection.execute("ROLLBACK")
                    if isinstance(link.failed, _AGAIN):
                        raise link.failed from None
                    raise
                finally:
                    unit.end()
                return result, unit.touched
        except _AGAIN:
            raise
        except errors.LockNotAvailable as err:
            raise TransientError("another transaction holds a row too long", retry_after=1.0) from err
        except (psycopg.OperationalError, PoolTimeout) as err:
            reason = f"the database cannot be reached ({type(err).__name__})"
            raise TransientError(reason, retry_after=1.0) from err

    async def _mark(self) -> int:
        """Moves with every commit on the server, ours too."""

        def look() -> int:
            try:
                with self._pool.connection() as connection:
                    return _grown(connection)
            except (psycopg.Error, PoolTimeout):
                return -1  # a hint may fail; whoever waits asks again

        return await self._threaded(look)
