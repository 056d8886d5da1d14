"""The address that HR held before somebody was hired: the only one to write to on a first day.

A newcomer has enrolled nothing. What counts is an address that we saw in the directory before the day
of hiring, while nobody could yet sign in to change it. One seen later never counts, and unknown means
no. A sighting is under a MAC, since here it opens something.
"""

from __future__ import annotations

from datetime import datetime

from bot.core.facts import Person
from bot.core.rank import HIRED_WITHIN
from bot.core.records import Sighting
from bot.ports.store import UnitOfWork
from bot.service.addresses import AddressBook, plain
from bot.service.keys import Keys
from bot.service.sightings import beside

WHERE = "hiring"


class HiringMails:
    def __init__(self, keys: Keys, book: AddressBook) -> None:
        self._keys = keys
        self._book = book

    def note(self, work: UnitOfWork, person: Person, at: datetime) -> None:
        """Write down which addresses HR holds of *person* now; what is known keeps its day."""
        for address in filter(None, map(plain, person.other_mails)):
            self.seen(work, person.oid, address, at)

    def seen(self, work: UnitOfWork, oid: str, address: str, at: datetime) -> None:
        match = self._book.match(oid, address)
        key = self._key(oid, match)
        if work.get(Sighting, key) is None:
            mark = self._mark(oid, match, at)
            work.add(Sighting(key, beside(oid), f"mail/{match}", "mail", mark, at, None, baseline=False))

    def address(self, work: UnitOfWork, person: Person, match: str, at: datetime) -> str:
        """The address of *person* that *match* stands for, if HR held it before hiring; else ""."""
        for address in filter(None, map(plain, person.other_mails)):
            if self._book.match(person.oid, address) == match and self.counts(work, person, match, at):
                return address
        return ""

    def any(self, work: UnitOfWork, person: Person, at: datetime) -> bool:
        known = (self._book.match(person.oid, a) for a in filter(None, map(plain, person.other_mails)))
        return any(self.counts(work, person, match, at) for match in known)

    def counts(self, work: UnitOfWork, person: Person, match: str, at: datetime) -> bool:
        hired = person.hired_at
        if hired is None or abs(at - hired) > HIRED_WITHIN:
            return False
        row = work.get(Sighting, self._key(person.oid, match))
        if row is None or row.label != self._mark(person.oid, match, row.first_seen_at):
            return False
        return row.first_seen_at < hired

    def _key(self, oid: str, match: str) -> str:
        return f"{beside(oid)}/mail/{match}"

    def _mark(self, oid: str, match: str, at: datetime) -> str:
        return self._keys.mac("hiring", oid, match, at.isoformat())
