"""What is kept: one frozen dataclass per table, shared by both databases.

`@record` says which table, key, unique sets and indices. Column types follow the
annotations: `str` text, `int` integer, `bool`, `float`, `datetime` (UTC, stored as sortable
text), `bytes`, `X | None`, a `StrEnum` as its value, and `JsonMap`/`JsonList` as JSON text.
Nothing here holds a secret in clear: handles, session ids and codes are hashes or MACs,
passes are ciphertext.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

JsonMap = dict[str, Any]
JsonList = list[Any]
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Table:
    """Where a record is kept."""

    name: str
    key: str
    unique: tuple[tuple[str, ...], ...] = ()
    index: tuple[tuple[str, ...], ...] = ()
    unique_where: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Partial unique indices: (columns, SQL condition both dialects understand)."""
    index_where: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Partial indices, for the few rows among many that are still to do."""


TABLES: dict[type, Table] = {}


def record(
    name: str,
    *,
    key: str = "id",
    unique: tuple[tuple[str, ...], ...] = (),
    index: tuple[tuple[str, ...], ...] = (),
    unique_where: tuple[tuple[tuple[str, ...], str], ...] = (),
    index_where: tuple[tuple[tuple[str, ...], str], ...] = (),
) -> Callable[[type[R]], type[R]]:
    """Register a dataclass as the rows of table *name*."""

    def mark(kind: type[R]) -> type[R]:
        TABLES[kind] = Table(name, key, unique, index, unique_where, index_where)
        return kind

    return mark


# --- conversation ---------------------------------------------------------------------------


@record(
    "events",
    unique=(("dedupe_key",),),
    index_where=((("id",), "status = 'failed'"),),
)
@dataclass(frozen=True, slots=True)
class EventRow:
    """The inbox: inserted, deduplicated and advanced in one transaction. A case's events lie between
    the ids of its opening and its last touch, which sort by time; no index says so once more."""

    id: str
    dedupe_key: str
    at: datetime
    case_id: str
    kind: str
    body: JsonMap
    status: str  # done, failed; a dead letter ends retried or dismissed
    reply: JsonMap
    error: str = ""  # class name and correlation id only


@record(
    "cases",
    unique=(("number",), ("handle_hash",)),
    index=(("place", "status"), ("subject_oid", "status"), ("status", "opened_at")),
)
@dataclass(frozen=True, slots=True)
class Case:
    """One request for help. *state* is the engine's, as JSON; *version* makes old buttons stale."""

    id: str
    number: str  # six digits, public, grants nothing
    handle_hash: str  # of the handle, which `Keys.handle` makes again from the id
    flow: str
    flow_hash: str
    locale: str
    place: str  # Place.key
    opener: JsonMap  # {"channel","tenant","user"}
    subject_oid: str  # "" until known
    identified_by: str  # "", linked, hint, typed
    state: JsonMap
    step: str
    version: int
    status: str  # open, frozen, with_person, ended
    outcome: str
    opened_at: datetime
    touched_at: datetime
    ended_at: datetime | None = None
    proven_at: datetime | None = None  # first evidence
    network: str = ""
    agent_started: bool = False


@record(
    "outbox",
    key="key",
    index_where=(
        (("lane", "seq"), "status = 'waiting'"),
        (("coalesce",), "status = 'waiting' AND \"coalesce\" <> ''"),
        (("seq",), "status = 'dead'"),
    ),
)
@dataclass(frozen=True, slots=True)
class Job:
    """One effect to deliver. Only the head of a lane is leased; *coalesce* names a message whose
    later update makes this one needless."""

    key: str
    lane: str
    kind: str
    body: JsonMap
    case_id: str
    at: datetime
    not_before: datetime
    seq: int = 0  # given by the store, ascending
    status: str = "waiting"  # waiting, done, dead, skipped, dismissed
    attempts: int = 0
    leased_until: datetime | None = None
    coalesce: str = ""
    error: str = ""
    leased_by: str = ""


@record(
    "timers",
    key="key",
    index_where=(
        (("due_at",), "status = 'waiting'"),
        (("group",), "status = 'waiting'"),
        (("key",), "status = 'dead'"),
    ),
)
@dataclass(frozen=True, slots=True)
class Timer:
    """Something to happen later; *kind* picks the handler, *key* is for life."""

    key: str
    kind: str
    case_id: str
    due_at: datetime
    body: JsonMap
    status: str = "waiting"  # waiting, fired, cancelled, dead, dismissed
    attempts: int = 0
    group: str = ""  # cancelled together


@record("transcript", key="effect_key", unique=(("place", "seq"),), index=(("case_id",),))
@dataclass(frozen=True, slots=True)
class Line:
    """One message of the web channel, as every replica and the parity test read it."""

    effect_key: str
    place: str
    seq: int
    at: datetime
    author: str  # bot, person, agent
    message: JsonMap
    case_id: str = ""


