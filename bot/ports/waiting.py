"""How long people wait for the desk, as far as it is known, and where in the queue a case stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one case stands. It keeps its place while its page or chat is closed."""

    kind: str  # what it waits for: live_check, approval, person
    since: datetime
    before: int  # cases that asked earlier and that nobody has taken yet
    agents: int  # on duty
    reading: str = ""  # first name of the agent who has it
    minutes: int | None = None  # from now on, usually; None: nothing precise is known
    opens_at: datetime | None = None  # when the desk opens next; None while somebody is there
    opens_day: str = ""  # today, tomorrow, mon … sun
    opens_time: str = ""  # on the desk's own clock


class Waits(Protocol):
    async def expected(self, queue: str, at: datetime) -> int | None:
        """Minutes that somebody who asks for *queue* (`live_check`, `approval`, `person`) now usually
        waits to the end; None when too little is known, or nobody is on duty."""
        ...

    async def opens_at(self, at: datetime) -> datetime | None:
        """When the desk opens next; None while somebody is on duty or the service hours hold, and where
        no hours are set."""
        ...

    def standing(self, work: UnitOfWork, case_id: str, at: datetime) -> Standing | None:
        """Where a case stands that waits for the desk, inside a transaction; None when it does not."""
        ...
