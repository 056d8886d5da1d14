"""The statements that run all day never walk over what is done: SQLite says how it would find the rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from bot.adapters.store import schema
from bot.adapters.store.statements import SQLITE, Book
from bot.core.records import AuditRow, Case, EventRow, Job, Timer
from bot.ports.store import Not, Over

BOOK = Book(SQLITE)
INSERTS = {"bump", "lease", "schedule"}


@pytest.fixture(scope="module")
def tables() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(schema.script("sqlite"))
        yield connection


def scans(tables: sqlite3.Connection, sql: str) -> list[str]:
    """The steps that walk a whole table, rather than an index of the rows still to do."""
    steps = [row[3] for row in tables.execute(f"EXPLAIN QUERY PLAN {sql}", ("x",) * sql.count("?"))]
    return [step for step in steps if step.startswith("SCAN") and "_where" not in step]


def found(kind: type, order: str = "", **where: Any) -> str:
    _, sql = BOOK.of(kind)
    return f"{sql.select}{sql.where(where)[0]}{sql.order(order)} LIMIT 50"


@pytest.mark.parametrize("name", sorted(set(type(BOOK.hot).__slots__) - INSERTS))
def test_a_named_statement_finds_its_rows_by_an_index(tables: sqlite3.Connection, name: str) -> None:
    """The millionth case costs what the first did."""
    assert scans(tables, getattr(BOOK.hot, name)) == []


@pytest.mark.parametrize(
    "sql",
    [
        found(EventRow, "-id", status="failed"),
        found(Job, "-seq", status="dead"),
        found(Job, status="waiting", leased_by="x"),
        found(Timer, "-key", status="dead"),
        found(Timer, "due_at", status="waiting"),
        found(AuditRow, "id", number=None),
        found(AuditRow, "-number", number=Not(None)),
        found(AuditRow, "number", number=Over(5)),
        found(AuditRow, case_id="c", number=Not(None)),
        found(EventRow, id=Over("0")),
        found(Case, number="1"),
        found(Case, place="p", status="open"),
        found(Case, subject_oid="s", status="open"),
    ],
)
def test_what_the_runners_look_for_is_found_by_an_index(tables: sqlite3.Connection, sql: str) -> None:
    """What waits or failed is a handful among millions."""
    assert scans(tables, sql) == []
