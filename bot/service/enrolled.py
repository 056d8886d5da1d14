"""What the case page may tell, after one evidence, of what a person has besides saved codes."""

from __future__ import annotations

from bot.core.model import Oid
from bot.core.records import JsonMap
from bot.errors import PermanentError, TransientError
from bot.ports.clock import Clock
from bot.ports.directory import Directory
from bot.ports.store import Store
from bot.service.addresses import AddressBook
from bot.service.hiring import HiringMails


class EnrolledWays:
    """Implements `service.proving.Enrolled`."""

    def __init__(
        self, store: Store, clock: Clock, directory: Directory, book: AddressBook, hiring: HiringMails
    ) -> None:
        self._store, self._clock, self._directory = store, clock, directory
        self._book, self._hiring = book, hiring

    async def known(self, oid: str) -> JsonMap:
        return {"mail": await self._book.state(oid), "hiring": await self._before_hiring(oid)}

    async def _before_hiring(self, oid: str) -> bool:
        try:
            person = await self._directory.person(Oid(oid))
        except (TransientError, PermanentError):
            return False
        if person is None:
            return False
        at = self._clock.now()
        return await self._store.read(lambda work: self._hiring.any(work, person, at))
