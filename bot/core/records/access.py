"""Who signed in, for what, and who is on duty."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.core.records.table import JsonMap, record


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
