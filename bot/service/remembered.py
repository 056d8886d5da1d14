"""When a remembered browser counts: one rule for the attempt that uses it and for the decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.records import RememberedBrowser
from bot.ports.store import UnitOfWork
from bot.service.keys import Keys

REMEMBERED = timedelta(hours=72)


def signed(keys: Keys, row: RememberedBrowser) -> RememberedBrowser:
    return replace(row, mac=keys.row_mac(row))


def counts_from(row: RememberedBrowser) -> datetime:
    """Never sooner than 72 h after it was made, whatever else the row says."""
    return max(row.since + REMEMBERED, row.counts_from or row.since)


def counts(row: RememberedBrowser, at: datetime) -> bool:
    return counts_from(row) <= at


def remembers(work: UnitOfWork, keys: Keys, oid: str, thumbprint: str, at: datetime) -> bool:
    """Whether the same key was there when that person enrolled, long enough ago; unforged."""
    rows = work.find(RememberedBrowser, subject_oid=oid) if oid and thumbprint else []
    return any(r.thumbprint == thumbprint and counts(r, at) and keys.row_mac_fits(r) for r in rows)


def forget(work: UnitOfWork, oid: str, thumbprint: str) -> bool:
    """The browser with that key is remembered for that person no more; whether it was."""
    rows = work.find(RememberedBrowser, subject_oid=oid) if oid else []
    gone = [row for row in rows if row.thumbprint == thumbprint]
    for row in gone:
        work.remove(RememberedBrowser, row.browser_hash)
    return bool(gone)
