"""The rows of standing in: made, MACed, found again. What they mean is in `core.helping`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.records import Attempt, Case, Helping
from bot.ports.helpers import HelperNamed
from bot.ports.store import UnitOfWork
from bot.service.keys import Keys, hashed

ASKED_FOR = timedelta(hours=4)
"""How long somebody named may begin."""
STANDS = timedelta(minutes=90)
"""How long a helper's browser stands in after its sign-in."""
LIVE = ("asked", "begun")


def by_handle(work: UnitOfWork, handle: str) -> Helping | None:
    return work.first(Helping, handle_hash=hashed(handle))


def live(work: UnitOfWork, keys: Keys, case: Case) -> Helping | None:
    """Who is named in the case now; a planted or changed row is nobody."""
    rows = work.find(Helping, case_id=case.id, order="-named_at")
    return next((r for r in rows if r.status in LIVE and keys.row_mac_fits(r)), None)


def keep(work: UnitOfWork, keys: Keys, row: Helping, **changed: Any) -> Helping:
    """Write *row* as changed, under a new MAC."""
    row = replace(row, **changed)
    row = replace(row, mac=keys.row_mac(row))
    work.save(row)
    return row


def helper_of(work: UnitOfWork, keys: Keys, attempt: Attempt) -> str:
    """The helper whose browser the attempt is, as our own rows attest; "?" where attempt and row
    differ, which fits nothing."""
    rows = [r for r in work.find(Helping, case_id=attempt.case_id) if r.attempt_id == attempt.id]
    begun = [r for r in rows if keys.row_mac_fits(r) and r.status == "begun"]
    attested = begun[0].helper_oid if begun else ""
    return attested if attested == attempt.helper_oid else "?"


def named(work: UnitOfWork, keys: Keys, case_id: str) -> HelperNamed | None:
    """The newest helper named in a case, for people to read."""
    row = work.first(Helping, case_id=case_id, order="-named_at")
    if row is None or not keys.row_mac_fits(row):
        return None
    return HelperNamed(row.helper_name, row.role, row.status, row.named_at, row.begun_at)


def may_begin(row: Helping, case: Case | None, oid: str, at: datetime) -> bool:
    return (
        row.status in LIVE
        and row.helper_oid == oid != ""
        and at < row.expires_at
        and case is not None
        and case.status in ("open", "with_person")
        and bool(case.subject_oid)
    )
