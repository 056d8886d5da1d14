"""Objections: the codes that notices carried, what was said with them, and what must be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.table import record


@record("notice_codes", index=(("number",), ("job",)))
@dataclass(frozen=True, slots=True)
class NoticeCode:
    """The objection code of one notice to one address. The code itself is nowhere: it is an HMAC under
    a key outside the store over *id*, *salt* and *mac*, made again at sending and at checking."""

    id: str  # <job key>/<hash of the address>
    job: str  # the notice's key
    number: str  # what is typed beside the code: the case's, or seven digits of the notice's own
    case_id: str  # "" for what was enrolled
    subject_oid: str
    what: str  # which notice
    stops: str  # what an objection stops: "case", "<kind>:<id>" of something enrolled, "" for nothing
    salt: str
    made_at: datetime
    expires_at: datetime
    mac: str


@record("objections", index=(("subject_oid", "at"), ("case_id",)))
@dataclass(frozen=True, slots=True)
class Objection:
    """Somebody said with a notice's code: this was not me. *id* is the code's."""

    id: str
    case_id: str
    subject_oid: str
    at: datetime
    network: str
    result: str  # frozen, counter, stopped, told


@record("takebacks", key="case_id", index=(("status", "asked_at"),))
@dataclass(frozen=True, slots=True)
class Takeback:
    """A frozen case whose pass an approver's one sign-in deletes, and whose subject it signs out
    everywhere. *passes* and *sessions* say what came of it, by `ActResult`; empty while not tried."""

    case_id: str
    subject_oid: str
    why: str
    asked_at: datetime
    status: str  # open, done
    passes: str = ""
    sessions: str = ""
    by_oid: str = ""
    tried_at: datetime | None = None
    pass_id: str = ""  # which pass was deleted
