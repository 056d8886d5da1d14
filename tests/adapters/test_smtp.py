"""Mail over SMTP, against a real server on loopback: encryption, login, answers, and what a letter is."""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.mail.letter import letter
from bot.adapters.mail.smtp import MailServerError, SmtpMail, Stage
from bot.errors import PermanentError, TransientError
from bot.references import Secret
from bot.setting_mail import Mail
from tests.fakes.clock import FakeClock
from tests.fakes.smtp import PASSWORD, USER, MailHouse, mail_house, trusting

TO = "amara.okafor@private.example"
SUBJECT, TEXT = "canary-subject", "canary-text"


def smtp(
    house: MailHouse, how: str = "", *, tls: ssl.SSLContext | None = None, seconds: float = 15.0, **more: Any
) -> SmtpMail:
    """A client of *house*; *how* as there."""
    url = f"{'smtps' if how == 'tls' else 'smtp'}://127.0.0.1:{house.port}"
    tree = {"smtp_url": url, "from": "Help desk: Köln <help@keyturn.example>"}
    if not how:
        tree["starttls"] = "never"
    settings = Mail.model_validate(tree).model_copy(update=more)
    return SmtpMail(settings, FakeClock(), tls=tls or (trusting() if how else None), seconds=seconds)


def login(password: str = PASSWORD) -> dict[str, Any]:
    return {"user": USER, "password": Secret(password.encode())}


async def send(mail: SmtpMail, key: str = "k1") -> None:
    await mail.send(TO, SUBJECT, TEXT, key=key, locale="de")


@pytest.mark.parametrize("how", ["starttls", "tls"])
async def test_mail_travels_encrypted_and_after_a_login(how: str) -> None:
    """On both ports of submission, with a certificate that is trusted."""
    async with mail_house(tls=how, login=True) as house:
        await send(smtp(house, how, **login()))
    assert house.encrypted == [True]
    assert house.logins == [USER]


async def test_a_server_without_starttls_gets_neither_login_nor_letter() -> None:
    """Somebody on the way can take the offer out of the server's greeting."""
    async with mail_house(login=True) as house:
        with pytest.raises(MailServerError) as caught:
            await send(smtp(house, "starttls", **login()))
    assert caught.value.stage is Stage.ENCRYPT
    assert (house.logins, house.raw) == ([], [])


@pytest.mark.parametrize("how", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_gets_neither_login_nor_letter(how: str) -> None:
    """Encrypted to a stranger is not encrypted."""
    async with mail_house(tls=how, login=True) as house:
        with pytest.raises(MailServerError, match="not trusted") as caught:
            await send(smtp(house, how, tls=ssl.create_default_context(), **login()))
    assert caught.value.stage is Stage.ENCRYPT
    assert (house.logins, house.raw) == ([], [])


async def test_a_login_that_is_refused_is_for_now() -> None:
    """A password that was changed costs time, and no notice."""
    async with mail_house(tls="starttls", login=True) as house:
        with pytest.raises(TransientError) as caught:
            await send(smtp(house, "starttls", **login("canary-wrong")))
        assert "canary" not in str(caught.value)
        await send(smtp(house, "starttls", **login()))
    assert len(house.raw) == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "error"), [("451 4.7.1 greylisted", TransientError), ("550 5.1.1 no such", PermanentError)]
)
async def test_what_the_server_says_to_a_letter_decides(
    command: str, answer: str, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """4xx is for now, 5xx for good; what it said, which may name the reader, goes nowhere."""
    async with mail_house() as house:
        house.answers[command] = f"{answer} {TO}"
        with caplog.at_level(logging.DEBUG), pytest.raises(error, match=answer[:3]) as caught:
            await send(smtp(house))
        assert house.raw == []
    logging.getLogger("keyturn").error("failed", exc_info=caught.value)
    ours = [one for one in caplog.records if one.name == "keyturn" or one.name.startswith("aiosmtplib")]
    shown = "".join(logging.Formatter().format(one) for one in ours) + repr(caught.value)
    assert "Traceback" in shown
    assert TO not in shown
    assert "canary" not in shown


async def test_a_letter_whose_fate_is_unknown_is_sent_again_under_the_same_id() -> None:
    """Taken, but never said so: mailboxes that look for repeats find one."""
    async with mail_house() as house:
        house.silent = True
        with pytest.raises(TransientError, match="no answer in time"):
            await send(smtp(house, seconds=0.5))
        house.silent = False
        await send(smtp(house))
        await send(smtp(house), key="k2")
    assert len(house.raw) == 3
    assert len(house.ids) == 2


async def test_a_server_that_says_nothing_does_not_hold_us() -> None:
    """Not beyond the seconds that a letter has."""
    async with mail_house(tls="tls") as house:  # it waits for TLS, and we for its greeting
        with pytest.raises(TransientError, match="no answer in time"):
            await send(smtp(house, seconds=0.3))


def written(
    subject: str = "Fall 1", text: str = "Grüße", locale: str = "de", name: str = "Köln: desk"
) -> str:
    at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    sender = (name, "help@keyturn.example")
    return letter(sender, TO, subject, text, key="k1", locale=locale, at=at).decode("ascii")


def headers(raw: str) -> dict[str, str]:
    lines = raw.partition("\r\n\r\n")[0].replace("\r\n ", " ").split("\r\n")
    assert len({line.partition(":")[0] for line in lines}) == len(lines)
    return {line.partition(": ")[0]: line.partition(": ")[2] for line in lines}


def test_a_letter_says_that_a_machine_wrote_it_and_in_which_language() -> None:
    """Out-of-office notes stay away, screen readers speak the right language; it is text and nothing else."""
    found = headers(written())
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Content-Language"] == "de"
    assert found["Content-Type"] == 'text/plain; charset="utf-8"'
    assert found["To"] == TO
    assert found["From"].endswith("<help@keyturn.example>")
    assert found["Date"] == "Sun, 01 Mar 2026 09:30:00 +0000"
    assert found["Message-ID"].endswith("@keyturn.example>")
    assert "Content-Language" not in headers(written(locale="de\r\nBcc: x@evil.example"))


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85", "\r\n\r\n"])
def test_no_text_becomes_a_header(end: str) -> None:
    """Subject, body and language come from words into which names and texts of others were put."""
    evil = f"x{end}Bcc: x@evil.example{end}{end}body"
    kinds = set(headers(written()))
    for raw in (written(subject=evil), written(text=evil), written(locale=evil)):
        assert set(headers(raw)) | {"Content-Language"} == kinds
    assert "\n" not in written(text=evil).replace("\r\n", "")
