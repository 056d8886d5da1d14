"""My page's further ways back in: private addresses, remembered browsers; each by a fresh sign-in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from bot.core.audit import Tag
from bot.core.records import Address, Attempt, AuditRow, Evidence, IssuedCode, RememberedBrowser
from bot.service.remembered import counts
from tests.fakes.issuing import asked, book_of, enrolled, page_of, proving
from tests.fakes.mails import codes_in, letters
from tests.fakes.page_key import PageKey
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.browsing import Browser, form_token
from tests.web.case_house import Script
from tests.web.visiting import Visitor, serving

PRIVATE = "maria.fernandez@private.example"
MASK = "m•••z@p•••.example"


@pytest.fixture
async def visitor(whole: Whole) -> AsyncIterator[Visitor]:  # noqa: F811
    async with serving(whole), Visitor(whole) as made:
        yield made


async def fresh(
    visitor: Visitor, part: str = "addresses", choice: str = "strong", person: str = "manager"
) -> None:
    """Signed in afresh: leave for one change and one browser."""
    method = "passkey" if choice == "strong" else "authenticator"
    if "__Host-me" not in visitor.jar:
        await visitor.signs_in("/me/sign-in", person, method)
    landed = await visitor.signs_in("/me/enrol", person, method, **{"method": choice, "for": part})
    assert landed == f"/me#{part}"


async def ways(visitor: Visitor) -> dict[str, Any]:
    visitor.whole.clock.go(seconds=10)  # the page reads the methods, of which Graph allows few at a time
    return await visitor.told("/me")


def has_mailboxes(w: Whole, *addresses: str) -> None:
    """Where the manager reads mail, beside work; the sandbox delivers nowhere else."""
    directory = w.sandbox.state.directory
    who = directory.get("manager")
    assert who is not None
    who.user["otherMails"] = list(addresses)
    directory.save(who)


@pytest.fixture
async def person(visitor: Visitor) -> str:
    """Somebody with a passkey in hand and a private mailbox."""
    has_mailboxes(visitor.whole, PRIVATE)
    return "manager"


async def added(visitor: Visitor, person: str, address: str = PRIVATE, choice: str = "strong") -> str:
    """The address was typed and a code went there; its id."""
    await fresh(visitor, "addresses", choice, person)
    answer = await visitor.post("/me/address", {"address": address})
    assert answer.status == 303, answer.text[-400:]
    await visitor.whole.settle()
    return str((await ways(visitor))["addresses"][0]["id"])


# --- addresses --------------------------------------------------------------------------------------


async def test_an_address_counts_three_days_after_its_code_was_typed_back(
    visitor: Visitor, person: str
) -> None:
    """Typed, proved, told to the person's other mailboxes, and then it waits."""
    w = visitor.whole
    ident = await added(visitor, person)
    (one,) = (await ways(visitor))["addresses"]
    assert (one["proven"], one["counts"], one["masked"]) == (False, False, MASK)
    (code,) = codes_in(w, person, PRIVATE)
    answer = await visitor.post("/me/address/code", {"id": ident, "digits": code})
    assert (answer.status, answer.headers["Location"]) == (303, "/me#addresses")
    await w.settle()
    assert any(MASK in one["text"] for one in letters(w, person))
    (row,) = await w.rows(Address)
    assert row.counts_from is not None
    assert (row.status, (row.counts_from - w.clock.now()).total_seconds()) == ("good", 72 * 3600)
    assert Tag.ADDRESS_ADDED.value in await w.tags()
    page = await visitor.get("/me")
    assert PRIVATE not in page.text
    assert "counts from" in page.text
    assert PRIVATE.encode() not in w.at_rest()
    assert code.encode() not in w.at_rest()


async def test_without_a_passkey_and_for_every_change_it_counts_after_fourteen_days(
    visitor: Visitor, person: str
) -> None:
    """A second address is a change, which is what a thief would make."""
    w = visitor.whole
    second = "maria.home@private.example"
    has_mailboxes(w, PRIVATE, second)
    ident = await added(visitor, person, choice="other")
    await visitor.post("/me/address/code", {"id": ident, "digits": codes_in(w, person, PRIVATE)[0]})
    ident = await added(visitor, person, second)
    await visitor.post("/me/address/code", {"id": ident, "digits": codes_in(w, person, second)[0]})
    waits = {(r.counts_from - r.added_at).days for r in await w.rows(Address) if r.counts_from}
    assert waits == {14}
    assert len((await ways(visitor))["addresses"]) == 2


@pytest.mark.parametrize(
    "typed", ["manager@keyturn.example", "alias@keyturn.example", "employee@KEYTURN.example"]
)
async def test_a_work_mailbox_is_refused(visitor: Visitor, person: str, typed: str) -> None:
    """Whoever is locked out cannot read it; whoever took the account over can."""
    await fresh(visitor, "addresses", "strong", person)
    answer = await visitor.post("/me/address", {"address": typed})
    assert answer.status == 409
    assert "mailbox of your company" in answer.text
    assert await visitor.whole.rows(Address) == []
    assert (await ways(visitor))["may_change"] is True  # a typing mistake costs no sign-in


