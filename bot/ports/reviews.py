"""The review page: what an agent reads before deciding, and what may be done there.

All calls take the page's *handle* and the agent's desk session; they raise Refused(UNKNOWN_CASE) for
a handle that names nothing and Refused(NOT_AN_AGENT) for somebody who is no agent (any more).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.core.model import ActKind
from bot.core.proofs.live_check import NumberOnRecord
from bot.core.records import Session
from bot.ports.helpers import HelperNamed
from bot.ports.sign_in import Redirect


class Why(StrEnum):
    """Why an agent approves or denies; a closed list, and `other` asks for words."""

    NEW_DEVICE = "new_device"
    LOST_DEVICE = "lost_device"
    BROKEN_DEVICE = "broken_device"
    DEVICE_AWAY = "device_away"
    LOCKED_OUT = "locked_out"
    NEW_STARTER = "new_starter"
    NOT_CONVINCED = "not_convinced"
    NOT_NEEDED = "not_needed"
    OTHER = "other"


APPROVE_FOR = (
    Why.NEW_DEVICE,
    Why.LOST_DEVICE,
    Why.BROKEN_DEVICE,
    Why.DEVICE_AWAY,
    Why.LOCKED_OUT,
    Why.NEW_STARTER,
    Why.OTHER,
)
DENY_FOR = (Why.NOT_CONVINCED, Why.NOT_NEEDED, Why.OTHER)


@dataclass(frozen=True, slots=True)
class ActView:
    """One act of the plan. *result* is "" until there is one."""

    kind: str
    label: str = ""
    minutes: int = 0
    once: bool = True
    result: str = ""
    shape: str = ""


@dataclass(frozen=True, slots=True)
class ProofView:
    """One proof passed. *by* is the checker's or voucher's name; *intact* False is shown in red; *mask*:
    the address a code went to, and *read_on* where the person said they read it (`issued_code.ReadOn`)."""

    kind: str
    how: str
    at: datetime
    by: str = ""
    intact: bool = True
    mask: str = ""
    read_on: str = ""
    counter: str = ""  # name of the counter where they stood
    paper: str = ""  # badge or id, as the agent saw it


@dataclass(frozen=True, slots=True)
class SubjectView:
    """The account as read now. Text is the directory's; every field is a label and decides nothing."""

    oid: str
    name: str
    upn: str
    department: str
    job_title: str
    office: str
    enabled: bool
    guest: bool
    rank: str
    rank_why: tuple[str, ...]
    hired_at: datetime | None
    photo_since: datetime | None = None
    numbers: tuple[NumberOnRecord, ...] = ()
    methods: tuple[tuple[str, str, datetime | None, bool], ...] = ()  # type, label, since, ticked as gone
    methods_readable: bool = True


@dataclass(frozen=True, slots=True)
class PageSeen:
    """The person's browser as the server sees it. Withheld while a live check has not been told what
    the person says it is."""

    network: str
    country: str
    usual: tuple[str, ...] | None  # countries of recent sign-ins; None when they cannot be read
    device: str
    claimed_at: datetime
    shared: bool
    in_use: bool
    moved_from: str = ""  # the device that had the case before, where it was moved by QR code


@dataclass(frozen=True, slots=True)
class RequestView:
    """An open request."""

    id: str
    acts: tuple[ActView, ...]
    asked_at: datetime
    expires_at: datetime
    needed: int
    given: int
    status: str

    @property
    def needs_page(self) -> bool:
        """A pass is only made for a page that is there; nothing else waits for it."""
        return any(act.kind == ActKind.ISSUE_PASS for act in self.acts)

    @property
    def takes_away(self) -> bool:
        """Whether what the person ticked is taken off the account."""
        return any(act.kind == ActKind.REMOVE_METHOD for act in self.acts)


@dataclass(frozen=True, slots=True)
class LivePassView:
    """A pass the account has now that this case did not make: replace it?"""

    id: str
    created_at: datetime | None
    minutes: int


@dataclass(frozen=True, slots=True)
class ReviewView:
    """Everything on the page. *faults* are the reasons why this agent could not approve right now,
    read as the decision itself would read them; *pass_policy* is "", `off`, `out_of_scope` or
    `unreadable`."""

    at: datetime
    mark: str
    case_id: str
    number: str
    handle: str
    locale: str
    status: str
    opened_at: datetime
    identified_by: str
    subject: SubjectView | None
    page: PageSeen | None
    page_hidden: bool
    present: bool
    evidence: tuple[ProofView, ...]
    missing: tuple[str, ...]
    recent: tuple[tuple[datetime, str, str], ...]  # opened, flow, outcome: other cases in 30 days
    request: RequestView | None
    last_outcome: str
    faults: tuple[str, ...]
    pass_policy: str
    live_pass: LivePassView | None
    why: str
    taken_by: str
    taken_name: str
    helper: HelperNamed | None = None  # who was named to stand in for the person's browser
    opened_by: str = ""  # name of who opened the case for them, "" for themselves
    ticket: str = ""  # of another system


@dataclass(frozen=True, slots=True)
class Pulse:
    """What changes by itself, from rows alone."""

    mark: str
    present: bool
    answered_at: datetime | None
    status: str  # of the case
    request: str  # status of the newest request, "" for none
    check: str  # status of the newest live check, "" for none
    taken_name: str
    given: int = 0


@dataclass(frozen=True, slots=True)
class Signable:
    """A draft, stored: what the agent is about to sign, and the way to the sign-in."""

    number: str
    name: str
    upn: str
    rank: str
    acts: tuple[ActView, ...]
    evidence: tuple[ProofView, ...]
    why: str
    note: str
    policy_version: str
    digest: str
    replaces: bool
    redirect: Redirect = field(repr=False)
    helper: str = ""  # name of who stands in for the person's browser


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """What became of one signature."""

    number: str
    status: str  # working, refused, counted, executing, closed, interrupted
    reasons: tuple[str, ...]
    missing: int
    outcome: str
    acts: tuple[ActView, ...]
    at: datetime
    open: bool  # the request still waits for a decision


class Reviews(Protocol):
    async def case_of(self, handle: str, agent: Session) -> str:
        """The case's id."""
        ...

    async def view(self, handle: str, agent: Session) -> ReviewView: ...

    async def pulse(self, handle: str) -> Pulse:
        """Cheap, for polling; asks Graph nothing."""
        ...

    async def photo(self, handle: str, agent: Session) -> tuple[str, bytes] | None: ...

    async def deny(self, handle: str, agent: Session, *, why: str, note: str) -> None:
        """One POST. Raises Refused(REQUEST_ENDED) when there is nothing to deny (any more)."""
        ...

    async def suspicious(self, handle: str, agent: Session, *, note: str) -> None:
        """Freezes this case only, voids what passed in the attempt, pages security."""
        ...

    async def ask_more(self, handle: str, agent: Session) -> None:
        """Ask the person, in their own chat, to get in touch with the desk."""
        ...

    async def draft(
        self, handle: str, agent: Session, browser: str, *, why: str, note: str, replaces: str
    ) -> Signable | tuple[str, ...]:
        """Store what this agent is about to sign and begin the sign-in; or every reason why not."""
        ...

    async def outcome(self, handle: str, agent: Session, signing_id: str) -> OutcomeView: ...
