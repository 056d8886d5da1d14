"""The desk: what agents see of the cases that want a human, and what they may do about it.

Everything here is reading, taking turns and answering a talk. Approving and checking are on the
review page, and take a fresh sign-in each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.records import Session
from bot.ports.sign_in import Redirect

TOPIC = "desk"
"""What `Store.changed` is asked about by whoever shows the queue."""


@dataclass(frozen=True, slots=True)
class ProofSeen:
    """One evidence of a case that still counts. *how* is "" where there is one way only."""

    kind: str
    how: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CardView:
    """One case as agents see it. Empty strings mean "not known"; *name* and *site* are labels
    from the directory, read now."""

    case_id: str
    number: str
    wants: str  # live_check, approval, person
    asked_at: datetime
    locale: str
    review: str  # path of the review page
    name: str = ""
    site: str = ""
    rank: str = ""
    acts: tuple[str, ...] = ()
    passed: tuple[ProofSeen, ...] = ()
    missing: tuple[str, ...] = ()  # `live_check`, `live_check:counter`
    claimed: bool = False  # some browser opened the page
    present: bool = False  # and it is there now
    deadline: datetime | None = None
    taken_by: str = ""
    taken_name: str = ""
    taken_until: datetime | None = None
    escalated: bool = False
    frozen: bool = False
    queue: str = ""  # of a handoff that waits for an answer: desk, security
    words_waiting: int = 0  # lines of the person since an agent last wrote
    done: bool = False
    ticket: str = ""  # of another system, as people there say it
    subject_oid: str = ""
    checkers: tuple[str, ...] = ()  # who made a live check of it: they do not approve it
    offered_to: str = ""  # a colleague who has not yet accepted it
    offered_name: str = ""
    offered_until: datetime | None = None
    offered_by: str = ""  # who passed it on, also after it was accepted
    offered_by_name: str = ""
    note: str = ""  # theirs; for the two of them


@dataclass(frozen=True, slots=True)
class WithdrawalView:
    """A pass, or an outcome nobody knows, which one fresh sign-in of an agent reconciles."""

    id: str
    number: str
    name: str
    why: str  # unclaimed, crashed, objection
    asked_at: datetime
    review: str = ""  # path of the review page


@dataclass(frozen=True, slots=True)
class VoidView:
    """A request whose outcome nobody knows; what may have been done was undone."""

    number: str
    name: str
    at: datetime
    review: str
    acts: tuple[tuple[str, str, str], ...]  # (kind, label, result)
    next: str  # what is to be done: withdraw, again (an approval waits), ask, over (the case ended)


@dataclass(frozen=True, slots=True)
class ThanksView:
    """Somebody whom this agent helped said thanks."""

    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something the machine gave up on; ids and classes only."""

    key: str  # event/<id>, effect/<key> or timer/<key>
    kind: str
    number: str
    at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent on duty."""

    oid: str
    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Board:
    """All of the desk at one time. *mark* changes when anything on it does."""

    at: datetime
    mark: str
    cards: tuple[CardView, ...]
    withdrawals: tuple[WithdrawalView, ...]
    dead: tuple[DeadLetter, ...]
    on_duty: tuple[Agent, ...]
    my_shift: bool
    voids: tuple[VoidView, ...] = ()
    thanks: tuple[ThanksView, ...] = ()  # to this agent, of the last seven days, newest first
    elevated: bool = False  # the threat mode


class Desk(Protocol):
    """Calls take the caller's desk session. They raise Refused(NOT_AN_AGENT) when its owner is no
    member of the agents' group any more, or when that cannot be read."""

    async def sign_in(self, browser: str, *, review: str = "", back: str = "") -> Redirect:
        """Start a sign-in for a desk session in the browser with that hash. *review* is the handle of
        the review page it began on, and leads back there; so does *back*, a path of the desk."""
        ...

    async def board(self, agent: Session) -> Board: ...

    async def mark(self) -> str:
        """The mark of the board, cheaply; for polling."""
        ...

    async def take(self, agent: Session, case_id: str) -> None:
        """Also accepts what a colleague offered. Raises Refused(DECIDED_ALREADY) while another agent has
        it, or was offered it."""
        ...

    async def next(self, agent: Session) -> CardView | None:
        """Take the most urgent case that is free and that this agent could go on with, what a colleague
        offered first; None when there is none."""
        ...

    async def release(self, agent: Session, case_id: str) -> None:
        """Give it back, or decline what was offered; nothing happens when it is not this agent's."""
        ...

    async def offer(self, agent: Session, case_id: str, to_oid: str, note: str) -> None:
        """Pass a case on to a colleague, who has five minutes to accept it. Raises Refused(OFF_DUTY) for
        somebody who is not on duty, Refused(DECIDED_ALREADY) while another agent has it."""
        ...

    async def start_shift(self, agent: Session) -> None: ...

    async def end_shift(self, agent: Session) -> None:
        """Ends the shift, and gives back everything taken."""
        ...

    async def answer(self, agent: Session, case_id: str, outcome: str) -> None:
        """How a talk ended: `closed` (helped) or `back` (to the bot). Raises Refused(NOT_EXPECTED)
        when the case waits for no person."""
        ...

    async def withdraw(self, agent: Session, browser: str, withdrawal_id: str) -> Redirect:
        """Start the fresh sign-in that withdraws a pass."""
        ...

    async def retry(self, agent: Session, letter: str) -> None:
        """Try a dead letter again; one that is off the list already is left alone. Raises
        Refused(STILL_FAILING) when it failed again."""
        ...

    async def dismiss(self, agent: Session, letter: str) -> None:
        """Take a dead letter off the list for good."""
        ...


class DeadLetters(Protocol):
    async def listed(self, limit: int = 50) -> tuple[DeadLetter, ...]:
        """Newest first."""
        ...

    async def retry(self, key: str, *, by: str) -> bool:
        """Try it again for the agent with that oid. False when it is no dead letter any more, or when
        it failed again."""
        ...

    async def dismiss(self, key: str, *, by: str) -> bool:
        """Take it off the list for good. False when it is no dead letter any more."""
        ...
