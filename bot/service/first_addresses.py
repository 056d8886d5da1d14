"""The demo's first day, its mailboxes: a private address added long ago, and one that HR held before hiring.

Nothing of this exists under `serve`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.records import Address, Contact, IssuedCode
from bot.ports.store import Store, UnitOfWork
from bot.service.addresses import AddressBook
from bot.service.hiring import HiringMails

ADDED = {"employee": "amara.okafor@private.example"}
"""Who added which private address, a month ago."""
HELD_BY_HR = {"new_starter": "aroha.ngata@private.example"}
"""Whom HR wrote to there before their first day."""
_LONG_AGO = timedelta(days=30)
_BEFORE_HIRING = timedelta(days=9)


class FirstAddresses:
    def __init__(self, store: Store, book: AddressBook, hiring: HiringMails) -> None:
        self._store, self._book, self._hiring = store, book, hiring

    async def lay(self, person: str, oid: str, at: datetime) -> None:
        """What that person has on the first day; what is there stays."""

        def fn(work: UnitOfWork) -> None:
            if person in ADDED and not work.find(Address, subject_oid=oid):
                address, added = ADDED[person], at - _LONG_AGO
                self._book.put(
                    work,
                    Address(
                        f"demo-{person}", oid, self._book.match(oid, address),
                        self._book.seal(oid, address), "good", True, added, added + timedelta(days=3),
                        None, 0, "",
                    ),
                )  # fmt: skip
            if person in HELD_BY_HR:
                self._hiring.seen(work, oid, HELD_BY_HR[person], at - _BEFORE_HIRING)

        await self._store.transact(fn)

    def forget(self, work: UnitOfWork, oid: str) -> None:
        """Everything that this person enrolled beside codes and browsers."""
        for address in work.find(Address, subject_oid=oid):
            work.remove(Address, address.id)
        for code in work.find(IssuedCode, subject_oid=oid):
            work.remove(IssuedCode, code.id)
        for contact in work.find(Contact, subject_oid=oid):
            work.remove(Contact, contact.id)
