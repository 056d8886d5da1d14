"""The SQLite file: opening it with our settings, bringing its tables up to date, running statements."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from bot.adapters.store import migrations
from bot.errors import ConflictError, UnusableError

BUSY_SECONDS = 5.0
"""How long another process may hold the write lock before we give up."""
CACHE_KIB = 16_384
CHECKPOINT_PAGES = 4_000
"""Pages in the log before they are copied home: more means fewer copies of a busy page."""

_TAKEN = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}


class SqliteConnection:
    """`unit.Connection` on SQLite, where a failed statement undoes only itself."""

    __slots__ = ("_execute",)

    def __init__(self, database: Database) -> None:
        self._execute: Callable[[str, Sequence[Any]], sqlite3.Cursor] = database.conn.execute

    def run(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:
            return self._execute(sql, values)
        except sqlite3.IntegrityError as err:
            if err.sqlite_errorcode in _TAKEN:
                raise ConflictError("a unique set is taken") from err
            raise

    @contextmanager
    def guarded(self) -> Iterator[None]:
        yield


def connect(path: Path, *, reading: bool = False, proving: bool = False) -> Database:
    """A connection with our settings. *proving* also makes sure now that it can write. Raises
    UnusableError where the file or folder cannot serve."""
    remedy = "Choose a folder on a local disk that this user may write to, or restore a backup."
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        database = Database(connection, recursive_triggers=False, execute_plugins=False)
        if not reading:
            _into_wal(database)
            if database.journal_mode != "wal":
                raise UnusableError(str(path), "the file system cannot keep a write-ahead log.", remedy)
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA temp_store = MEMORY")  # what a savepoint may undo stays off the disk
        database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        database.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        if reading:
            database.execute("PRAGMA query_only = ON")
        if proving:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
    except (sqlite3.Error, OSError) as err:
        raise UnusableError(str(path), f"the database cannot be opened ({err}).", remedy) from err
    return database


def _into_wal(database: Database) -> None:
    """Two processes that turn a new file to WAL at once: one is told "locked" at once, whatever its
    patience, because waiting could be a deadlock. It tries again. Raises sqlite3.Error."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            database.enable_wal()
            return
        except sqlite3.OperationalError as err:
            if "locked" not in str(err) or time.monotonic() > until:
                raise
        time.sleep(0.02)


def migrate(database: Database, place: str, *, existing: bool = False) -> None:
    """Bring the tables up to date, all or nothing, one process at a time."""
    steps = Migrations(migrations.SET)
    for name in migrations.NAMES:

        def step(db: Database, name: str = name) -> None:
            for statement in migrations.steps(name, "sqlite"):
                db.execute(statement)

        steps(name=name)(step)
    try:
        applied = [done.name for done in steps.applied(database)]
        if not migrations.pending(applied, place, existing=existing):
            return
        database.execute("BEGIN IMMEDIATE")
        try:
            steps.apply(database)
            database.execute("COMMIT")
        except BaseException:
            database.rollback()
            raise
    except sqlite3.Error as err:
        raise UnusableError(
            place, f"the tables cannot be made ({err}).", "Restore a backup, or name a fresh folder."
        ) from err
