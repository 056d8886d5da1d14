"""The group `mail`: off, on, and every complaint about it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.setting_mail import Mail, MailServer, Sender
from tests.settings.test_channel_settings import problems, settings, without

MAIL = {
    "smtp_url": "smtp://mail.keyturn.example",
    "user": "keyturn",
    "password": "${env:KEYTURN_SMTP_PASSWORD}",
    "from": "Help desk <help@keyturn.example>",
}


def mail(**changes: Any) -> Mail:
    found = settings(mail=MAIL | changes).mail
    assert found is not None
    return found


def test_absent_is_off() -> None:
    """Notices are then audited as unsent."""
    assert settings().mail is None


@pytest.mark.parametrize(
    ("url", "server", "encryption"),
    [
        ("smtp://mail.keyturn.example", MailServer("mail.keyturn.example", 587, False), "starttls"),
        ("smtp://mail.keyturn.example:25/", MailServer("mail.keyturn.example", 25, False), "starttls"),
        ("smtps://mail.keyturn.example", MailServer("mail.keyturn.example", 465, True), "tls"),
        ("smtp://[::1]:2525", MailServer("::1", 2525, False), "starttls"),
    ],
)
def test_mail_is_encrypted_unless_it_is_said_otherwise(url: str, server: MailServer, encryption: str) -> None:
    """Both ports of submission, by their usual names."""
    found = mail(smtp_url=url)
    assert found.smtp_url == server
    assert found.encryption == encryption


@pytest.mark.parametrize("host", ["127.0.0.1:2525", "localhost", "[::1]"])
def test_a_server_on_this_machine_may_do_without_encryption(host: str) -> None:
    """As the relay beside us, which has no certificate for localhost."""
    assert mail(smtp_url=f"smtp://{host}", starttls="never").encryption == "none"


def test_a_sender_is_an_address_with_or_without_a_name() -> None:
    assert mail().sender == Sender("Help desk", "help@keyturn.example")
    assert mail(**{"from": "help@keyturn.example"}).sender == Sender("", "help@keyturn.example")
    assert mail().sender.domain == "keyturn.example"


def test_a_relay_that_knows_us_needs_no_login() -> None:
    found = settings(mail=without(MAIL, "user", "password")).mail
    assert found is not None
    assert found.password is None


@pytest.mark.parametrize(
    ("group", "at", "says"),
    [
        (without(MAIL, "smtp_url"), "mail.smtp_url", "is missing"),
        (MAIL | {"smtp_url": "mail.keyturn.example:587"}, "mail.smtp_url", "smtp://host:587"),
        (MAIL | {"smtp_url": "https://mail.keyturn.example"}, "mail.smtp_url", "no mail server"),
        (MAIL | {"smtp_url": "smtp://mail.keyturn.example/x"}, "mail.smtp_url", "no mail server"),
        (MAIL | {"smtp_url": "smtp://mail.keyturn.example:x"}, "mail.smtp_url", "no mail server"),
        (MAIL | {"smtp_url": "smtp://"}, "mail.smtp_url", "no mail server"),
        (MAIL | {"smtp_url": "smtp://a:canary-literal@m.example"}, "mail.smtp_url", "mail.password"),
        (without(MAIL, "from"), "mail.from", "is missing"),
        (MAIL | {"from": "help"}, "mail.from", "address to send from"),
        (MAIL | {"from": "Desk <help@keyturn.example> x"}, "mail.from", "address to send from"),
        (MAIL | {"from": "Desk\r\nBcc: x <help@keyturn.example>"}, "mail.from", "address to send from"),
        (without(MAIL, "user"), "mail.user", "needs both"),
        (without(MAIL, "password"), "mail.password", "needs both"),
        (MAIL | {"password": "canary-literal"}, "mail.password", "must not stand"),
        (MAIL | {"password": "${env:GONE}"}, "mail.password", "GONE is not set"),
        (MAIL | {"starttls": "never"}, "mail.starttls", "in the clear"),
        (MAIL | {"starttls": "maybe"}, "mail.starttls", "must be 'required' or 'never'"),
        (MAIL | {"form": "x"}, "mail.form", "“from”"),
    ],
)
def test_complaints_name_the_setting_and_the_remedy(group: dict[str, str], at: str, says: str) -> None:
    """One complaint, at the place where it is mended; no value repeated."""
    found = problems(mail=group)
    assert list(found) == [at]
    assert says in found[at].message + found[at].remedy
    assert found[at].remedy
    assert found[at].line > 1
    assert "canary-literal" not in str(found)


@pytest.mark.parametrize("host", ["127.0.0.1.evil.example", "10.0.0.1", "mail"])
def test_only_this_machine_is_this_machine(host: str) -> None:
    """The exception is about addresses, not about spelling."""
    assert set(problems(mail=MAIL | {"smtp_url": f"smtp://{host}", "starttls": "never"})) == {"mail.starttls"}


def test_no_password_shows_in_a_repr() -> None:
    assert "canary" not in repr(settings(mail=MAIL))