@record("chats", key="place")
@dataclass(frozen=True, slots=True)
class ChatRow:
    """What is remembered of a chat between cases: open case, language."""

    place: str
    locale: str
    case_id: str
    at: datetime


@record("links", key="id", unique=(("channel", "tenant", "user"),))
@dataclass(frozen=True, slots=True)
class ChatLink:
    """A chat account linked to an Entra object id by that person's own sign-in."""

    id: str
    channel: str
    tenant: str
    user: str
    oid: str
    at: datetime
    mac: str


@record("flow_versions", key="hash", index=(("flow",),))
@dataclass(frozen=True, slots=True)
class FlowVersion:
    """Flow, words and examples together, content-addressed; never changed, never deleted."""

    hash: str
    flow: str
    files: JsonMap  # {relative path: text}
    at: datetime


@record("flow_aliases", key="flow")
@dataclass(frozen=True, slots=True)
class FlowAlias:
    """Which version new cases of *flow* get."""

    flow: str
    hash: str
    at: datetime
    mac: str


# --- proof ----------------------------------------------------------------------------------


@record("attempts", unique=(("browser_hash",),), index=(("case_id", "status"), ("status", "expires_at")))
@dataclass(frozen=True, slots=True)
class Attempt:
    """One claimed browser of a case, with its page key; evidence never mixes between attempts."""

    id: str
    case_id: str
    browser_hash: str  # of the cookie's value
    claimed_at: datetime
    expires_at: datetime
    status: str  # open, ended, frozen
    network: str
    country: str
    device: str
    shared: bool = False
    page_key: JsonMap = field(default_factory=dict)  # public JWK {"kty","crv","x","y"}
    thumbprint: str = ""  # RFC 7638
    key_tested_at: datetime | None = None
    challenge: str = ""  # MAC of the expected answer
    challenge_wire: str = ""  # the sealed challenge the page must open
    challenged_at: datetime | None = None
    answered_at: datetime | None = None
    wrong_tries: int = 0
    wait_until: datetime | None = None
    gone: JsonList = field(default_factory=list)  # [{"id","type","label"}] ticked as gone
    gone_at: datetime | None = None
    helper_oid: str = ""
    remembered: bool = False
    ended_reason: str = ""


@record("provings", key="case_id")
@dataclass(frozen=True, slots=True)
class Proving:
    """The `prove` step that a case's page collects for: which answer the flow waits for, what the
    subject's account was found to be, and the methods shown for ticking. One row a case."""

    case_id: str
    step: str
    version: int
    acts: JsonList  # ActKind values
    opened_at: datetime
    closed_at: datetime | None = None
    answered: str = ""  # the outcome given, "" while open
    rank: str = ""  # "" until read, which is after the first evidence
    groups: JsonList = field(default_factory=list)  # of the configured groups, which the subject is in
    rank_at: datetime | None = None
    looked_at: datetime | None = None  # last try to read, successful or not
    methods: JsonList = field(default_factory=list)  # [{"id","type","label"}]
    known: JsonMap = field(default_factory=dict)  # {"numbers": [{"ref","masked"}], "codes", "manager"}


@record("evidence", index=(("attempt_id",), ("case_id",), ("subject_oid", "at")))
@dataclass(frozen=True, slots=True)
class Evidence:
    """One proof passed, in one attempt, with how; `mac` covers every other column."""

    id: str
    case_id: str
    attempt_id: str
    subject_oid: str
    kind: str  # ProofKind
    at: datetime
    by_oid: str  # checker, manager; "" for codes
    thumbprint: str
    how: JsonMap
    mac: str
    voided_at: datetime | None = None
    void_reason: str = ""


@record("checks", unique=(("handle_hash",),), index=(("case_id", "status"), ("attempt_id",)))
@dataclass(frozen=True, slots=True)
class Check:
    """A live check or a manager's voucher on its way to being evidence."""

    id: str
    case_id: str
    attempt_id: str
    kind: str  # live_check, manager
    how: str  # LiveHow or VouchHow, "" until known
    asked_at: datetime
    status: str  # asked, signed, passed, failed, ended
    handle_hash: str  # of the voucher page's handle; the id's own hash for live checks
    expected_oid: str = ""  # the manager
    by_oid: str = ""
    by_auth_time: datetime | None = None
    number_ref: str = ""  # which number on record was called, masked
    told: JsonMap = field(default_factory=dict)  # device and place as the person said them
    digits_mac: str = ""
    digits_until: datetime | None = None
    tries: int = 0
    ended_reason: str = ""
    signing_id: str = ""