async def test_a_session_alone_changes_nothing(visitor: Visitor, person: str) -> None:
    """A stolen cookie reads masks; it adds nothing and takes nothing away."""
    await enrolled(visitor.whole, person, PRIVATE)
    await visitor.signs_in("/me/sign-in", person, "passkey")
    (one,) = (await ways(visitor))["addresses"]
    assert (await visitor.post("/me/address", {"address": "thief@evil.example"})).status == 409
    assert (await visitor.post("/me/address/remove", {"id": one["id"]})).status == 409
    assert len(await visitor.whole.rows(Address)) == 1
    assert (await visitor.whole.rows(Address))[0].status == "good"


async def test_one_sign_in_is_good_for_one_change(visitor: Visitor, person: str) -> None:
    await added(visitor, person)
    answer = await visitor.post("/me/address", {"address": "another@private.example"})
    assert answer.status == 409
    assert len(await visitor.whole.rows(IssuedCode)) == 1


async def test_five_wrong_codes_drop_the_address(visitor: Visitor, person: str) -> None:
    """Asking for another code gives no try back."""
    w = visitor.whole
    ident = await added(visitor, person)
    for n in range(5):
        w.clock.go(seconds=31)
        await visitor.post("/me/address/again", {"id": ident})
        await w.settle()
        wrong = f"{(int(codes_in(w, person, PRIVATE)[0]) + 1) % 10**8:08d}"
        assert (await visitor.post("/me/address/code", {"id": ident, "digits": wrong})).status in (
            409,
            429,
        ), n
    right = codes_in(w, person, PRIVATE)[0]
    assert (await visitor.post("/me/address/code", {"id": ident, "digits": right})).status == 409
    assert [r.status for r in await w.rows(Address)] == ["ended"]
    assert (await ways(visitor))["addresses"] == []


async def test_nobody_touches_the_address_of_another(visitor: Visitor, person: str) -> None:
    row = await enrolled(visitor.whole, "employee")
    await fresh(visitor, "addresses", "strong", person)
    assert (await ways(visitor))["addresses"] == []
    assert (await visitor.post("/me/address/remove", {"id": row.id})).status in (403, 409)
    assert (await visitor.whole.rows(Address))[0].status == "good"


async def test_taking_an_address_away_stops_it_at_once_and_it_hears_of_it(
    visitor: Visitor, person: str
) -> None:
    """What was proved with it in a running case is void; the address itself gets the notice."""
    w = visitor.whole
    row = await enrolled(w, person, PRIVATE)
    async with Browser(visitor.base) as own:
        script = await page_of(w, own, await proving(w, person))
        await asked(w, script, PRIVATE)
        await script.good("mail-code", digits=codes_in(w, person, PRIVATE)[0])
        await fresh(visitor, "addresses", "strong", person)
        assert (await visitor.post("/me/address/remove", {"id": row.id})).status == 303
    await w.settle()
    assert (await w.rows(Address))[0].status == "removed"
    (proof,) = await w.rows(Evidence)
    assert proof.void_reason == "address_removed"
    assert any("taken away" in one["text"] for one in letters(w, person, PRIVATE))


# --- remembered browsers ------------------------------------------------------------------------------


class Keeper:
    """What me.js does: a key of this browser's own, tested and remembered."""

    def __init__(self, visitor: Visitor, key: PageKey | None = None) -> None:
        self.visitor, self.key, self.token = visitor, key or PageKey(), ""

    async def post(self, path: str, **body: Any) -> Any:
        if not self.token:
            self.token = form_token((await self.visitor.get("/me")).text)
        return await self.visitor.ask("POST", path, json=body, headers={"X-Form-Token": self.token})

    async def remember(self, key: PageKey | None = None) -> int:
        test = await self.post("/me/browser/test", jwk=self.key.jwk)
        if test.status != 200:
            return int(test.status)
        told = json.loads(test.text)
        _, case_id, attempt_id, _ = told["info"].split("|")
        answer = key or self.key
        try:
            opened = answer.answer(json.dumps(told["wire"]), case_id=case_id, attempt_id=attempt_id)
        except InvalidTag:  # another key opens nothing
            opened = "guessed"
        return int((await self.post("/me/browser", ticket=told["ticket"], answer=opened)).status)


async def test_a_browser_counts_after_three_days(visitor: Visitor, person: str) -> None:
    """It shows that it holds the key; listed, told by mail, and young for 72 hours."""
    w = visitor.whole
    keeper = Keeper(visitor)
    await visitor.signs_in("/me/sign-in", person, "passkey")
    assert await keeper.remember() == 409
    await fresh(visitor, "browsers", "strong", person)
    assert await keeper.remember(PageKey()) == 409
    assert await w.rows(RememberedBrowser) == []
    assert await keeper.remember() == 200
    assert await keeper.remember() == 409  # the leave is spent
    (one,) = (await ways(visitor))["browsers"]
    assert one["counts"] is False
    await w.settle()
    assert any("remembered" in one["subject"] for one in letters(w, person))
    (row,) = await w.rows(RememberedBrowser)
    assert not counts(row, w.clock.now() + timedelta(hours=71, minutes=59))
    assert counts(row, w.clock.now() + timedelta(hours=72))
    assert (await visitor.post("/me/browser/forget", {"id": one["id"]})).status == 303
    assert await w.rows(RememberedBrowser) == []


