"""The store: `transact` and `read`, and what may be done inside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from bot.core.records import AuditRow, Case, Job, Timer

R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Over:
    """In a `find`: the column is greater than *value*."""

    value: Any


@dataclass(frozen=True, slots=True)
class Under:
    """In a `find`: the column is less than or equal to *value*."""

    value: Any


@dataclass(frozen=True, slots=True)
class Among:
    """In a `find`: the column is one of *values*."""

    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Not:
    """In a `find`: the column differs from *value* (None: is not null)."""

    value: Any


class UnitOfWork(Protocol):
    """One transaction's view. Everything is synchronous and only touches the database.

    Rows are the dataclasses of `bot.core.records`.
    """

    def add(self, row: object) -> None:
        """Insert. Raises ConflictError when a key or a unique set is taken."""

    def put(self, row: object) -> None:
        """Replace the row with the same key. Raises ConflictError when there is none."""

    def save(self, row: object) -> None:
        """Insert, or replace the row with the same key."""

    def remove(self, kind: type[R], key: object) -> None:
        """Delete; nothing happens when there is none."""

    def get(self, kind: type[R], key: object) -> R | None:
        """The row with that key."""

    def lock(self, kind: type[R], key: object) -> R | None:
        """As `get`, locked until the transaction ends."""

    def find(self, kind: type[R], /, *, order: str = "", limit: int = 0, **where: Any) -> list[R]:
        """Rows whose columns equal *where* (or fit `Over`, `Under`, `Among`, `Not`; None is null).
        *order* is a column, with a leading `-` for descending."""

    def first(self, kind: type[R], /, *, order: str = "", **where: Any) -> R | None:
        """The first of `find`."""

    def count(self, kind: type[R], /, **where: Any) -> int:
        """How many rows fit."""

    # The hot path of a turn, by name
    def reply_to(self, dedupe_key: str) -> dict[str, Any] | None:
        """The stored reply of an event seen before, else None."""

    def case(self, case_id: str) -> Case | None:
        """The case, locked until the transaction ends."""

    def audit(self, row: AuditRow) -> None:
        """Append an unsequenced audit row."""

    def enqueue(self, jobs: Sequence[Job]) -> None:
        """Append to the outbox; a key already there is left alone. Waiting jobs with the same
        non-empty *coalesce* become `skipped`."""

    def schedule(self, timer: Timer) -> None:
        """Set or move a timer; a fired or cancelled key stays so."""

    def cancel_timers(self, group: str) -> None:
        """Cancel all waiting timers of *group*."""

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
        """Add a transcript line and return its seq; an effect key already there returns its seq."""

    def bump(self, limit_id: str, *, until: datetime, by: int = 1) -> int:
        """Add to a counter and return the new count."""

    def lease(self, name: str, holder: str, *, now: datetime, span: timedelta) -> bool:
        """Take or renew a lease; False while another holder has it."""


class Store(Protocol):
    """Durable state. `transact` answers only after the commit is on disk."""

    async def transact(self, fn: Callable[[UnitOfWork], T]) -> T:
        """Run *fn* in one transaction. *fn* is synchronous, does no I/O and may run again after a
        ConflictError of the database's own (serialisation, deadlock); an exception it raises rolls
        back what it did, and reaches the caller."""
        ...

    async def read(self, fn: Callable[[UnitOfWork], T]) -> T:
        """Run *fn* on one consistent snapshot; writing raises."""
        ...

    async def glance(self, fn: Callable[[UnitOfWork], T]) -> T:
        """As `read`, for a row or two by their keys: those that come at the same moment may share one
        trip to the database and its snapshot, so a slow one would keep the others waiting."""
        ...

    async def take_jobs(self, holder: str, *, now: datetime, span: timedelta, limit: int) -> list[Job]:
        """Lease the heads of lanes that are due and not leased."""
        ...

    async def due_timers(self, *, now: datetime, limit: int) -> list[Timer]:
        """Waiting timers that are due, earliest first."""
        ...

    async def changed(self, topic: str, *, after: int, timeout: float) -> int:
        """Wait until something about *topic* (a place key, a case id) may have changed; a hint, on
        any replica; returns a counter to pass as *after*."""
        ...

    def notify(self, topic: str) -> None:
        """Wake `changed` waiters of this process at once; other replicas see it by polling."""
        ...

    async def close(self) -> None: ...