@record("saved_codes", key="selector", index=(("subject_oid", "status"), ("set_id",)))
@dataclass(frozen=True, slots=True)
class SavedCode:
    """One of ten printed codes: selector in clear, verifier Argon2id over a peppered HMAC."""

    selector: str
    set_id: str
    subject_oid: str
    verifier: str
    made_at: datetime
    counts_from: datetime
    status: str  # good, used, replaced, revoked
    used_at: datetime | None
    mac: str


@record("browsers", key="browser_hash", index=(("subject_oid",),))
@dataclass(frozen=True, slots=True)
class RememberedBrowser:
    """A browser that held its own key when the person enrolled; counts after 72 h."""

    browser_hash: str
    subject_oid: str
    thumbprint: str
    since: datetime
    mac: str


@record("sightings", key="id", index=(("subject_oid",),))
@dataclass(frozen=True, slots=True)
class Sighting:
    """When we first saw a method; runs its age where Graph gives no date."""

    id: str  # <oid>/<method id>
    subject_oid: str
    method_id: str
    method_type: str
    label: str
    first_seen_at: datetime
    created_at: datetime | None  # Graph's
    baseline: bool
    gone_at: datetime | None = None


@record("limits", key="id")
@dataclass(frozen=True, slots=True)
class Limit:
    """A counter in a window: wrong tries, passes, openings, Graph budget."""

    id: str  # <pool>/<who>/<window start>
    count: int
    until: datetime


# --- sign-ins, sessions, agents -------------------------------------------------------------


@record(
    "signings",
    unique=(("state_hash",),),
    index=(("purpose", "subject_ref", "status"), ("status", "expires_at")),
)
@dataclass(frozen=True, slots=True)
class Signing:
    """One sign-in under way or over: one-time state, bound to browser, person and digest."""

    id: str
    purpose: str  # see ports.sign_in.Purpose
    subject_ref: str  # request id, check id, case id, or "" for desk and me
    state_hash: str
    browser_hash: str
    expected_oid: str
    digest: str
    salt: str
    payload: JsonMap
    started_at: datetime
    expires_at: datetime
    status: str  # open, superseded, consumed, done, refused
    signed_oid: str = ""
    auth_time: datetime | None = None
    outcome: JsonMap = field(default_factory=dict)
    sealed_token: str = ""  # the raw ID token, sealed under the server key


@record("used_sign_ins", key="oid")
@dataclass(frozen=True, slots=True)
class UsedSignIn:
    """The newest `auth_time` an oid has spent here: one sign-in, one signature."""

    oid: str
    auth_time: datetime


@record("sessions", key="id_hash", index=(("oid",),))
@dataclass(frozen=True, slots=True)
class Session:
    """A browser session of the desk, my page or the voucher page; the id itself is only in the cookie."""

    id_hash: str
    kind: str  # desk, me, voucher
    oid: str
    name: str
    made_at: datetime
    seen_at: datetime
    auth_time: datetime
    facts: JsonMap  # what the sign-in showed: {"groups": [...], "strong": bool}
    ended_at: datetime | None = None


@record("shifts", key="oid")
@dataclass(frozen=True, slots=True)
class Shift:
    """An agent on duty."""

    oid: str
    name: str
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None


# --- requests, acts -------------------------------------------------------------------------


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
    ref: str = ""  # the message in the agents' channel, once posted


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


# --- audit ----------------------------------------------------------------------------------


@record(
    "audit",
    unique_where=((("number",), "number IS NOT NULL"),),
    index_where=((("id",), "number IS NULL"), (("case_id",), "number IS NOT NULL")),
)
@dataclass(frozen=True, slots=True)
class AuditRow:
    """One audit entry. The turn inserts it without *number*; the sequencer numbers it and adds the
    leaf hash (RFC 6962). *body* holds ids and outcomes, never a secret."""

    id: str  # sortable: time + random
    at: datetime
    case_id: str
    actor: str  # oid, or "bot", "person", "timer"
    actor_method: str
    actor_auth_time: datetime | None
    subject: str
    tag: str  # subject:object:action, closed vocabulary in core.audit
    body: JsonMap
    number: int | None = None
    leaf: str = ""


@record("audit_roots", key="size")
@dataclass(frozen=True, slots=True)
class AuditRoot:
    """A checkpoint: tree size and Merkle root."""

    size: int
    root: str
    at: datetime


@record("leases", key="name")
@dataclass(frozen=True, slots=True)
class Lease:
    """Who may do a single-worker job (sequencer, sweeps) until when."""

    name: str
    holder: str
    until: datetime


@record("facts", key="name")
@dataclass(frozen=True, slots=True)
class Fact:
    """Single values of the installation: baseline time, threat mode."""

    name: str
    value: JsonMap
    at: datetime
