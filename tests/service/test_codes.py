"""Saved codes: good once, only their owner's, only when they count, and nowhere in clear."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from bot.core.model import Reason
from bot.core.records import SavedCode
from bot.ports.store import Store
from bot.service.codes import CodeBook, candidates, grouped, plain
from bot.service.keys import Keys
from tests.fakes.clock import FakeClock, FakeEntropy

OID = "0f2c1d9a-0000-4000-8000-000000000001"
OTHER = "0f2c1d9a-0000-4000-8000-000000000002"


@pytest.fixture
def book(store: Store, clock: FakeClock, entropy: FakeEntropy) -> CodeBook:
    return CodeBook(
        store, clock, entropy, Keys(b"k" * 32, b"p" * 32), PasswordHasher.from_parameters(CHEAPEST)
    )


async def enrolled(book: CodeBook, store: Store, clock: FakeClock, *, young: bool = False) -> tuple[str, ...]:
    codes = book.draw()
    counts = clock.now() + timedelta(hours=72) if young else clock.now()
    rows = await book.prepare(OID, codes, at=clock.now(), counts_from=counts)
    await store.transact(lambda work: book.keep(work, rows, by=OID))
    return codes


async def test_a_code_is_good_once(book: CodeBook, store: Store, clock: FakeClock) -> None:
    """The second use of a code is refused as used, also when it was verified before the first."""
    code = (await enrolled(book, store, clock))[0]
    selector = await book.verify(OID, code)
    assert not isinstance(selector, Reason)
    assert await store.transact(lambda work: book.consume(work, selector))
    assert not await store.transact(lambda work: book.consume(work, selector))
    assert await book.verify(OID, code) is Reason.USED_CODE


async def test_another_persons_code_is_a_wrong_code(book: CodeBook, store: Store, clock: FakeClock) -> None:
    """A code opens nothing but its own person's case."""
    code = (await enrolled(book, store, clock))[0]
    assert await book.verify(OTHER, code) is Reason.WRONG_CODE


async def test_a_young_code_does_not_count_yet(book: CodeBook, store: Store, clock: FakeClock) -> None:
    """A thief of a session who prints codes has to wait, and the owner is told meanwhile."""
    code = (await enrolled(book, store, clock, young=True))[3]
    assert await book.verify(OID, code) is Reason.YOUNG_CODE
    assert await book.state(OID) == "young"
    clock.go(hours=73)
    assert not isinstance(await book.verify(OID, code), Reason)
    assert await book.state(OID) == "good"


async def test_an_old_set_stays_good_until_the_new_one_counts(
    book: CodeBook, store: Store, clock: FakeClock
) -> None:
    """Making codes never takes away the ones in the drawer before the new ones work."""
    old = (await enrolled(book, store, clock))[0]
    clock.go(minutes=1)
    await enrolled(book, store, clock, young=True)
    assert not isinstance(await book.verify(OID, old), Reason)
    clock.go(hours=73)
    assert await book.verify(OID, old) is Reason.WRONG_CODE


@pytest.mark.parametrize(
    "change",
    [
        {"counts_from": FakeClock().now() - timedelta(days=1)},
        {"status": "good", "used_at": None},
        {"subject_oid": OID, "set_id": "f" * 32},
    ],
)
async def test_a_changed_row_is_no_code(
    book: CodeBook, store: Store, clock: FakeClock, change: dict[str, object]
) -> None:
    """Who can write the table cannot make a young or used code good: the MAC covers the row."""
    code = (await enrolled(book, store, clock, young=True))[0]
    selector = Keys(b"k" * 32, b"p" * 32).mac("saved-code", OID, plain(code))
    clock.go(hours=80)
    assert await store.transact(lambda work: book.consume(work, selector))
    row = await store.read(lambda work: work.get(SavedCode, selector))
    assert row is not None
    await store.transact(lambda work: work.put(replace(row, **change)))  # type: ignore[arg-type]
    assert await book.verify(OID, code) is Reason.WRONG_CODE


async def test_a_code_typed_into_a_chat_is_used_up(book: CodeBook, store: Store, clock: FakeClock) -> None:
    """Everybody can read a chat, so a code said there is worth nothing any more."""
    code = (await enrolled(book, store, clock))[5]
    assert await book.burn(OID, f"here it is: {code} is that right")
    assert await book.verify(OID, code) is Reason.USED_CODE


async def test_nothing_stored_or_shown_holds_a_code(book: CodeBook, store: Store, clock: FakeClock) -> None:
    """A stolen database has look-up values and verifiers only."""
    codes = await enrolled(book, store, clock)
    rows = await store.read(lambda work: work.find(SavedCode))
    kept = repr(rows) + repr(await book.kept(OID))
    for code in codes:
        assert code not in kept
        assert plain(code) not in kept


def test_typing_is_forgiving() -> None:
    """Small letters, missing dashes and the look-alikes 0, 1 and 8 are read as meant."""
    code = grouped("ABCDE" * 5 + "B")
    assert plain(code.lower().replace("-", " ").replace("b", "8")) == "ABCDE" * 5 + "B"
    assert candidates(f"it is {code}") == [code]
