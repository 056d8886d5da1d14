"""A code by mail as a proof: who gets one, what a stranger learns, and what is left behind."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import Tag
from bot.core.model import Oid
from bot.core.records import Address, Attempt, AuditRow, Evidence, IssuedCode, Job, Limit, Line, Sighting
from bot.service.code_mail import MOST_LETTERS
from bot.service.hiring import HiringMails
from tests.fakes.issuing import ELSEWHERE, PRIVATE, asked, book_of, enrolled, page_of, proving
from tests.fakes.mails import codes_in, letters
from tests.fakes.product import Whole
from tests.web.browsing import Browser
from tests.web.case_house import Script
from tests.web.visiting import serving


@pytest.fixture
async def browser(whole: Whole) -> AsyncIterator[Browser]:
    async with serving(whole), Browser(f"http://127.0.0.1:{whole.port}") as made:
        yield made


@pytest.fixture
async def script(whole: Whole, browser: Browser) -> Script:
    """Amara's case page; her address counts."""
    await enrolled(whole)
    return await page_of(whole, browser, await proving(whole))


async def error(script: Script, name: str, **body: str) -> str:
    got = await script.post(name, **body)
    return str(json.loads(got.text).get("error", "")) if got.status != 200 else ""


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


async def test_a_code_comes_by_mail_and_is_a_proof(whole: Whole, script: Script) -> None:
    """Asked for, sent to the one address, typed back: evidence with where it was read, behind a mask."""
    await asked(whole, script, PRIVATE.upper())
    (code,) = codes_in(whole, "employee", PRIVATE)
    (letter,) = letters(whole, "employee")
    assert (await whole.case()).number in letter["text"]
    assert "://" not in letter["text"]
    await script.good("mail-code", digits=f"{code[:4]} {code[4:]}")
    (proof,) = await whole.rows(Evidence)
    assert (proof.kind, proof.how["how"], proof.how["read_on"]) == ("issued_code", "mail", "this_device")
    assert proof.how["mask"] == "a•••r@p•••.example"
    assert PRIVATE not in json.dumps(proof.how)
    view = await script.look()
    assert [one["kind"] for one in view["passed"]] == ["issued_code"]


async def test_asking_for_a_code_is_answered_alike_for_every_name_and_address(
    whole: Whole, browser: Browser
) -> None:
    """Right address, wrong address, an account without any, no account at all: the same rows are
    written, the same answer given, the same page shown. Only the mailbox knows."""
    await enrolled(whole)
    seen = []
    for person, address in (
        ("employee", PRIVATE), ("employee", ELSEWHERE), ("hello_user", ELSEWHERE), ("guest", ELSEWHERE),
    ):  # fmt: skip
        async with Browser(browser.base) as own:
            case = await proving(whole, person)
            page = await page_of(whole, own, case)
            before = len(await whole.rows(IssuedCode)), len(await whole.rows(Job, kind="code"))
            asked_before = len(whole.ledger())
            answer = await page.post("mail", address=address, read_on="other_device")
            after = len(await whole.rows(IssuedCode)), len(await whole.rows(Job, kind="code"))
            assert len(whole.ledger()) == asked_before  # nothing is read before the answer
            shown = await page.look()
            await whole.settle()
            later = await page.look()
            seen.append(
                (answer.status, answer.text, after[0] - before[0], after[1] - before[1], shown["code_sent"],
                 shown["proofs"], later["code_sent"], later["proofs"], later["tries_left"])
            )  # fmt: skip
            await whole.say("cancel", person)
    assert all(one == seen[0] for one in seen[1:])
    assert len(codes_in(whole, "employee", PRIVATE)) == 1
    assert not letters(whole, "hello_user")


async def test_masks_show_only_after_one_evidence(whole: Whole, script: Script) -> None:
    """Before it nobody learns whether there is an address; after it the own ones can be chosen."""
    (row,) = await whole.rows(Address)
    assert (await script.look())["addresses"] == []
    assert await error(script, "mail", to=row.id, read_on="this_device") == "bad_form"
    await asked(whole, script)
    await script.good("mail-code", digits=codes_in(whole, "employee")[0])
    assert (await script.look())["addresses"] == [{"id": row.id, "masked": "a•••r@p•••.example"}]
    html = await script.browser.get(script.path)
    assert PRIVATE not in html.text


