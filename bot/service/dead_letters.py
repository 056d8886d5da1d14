"""Dead letters: events whose turn failed and effects that were given up, for the desk to see."""

from __future__ import annotations

from bot.core.records import Case, EventRow, Job
from bot.ports.desk import DeadLetter
from bot.ports.store import Store, UnitOfWork


class DeadLetterBox:
    """Implements `ports.desk.DeadLetters`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def listed(self, limit: int = 50) -> tuple[DeadLetter, ...]:
        def fn(work: UnitOfWork) -> tuple[DeadLetter, ...]:
            events = work.find(EventRow, status="failed", order="-id", limit=limit)
            jobs = work.find(Job, status="dead", order="-seq", limit=limit)
            found = [DeadLetter(e.id, e.kind, _number(work, e.case_id), e.at, e.error) for e in events]
            found += [DeadLetter(j.key, j.kind, _number(work, j.case_id), j.at, j.error) for j in jobs]
            return tuple(sorted(found, key=lambda one: one.at, reverse=True)[:limit])

        return await self._store.read(fn)


def _number(work: UnitOfWork, case_id: str) -> str:
    case = work.get(Case, case_id) if case_id else None
    return case.number if case else ""
