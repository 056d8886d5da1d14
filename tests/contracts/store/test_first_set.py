"""Two enrolments at once: only one set of saved codes is a person's first, on either database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from bot.core.records import SavedCode
from bot.ports.store import Store, UnitOfWork
from bot.service.codes import QUICK, SLOW, CodeBook
from bot.service.keys import Keys
from tests.fakes.clock import FakeClock, FakeEntropy

OID = "0f2c1d9a-0000-4000-8000-000000000001"
KEYS = Keys(b"k" * 32, b"p" * 32)


async def test_of_two_sets_made_at_once_only_one_counts_early(
    replicas: tuple[Store, Store], clock: FakeClock, entropy: FakeEntropy
) -> None:
    """A thief of a session does not get the short wait by pressing at the same moment as its owner."""
    cheap = PasswordHasher.from_parameters(CHEAPEST)
    books = [CodeBook(store, clock, entropy, KEYS, cheap) for store in replicas]
    at = clock.now()
    sets = [await book.prepare(OID, book.draw(), at=at, counts_from=at + SLOW) for book in books]

    def keeping(book: CodeBook, rows: list[SavedCode]) -> Callable[[UnitOfWork], None]:
        def keep(work: UnitOfWork) -> None:
            book.keep(work, book.dated(work, rows, strong=True, after_recovery=False), by=OID)

        return keep

    await asyncio.gather(*(s.transact(keeping(b, r)) for s, b, r in zip(replicas, books, sets, strict=True)))
    kept = await replicas[0].read(lambda work: work.find(SavedCode))
    assert all(KEYS.row_mac_fits(row) for row in kept)
    starts = {row.set_id: row.counts_from - at for row in kept}
    assert sorted(starts.values()) == [QUICK, SLOW]
