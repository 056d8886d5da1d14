"""The voucher page: from the bot's answer in chat to six digits, over HTTP and real sign-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import Tag
from bot.core.records import Attempt, AuditRow, Case, Check, Evidence
from bot.service import digits as six
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.web.visiting import Visitor, serving


@pytest.fixture
async def visitor(whole: Whole) -> AsyncIterator[Visitor]:  # noqa: F811
    async with serving(whole), Visitor(whole) as made:
        yield made


async def asked(whole: Whole) -> tuple[Case, str]:  # noqa: F811
    """A person with one evidence and an open page asked their manager; the link the manager was given."""
    await whole.press("start:new_phone")
    at = whole.clock.now()
    case = replace(await whole.case(), proven_at=at)
    attempt = Attempt(
        "attempt1", case.id, "browser1", at, at + timedelta(hours=12), "open", "203.0.113.0/24", "PT",
        "Firefox, Linux", thumbprint="thumb", key_tested_at=at, answered_at=at,
    )  # fmt: skip

    def fn(work: object) -> None:
        work.put(case)  # type: ignore[attr-defined]
        work.add(attempt)  # type: ignore[attr-defined]
        how = {"how": ""}
        work.add(  # type: ignore[attr-defined]
            Evidence("e1", case.id, "attempt1", case.subject_oid, "saved_code", at, "", "thumb", how, "")
        )

    await whole.store.transact(fn)
    vouchers = whole.product.intake._meaning._vouchers
    assert await vouchers.ask(case, attempt) is None  # type: ignore[attr-defined]
    await whole.settle()
    await whole.say(f"confirm {case.number}", "manager")
    (check,) = await whole.rows(Check)
    path = whole.product.links.path(f"voucher:{check.id}")
    assert path is not None
    return case, path


async def present(whole: Whole) -> None:  # noqa: F811
    """The person's page answered just now."""
    attempt = (await whole.rows(Attempt))[0]
    now = whole.clock.now()
    await whole.store.transact(lambda work: work.put(replace(attempt, answered_at=now)))


async def test_from_the_mail_to_the_digits(visitor: Visitor) -> None:
    """Mail without a link, *confirm* in chat, the page, a fresh sign-in, six digits for a minute."""
    case, path = await asked(visitor.whole)
    (letter,) = visitor.whole.mail("manager")
    assert f"confirm {case.number}" in letter["text"]
    assert "http" not in letter["text"]

    door = await visitor.get(path)
    assert "Amara" not in door.text
    assert await visitor.signs_in(f"{path}/open", "manager") == path
    page = await visitor.get(path)
    for seen in (
        "Amara Okafor",
        "employee@keyturn.example",
        "Firefox, Linux",
        "PT",
        case.number,
        "is open now",
    ):
        assert seen in page.text
    assert (await visitor.told(path))["digits"] == ""

    await present(visitor.whole)
    assert await visitor.signs_in(f"{path}/sign", "manager", how="in_person") == path
    told = await visitor.told(path)
    (check,) = await visitor.whole.rows(Check)
    assert six.fit(visitor.whole.product.keys, check, told["digits"])
    shown = (await visitor.get(path)).text
    assert f"{told['digits'][:3]} {told['digits'][3:]}" in shown
    assert told["digits"].encode() not in visitor.whole.at_rest()
    (row,) = await visitor.whole.rows(AuditRow, tag=Tag.VOUCH_SIGNED.value)
    assert (row.actor, row.body["how"]) == (visitor.whole.sandbox.oid("manager"), "in_person")

    visitor.whole.clock.go(seconds=61)
    assert (await visitor.told(path))["digits"] == ""
    assert "have run out" in (await visitor.get(path)).text


async def test_the_handle_is_nowhere_at_rest(visitor: Visitor) -> None:
    _, path = await asked(visitor.whole)
    await visitor.signs_in(f"{path}/open", "manager")
    assert path.rpartition("/")[2].encode() not in visitor.whole.at_rest()


async def test_somebody_else_learns_nothing_and_may_come_back_as_the_one_asked(visitor: Visitor) -> None:
    """Whoever got hold of the link sees a door; a manager with two accounts is not stuck in the wrong one."""
    case, path = await asked(visitor.whole)
    await visitor.signs_in(f"{path}/open", "agent")
    page = await visitor.get(path)
    assert page.status == 403
    assert "Amara" not in page.text
    assert case.number not in page.text
    assert "who was not asked" in page.text
    for action, form in (("sign", {"how": "in_person"}), ("refuse", {})):
        assert (await visitor.post(f"{path}/{action}", form)).status in (403, 409)
    json = await visitor.ask("GET", path, headers={"Accept": "application/json"})
    assert json.status in (403, 409)
    await visitor.signs_in(f"{path}/open", "manager")
    assert "Amara" in (await visitor.get(path)).text


