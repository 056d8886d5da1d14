"""The demo's mailboxes: one address that counts, one that HR held before hiring."""

from __future__ import annotations

from bot.core.model import Oid
from bot.core.records import Address, Contact, IssuedCode
from bot.service.addresses import AddressBook
from bot.service.first_addresses import ADDED, HELD_BY_HR, FirstAddresses
from bot.service.hiring import HiringMails
from tests.fakes.issuing import book_of
from tests.fakes.product import Whole


def laid(whole: Whole) -> tuple[FirstAddresses, AddressBook, HiringMails]:
    book = book_of(whole)
    hiring = HiringMails(whole.product.keys, book)
    return FirstAddresses(whole.store, book, hiring), book, hiring


async def test_amara_has_an_address_that_counts_and_the_newcomer_one_from_before(whole: Whole) -> None:
    """So that the proof can be tried at once; laying it twice lays it once."""
    first, book, hiring = laid(whole)
    now = whole.clock.now()
    for person in ("employee", "new_starter", "manager") * 2:
        await first.lay(person, whole.sandbox.oid(person), now)
    assert [r.subject_oid for r in await whole.rows(Address)] == [whole.sandbox.oid("employee")]
    assert await book.state(whole.sandbox.oid("employee")) == "good"
    assert await book.told(whole.sandbox.oid("employee")) == [ADDED["employee"]]
    directory = whole.product.acts._reader._directory
    person_now = await directory.person(Oid(whole.sandbox.oid("new_starter")))
    assert person_now is not None
    assert HELD_BY_HR["new_starter"] in person_now.other_mails
    assert await whole.store.read(lambda work: hiring.any(work, person_now, now))


async def test_starting_over_forgets_what_was_enrolled(whole: Whole) -> None:
    first, _, _ = laid(whole)
    oid = whole.sandbox.oid("employee")
    await first.lay("employee", oid, whole.clock.now())
    await whole.store.transact(lambda work: first.forget(work, oid))
    assert [await whole.rows(kind) for kind in (Address, IssuedCode, Contact)] == [[], [], []]
