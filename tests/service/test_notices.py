"""Notices: every address hears of it once, without a link or a code, whatever fails on the way."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.adapters.mail.mailbox import MailboxMail
from bot.app import build
from bot.core.audit import Tag
from bot.core.records import AuditRow, Job
from bot.errors import PermanentError, TransientError
from bot.references import Secret
from bot.service.notices import Alerts, Notices, notice_job
from bot.setting_mail import Mail
from bot.settings import Store
from tests.fakes.clock import FakeEntropy
from tests.fakes.product import Whole
from tests.fakes.smtp import PASSWORD, USER, mail_house

WORDS = ("help_started", "act_soon", "pass_made", "case_frozen", "codes_made", "code_burnt", "vouch_asked")


class Post:
    """A post office that keeps letters by key, as the port demands, and may refuse."""

    def __init__(self) -> None:
        self.letters: dict[str, tuple[str, str, str]] = {}
        self.fails: dict[str, Exception] = {}

    async def send(self, to: str, subject: str, text: str, *, key: str, locale: str = "") -> None:
        if to in self.fails:
            raise self.fails[to]
        self.letters.setdefault(key, (to, subject, text))

    @property
    def to(self) -> list[str]:
        return sorted(to for to, _, _ in self.letters.values())


def notices(whole: Whole) -> Notices:
    found = whole.product.outbox._handlers["notice"].__self__  # type: ignore[attr-defined]
    assert isinstance(found, Notices)
    return found


async def job(whole: Whole, what: str = "codes_made", person: str = "employee", **changed: Any) -> Job:
    await whole.press("start:new_phone")
    case = replace(await whole.case(), **changed)
    return notice_job("n1", what, oid=whole.sandbox.oid(person), case=case, at=whole.clock.now())


@pytest.fixture
def post(whole: Whole) -> Post:
    made = Post()
    notices(whole)._mail = made
    return made


async def test_every_address_of_the_person_hears_of_it_once(whole: Whole, post: Post) -> None:
    """Also the private one: who took over the mailbox cannot keep it quiet."""
    told = await job(whole)
    await notices(whole).handle(told)
    await notices(whole).handle(told)  # at least once is once for the receiver
    assert post.to == ["amara.okafor@private.example", "employee@keyturn.example"]
    sent = await whole.rows(AuditRow, tag=Tag.NOTICE_SENT.value)
    assert sent[0].body["addresses"] == 2
    assert "@" not in str(sent[0].body)


async def test_a_repeat_is_recognised_by_its_address(
    whole: Whole, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by its place in a list: one added first meanwhile gets its letter, the others no second one, and
    another spelling is the same address."""
    told = await job(whole)
    await notices(whole).handle(told)
    real = notices(whole)._directory.person

    async def turned(oid: Any) -> Any:
        person = await real(oid)
        assert person is not None
        others = (person.other_mails[0].upper(), person.mail, person.mail.title())
        return replace(person, mail="new@private.example", other_mails=others)

    monkeypatch.setattr(notices(whole)._directory, "person", turned)
    await notices(whole).handle(told)
    assert post.to == ["amara.okafor@private.example", "employee@keyturn.example", "new@private.example"]


async def test_an_address_that_refuses_holds_up_no_other(whole: Whole, post: Post) -> None:
    """Adding a broken address first must not silence the rest."""
    post.fails["employee@keyturn.example"] = PermanentError("no such mailbox")
    await notices(whole).handle(await job(whole))
    assert post.to == ["amara.okafor@private.example"]
    (sent,) = await whole.rows(AuditRow, tag=Tag.NOTICE_SENT.value)
    assert (sent.body["addresses"], sent.body["refused"]) == (1, 1)


async def test_a_post_office_that_is_away_is_tried_again_and_nobody_hears_twice(
    whole: Whole, post: Post
) -> None:
    post.fails["employee@keyturn.example"] = TransientError("away")
    told = await job(whole)
    with pytest.raises(TransientError):
        await notices(whole).handle(told)
    assert post.to == ["amara.okafor@private.example"]
    assert await whole.rows(AuditRow, tag=Tag.NOTICE_SENT.value) == []
    post.fails.clear()
    await notices(whole).handle(told)
    assert len(post.letters) == 2


async def test_a_notice_that_reached_nobody_is_a_dead_letter(whole: Whole, post: Post) -> None:
    """Operators see it; silence would be what a thief wants."""
    for address in ("employee@keyturn.example", "amara.okafor@private.example"):
        post.fails[address] = PermanentError("no")
    with pytest.raises(PermanentError):
        await notices(whole).handle(await job(whole))
    assert Tag.NOTICE_UNSENT.value in await whole.tags()


async def test_without_a_post_office_it_is_written_down_as_unsent(whole: Whole) -> None:
    notices(whole)._mail = None
    await notices(whole).handle(await job(whole))
    assert Tag.NOTICE_UNSENT.value in await whole.tags()


