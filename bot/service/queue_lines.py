"""What the person reads in the chat about the queue: a place in it, who reads their case, how long it
usually takes.

Lines are jobs made inside the transaction of what they tell, under keys for life: one for each wait,
and one for each agent who takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.core.effects import HandOff, OpenRequest, Tell
from bot.core.events import Answered, Event
from bot.core.model import ActKind
from bot.core.queue import first_name
from bot.core.records import Card, Case, Request
from bot.ports.store import UnitOfWork
from bot.ports.waiting import Standing, Waits
from bot.service import stretches
from bot.service.turns import say_job

TOLD = frozenset({"approval", "person"})
"""What is waited for in the chat. A live check is waited for on the case page, which says the same."""


class QueueLines:
    def __init__(self, waits: Waits) -> None:
        self._waits = waits

    def queued(
        self, work: UnitOfWork, case: Case, effect: HandOff | OpenRequest, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `HandOff` and `OpenRequest`, after what puts the card up: where the case stands now."""
        stretch = stretches.current(work, case.id)
        standing = self._waits.standing(work, case.id, event.at)
        if stretch is not None and standing is not None and stretch.kind in TOLD:
            if standing.reading:
                self._tell(work, case, "reading", standing, f"reading/{stretch.id}", event.at)
            else:
                self._tell(work, case, "queued", standing, f"queued/{stretch.id}", event.at)
        return ()

    def reading(self, work: UnitOfWork, card: Card, at: datetime) -> None:
        """An agent has taken the case. The same agent is said once for each wait."""
        stretch = stretches.current(work, card.case_id)
        case = work.get(Case, card.case_id)
        standing = self._waits.standing(work, card.case_id, at)
        if case is None or stretch is None or standing is None or case.status in ("ended", "frozen"):
            return
        if stretch.kind in TOLD and first_name(card.taken_name):
            key = f"reading/{stretch.id}/{card.taken_by}"
            self._tell(work, case, "reading", standing, key, at)

    def _tell(
        self, work: UnitOfWork, case: Case, what: str, standing: Standing, key: str, at: datetime
    ) -> None:
        values: dict[str, Any] = {
            "page": _page_needed(work, case), "before": standing.before, "minutes": standing.minutes or 0,
            "name": standing.reading, "opens_day": standing.opens_day, "opens_time": standing.opens_time,
        }  # fmt: skip
        work.enqueue([say_job(case, Tell(what, values), key, at)])


def _page_needed(work: UnitOfWork, case: Case) -> bool:
    """Whether a pass is asked for: it can only be made while the case page answers."""
    request = work.first(Request, case_id=case.id, status="open")
    return request is not None and any(act["kind"] == ActKind.ISSUE_PASS for act in request.acts)
