"""What stands in where a person has no browser or no phone: counter screens and helpers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.table import record


@record("counters", unique=(("browser_hash",),), index=(("revoked_at",),))
@dataclass(frozen=True, slots=True)
class CounterBrowser:
    """A browser that an agent made a counter's screen by an own fresh sign-in. `mac` covers every
    other column, so that nobody who writes the database makes a counter."""

    id: str
    browser_hash: str  # of the cookie's value
    name: str
    site: str
    enrolled_by: str  # oid
    enrolled_name: str
    since: datetime
    signing_id: str
    revoked_at: datetime | None
    revoked_by: str
    mac: str


@record("helpings", unique=(("handle_hash",),), index=(("case_id", "status"),))
@dataclass(frozen=True, slots=True)
class Helping:
    """Somebody named to stand in for a person without a browser. `mac` covers every other column.
    *helper_oid* is empty where the address named nobody who may: the page says the same either way."""

    id: str
    handle_hash: str  # of the helper's page, which `Keys.handle` makes again from the id
    case_id: str
    helper_oid: str
    helper_name: str
    role: str  # manager, deputy, group, ""
    named_by: str  # oid of the agent; "" for the person
    named_at: datetime
    expires_at: datetime
    status: str  # asked, begun, ended
    attempt_id: str
    begun_at: datetime | None
    signing_id: str
    ended_reason: str
    mac: str
