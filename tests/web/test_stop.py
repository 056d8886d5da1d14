"""The stop page, from a letter on a real mail server to a frozen case and a pass taken back in Graph."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.mail.smtp import SmtpMail
from bot.core.records import Attempt, Case, Evidence, NoticeCode, Objection, Takeback
from bot.service.notices import Notices, notice_job
from bot.setting_mail import Mail
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.smtp import MailHouse, mail_house, trusting
from tests.web.visiting import Visitor, serving

CODE = re.compile(r"(?:Objection code|Einspruchscode): ([0-9A-Z-]{14})\n")


@pytest.fixture
async def visitor(whole: Whole) -> AsyncIterator[Visitor]:  # noqa: F811
    async with serving(whole), Visitor(whole) as made:
        yield made


async def proven(whole: Whole) -> Case:  # noqa: F811
    """A case with an evidence and an open page."""
    await whole.press("start:new_phone")
    at = whole.clock.now()
    case = replace(await whole.case(), proven_at=at)
    attempt = Attempt(
        "attempt1", case.id, "browser1", at, at + timedelta(hours=12), "open", "203.0.113.0/24", "PT",
        "Firefox", thumbprint="thumb", key_tested_at=at, answered_at=at,
    )  # fmt: skip
    row = Evidence("e1", case.id, attempt.id, case.subject_oid, "saved_code", at, "", "thumb", {}, "")
    row = replace(row, mac=whole.product.keys.row_mac(row))

    def fn(work: object) -> None:
        work.put(case)  # type: ignore[attr-defined]
        work.add(attempt)  # type: ignore[attr-defined]
        work.add(row)  # type: ignore[attr-defined]

    await whole.store.transact(fn)
    return case


async def told(whole: Whole, case: Case, house: MailHouse, what: str = "help_started") -> dict[str, str]:  # noqa: F811
    """The notice goes out over SMTP; the code in the letter to each address."""
    notices = whole.product.outbox._handlers["notice"].__self__  # type: ignore[attr-defined]
    assert isinstance(notices, Notices)
    settings = Mail.model_validate(
        {"smtp_url": f"smtp://127.0.0.1:{house.port}", "from": "help@keyturn.example"}
    )
    notices._mail = SmtpMail(settings, whole.clock, tls=trusting())
    job = notice_job(f"{what}/1", what, oid=case.subject_oid, at=whole.clock.now(), case=case)
    await whole.store.transact(lambda work: work.enqueue([job]))
    await whole.settle()
    found = {}
    for letter in house.letters:
        code = CODE.search(letter.get_content().replace("\r\n", "\n"))
        assert code is not None
        found[str(letter["To"])] = code[1]
    return found


@pytest.mark.parametrize("locale", ["en", "de"])
async def test_a_code_from_the_mail_freezes_the_case_and_is_nowhere_else(
    visitor: Visitor, locale: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One letter to each address with a code of its own, in the reader's language, over STARTTLS; typed at
    the page, the case is frozen when it answers. Neither database, log, audit nor figures hold a code."""
    whole = visitor.whole  # noqa: F811
    case = await proven(whole)
    directory = whole.product.outbox._handlers["notice"].__self__._directory  # type: ignore[attr-defined]
    real = directory.person

    async def speaks(oid: str) -> object:
        return replace(await real(oid), locale=locale)

    monkeypatch.setattr(directory, "person", speaks)
    async with mail_house(tls="starttls") as house:
        with caplog.at_level(logging.DEBUG):
            codes = await told(whole, case, house)
            code = codes["amara.okafor@private.example"]
            answer = await visitor.post(
                f"/stop?lang={locale}", {"number": case.number, "code": code.lower().replace("-", " ")}
            )
    assert answer.status == 200
    assert ("Stopped" if locale == "en" else "Angehalten") in answer.text
    assert (await whole.case()).status == "frozen"
    assert len(set(codes.values())) == 2
    assert {str(letter["Content-Language"]) for letter in house.letters} == {locale}
    figures = (await visitor.get("/metrics")).text
    said = " ".join(r.getMessage() for r in caplog.records if r.name != "mail.log")  # the mail server's own
    await whole.settle()
    for one in codes.values():
        for form in (one, one.replace("-", "")):
            assert form not in said + figures + answer.text
            assert form.encode() not in whole.at_rest()


