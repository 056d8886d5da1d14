"""What happened around an account in the last days, for agents who have a case of it before them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.records import Session


@dataclass(frozen=True, slots=True)
class PastCase:
    """One case of an account, in ids and closed words; *helped* are names read now."""

    number: str
    opened_at: datetime
    ended_at: datetime | None
    flow: str
    status: str
    outcome: str
    here: bool  # the case that was asked from
    evidence: tuple[tuple[str, str, bool], ...] = ()  # (kind, how, whether it still counts)
    acts: tuple[tuple[str, str], ...] = ()  # (kind, result)
    requests: tuple[str, ...] = ()  # outcomes, oldest first
    helped: tuple[str, ...] = ()
    objections: tuple[datetime, ...] = ()
    review: str = ""  # path of its review page, where it has one


@dataclass(frozen=True, slots=True)
class History:
    """Cases of the last thirty days, newest first. *number* is the case that was asked from; *known* is
    whether it has an account."""

    number: str
    name: str
    known: bool
    review: str
    cases: tuple[PastCase, ...]


class Histories(Protocol):
    async def of_case(self, case_id: str, agent: Session) -> History:
        """The history of the account of a case that stands, or stood, before the agents; there is no
        asking by name. Each look is audited. Raises Refused(NOT_AN_AGENT), Refused(UNKNOWN_CASE)."""
        ...
