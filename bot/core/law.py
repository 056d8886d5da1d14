"""What a decision rests on: what the installation laid down, and what was read for this one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.facts import AccountFacts, PassPolicy, Person, Read
from bot.core.humans import Humans
from bot.core.model import Act, ProofKind, Rank
from bot.core.policy import Policy, Row, ThreatMode, row
from bot.core.proofs.door import SET_UP
from bot.core.rank import RankRules
from bot.core.records import Evidence


@dataclass(frozen=True, slots=True)
class Law:
    """What the installation has laid down. *threat* is the mode raised at run time."""

    policy: Policy
    ranks: RankRules
    humans: Humans
    agents: str  # group ids
    security: str = ""
    threat: ThreatMode = ThreatMode.NORMAL
    ways: frozenset[ProofKind] = SET_UP  # the proofs that can be given here

    def row_for(self, acts: Sequence[Act], rank: Rank, subject: AccountFacts) -> Row:
        groups = subject.groups if isinstance(subject.groups, frozenset) else frozenset()
        return row(self.policy, [a.kind for a in acts], rank, groups=groups, threat=self.threat)


@dataclass(frozen=True, slots=True)
class Proof:
    """One pinned proof. *intact*: its MAC fits. *counts*: not voided."""

    row: Evidence
    intact: bool

    @property
    def counts(self) -> bool:
        return self.row.voided_at is None


@dataclass(frozen=True, slots=True)
class Approval:
    """A signature over a draft. Earlier ones of a quorum come from their rows, MAC checked."""

    oid: str
    plan_digest: str
    intact: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """The subject's browser, as the store knows it."""

    status: str  # open, ended, frozen
    thumbprint: str
    expires_at: datetime
    answered_at: datetime | None
    remembered: bool = False
    said_gone: frozenset[str] = frozenset()  # methods ticked as gone, ids
    helper: str = ""  # oid of the helper whose browser it is


@dataclass(frozen=True, slots=True)
class Stand:
    """Who stands in for the subject's browser, read now. *role* is why they may: `manager`, `deputy`,
    `group`, or "" when they may not (any more)."""

    oid: str
    person: Read[Person | None]
    role: Read[str]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What our own rows say, read in the deciding transaction."""

    case_status: str
    request_status: str
    execution_open: bool = False
    used_passes: tuple[datetime, ...] = ()
    day_passes: tuple[datetime, ...] = ()  # made within 30 days
    forgotten_at: datetime | None = None
    own_passes: frozenset[str] = frozenset()
    passes_today: int = 0  # made by this approver
    recovered: Mapping[str, datetime] = field(default_factory=dict)  # approver oid: own recovery
    had_methods: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """The world, read for this decision; *read_at* is when its oldest part was asked for.
    *people* are approvers by oid; *witnesses* are opener, checkers and vouchers by oid."""

    read_at: datetime
    subject: AccountFacts
    people: Mapping[str, AccountFacts]
    witnesses: Mapping[str, Read[Person | None]]
    pass_policy: Read[PassPolicy]
    page: Page
    ledger: Ledger
    opener: str = ""  # oid, where it is known and is not the subject's own
    stand: Stand | None = None
    starter: str = ""  # oid of the agent who opened it for a caller: counts as a checker
