"""What a fresh enrolment sign-in leaves in the session it opened: leave to change one thing, for five
minutes. A second grant beside it lets the same sign-in remember one browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.model import Reason
from bot.core.records import Execution, Session
from bot.errors import Refused
from bot.ports.store import Over, UnitOfWork

GRANT = timedelta(minutes=5)
QUICK = timedelta(hours=72)
SLOW = timedelta(days=14)
THING, BROWSER = "grant", "browser_grant"


def grants(at: datetime, *, strong: bool) -> dict[str, Any]:
    """The facts of a session that a fresh enrolment sign-in opened."""
    until = (at + GRANT).isoformat()
    return {THING: until, BROWSER: until, "strong": strong}


def granted(session: Session, at: datetime, which: str = THING) -> bool:
    until = str(session.facts.get(which, ""))
    return bool(until) and at < datetime.fromisoformat(until)


def spend(work: UnitOfWork, session: Session, at: datetime, which: str = THING) -> bool:
    """Use the grant up; whether its sign-in was phishing-resistant. Raises Refused(STALE_SIGN_IN)."""
    row = work.lock(Session, session.id_hash)
    if row is None or row.ended_at is not None or not granted(row, at, which):
        raise Refused(Reason.STALE_SIGN_IN)
    work.put(replace(row, facts={**row.facts, which: ""}))
    return bool(row.facts.get("strong"))


def wait_of(work: UnitOfWork, oid: str, at: datetime, *, strong: bool, first: bool) -> timedelta:
    """How long until what is enrolled now counts. *first*: the person never had one of its kind; any
    other is a change, which is what a thief of a session would make."""
    recovered = work.count(Execution, subject_oid=oid, started_at=Over(at - SLOW)) > 0
    return QUICK if strong and first and not recovered else SLOW