async def test_asking_anew_gives_no_try_back(whole: Whole, script: Script) -> None:
    """Five wrong tries end the attempt, whatever is asked for between them; the wait grows."""
    for n in range(5):
        whole.clock.go(minutes=61)
        await script.beat()
        await asked(whole, script)
        right = codes_in(whole, "employee")[0]
        assert await error(script, "mail-code", digits=other(right)) == "wrong_code", n
    (attempt,) = await whole.rows(Attempt)
    assert (attempt.status, attempt.ended_reason, attempt.wrong_tries) == ("ended", "tries", 5)
    assert await whole.rows(Evidence) == []
    pools = [row for row in await whole.rows(Limit) if row.id.startswith("wrong/strangers/")]
    assert [row.count for row in pools] == [5]


async def test_only_so_many_codes_are_asked_for(whole: Whole, script: Script) -> None:
    """One in half a minute, five in one attempt: nobody's mailbox is flooded through this page."""
    await asked(whole, script)
    assert await error(script, "mail", address=PRIVATE, read_on="this_device") == "too_soon"
    for _ in range(4):
        whole.clock.go(seconds=31)
        await script.beat()
        await asked(whole, script)
    whole.clock.go(seconds=31)
    await script.beat()
    assert await error(script, "mail", address=PRIVATE, read_on="this_device") == "too_many"
    assert len(codes_in(whole, "employee")) == 5


async def test_strangers_use_up_no_letters_of_a_known_browser(whole: Whole, script: Script) -> None:
    """Whoever knows the private address may ask for letters all day; its owner's own browser, a case that
    an agent opened for them, and my page still get theirs."""
    day, oid = f"{whole.clock.now():%Y-%m-%d}", whole.sandbox.oid("employee")
    used = Limit(f"code-mail/strangers/{oid}/{day}", MOST_LETTERS, whole.clock.now() + timedelta(days=1))
    await whole.store.transact(lambda work: work.save(used))
    await asked(whole, script)
    assert codes_in(whole, "employee") == []
    (attempt,) = await whole.rows(Attempt)
    await whole.store.transact(lambda work: work.put(replace(attempt, remembered=True)))
    whole.clock.go(seconds=31)
    await script.beat()
    await asked(whole, script)
    assert len(codes_in(whole, "employee")) == 1


async def test_a_code_is_good_for_fifteen_minutes_and_once(whole: Whole, script: Script) -> None:
    """A right one that is late says so and costs no try; a used one is used."""
    await asked(whole, script)
    late = codes_in(whole, "employee")[0]
    whole.clock.go(minutes=15)
    await script.beat()
    assert await error(script, "mail-code", digits=late) == "code_late"
    assert (await whole.rows(Attempt))[0].wrong_tries == 0
    await asked(whole, script)
    code = codes_in(whole, "employee")[0]
    assert code != late
    await script.good("mail-code", digits=code)
    assert await error(script, "mail-code", digits=code) in ("used_code", "proof_closed")
    assert len(await whole.rows(Evidence)) == 1


async def test_a_code_of_another_attempt_is_no_code(whole: Whole, script: Script) -> None:
    """A code belongs to the page that asked for it; another browser of the same case cannot use it."""
    await asked(whole, script)
    code = codes_in(whole, "employee")[0]
    async with Browser(script.browser.base) as second:
        page = await page_of(whole, second, await whole.case())
        assert await error(page, "mail-code", digits=code) == "proof_closed"
        await page.good("mail", address=ELSEWHERE, read_on="this_device")
        assert await error(page, "mail-code", digits=code) == "wrong_code"
    assert await whole.rows(Evidence) == []


async def test_a_young_address_gets_no_code(whole: Whole, browser: Browser) -> None:
    """What was added a day ago may be a thief's own."""
    await enrolled(whole, days=2.9, counts=3)
    script = await page_of(whole, browser, await proving(whole))
    await asked(whole, script)
    assert not letters(whole, "employee")
    assert Tag.ISSUED_UNSENT.value in await whole.tags()


async def test_an_address_that_was_changed_in_the_store_counts_nowhere(whole: Whole, script: Script) -> None:
    """Made to count sooner, moved to another account, pointed elsewhere: the MAC does not fit."""
    (row,) = await whole.rows(Address)
    book, oid = book_of(whole), row.subject_oid
    forged = (
        {"counts_from": row.added_at}, {"subject_oid": whole.sandbox.oid("hello_user")},
        {"match": book.match(oid, ELSEWHERE), "sealed": book.seal(oid, ELSEWHERE)},
    )  # fmt: skip
    for n, change in enumerate(forged):
        await whole.store.transact(lambda work, change=change: work.put(replace(row, **change)))
        whole.clock.go(seconds=31)
        await script.beat()
        await asked(whole, script, ELSEWHERE if "match" in change else PRIVATE)
        assert not letters(whole, "employee"), n


