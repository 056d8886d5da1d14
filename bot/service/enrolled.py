"""What the case page may tell, after one evidence, of what a person has besides saved codes."""

from __future__ import annotations

from bot.core.facts import Person
from bot.core.model import Oid
from bot.core.records import JsonMap
from bot.errors import PermanentError, TransientError
from bot.ports.clock import Clock
from bot.ports.directory import Directory
from bot.ports.store import Store
from bot.service.addresses import AddressBook
from bot.service.contacts import ContactBook
from bot.service.hiring import HiringMails


class EnrolledWays:
    """Implements `service.proving.Enrolled`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        directory: Directory,
        book: AddressBook,
        hiring: HiringMails,
        contacts: ContactBook,
    ) -> None:
        self._store, self._clock, self._directory = store, clock, directory
        self._book, self._hiring, self._contacts = book, hiring, contacts

    async def known(self, oid: str) -> JsonMap:
        return {
            "mail": await self._book.state(oid),
            "hiring": await self._before_hiring(oid),
            "contacts": await self._contacts.state(oid),
            "contact_names": await self._names(oid),
        }

    async def _names(self, oid: str) -> list[JsonMap]:
        at = self._clock.now()
        rows = await self._store.read(lambda work: self._contacts.counting(work, oid, at))
        named = [(row.id, await self._person(row.contact_oid)) for row in rows]
        return [{"id": ident, "name": person.name} for ident, person in named if person is not None]

    async def _person(self, oid: str) -> Person | None:
        try:
            return await self._directory.person(Oid(oid))
        except (TransientError, PermanentError):
            return None

    async def _before_hiring(self, oid: str) -> bool:
        person = await self._person(oid)
        if person is None:
            return False
        at = self._clock.now()
        return await self._store.read(lambda work: self._hiring.any(work, person, at))
