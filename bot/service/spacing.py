"""How lately an account got what may only be had now and then: day passes, and being forgotten.

Rows of `Limit`, written in the transaction of the result and read in the deciding one. They outlive
the longest span the policy may set by far, so that a stretched span is never shorter than written.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.records import Limit
from bot.ports.store import Over, UnitOfWork

MONTH = timedelta(days=30)
_KEPT = timedelta(days=400)


def note_day_pass(work: UnitOfWork, oid: str, at: datetime) -> None:
    work.save(Limit(f"day/{oid}/{at.isoformat()}", 1, at + _KEPT))


def day_passes(work: UnitOfWork, oid: str, at: datetime) -> tuple[datetime, ...]:
    """When day passes were made for this account, within 30 days."""
    prefix = f"day/{oid}/"
    rows = work.find(Limit, id=Over(f"{prefix}{(at - MONTH).isoformat()}"), order="id", limit=50)
    times = (datetime.fromisoformat(r.id.removeprefix(prefix)) for r in rows if r.id.startswith(prefix))
    return tuple(t for t in times if at - t < MONTH)


def note_forgotten(work: UnitOfWork, oid: str, at: datetime) -> None:
    """The newest time counts."""
    work.save(Limit(f"forgot/{oid}", 1, at + _KEPT))


def forgotten_at(work: UnitOfWork, oid: str) -> datetime | None:
    found = work.get(Limit, f"forgot/{oid}")
    return found.until - _KEPT if found else None
