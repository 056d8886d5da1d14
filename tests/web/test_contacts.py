"""Recovery contacts: named and agreed to by a fresh sign-in each, counting after a wait; on the day, their
own fresh sign-in and six digits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.records import Attempt, Check, Contact, Evidence
from bot.service.contacts import ContactBook
from tests.fakes.issuing import PRIVATE, asked, enrolled, page_of, proving
from tests.fakes.mails import codes_in, letters
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.browsing import Browser
from tests.web.case_house import Script
from tests.web.test_my_ways import fresh, ways
from tests.web.visiting import Visitor, serving

WORK = "deputy@keyturn.example"


@pytest.fixture
async def visitor(whole: Whole) -> AsyncIterator[Visitor]:  # noqa: F811
    async with serving(whole), Visitor(whole) as made:
        yield made


async def counting(w: Whole, person: str, contact: str, *, days: float = 30) -> Contact:
    """*contact* agreed so many *days* ago to be the contact of *person*; it counts after 14."""
    book = ContactBook(w.store, w.product.keys, w.clock)
    at = w.clock.now() - timedelta(days=days)
    row = Contact(
        f"contact-{person}", w.sandbox.oid(person), w.sandbox.oid(contact), "good", True, at, at,
        at + timedelta(days=14), None, "",
    )  # fmt: skip
    made: Contact = await w.store.transact(lambda work: book.put(work, row))
    return made


async def proven_once(w: Whole, browser: Browser, person: str = "employee") -> Script:
    """A case page with one proof: a code by mail."""
    await enrolled(w, person)
    script = await page_of(w, browser, await proving(w, person))
    await asked(w, script)
    await script.good("mail-code", digits=codes_in(w, "employee", PRIVATE)[0])
    return script


def kind(view: dict[str, Any], wanted: str) -> dict[str, Any]:
    return next(one for one in view["proofs"] if one["kind"] == wanted)


async def test_named_agreed_and_counting_three_days_later(visitor: Visitor) -> None:
    """Both sign in freshly, both are told, and it waits from the day on which the contact agreed."""
    w = visitor.whole
    await fresh(visitor, "contacts", "strong", "agent")
    assert (await visitor.post("/me/contact", {"address": WORK})).status == 303
    await w.settle()
    (one,) = (await ways(visitor))["contacts"]
    assert (one["name"], one["agreed"], one["counts"]) == ("Tomasz Wiśniewski", False, False)
    assert any("asks you to be" in letter["subject"] for letter in letters(w, "deputy"))
    async with Visitor(w) as other:
        await other.signs_in("/me/sign-in", "deputy", "passkey")
        (asks,) = (await ways(other))["named_by"]
        assert asks["name"] == "Jonas Lindqvist"
        assert (await other.post("/me/contact/agree", {"id": asks["id"]})).status == 409
        await fresh(other, "contacts", "strong", "deputy")
        assert (await other.post("/me/contact/agree", {"id": asks["id"]})).status == 303
    (row,) = await w.rows(Contact)
    assert row.counts_from is not None
    assert row.counts_from - w.clock.now() == timedelta(hours=72)
    book = ContactBook(w.store, w.product.keys, w.clock)
    oid, friend = w.sandbox.oid("agent"), w.sandbox.oid("deputy")
    now = w.clock.now()
    assert not await w.store.read(lambda work: book.stands(work, oid, friend, now))
    assert await w.store.read(lambda work: book.stands(work, oid, friend, now + timedelta(hours=72)))


@pytest.mark.parametrize(
    "typed",
    ["employee@keyturn.example", "manager@keyturn.example", "guest@partner.example", "no@where.example"],
)
async def test_not_oneself_nor_the_manager_nor_a_guest(visitor: Visitor, typed: str) -> None:
    """The manager's word is a proof of its own; one person must not stand for two."""
    w = visitor.whole
    directory = w.sandbox.state.directory
    who = directory.get("deputy")
    assert who is not None
    who.doc["manager"] = "manager"
    directory.save(who)
    person = "deputy"
    await fresh(visitor, "contacts", "strong", person)
    typed = WORK if typed.startswith("employee") else typed
    answer = await visitor.post("/me/contact", {"address": typed})
    assert answer.status == 409
    assert "cannot be your contact" in answer.text
    assert await w.rows(Contact) == []


