"""One transaction's view of the records: `UnitOfWork` for both databases.

A row that was read here is remembered as it was, so that `put` writes only the columns that changed:
fewer pages on disk, and indices of other columns stay untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from types import CoroutineType
from typing import Any, Protocol, TypeVar

from bot.adapters.store.mapping import Mapped, moment
from bot.adapters.store.statements import Book
from bot.core.audit import ACTS
from bot.core.records import AuditRow, Case, EventRow, Job, Lease, Limit, Line, Timer
from bot.errors import ConflictError

R = TypeVar("R")
T = TypeVar("T")

OUTBOX_TOPIC = "outbox"
TIMERS_TOPIC = "timers"
AUDIT_TOPIC = "audit"
"""An act was audited, which the sequencer seals at once."""


class Rows(Protocol):
    """What a statement answers: both drivers' cursors do."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """One open transaction of a driver."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Run a statement. A broken unique set raises ConflictError."""
        ...

    def guarded(self) -> AbstractContextManager[None]:
        """Around statements that may conflict: the transaction stays usable after ConflictError."""
        ...


def done(fn: Callable[[Unit], T], unit: Unit) -> T:
    """Run *fn*. Refuses a coroutine: an `async def` given to `transact` would commit before it ran. A
    StopIteration becomes a RuntimeError, as in a generator: no future takes one, so whoever asked, and
    everybody in the same commit, would wait for ever."""
    try:
        result = fn(unit)
    except StopIteration as err:
        raise RuntimeError("a unit of work raised StopIteration") from err
    if isinstance(result, CoroutineType):
        result.close()
        raise TypeError("a unit of work is synchronous; the function given was async")
    return result


