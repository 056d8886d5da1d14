"""My page: reading is for anybody signed in, making codes takes a fresh sign-in each time."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.core.audit import Tag
from bot.core.model import Reason
from bot.core.records import AuditRow, Execution, SavedCode, Sighting
from bot.sandbox.faults import parse
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.visiting import Visitor, serving

CODE = re.compile(r"<code>([A-Z2-7-]{31})</code>")
DAY = timedelta(days=1)


@pytest.fixture
async def visitor(whole: Whole) -> AsyncIterator[Visitor]:  # noqa: F811
    async with serving(whole), Visitor(whole) as made:
        yield made


async def signed(visitor: Visitor, person: str = "manager") -> None:
    assert await visitor.signs_in("/me/sign-in", person) == "/me"


async def granted(
    visitor: Visitor, person: str = "manager", method: str = "passkey", choice: str = "strong"
) -> None:
    """At the moment where ten codes may be shown."""
    await signed(visitor, person)
    assert await visitor.signs_in("/me/enrol", person, method, method=choice) == "/me#codes"


async def sheet(visitor: Visitor) -> list[str]:
    answer = await visitor.post("/me/codes", {})
    assert answer.status == 200, answer.text[-300:]
    return CODE.findall(answer.text)


# --- reading ----------------------------------------------------------------------------------------


async def test_the_door_tells_nothing_and_sets_nothing_of_a_session(visitor: Visitor) -> None:
    page = await visitor.get("/me")
    assert page.status == 200
    assert "Sign in" in page.text
    assert "__Host-me" not in visitor.jar
    assert visitor.whole.ledger() == []


async def test_it_lists_methods_with_their_age_and_no_codes_yet(visitor: Visitor) -> None:
    await signed(visitor)
    page = await visitor.get("/me")
    assert "Key on María" in page.text
    assert "You have no saved codes yet" in page.text
    told = await visitor.told("/me")
    assert {m["type"] for m in told["methods"]} == {"microsoftAuthenticator", "fido2"}
    assert all(m["since"] for m in told["methods"])
    assert (told["codes"], told["may_make"]) == ([], False)


async def test_reading_starts_the_age_of_what_graph_does_not_date(visitor: Visitor) -> None:
    """A sighting is an observation of ours; it makes nothing countable sooner."""
    await signed(visitor)
    await visitor.get("/me")
    assert {s.method_type for s in await visitor.whole.rows(Sighting)} >= {"fido2", "microsoftAuthenticator"}


async def test_unreadable_methods_are_said_to_be_so(visitor: Visitor) -> None:
    """Not an empty list: "none" would be a lie."""
    await signed(visitor)
    fault = {"match": "GET */authentication/*", "kind": "html502", "times": 50}
    visitor.whole.sandbox.state.faults.add(parse(fault))
    page = await visitor.get("/me")
    assert "could not be read just now" in page.text
    assert (await visitor.told("/me"))["methods"] is None


async def test_nobody_sees_the_page_of_another(visitor: Visitor) -> None:
    """It is that of whoever signed in; there is no address with a name in it."""
    await signed(visitor, "deputy")
    page = await visitor.get("/me")
    assert "Blue key" in page.text
    assert "María" not in page.text


async def test_signing_out_ends_it_here_and_in_the_store(visitor: Visitor) -> None:
    await signed(visitor)
    kept = dict(visitor.jar)
    assert (await visitor.post("/me/sign-out", {})).status == 303
    visitor.jar = kept
    assert "Key on María" not in (await visitor.get("/me")).text


async def test_a_session_ends_by_itself(visitor: Visitor) -> None:
    await signed(visitor)
    visitor.whole.clock.go(minutes=11)
    assert "Key on María" not in (await visitor.get("/me")).text


# --- making codes -----------------------------------------------------------------------------------


async def test_ten_codes_are_shown_once(visitor: Visitor) -> None:
    """In the answer to one POST. They are good from the day said on the sheet, and nowhere at rest."""
    await granted(visitor)
    codes = await sheet(visitor)
    assert len(set(codes)) == 10
    again = await visitor.post("/me/codes", {})
    assert again.status == 409
    assert not CODE.findall(again.text)
    page = await visitor.get("/me")
    assert not any(code in page.text for code in codes)
    assert not any(code.encode() in visitor.whole.at_rest() for code in codes)
    assert len(await visitor.whole.rows(SavedCode)) == 10
    oid = visitor.whole.sandbox.oid("manager")
    visitor.whole.clock.go(hours=73)
    assert not isinstance(await visitor.whole.product.codes.verify(oid, codes[0]), Reason)


async def test_the_sheet_is_not_cached(visitor: Visitor) -> None:
    """Nor may the page be shown again from the history of a shared computer."""
    await granted(visitor)
    answer = await visitor.post("/me/codes", {})
    assert answer.headers["Cache-Control"] == "no-store"


async def test_reloading_never_makes_codes(visitor: Visitor) -> None:
    """GET changes nothing, however often, with or without a grant; there is no GET of the sheet."""
    await granted(visitor)
    for path in ("/me", "/me?x=1", "/me/codes", "/me/enrol"):
        await visitor.get(path)
        await visitor.get(path)
    assert (await visitor.get("/me/codes")).status == 405
    assert await visitor.whole.rows(SavedCode) == []
    assert (await visitor.told("/me"))["may_make"] is True


async def test_a_session_alone_makes_no_codes(visitor: Visitor) -> None:
    """A stolen cookie reads; it does not print itself a way in."""
    await signed(visitor)
    answer = await visitor.post("/me/codes", {})
    assert answer.status == 409
    assert await visitor.whole.rows(SavedCode) == []


async def test_a_grant_lasts_five_minutes(visitor: Visitor) -> None:
    await granted(visitor)
    visitor.whole.clock.go(minutes=5)
    assert (await visitor.post("/me/codes", {})).status == 409
    assert await visitor.whole.rows(SavedCode) == []


async def test_one_grant_pressed_twice_at_once_is_one_sheet(visitor: Visitor) -> None:

    await granted(visitor)
    answers = await asyncio.gather(*(visitor.post("/me/codes", {}) for _ in range(3)))
    assert sorted(a.status for a in answers) == [200, 409, 409]
    assert len(await visitor.whole.rows(SavedCode)) == 10


async def test_without_a_session_there_is_nothing_to_make(visitor: Visitor) -> None:
    for path in ("/me/codes", "/me/enrol"):
        assert (await visitor.post(path, {})).status == 403


async def test_a_form_of_another_site_makes_no_codes(visitor: Visitor) -> None:
    await granted(visitor)
    assert (await visitor.post("/me/codes", {}, token="made-up")).status == 403
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert (await visitor.post("/me/codes", {}, headers=cross)).status == 403
    assert await visitor.whole.rows(SavedCode) == []


async def test_another_account_at_the_enrolment_is_refused(visitor: Visitor) -> None:
    """The codes would be that person's, on this one's paper."""
    await signed(visitor)
    landed = await visitor.signs_in("/me/enrol", "deputy", method="strong")
    assert landed == "/me?refused=other_account"
    assert (await visitor.told("/me"))["may_make"] is False
    assert (await visitor.post("/me/codes", {})).status == 409


async def test_a_weak_sign_in_is_no_enrolment_with_a_strong_one(visitor: Visitor) -> None:
    """The context says how somebody signed in, not the form."""
    await signed(visitor)
    landed = await visitor.signs_in("/me/enrol", "manager", "authenticator", method="strong")
    assert landed == "/me?refused=weak_sign_in"
    assert (await visitor.post("/me/codes", {})).status == 409


async def test_the_owner_is_told_of_new_codes(visitor: Visitor) -> None:
    """By mail, so that who printed them with a stolen session has told on themselves."""
    await granted(visitor)
    await sheet(visitor)
    await visitor.whole.settle()
    assert ["New saved codes" in m["subject"] for m in visitor.whole.mail("manager")] == [True]
    (row,) = await visitor.whole.rows(AuditRow, tag=Tag.CODES_MADE.value)
    assert row.subject == row.actor == visitor.whole.sandbox.oid("manager")


async def test_a_script_gets_the_sheet_as_json(visitor: Visitor) -> None:
    await granted(visitor)
    answer = await visitor.post("/me/codes", {}, headers={"Accept": "application/json"})
    told = json.loads(answer.text)
    assert len(told["codes"]) == 10
    assert set(told) == {"codes", "made_at", "counts_from"}


# --- from when they count ---------------------------------------------------------------------------


async def quarantine(visitor: Visitor) -> timedelta:
    before = visitor.whole.clock.now()
    await sheet(visitor)
    rows = await visitor.whole.rows(SavedCode, order="-set_id", limit=1)
    return rows[0].counts_from - before


async def test_a_first_set_with_a_strong_sign_in_counts_after_three_days(visitor: Visitor) -> None:
    await granted(visitor)
    assert await quarantine(visitor) == 3 * DAY


async def test_a_first_set_with_a_weaker_sign_in_counts_after_fourteen(visitor: Visitor) -> None:
    await granted(visitor, "manager", "authenticator", "other")
    assert await quarantine(visitor) == 14 * DAY


async def test_who_says_other_but_signs_in_strongly_still_waits(visitor: Visitor) -> None:
    """The slow way is what was asked for; it never becomes the quick one."""
    await granted(visitor, "manager", "passkey", "other")
    assert await quarantine(visitor) == 14 * DAY


async def test_every_later_set_counts_after_fourteen(visitor: Visitor) -> None:
    """A change is what a thief of a session would make."""
    await granted(visitor)
    await sheet(visitor)
    visitor.whole.clock.go(days=30)
    await granted(visitor)
    assert await quarantine(visitor) == 14 * DAY
    told = await visitor.told("/me")
    assert [(one["left"], one["counts"]) for one in told["codes"]] == [(10, False), (10, True)]


async def test_codes_made_after_a_recovery_count_after_fourteen(visitor: Visitor) -> None:
    """The new method is hours old; the codes it prints must not be good before it is."""
    oid, at = visitor.whole.sandbox.oid("manager"), visitor.whole.clock.now() - 13 * DAY
    execution = Execution("x", "r", "c", oid, "oid-agent", "closed", at, at, "done")
    await visitor.whole.store.transact(lambda work: work.add(execution))
    await granted(visitor)
    assert await quarantine(visitor) == 14 * DAY


async def test_used_codes_are_counted_down(visitor: Visitor) -> None:
    await granted(visitor)
    codes = await sheet(visitor)
    visitor.whole.clock.go(days=4)
    await visitor.whole.product.codes.burn(visitor.whole.sandbox.oid("manager"), codes[0])
    await signed(visitor)
    (told,) = (await visitor.told("/me"))["codes"]
    assert (told["left"], told["used"]) == (9, 1)
    assert "9 left" in (await visitor.get("/me")).text