async def test_looking_at_the_stop_page_stops_nothing(visitor: Visitor) -> None:
    """Scanners, previews and those who put number and code into an address: a GET does nothing."""
    whole = visitor.whole  # noqa: F811
    case = await proven(whole)
    async with mail_house(tls="starttls") as house:
        code = (await told(whole, case, house))["employee@keyturn.example"]
    for _ in range(3):
        assert (await visitor.get(f"/stop?number={case.number}&code={code}")).status == 200
        assert (await visitor.ask("HEAD", f"/stop?number={case.number}&code={code}")).status == 200
    forged = await visitor.post("/stop", {"number": case.number, "code": code}, token="not of this browser")
    assert forged.status == 403
    assert (await whole.case()).status == "open"
    assert await whole.rows(Objection) == []


async def test_a_wrong_code_is_said_kindly_beside_the_form(visitor: Visitor) -> None:
    """Same page, same status whatever is wrong; after too many it names the desk."""
    page = await visitor.get("/stop")
    assert 'name="number"' in page.text
    for number in ("471123", "1", ""):
        answer = await visitor.post("/stop", {"number": number, "code": "ABCD-EFGH-JKMN"})
        assert answer.status == 409
        assert "do not fit together" in answer.text
        assert 'role="alert"' in answer.text
    for _ in range(27):
        await visitor.post("/stop", {"number": "1", "code": "x"})
    late = await visitor.post("/stop", {"number": "1", "code": "x"})
    assert late.status == 429
    assert "call the help desk" in late.text


async def test_an_agent_takes_back_what_the_frozen_case_made(visitor: Visitor) -> None:
    """One fresh sign-in, in the agent's own name: Graph sees the delete, then the revoke; the desk leads
    there, and nobody without a desk session sees the list."""
    whole = visitor.whole  # noqa: F811
    case = await proven(whole)
    person = whole.sandbox.state.directory.get("employee")
    assert person is not None
    whole.sandbox.state.methods.issue(
        person.id, once=True, minutes=60, length=10, starts_at=whole.clock.now()
    )
    whole.plant("employee")
    async with mail_house(tls="starttls") as house:
        code = (await told(whole, case, house))["employee@keyturn.example"]
    form = {"number": case.number, "code": code}
    stopped = await visitor.ask(
        "POST", "/stop", headers={"Accept": "application/json"},
        data={"form_token": await token(visitor), **form},
    )  # fmt: skip
    assert json.loads(stopped.text)["result"] == "frozen"
    assert "Take back" not in (await visitor.get("/stop")).text
    assert (await visitor.post("/stop/take-back", {"case": case.id})).status == 403

    await visitor.signs_in("/desk/sign-in", "agent")
    page = await visitor.get("/stop")
    assert "Take back and sign out" in page.text
    assert "Not mine" in page.text, "the added method is listed"
    assert 'href="/stop"' in (await visitor.get("/desk")).text
    before = len(whole.ledger())
    assert await visitor.signs_in("/stop/take-back", "agent", "passkey", case=case.id) == "/stop"
    changes = [
        c for c in whole.ledger()[before:] if "/users/" in c and not c.startswith("GET") and "check" not in c
    ]
    assert [c.split()[0] for c in changes] == ["DELETE", "POST"]
    assert "temporaryAccessPassMethods" in changes[0]
    assert changes[1].endswith("/revokeSignInSessions")
    (row,) = await whole.rows(Takeback)
    assert (row.status, row.passes, row.sessions) == ("done", "done", "done")
    assert "Taken back" in (await visitor.get("/stop")).text
    assert len(await whole.rows(NoticeCode)) == 2


async def test_threat_mode_is_raised_by_one_sign_in_and_lowered_by_two(visitor: Visitor) -> None:
    """The page, the banner on the desk, real sign-ins; a GET changes nothing and a stranger sees nothing."""
    assert "raise" not in (await visitor.get("/desk/threat")).text
    assert (await visitor.post("/desk/threat", {"do": "raise"})).status == 403
    await visitor.signs_in("/desk/sign-in", "agent")
    assert "Normal" in (await visitor.get("/desk/threat?do=raise")).text
    assert await visitor.signs_in("/desk/threat", "agent", "passkey", do="raise") == "/desk/threat"
    assert (await visitor.told("/desk/threat"))["elevated"] is True
    assert "Threat mode is elevated" in (await visitor.get("/desk")).text
    assert await visitor.signs_in("/desk/threat", "agent", "passkey", do="lower") == "/desk/threat"
    assert (await visitor.post("/desk/threat", {"do": "lower"})).status == 409
    async with Visitor(visitor.whole) as other:
        await other.signs_in("/desk/sign-in", "agent2")
        assert "Complete the lowering" in (await other.get("/desk/threat")).text
        assert await other.signs_in("/desk/threat", "agent2", "passkey", do="lower") == "/desk/threat"
    assert (await visitor.told("/desk/threat"))["elevated"] is False


async def token(visitor: Visitor) -> str:
    from tests.web.browsing import form_token

    return form_token((await visitor.get("/stop")).text)
