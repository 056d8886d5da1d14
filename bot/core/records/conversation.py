"""What happened and what follows: events, cases, the outbox, timers, transcripts, flow versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.table import JsonMap, record


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


@record("links", key="id", unique=(("channel", "tenant", "user"),), index=(("oid",),))
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


@record("link_asks", unique=(("handle_hash",),), index=(("account",),))
@dataclass(frozen=True, slots=True)
class LinkAsk:
    """A chat account that asked to be linked: one page, one number, a quarter of an hour."""

    id: str
    handle_hash: str  # of the page's handle
    account: str  # as `ChatAccount.id`
    place: str  # where the number was shown, and where the bot says how it ended
    locale: str
    code_mac: str
    asked_at: datetime
    expires_at: datetime
    status: str  # open, done, over
    tries: int = 0
    browser_hash: str = ""  # of the browser that typed the number
    oid: str = ""  # whom it was linked to


@record("chat_accounts", key="id")
@dataclass(frozen=True, slots=True)
class ChatAccount:
    """What a platform last said of one of its accounts; *id* is ``channel:tenant:user``. *oid* is whom
    a confirmed address points at in the directory: a hint, never proof. The address is not kept."""

    id: str
    channel: str
    tenant: str
    user: str
    standing: str
    oid: str
    locale: str
    at: datetime


@record("chat_addresses", key="place")
@dataclass(frozen=True, slots=True)
class ChatAddress:
    """How a place is written to, as its platform told us in a verified message. *closed* is why we
    must not write there any more (blocked, uninstalled, archived), empty while we may."""

    place: str
    body: JsonMap
    closed: str
    at: datetime


@record("chat_posts", key="key", index=(("place", "ref"),))
@dataclass(frozen=True, slots=True)
class ChatPost:
    """A message that a platform keeps for us. *key* is its effect's, for life; *ref* is empty from
    the moment before sending until the platform has answered; *message* is the neutral form."""

    key: str
    place: str
    ref: str
    message: JsonMap
    case_id: str
    at: datetime


@record("installations", key="id", index=(("channel",), ("team",)))
@dataclass(frozen=True, slots=True)
class Installation:
    """Where our app was installed by link; *team* is empty for a whole organisation. *sealed* holds its
    tokens, sealed under the server key for this row alone."""

    id: str
    channel: str
    enterprise: str
    team: str
    sealed: str
    at: datetime


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
