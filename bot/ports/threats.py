"""The threat mode on the desk: one person raises it, two lower it, each by a fresh sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.records import Session
from bot.ports.sign_in import Redirect


@dataclass(frozen=True, slots=True)
class ThreatView:
    """*fixed*: the settings say `elevated`, which nobody lowers here. *broken*: the row was not written by
    us, which counts as elevated. *lowering*: the name of whoever began to lower it, while a second may
    complete it; *mine* when that was this agent."""

    elevated: bool
    fixed: bool
    broken: bool
    by: str
    at: datetime | None
    lowering: str
    lowering_until: datetime | None
    mine: bool


class Threats(Protocol):
    """Calls take the agent's desk session and raise Refused(NOT_AN_AGENT) as the desk does."""

    async def view(self, agent: Session) -> ThreatView: ...

    async def begin(self, agent: Session, browser: str, do: str) -> Redirect:
        """Start the fresh sign-in that will `raise` or `lower` it. Raises Refused(BAD_FORM) for another
        word, Refused(NOT_EXPECTED) where there is nothing to raise or to lower, and Refused(SAME_HUMAN) for
        the second sign-in by whoever began to lower it."""
        ...
