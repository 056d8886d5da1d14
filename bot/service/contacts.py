"""Recovery contacts: people whom a person named, who agreed, each by a fresh sign-in of their own.

Rows are under a MAC; which of them count is asked at every use (NIST SP 800-63B-4, 4.2.1.3).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.core.records import Contact
from bot.ports.clock import Clock
from bot.ports.store import Store, UnitOfWork
from bot.service.keys import Keys

LIVE = ("asked", "good")


class ContactBook:
    def __init__(self, store: Store, keys: Keys, clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock

    def intact(self, row: Contact) -> bool:
        return self._keys.row_mac_fits(row)

    def counts(self, row: Contact, at: datetime) -> bool:
        since = row.counts_from
        return row.status == "good" and since is not None and since <= at and self.intact(row)

    def of(self, work: UnitOfWork, oid: str) -> list[Contact]:
        """Whom a person named, newest first, agreed or not."""
        rows = work.find(Contact, subject_oid=oid, order="-id") if oid else []
        return [r for r in rows if r.status in LIVE and self.intact(r)]

    def named(self, work: UnitOfWork, oid: str) -> list[Contact]:
        """Who named that person, newest first."""
        rows = work.find(Contact, contact_oid=oid, order="-id") if oid else []
        return [r for r in rows if r.status in LIVE and self.intact(r)]

    def counting(self, work: UnitOfWork, oid: str, at: datetime) -> list[Contact]:
        return [row for row in self.of(work, oid) if self.counts(row, at)]

    def stands(self, work: UnitOfWork, oid: str, contact: str, at: datetime) -> bool:
        """Whether *contact* may speak for *oid* now."""
        return any(row.contact_oid == contact for row in self.counting(work, oid, at))

    def put(self, work: UnitOfWork, row: Contact) -> Contact:
        row = replace(row, mac=self._keys.row_mac(row))
        work.save(row)
        return row

    async def state(self, oid: str) -> str:
        """`good`, `young` (none counts yet) or `none`."""
        at = self._clock.now()
        rows = await self._store.read(lambda work: self.of(work, oid))
        if any(self.counts(row, at) for row in rows):
            return "good"
        return "young" if any(row.status == "good" for row in rows) else "none"