async def test_the_deputy_may(visitor: Visitor) -> None:
    _, path = await asked(visitor.whole)
    await visitor.signs_in(f"{path}/open", "deputy")
    await present(visitor.whole)
    await visitor.signs_in(f"{path}/sign", "deputy", how="video_call")
    assert (await visitor.told(path))["digits"]


async def test_the_signature_is_of_the_account_that_read_the_page(visitor: Visitor) -> None:
    """Another account at the authority: nothing happens, and the page says so."""
    _, path = await asked(visitor.whole)
    await visitor.signs_in(f"{path}/open", "manager")
    await present(visitor.whole)
    landed = await visitor.signs_in(f"{path}/sign", "deputy", how="in_person")
    assert landed == f"{path}?refused=other_account"
    assert (await visitor.told(path))["status"] == "asked"


async def test_an_absent_page_is_said_so_before_the_sign_in(visitor: Visitor) -> None:
    _, path = await asked(visitor.whole)
    await visitor.signs_in(f"{path}/open", "manager")
    visitor.whole.clock.go(minutes=3)
    assert "is not open now" in (await visitor.get(path)).text
    answer = await visitor.post(f"{path}/sign", {"how": "in_person"})
    assert answer.status == 409
    assert "Location" not in answer.headers


async def test_without_a_way_of_making_sure_nothing_is_signed(visitor: Visitor) -> None:
    _, path = await asked(visitor.whole)
    await visitor.signs_in(f"{path}/open", "manager")
    for how in ("", "recognised_the_voice"):
        assert (await visitor.post(f"{path}/sign", {"how": how})).status == 400


async def test_refusing_stops_the_case(visitor: Visitor) -> None:
    _, path = await asked(visitor.whole)
    await visitor.signs_in(f"{path}/open", "manager")
    answer = await visitor.post(f"{path}/refuse", {})
    assert (answer.status, answer.headers["Location"]) == (303, path)
    assert "Thank you for saying so" in (await visitor.get(path)).text
    assert (await visitor.whole.case()).status == "frozen"
    await visitor.whole.settle()
    assert Tag.ALERT_RAISED.value in await visitor.whole.tags()


async def test_a_manager_with_a_new_method_reads_why_their_word_does_not_count(visitor: Visitor) -> None:
    """And cannot sign: Graph is asked again when the sign-in comes back."""
    _, path = await asked(visitor.whole)
    await visitor.signs_in(f"{path}/open", "manager")
    await present(visitor.whole)
    left = await visitor.leaves(f"{path}/sign", how="in_person")
    visitor.whole.plant("manager")
    landed = await visitor.comes_back(left, "manager")
    assert landed.headers["Location"] == f"{path}?refused=recent_recovery"
    page = await visitor.get(path)
    assert "somebody else can vouch" in page.text
    assert "/sign" not in page.text


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unknown_handle_is_not_there(visitor: Visitor, method: str) -> None:
    """Before and after a sign-in, and nothing of Graph is read for it."""
    path = "/v/" + "x" * 43
    if method == "GET":
        assert (await visitor.get(path)).status == 404
    else:
        for action in ("open", "sign", "refuse"):
            assert (await visitor.post(f"{path}/{action}", {"how": "in_person"})).status in (403, 404)
    assert visitor.whole.ledger() == []


async def test_a_form_of_another_site_does_nothing(visitor: Visitor) -> None:
    _, path = await asked(visitor.whole)
    await visitor.signs_in(f"{path}/open", "manager")
    for action in ("open", "sign", "refuse"):
        assert (await visitor.post(f"{path}/{action}", {"how": "in_person"}, token="made-up")).status == 403
    assert (await visitor.whole.case()).status == "open"


async def test_the_page_is_in_the_readers_language(visitor: Visitor) -> None:
    _, path = await asked(visitor.whole)
    await visitor.signs_in(f"{path}/open", "manager")
    page = await visitor.get(f"{path}?lang=de")
    assert "Wie haben Sie sich vergewissert" in page.text
