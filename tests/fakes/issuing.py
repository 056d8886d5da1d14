"""A person who enrolled an address long ago, and their case page over HTTP."""

from __future__ import annotations

from datetime import timedelta

from bot.core.records import Address, Case
from bot.service.addresses import AddressBook
from tests.fakes.product import Whole
from tests.web.browsing import Browser
from tests.web.case_house import Script

PRIVATE = "amara.okafor@private.example"
ELSEWHERE = "somebody.else@private.example"


def book_of(whole: Whole) -> AddressBook:
    return AddressBook(whole.store, whole.product.keys, whole.clock)


async def enrolled(
    whole: Whole, person: str = "employee", address: str = PRIVATE, *, days: float = 30, counts: float = 14
) -> Address:
    """*person* added *address* so many *days* ago, and it began to count after *counts*."""
    book, oid = book_of(whole), whole.sandbox.oid(person)
    added = whole.clock.now() - timedelta(days=days)
    row = Address(
        f"address-{person}-{address[:5]}", oid,
        book.match(oid, address), book.seal(oid, address), "good", True, added,
        added + timedelta(days=counts), None, 0, "",
    )  # fmt: skip
    made: Address = await whole.store.transact(lambda work: book.put(work, row))
    return made


async def proving(whole: Whole, person: str = "employee") -> Case:
    """A case of that chat which waits for proofs."""
    await whole.press("start:new_phone", person)
    await whole.press(await whole.button(":gone", person), person)
    return await whole.case(person)


async def page_of(whole: Whole, browser: Browser, case: Case) -> Script:
    """*browser* claimed the case, made its key and is there."""
    script = Script(browser, f"/c/{whole.product.keys.handle('case', case.id)}")
    await script.enter(case.number)
    return script


async def asked(whole: Whole, script: Script, address: str = PRIVATE, read_on: str = "this_device") -> None:
    """A code is asked for, and whatever follows from it is delivered."""
    await script.good("mail", address=address, read_on=read_on)
    await whole.settle()