@pytest.mark.parametrize("choice", ["strong", "other"])
async def test_two_codes_are_enough_in_a_remembered_browser(
    visitor: Visitor, person: str, choice: str
) -> None:
    """A saved code and a code by mail, entered in the browser that kept its key: no talk is needed.
    In any other browser, or too soon, they are not enough."""
    w = visitor.whole
    await enrolled(w, person, PRIVATE)
    oid = w.sandbox.oid(person)
    codes = w.product.codes.draw()
    long_ago = w.clock.now().replace(year=2025)
    rows = await w.product.codes.prepare(oid, codes, at=long_ago, counts_from=long_ago)
    await w.store.transact(lambda work: w.product.codes.keep(work, rows, by=oid))
    keeper = Keeper(visitor)
    await fresh(visitor, "browsers", choice, person)
    assert await keeper.remember() == 200
    w.clock.go(hours=73)
    case = await proving(w, person)
    async with Browser(visitor.base) as own:
        script = Script(own, f"/c/{w.product.keys.handle('case', case.id)}", key=keeper.key)
        await script.enter(case.number)
        (attempt,) = await w.rows(Attempt)
        assert attempt.remembered is (choice == "strong")
        await script.good("code", code=codes[0])
        await asked(w, script, PRIVATE)
        view = await script.look()
        await script.beat()
        await script.good("mail-code", digits=codes_in(w, person, PRIVATE)[0])
        view = await script.look()
    assert view["stage"] == ("tick" if choice == "strong" else "prove")


async def test_a_forged_browser_is_not_remembered(visitor: Visitor, person: str) -> None:
    """A row in the database without our MAC makes no browser a known one."""
    w = visitor.whole
    keeper = Keeper(visitor)
    await fresh(visitor, "browsers", "strong", person)
    assert await keeper.remember() == 200
    (row,) = await w.rows(RememberedBrowser)
    early = row.since.replace(year=2025)
    forged = replace(row, since=early, counts_from=early)
    await w.store.transact(lambda work: work.put(forged))
    case = await proving(w, person)
    async with Browser(visitor.base) as own:
        script = Script(own, f"/c/{w.product.keys.handle('case', case.id)}", key=keeper.key)
        await script.enter(case.number)
    assert [a.remembered for a in await w.rows(Attempt)] == [False]
    assert (await ways(visitor))["browsers"] == []


async def test_a_shared_computer_is_remembered_no_more(visitor: Visitor, person: str) -> None:
    """Who says that the computer is shared gives up the key; the server forgets it with the browser."""
    w = visitor.whole
    keeper = Keeper(visitor)
    await fresh(visitor, "browsers", "strong", person)
    assert await keeper.remember() == 200
    (row,) = await w.rows(RememberedBrowser)
    w.clock.go(hours=73)
    case = await proving(w, person)
    async with Browser(visitor.base) as own:
        script = Script(own, f"/c/{w.product.keys.handle('case', case.id)}", key=keeper.key)
        await script.good("claim", number=case.number, shared=True)
        await script.good("key", jwk=keeper.key.jwk, forgotten=row.thumbprint)
    assert await w.rows(RememberedBrowser) == []
    assert [a.remembered for a in await w.rows(Attempt)] == [False]
    tags = [r.tag for r in await w.rows(AuditRow)]
    assert Tag.BROWSER_FORGOTTEN.value in tags


async def test_notices_also_go_to_addresses_that_count_and_for_a_while_to_those_taken_away(
    visitor: Visitor, person: str
) -> None:
    """Not to a young one, which may be a thief's; to one taken away lately, since a thief may have done
    that. The sandbox refuses what it does not know, so the tried address shows in the audit entry."""
    w = visitor.whole
    book, oid = book_of(w), w.sandbox.oid(person)
    has_mailboxes(w)
    row = await enrolled(w, person, PRIVATE)
    await enrolled(w, person, "young@private.example", days=1)
    assert await book.told(oid) == [PRIVATE]
    await fresh(visitor, "addresses", "strong", person)
    assert (await visitor.post("/me/address/remove", {"id": row.id})).status == 303
    await w.settle()
    assert await book.told(oid) == [PRIVATE]
    (note,) = [r for r in await w.rows(AuditRow) if r.body.get("notice") == "address_removed"]
    assert (note.body["addresses"], note.body["refused"]) == (1, 1)
    w.clock.go(days=15)
    assert await book.told(oid) == ["young@private.example"]