class Unit:
    """A unit of work on one connection; *touched* gathers what waiters may want to hear about."""

    __slots__ = ("_book", "_connection", "_hot", "_known", "_of", "_writing", "touched")

    def __init__(self, connection: Connection, book: Book, *, writing: bool) -> None:
        self._connection = connection
        self._book = book
        self._of = book.of
        self._hot = book.hot
        self._known: dict[tuple[type, Any], list[Any]] = {}
        self._writing = writing
        self.touched: set[str] = set()

    def end(self) -> None:
        """The transaction is over: nothing may be asked of this unit again."""
        del self._connection

    def _write(self, sql: str, values: Sequence[Any]) -> Rows:
        if not self._writing:
            raise RuntimeError("a read cannot write; use transact")
        return self._connection.run(sql, values)

    def _touch(self, row: object) -> None:
        case_id = row.id if isinstance(row, Case) else getattr(row, "case_id", "")
        if case_id:
            self.touched.add(case_id)

    def _remember(self, mapping: Mapped[R], raw: Sequence[Any]) -> R:
        if self._writing:
            self._known[mapping.kind, raw[mapping.key]] = list(raw)
        return mapping.decode(raw)

    def _forget(self, kind: type) -> None:
        """Rows of *kind* were changed other than through `put`."""
        self._known = {at: raw for at, raw in self._known.items() if at[0] is not kind}

    def _insert(self, row: object) -> bool:
        """Insert, or leave alone and answer False where a key is taken."""
        mapping, sql = self._of(type(row))
        values = mapping.encode(row)
        bound = values if mapping.serial < 0 else [values[n] for n in sql.given]
        if not self._write(sql.insert, bound).rowcount:
            return False
        self._known[mapping.kind, values[mapping.key]] = values
        return True

    # --- rows

    def add(self, row: object) -> None:
        if not self._insert(row):
            raise ConflictError(f"{self._of(type(row))[0].table.name}: a key is taken")
        self._touch(row)

    def put(self, row: object) -> None:
        mapping, sql = self._of(type(row))
        values = mapping.encode(row)
        key = values[mapping.key]
        before = self._known.get((mapping.kind, key))
        if before is None:
            changed = tuple(n for n in sql.given if n != mapping.key)
        else:
            changed = tuple(n for n in sql.given if values[n] != before[n])
        self._known[mapping.kind, key] = values
        if not changed and before is not None:
            if not self._writing:
                raise RuntimeError("a read cannot write; use transact")
            return
        bound = [values[n] for n in changed]
        bound.append(key)
        if mapping.unique.isdisjoint(changed):
            done = self._write(sql.update(changed), bound)
        else:
            try:
                with self._connection.guarded():
                    done = self._write(sql.update(changed), bound)
            except ConflictError:
                self._known.pop((mapping.kind, key), None)
                raise
        if not done.rowcount:
            self._known.pop((mapping.kind, key), None)
            raise ConflictError(f"{mapping.table.name}: no such row")
        self._touch(row)

    def save(self, row: object) -> None:
        mapping, sql = self._of(type(row))
        values = mapping.encode(row)
        self._known.pop((mapping.kind, values[mapping.key]), None)
        bound = [values[n] for n in sql.given]
        if mapping.unique:
            with self._connection.guarded():
                self._write(sql.upsert, bound)
        else:
            self._write(sql.upsert, bound)
        self._touch(row)

    def remove(self, kind: type[R], key: object) -> None:
        mapping, sql = self._of(kind)
        plain = mapping.plain(mapping.key, key)
        self._known.pop((kind, plain), None)
        self._write(sql.delete, (plain,))

    def get(self, kind: type[R], key: object) -> R | None:
        mapping, sql = self._of(kind)
        raw = self._connection.run(sql.get, (mapping.plain(mapping.key, key),)).fetchone()
        return None if raw is None else self._remember(mapping, raw)

    def lock(self, kind: type[R], key: object) -> R | None:
        """As `get` in a read, where nothing can change."""
        mapping, sql = self._of(kind)
        text = sql.lock if self._writing else sql.get
        raw = self._connection.run(text, (mapping.plain(mapping.key, key),)).fetchone()
        return None if raw is None else self._remember(mapping, raw)

    def find(self, kind: type[R], /, *, order: str = "", limit: int = 0, **where: Any) -> list[R]:
        mapping, sql = self._of(kind)
        condition, values = sql.where(where)
        text = f"{sql.select}{condition}{sql.order(order)}"
        if limit:
            text += f" LIMIT {int(limit)}"
        return [self._remember(mapping, raw) for raw in self._connection.run(text, values).fetchall()]

    def first(self, kind: type[R], /, *, order: str = "", **where: Any) -> R | None:
        found = self.find(kind, order=order, limit=1, **where)
        return found[0] if found else None

    def count(self, kind: type[R], /, **where: Any) -> int:
        _, sql = self._of(kind)
        condition, values = sql.where(where)
        return int(self._connection.run(f"{sql.count}{condition}", values).fetchone()[0])

    # --- the hot path of a turn

    def reply_to(self, dedupe_key: str) -> dict[str, Any] | None:
        raw = self._connection.run(self._hot.reply_to, (dedupe_key,)).fetchone()
        if raw is None:
            return None
        reply: dict[str, Any] = self._of(EventRow)[0].value("reply", raw[0])
        return reply

    def case(self, case_id: str) -> Case | None:
        return self.lock(Case, case_id)

    def audit(self, row: AuditRow) -> None:
        self.add(row)
        if row.tag in ACTS:
            self.touched.add(AUDIT_TOPIC)

    def enqueue(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if self._insert(job) and job.coalesce:
                self._forget(Job)
                self._write(self._hot.coalesce, (job.coalesce, job.key))
        if jobs:
            self.touched.add(OUTBOX_TOPIC)

    def schedule(self, timer: Timer) -> None:
        values = self._book.timers.encode(timer)
        self._known.pop((Timer, timer.key), None)
        self._write(self._hot.schedule, values)
        self.touched.add(TIMERS_TOPIC)

    def cancel_timers(self, group: str) -> None:
        self._forget(Timer)
        self._write(self._hot.cancel_timers, (group,))

    def append_line(
        self,
        *,
        place: str,
        effect_key: str,
        author: str,
        message: dict[str, Any],
        at: datetime,
        case_id: str = "",
    ) -> int:
        newest = self._connection.run(self._hot.next_line, (place,)).fetchone()[0]
        line = Line(effect_key, place, (newest or 0) + 1, at, author, message, case_id)
        if not self._insert(line):
            return int(self._connection.run(self._hot.line_seq, (effect_key,)).fetchone()[0])
        self.touched.add(place)
        return line.seq

    def bump(self, limit_id: str, *, until: datetime, by: int = 1) -> int:
        self._known.pop((Limit, limit_id), None)
        return int(self._write(self._hot.bump, (limit_id, by, moment(until))).fetchone()[0])

    def lease(self, name: str, holder: str, *, now: datetime, span: timedelta) -> bool:
        self._known.pop((Lease, name), None)
        bound = (name, holder, moment(now + span), moment(now))
        return bool(self._write(self._hot.lease, bound).rowcount)

    # --- for the store itself

    def take_jobs(self, holder: str, *, now: datetime, span: timedelta, limit: int) -> list[Job]:
        """Lease the heads of lanes; an attempt is counted before it is made, so that a job which
        kills its worker is given up in the end."""
        bound = (moment(now), moment(now), limit)
        heads = [
            self._book.jobs.decode(raw) for raw in self._connection.run(self._hot.heads, bound).fetchall()
        ]
        until = now + span
        for job in heads:
            self._write(self._hot.take, (moment(until), holder, job.key))
        return [
            replace(job, leased_until=until, leased_by=holder, attempts=job.attempts + 1) for job in heads
        ]

    def due_timers(self, *, now: datetime, limit: int) -> list[Timer]:
        bound = (moment(now), limit)
        return [
            self._book.timers.decode(raw) for raw in self._connection.run(self._hot.due, bound).fetchall()
        ]
