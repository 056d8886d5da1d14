"""What the desk keeps beside its cards: how long people waited, cases passed on, and thanks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.table import record


@record("stretches", index=(("case_id",), ("kind", "done_at")))
@dataclass(frozen=True, slots=True)
class Stretch:
    """One wait of one case for one thing, from asking to the end; expected waits are read from these.
    *agents* and *before* say how busy the desk was when it began."""

    id: str  # <case id>/<version of its card>
    case_id: str
    kind: str  # as `Card.wants`
    asked_at: datetime
    agents: int
    before: int
    taken_at: datetime | None = None  # an agent's first hand on it
    done_at: datetime | None = None


@record("transfers", key="case_id", index=(("to_oid", "status"),))
@dataclass(frozen=True, slots=True)
class Transfer:
    """A case offered by one agent to another, with a note. It is the other's once accepted, and back in
    the queue after *until*. The row goes when the case leaves the queue, and the note with it."""

    case_id: str
    from_oid: str
    from_name: str
    to_oid: str
    to_name: str
    note: str
    at: datetime
    until: datetime
    status: str  # offered, accepted, declined, lapsed, taken_back
    accepted_at: datetime | None = None


@record("thanks", index=(("oid", "at"), ("case_id",)))
@dataclass(frozen=True, slots=True)
class Thanks:
    """A person's thanks for one case to one agent who helped; there are no words in it."""

    id: str  # <case id>/<oid>
    case_id: str
    number: str
    oid: str
    at: datetime
