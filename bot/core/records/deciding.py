"""Cards, requests, reviews, executions with their intents, sealed passes, withdrawals, additions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.core.records.table import JsonList, JsonMap, record


@record("cards", key="case_id", index=(("status", "asked_at"), ("handle_hash",)))
@dataclass(frozen=True, slots=True)
class Card:
    """A case as agents see it, from the moment a live check, a request or a person is asked for."""

    case_id: str
    handle_hash: str  # of the review page's handle
    asked_at: datetime
    status: str  # open, done
    wants: str  # live_check, approval, person
    taken_by: str = ""
    taken_name: str = ""
    taken_at: datetime | None = None
    touched_at: datetime | None = None
    escalated_at: datetime | None = None
    version: int = 0


@record("card_posts", key="id", index=(("case_id",),))
@dataclass(frozen=True, slots=True)
class CardPost:
    """A card as a message in one agents' channel; *id* is ``<case id>/<place>``. *ref* is empty while the
    channel refuses it."""

    id: str
    case_id: str
    place: str
    ref: str
    at: datetime
    told: JsonList = field(default_factory=list)  # ids of the audit rows that are lines in its thread


@record(
    "requests",
    index=(("case_id", "status"), ("subject_oid", "status"), ("status", "expires_at")),
)
@dataclass(frozen=True, slots=True)
class Request:
    """Asking approvers for a plan; pins the evidence, rank, policy version and page key."""

    id: str
    case_id: str
    attempt_id: str
    subject_oid: str
    step: str
    state_version: int  # of the flow step that waits for the answer
    acts: JsonList  # [{"kind","method_id","method_type","label","shape","minutes","once"}]
    rank: str
    policy_version: str
    evidence_ids: JsonList
    thumbprint: str
    approvals: int  # needed
    asked_at: datetime
    expires_at: datetime
    status: str  # open, executing, ended
    outcome: str = ""  # RequestOutcome
    ended_at: datetime | None = None
    refusal: str = ""  # Reason
    ends_pinned_at: datetime | None = None
    first_asked_at: datetime | None = None  # of the request this one asks again
    helper_oid: str = ""  # who stands in for the subject's browser


@record("reviews", unique=(("request_id", "human"),), index=(("request_id",),))
@dataclass(frozen=True, slots=True)
class Review:
    """One approver's decision."""

    id: str
    request_id: str
    approver_oid: str
    human: str
    decision: str  # approve, deny, suspicious
    reason: str
    signing_id: str
    at: datetime
    mac: str
    plan_digest: str = ""  # what all approvers of a quorum sign alike
    note: str = ""


@record("decisions", index=(("request_id",), ("status",)))
@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one signature: the page the approver comes back to. *id* is the signing's."""

    id: str
    case_id: str
    request_id: str
    approver_oid: str
    at: datetime
    status: str  # working, refused, counted, executing, closed, interrupted
    execution_id: str = ""
    reasons: JsonList = field(default_factory=list)
    missing: int = 0
    outcome: str = ""
    ended_at: datetime | None = None


@record(
    "executions",
    index=(("request_id",), ("subject_oid", "status")),
    unique_where=((("subject_oid",), "status = 'open'"),),
)
@dataclass(frozen=True, slots=True)
class Execution:
    """One run of an approved plan; while open it is the lock on its subject."""

    id: str
    request_id: str
    case_id: str
    subject_oid: str
    approver_oid: str
    status: str  # open, closed
    started_at: datetime
    closed_at: datetime | None = None
    outcome: str = ""


@record("intents", index=(("execution_id", "n"),))
@dataclass(frozen=True, slots=True)
class Intent:
    """The durable row before one Graph call, and its result after."""

    id: str
    execution_id: str
    n: int
    act: JsonMap
    written_at: datetime
    result: str = ""  # ActResult, "" while unknown
    result_at: datetime | None = None
    detail: JsonMap = field(default_factory=dict)  # ids and codes only


@record("handovers", index=(("case_id", "status"), ("status", "expires_at")))
@dataclass(frozen=True, slots=True)
class Handover:
    """A sealed pass on its way to the one page key that may open it."""

    id: str
    case_id: str
    request_id: str
    attempt_id: str
    thumbprint: str
    sealed: str  # wire JSON, "" once destroyed
    pass_id: str
    made_at: datetime
    ready_at: datetime
    expires_at: datetime
    status: str  # waiting, shown, finished, destroyed, withdrawn
    shown_at: datetime | None = None


@record("withdrawals", index=(("status",), ("case_id",)))
@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A pass (or an unknown outcome) that an agent must withdraw with one fresh sign-in."""

    id: str
    case_id: str
    execution_id: str
    subject_oid: str
    pass_id: str
    why: str  # unclaimed, crashed, objection
    asked_at: datetime
    status: str  # open, done
    by_oid: str = ""
    done_at: datetime | None = None


@record("additions", index=(("case_id",),))
@dataclass(frozen=True, slots=True)
class Addition:
    """A sign-in method that appeared on the account after the case's pass was made."""

    id: str  # <case id>/<method id>
    case_id: str
    method_id: str
    type: str
    label: str
    made_at: datetime | None  # Graph's date
    seen_at: datetime
    yours: str = ""  # yes, no
