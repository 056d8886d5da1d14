"""Addresses that people enrolled: found by an HMAC, kept sealed, each row under a MAC.

Which of them count is asked at every use. A row that somebody changed in the database counts nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.addresses import mail_address, masked
from bot.core.records import Address
from bot.ports.clock import Clock
from bot.ports.store import Store, UnitOfWork
from bot.service.keys import Keys

TOLD = timedelta(days=14)
"""How long an address that was taken away still gets notices: it may have been a thief who did."""


class AddressBook:
    def __init__(self, store: Store, keys: Keys, clock: Clock) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock

    def match(self, oid: str, address: str) -> str:
        """By what an address of that person is known. Upper and lower case do not matter."""
        return self._keys.mac("address", oid, address.casefold())

    def seal(self, oid: str, address: str) -> str:
        return self._keys.seal("address", json.dumps([oid, address]).encode())

    def clear(self, row: Address) -> str:
        """The address itself. Only of a row whose MAC fits; raises Refused(BAD_TOKEN) otherwise."""
        oid, address = json.loads(self._keys.unseal("address", row.sealed))
        return str(address) if oid == row.subject_oid and self.intact(row) else ""

    def mask(self, row: Address) -> str:
        return masked(self.clear(row))

    def intact(self, row: Address) -> bool:
        return self._keys.row_mac_fits(row)

    def counts(self, row: Address, at: datetime) -> bool:
        since = row.counts_from
        return row.status == "good" and since is not None and since <= at and self.intact(row)

    def of(self, work: UnitOfWork, oid: str) -> list[Address]:
        """The addresses a person has now, newest first, proven or not; a planted row is none."""
        rows = work.find(Address, subject_oid=oid, order="-id") if oid else []
        return [r for r in rows if r.status in ("good", "unproven") and self.intact(r)]

    def counting(self, work: UnitOfWork, oid: str, at: datetime) -> list[Address]:
        return [row for row in self.of(work, oid) if self.counts(row, at)]

    def put(self, work: UnitOfWork, row: Address) -> Address:
        row = replace(row, mac="")
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

    async def told(self, oid: str) -> Sequence[str]:
        """Where notices about an account go beside its own mailboxes: what counts, and what was taken
        away lately although it counted."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> list[str]:
            lately = [
                row
                for row in work.find(Address, subject_oid=oid, status="removed")
                if row.removed_at and row.counts_from and self.intact(row)
                and row.counts_from <= row.removed_at and at - row.removed_at < TOLD
            ]  # fmt: skip
            return [self.clear(row) for row in (*self.counting(work, oid, at), *lately)]

        return await self._store.read(fn)


def plain(typed: str) -> str | None:
    """What was typed as an address that we write to."""
    return mail_address(typed.strip()) if len(typed) <= 254 else None