async def test_nobody_is_written_to_before_one_evidence(visitor: Visitor) -> None:
    """The door says so alike for everybody, the names stay hidden, and the form alone asks nobody."""
    w = visitor.whole
    row = await counting(w, "employee", "deputy")
    async with Browser(visitor.base) as own:
        script = await page_of(w, own, await proving(w))
        view = await script.look()
        assert (kind(view, "contact")["open"], kind(view, "contact")["why"]) == (False, "after_one")
        assert view["contacts"] == []
        assert (await script.post("contact", contact=row.id)).status == 409
    await w.settle()
    assert await w.rows(Check) == []
    assert not letters(w, "deputy")


async def given(visitor: Visitor, script: Script, contact: str = "deputy") -> str:
    """The contact heard of it, wrote *confirm*, signed in and got digits; where they landed."""
    w = visitor.whole
    await w.settle()
    await w.say(f"confirm {(await w.case()).number}", contact)
    (check,) = await w.rows(Check, kind="contact")
    path = w.product.links.path(f"voucher:{check.id}")
    assert path is not None
    assert await visitor.signs_in(f"{path}/open", contact, "passkey") == path
    await script.beat()
    return await visitor.signs_in(f"{path}/sign", contact, "passkey", how="in_person")


async def test_a_contact_signs_in_and_gives_the_digits(visitor: Visitor) -> None:
    """Asked after one proof, by name; their own sign-in; the person types six digits: evidence `contact`."""
    w = visitor.whole
    row = await counting(w, "employee", "deputy")
    async with Browser(visitor.base) as own:
        script = await remembered_page(w, own)
        view = await script.look()
        assert view["contacts"] == [{"id": row.id, "name": "Tomasz Wiśniewski"}]
        assert kind(view, "contact")["open"]
        await script.good("contact", contact=row.id)
        landed = await given(visitor, script)
        assert "refused" not in landed
        page = await visitor.get(landed)
        digits = "".join(c for c in page.text.split('class="digits')[1].split("</p>")[0] if c.isdigit())
        await script.beat()
        await script.good("digits", digits=digits[-6:])
        proofs = await w.rows(Evidence, order="at")
        assert [p.kind for p in proofs] == ["issued_code", "contact"]
        assert (proofs[1].by_oid, proofs[1].how["how"]) == (w.sandbox.oid("deputy"), "in_person")
        assert (await script.look())["stage"] == "tick"


async def remembered_page(w: Whole, browser: Browser) -> Script:
    """As `proven_once`, in a remembered browser: there two codes of different kinds are enough."""
    script = await proven_once(w, browser)
    (attempt,) = await w.rows(Attempt)
    await w.store.transact(lambda work: work.put(replace(attempt, remembered=True)))
    return script


async def test_a_young_contact_is_not_asked(visitor: Visitor) -> None:
    w = visitor.whole
    row = await counting(w, "employee", "deputy", days=10)
    async with Browser(visitor.base) as own:
        script = await remembered_page(w, own)
        view = await script.look()
        assert kind(view, "contact")["open"] is False
        assert view["contacts"] == []
        assert (await script.post("contact", contact=row.id)).status == 409
    assert await w.rows(Check) == []


async def test_a_contact_who_was_ended_meanwhile_cannot_sign(visitor: Visitor) -> None:
    """At the signature itself it is asked again; a row changed in the database counts no more, either."""
    w = visitor.whole
    row = await counting(w, "employee", "deputy")
    async with Browser(visitor.base) as own:
        script = await remembered_page(w, own)
        await script.good("contact", contact=row.id)
        await w.store.transact(lambda work: work.put(replace(row, added_at=row.added_at - timedelta(days=1))))
        landed = await given(visitor, script)
        assert "refused=not_the_manager" in landed
    (check,) = await w.rows(Check, kind="contact")
    assert check.status == "asked"


async def test_a_contact_in_trouble_of_their_own_cannot_vouch(visitor: Visitor) -> None:
    """Who added a method within 14 days may be somebody else by now."""
    w = visitor.whole
    row = await counting(w, "employee", "deputy")
    w.plant("deputy")
    async with Browser(visitor.base) as own:
        script = await remembered_page(w, own)
        await script.good("contact", contact=row.id)
        landed = await given(visitor, script)
        assert "refused=recent_recovery" in landed
