"""What `/metrics` tells: how much waits, and since when. Counts only, never whose."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.core.records import (
    AuditRow,
    Card,
    Case,
    Execution,
    Handover,
    Job,
    Request,
    Timer,
    Withdrawal,
)
from bot.ports.clock import Clock
from bot.ports.store import Store, Under, UnitOfWork
from bot.service.dead_letters import DEAD


def figures_of(store: Store, clock: Clock) -> Callable[[], Awaitable[dict[str, float]]]:
    """A function that reads them all from one snapshot; each is an indexed count of what is open."""

    async def figures() -> dict[str, float]:
        at = clock.now()
        return await store.read(lambda work: counted(work, at))

    return figures


def counted(work: UnitOfWork, at: datetime) -> dict[str, float]:
    oldest = work.first(Job, order="seq", status="waiting")
    return {
        "cases_open": work.count(Case, status="open"),
        "outbox_waiting": work.count(Job, status="waiting"),
        "outbox_oldest_seconds": max((at - oldest.at).total_seconds(), 0.0) if oldest else 0.0,
        "timers_overdue": work.count(Timer, status="waiting", due_at=Under(at)),
        "dead_letters": sum(work.count(row, status=status) for row, status in DEAD),
        "audit_unnumbered": work.count(AuditRow, number=None),
        "cards_open": work.count(Card, status="open"),
        "requests_open": work.count(Request, status="open"),
        "executions_open": work.count(Execution, status="open"),
        "passes_unclaimed": work.count(Handover, status="waiting"),
        "withdrawals_open": work.count(Withdrawal, status="open"),
    }
