"""The sandbox's own SQLite file: it outlives a killed product, and its ledger judges.

Statements run on the event loop: they take microseconds, and one connection without awaits in
between is what makes every request here atomic.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

SCHEMA = """
CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, oid TEXT UNIQUE NOT NULL, doc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS methods (
  id TEXT NOT NULL, person TEXT NOT NULL, type TEXT NOT NULL, doc TEXT NOT NULL, created_at TEXT NOT NULL,
  visible_at TEXT NOT NULL, gone_at TEXT, in_hand INTEGER NOT NULL, is_default INTEGER NOT NULL,
  PRIMARY KEY (person, type, id));
CREATE TABLE IF NOT EXISTS passes (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, salt BLOB NOT NULL, hash BLOB NOT NULL, created_at TEXT NOT NULL,
  starts_at TEXT NOT NULL, minutes INTEGER NOT NULL, once INTEGER NOT NULL, used_at TEXT,
  visible_at TEXT NOT NULL, gone_at TEXT);
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, app TEXT NOT NULL, device TEXT NOT NULL, how TEXT NOT NULL,
  at TEXT NOT NULL, ended_at TEXT);
CREATE TABLE IF NOT EXISTS sign_ins (
  id TEXT PRIMARY KEY, person TEXT NOT NULL, at TEXT NOT NULL, app TEXT NOT NULL, error INTEGER NOT NULL,
  how TEXT NOT NULL, country TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audits (
  id TEXT PRIMARY KEY, at TEXT NOT NULL, activity TEXT NOT NULL, reason TEXT NOT NULL, person TEXT NOT NULL,
  actor TEXT NOT NULL, app TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mail (
  key TEXT PRIMARY KEY, person TEXT NOT NULL, address TEXT NOT NULL, at TEXT NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sheets (person TEXT PRIMARY KEY, at TEXT NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS grants (
  hash TEXT PRIMARY KEY, doc TEXT NOT NULL, until TEXT NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS signing_keys (kid TEXT PRIMARY KEY, sealed BLOB NOT NULL, made_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ledger (
  n INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
  status INTEGER NOT NULL DEFAULT 0, app TEXT NOT NULL DEFAULT '', actor TEXT NOT NULL DEFAULT '',
  fault TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS methods_person ON methods (person);
CREATE INDEX IF NOT EXISTS sign_ins_person ON sign_ins (person, at);
"""


class Storage:
    """Rows in, rows out. *seal_key* closes texts a search of the data folder must not find:
    a hit for a code or a pass there is then the product's own slip."""

    def __init__(self, path: Path | None, seal_key: bytes) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA busy_timeout=5000")
        self._db.executescript(SCHEMA)
        self._seal = Fernet(seal_key)

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    def run(self, sql: str, *values: Any) -> int:
        """Execute and return how many rows changed."""
        return self._db.execute(sql, values).rowcount

    def add(self, sql: str, *values: Any) -> int:
        """Insert and return the row's number."""
        return self._db.execute(sql, values).lastrowid or 0

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Many statements as one: all of them, or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def seal(self, text: str) -> bytes:
        return self._seal.encrypt(text.encode())

    def unseal(self, sealed: bytes) -> str:
        return self._seal.decrypt(sealed).decode()

    def close(self) -> None:
        self._db.close()


def stamp(at: datetime) -> str:
    """The sortable text of a moment, as Graph writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