async def test_a_code_sent_before_its_address_was_changed_is_no_proof(whole: Whole, script: Script) -> None:
    """The address is asked again when the code is typed: taken away meanwhile, it opens nothing."""
    await asked(whole, script)
    code = codes_in(whole, "employee")[0]
    (row,) = await whole.rows(Address)
    await whole.store.transact(lambda work: book_of(whole).put(work, replace(row, status="removed")))
    assert await error(script, "mail-code", digits=code) == "wrong_code"
    assert await whole.rows(Evidence) == []


async def test_a_planted_row_has_no_code(whole: Whole, script: Script) -> None:
    """Who writes the database cannot write a code that fits: not even `sent` by hand helps."""
    await asked(whole, script, ELSEWHERE)
    (row,) = await whole.rows(IssuedCode)
    assert row.status == "unsent"
    (address,) = await whole.rows(Address)
    planted = replace(row, status="sent", address=address.id, match=address.match)
    await whole.store.transact(lambda work: work.put(planted))
    from bot.service.issued_codes import IssuedBook
    from tests.fakes.clock import FakeEntropy

    code = IssuedBook(whole.product.keys, FakeEntropy()).code(planted)  # a thief would need our key
    assert await error(script, "mail-code", digits=code) == "wrong_code"


async def test_a_mailbox_on_the_lost_phone_gets_no_code(whole: Whole, script: Script) -> None:
    """Who holds the phone holds the mailbox: the page asks, says why, and sends nothing."""
    assert await error(script, "mail", address=PRIVATE, read_on="lost_device") == "mailbox_lost"
    assert await error(script, "mail", address=PRIVATE) == "bad_form"
    assert await whole.rows(IssuedCode) == []


async def test_what_is_no_address_is_said_at_once(whole: Whole, script: Script) -> None:
    """That is about the letters on the screen, not about anybody."""
    for typed in ("", "amara", "a@b\nbcc: x@y.z", "a@" + "b" * 300 + ".example"):
        assert await error(script, "mail", address=typed[:390], read_on="this_device") in (
            "no_address", "bad_form",
        )  # fmt: skip


async def test_no_code_by_mail_is_left_anywhere(
    whole: Whole, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the database, its log, the outbox, the audit, the transcript or any log line; nor is the
    address, which lies sealed."""
    caplog.set_level("DEBUG")
    await asked(whole, script)
    code = codes_in(whole, "employee")[0]
    await script.good("mail-code", digits=code)
    kept = whole.at_rest()
    for canary in (code, f"{code[:4]} {code[4:]}", PRIVATE):
        assert canary.encode() not in kept
        for kind in (AuditRow, Job, Line, IssuedCode, Evidence):
            assert canary not in repr(await whole.rows(kind))
        assert canary not in caplog.text
    (job,) = await whole.jobs("code")
    assert set(job.body) == {"code"}


async def test_only_an_address_seen_before_hiring_gets_a_code_on_the_first_day(
    whole: Whole, browser: Browser
) -> None:
    """HR's address counts if we saw it before the day of hiring; one seen later, or by a planted
    sighting, never; and what passes is `hiring`, which standard accounts cannot use."""
    private, oid = "aroha.ngata@private.example", whole.sandbox.oid("new_starter")
    directory = whole.product.acts._reader._directory
    person = await directory.person(Oid(oid))
    assert person is not None
    assert person.hired_at is not None
    hiring = HiringMails(whole.product.keys, book_of(whole))
    case = await proving(whole, "new_starter")
    script = await page_of(whole, browser, case)

    async def ask() -> list[str]:
        whole.clock.go(seconds=31)
        await script.beat()
        await asked(whole, script, private)
        return codes_in(whole, "new_starter", private)

    assert await ask() == []
    await whole.store.transact(lambda work: hiring.note(work, person, whole.clock.now()))
    assert await ask() == []
    (late,) = [s for s in await whole.rows(Sighting) if s.method_type == "mail"]
    early = person.hired_at - timedelta(days=5)
    await whole.store.transact(lambda work: work.put(replace(late, first_seen_at=early)))
    assert await ask() == []
    await whole.store.transact(lambda work: work.remove(Sighting, late.id))
    await whole.store.transact(lambda work: hiring.note(work, person, early))
    (code,) = await ask()
    await script.good("mail-code", digits=code)
    (proof,) = await whole.rows(Evidence)
    assert proof.how["how"] == "hiring"
    assert "mask" not in proof.how
