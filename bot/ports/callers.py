"""What an agent does for somebody on the telephone: find their case by its number, or open one.

Neither gives anything to the voice: a case opened here waits at the front door for whoever has the work
address, and proves as much as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.records import Session
from bot.ports.helpers import HelperNamed


@dataclass(frozen=True, slots=True)
class CaseFound:
    """A case as the desk finds it by number. *review* is the path of its review page, empty until a card
    was made; *waits* says that nobody came to it yet."""

    case_id: str
    number: str
    flow: str  # its title, in the agent's language
    status: str  # open, with_person, frozen, ended
    opened_at: datetime
    channel: str
    claimed: bool
    present: bool
    waits: bool
    review: str = ""
    ticket: str = ""
    helper: HelperNamed | None = None  # the newest


@dataclass(frozen=True, slots=True)
class CaseOpened:
    number: str
    locale: str  # the caller's, for the words to say
    ticket: str = ""


class Callers(Protocol):
    """Calls take the agent's desk session. Raise Refused(NOT_AN_AGENT) for anybody else."""

    def flows(self, locale: str) -> Sequence[tuple[str, str]]:
        """What a case can be opened about: (flow, title)."""
        ...

    async def find(self, agent: Session, number: str, locale: str) -> CaseFound:
        """Raises Refused(UNKNOWN_CASE)."""
        ...

    async def meet(self, agent: Session, number: str, how: str = "call_back") -> str:
        """Put the case before the agents as one that wants a live check, which the agent may then do
        first: the path of its review page. Raises Refused: UNKNOWN_CASE, CASE_ENDED, CASE_FROZEN,
        PAGE_ABSENT while no page of it is connected, PROOF_CLOSED while it collects no proof."""
        ...

    async def open(self, agent: Session, *, address: str, flow: str, ticket: str, once: str) -> CaseOpened:
        """Open a case for a caller. *once* makes a form sent twice one case. Raises Refused:
        UNKNOWN_PERSON, SELF for the agent's own address, BAD_FORM."""
        ...
