"""The stop page: objecting with a notice's code, and taking back what a frozen case has made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import Visitor
from bot.core.records import Session
from bot.ports.sign_in import Redirect


@dataclass(frozen=True, slots=True)
class Stopped:
    """What an objection did. *result*: `frozen` (the case), `counter` (an agent saw the person: security
    looks), `stopped` (what was enrolled no longer counts), `told` (security was told)."""

    result: str
    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AddedSince:
    """A sign-in method that came to the account after the case's first proof, or its pass."""

    type: str
    label: str
    at: datetime | None
    yours: bool | None  # what the person said of it on the case page


@dataclass(frozen=True, slots=True)
class TakebackView:
    """A frozen case as an approver sees it on the stop page. *passes* and *sessions* are `ActResult`
    values of the last try, empty before it. *added* is None when it cannot be read."""

    case_id: str
    number: str
    name: str
    upn: str
    why: str
    asked_at: datetime
    objections: int
    passes: str
    sessions: str
    done: bool
    review: str  # path of the review page
    added: Sequence[AddedSince] | None


class Objections(Protocol):
    async def object(self, number: str, code: str, visitor: Visitor) -> Stopped:
        """Raises Refused(WRONG_CODE) for anything that fits no living notice, whatever is wrong with it,
        and Refused(TOO_MANY) for a network that tried too often. The same code twice is the same
        answer."""
        ...


class Takebacks(Protocol):
    """Calls take the agent's desk session and raise Refused(NOT_AN_AGENT) as the desk does."""

    async def listed(self, agent: Session) -> Sequence[TakebackView]:
        """The open ones, and those of the last day."""
        ...

    async def begin(self, agent: Session, browser: str, case_id: str) -> Redirect:
        """Start the one fresh sign-in. Raises Refused(SELF) for one's own account, and
        Refused(REQUEST_ENDED) when there is nothing left to do."""
        ...
