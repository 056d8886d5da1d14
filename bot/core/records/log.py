"""The audit log, leases, and single values of the installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.table import JsonMap, record


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