@pytest.mark.parametrize("locale", ["en", "de"])
async def test_no_notice_carries_a_link_or_a_code(
    whole: Whole, post: Post, locale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail that people may click in is what phishers copy; each says whom to call and our name."""
    real = notices(whole)._directory.person

    async def speaks(oid: Any) -> Any:
        person = await real(oid)
        assert person is not None
        return replace(person, locale="", other_mails=())

    monkeypatch.setattr(notices(whole)._directory, "person", speaks)
    base = await job(whole, locale=locale)
    for what in WORDS:
        await notices(whole).handle(replace(base, key=what, body={**base.body, "what": what}))
    assert len(post.letters) == len(WORDS)
    number = base.body["number"]
    for _, subject, text in post.letters.values():
        assert not re.search(r"https?:|www\.|<a|/c/|/v/|/me", text)
        assert whole.product.settings.desk.phone in text
        assert f"127.0.0.1:{whole.port}" in text
        digits = re.findall(r"(?<![\d:+])\d{6}(?!\d)", text + subject)
        assert set(digits) <= {number}
        assert "{{" not in text + subject


async def test_a_notice_is_in_its_readers_language(whole: Whole, post: Post) -> None:
    """A manager's own, not that of the chat in which somebody asked for them."""
    base = await job(whole, "vouch_asked", "manager", locale="de")
    await notices(whole).handle(base)
    ((_, subject, _),) = post.letters.values()
    assert "asks for your word" in subject


async def test_somebody_who_is_not_in_the_directory_is_a_dead_letter(whole: Whole, post: Post) -> None:
    told = await job(whole)
    body = {**told.body, "oid": "00000000-0000-0000-0000-00000000ffff"}
    with pytest.raises(PermanentError):
        await notices(whole).handle(replace(told, body=body))


async def test_an_alert_is_an_audit_entry_and_a_line_for_the_pager(
    whole: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    """Ids only, at warning level, under a name of its own."""
    at = whole.clock.now()
    alert = Job("a1", "alert:c1", "alert", {"what": "not_me", "case": "c1", "oid": "oid1"}, "c1", at, at)
    with caplog.at_level(logging.WARNING, logger="keyturn.alert"):
        await Alerts(whole.store, whole.clock, whole.product.turns._entropy).handle(alert)
    assert "alert not_me in case c1" in caplog.text
    (row,) = await whole.rows(AuditRow, tag=Tag.ALERT_RAISED.value)
    assert (row.case_id, row.subject, row.body["what"]) == ("c1", "oid1", "not_me")


# --- the sandbox's mailbox --------------------------------------------------------------------------


async def test_the_mailbox_takes_a_letter_once(whole: Whole) -> None:
    async with aiohttp.ClientSession(trust_env=False) as http:
        mail = MailboxMail(http, whole.sandbox.url)
        for _ in range(2):
            await mail.send("employee@keyturn.example", "Hello", "Text", key="k1")
    assert [letter["subject"] for letter in whole.mail("employee")] == ["Hello"]


async def test_an_unknown_address_is_refused_for_good_and_a_closed_door_for_now(whole: Whole) -> None:
    async with aiohttp.ClientSession(trust_env=False) as http:
        with pytest.raises(PermanentError):
            await MailboxMail(http, whole.sandbox.url).send("nobody@nowhere.example", "s", "t", key="k")
        with pytest.raises(TransientError):
            await MailboxMail(http, "http://127.0.0.1:1").send("employee", "s", "t", key="k")


# --- the operator's server --------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "line"), [("de", "Sie"), ("en", "Hello")])
async def test_a_product_with_a_mail_server_sends_notices_over_it(
    whole: Whole, locale: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From `app.yaml` to a real server, encrypted and after a login: one letter to each address, in the
    reader's language; one that a mailbox puts off comes later, and the other address gets no second one."""
    async with mail_house(tls="starttls", login=True) as house:
        monkeypatch.setenv("SSL_CERT_FILE", str(house.authority(tmp_path)))
        mail = Mail.model_validate(
            {"smtp_url": f"smtp://127.0.0.1:{house.port}", "from": "Help desk <help@keyturn.example>"}
        ).model_copy(update={"user": USER, "password": Secret(PASSWORD.encode())})
        store = Store(url=f"sqlite:///{tmp_path}/keyturn.db")
        settings = whole.product.settings.model_copy(update={"mail": mail, "store": store})
        product = build(settings, clock=whole.clock, entropy=FakeEntropy())
        try:
            told = notice_job("n1", "codes_made", oid=whole.sandbox.oid("employee"), at=whole.clock.now())
            told = replace(told, body={**told.body, "locale": locale})
            find = product.outbox._handlers["notice"].__self__._directory  # type: ignore[attr-defined]
            real = find.person

            async def speaks(oid: Any) -> Any:
                return replace(await real(oid), locale="")

            monkeypatch.setattr(find, "person", speaks)
            await product.store.transact(lambda work: work.enqueue([told]))
            for _ in range(2):  # a private mailbox that wants to see us come again
                house.answers["RCPT amara.okafor@private.example"] = "451 4.7.1 later"
                await product.outbox.drain()
                assert house.readers == [["employee@keyturn.example"]]
                whole.clock.go(minutes=10)
            house.answers.clear()
            await product.outbox.drain()
            rows = await product.store.read(lambda work: work.find(AuditRow, tag=Tag.NOTICE_SENT.value))
        finally:
            await product.stop()
    assert sorted(house.readers) == [["amara.okafor@private.example"], ["employee@keyturn.example"]]
    assert set(house.encrypted) == {True}
    for letter in house.letters:
        assert letter["Content-Language"] == locale
        assert line in letter.get_content()
        assert "://" not in letter.get_content()
    assert [row.body["addresses"] for row in rows] == [2]
