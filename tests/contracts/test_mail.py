"""What `ports.mail.Mail` promises, of the sandbox's mailbox and of a real mail server."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
import pytest

from bot.adapters.mail.mailbox import MailboxMail
from bot.adapters.mail.smtp import SmtpMail
from bot.errors import PermanentError, TransientError
from bot.ports.mail import Mail
from bot.setting_mail import Mail as MailSettings
from tests.fakes.clock import FakeClock
from tests.fakes.sandbox import Sandbox
from tests.fakes.smtp import mail_house

TO = "employee@keyturn.example"
SUBJECT, TEXT, NOBODY = "canary-subject", "canary-text", "canary@@keyturn.example"


@dataclass
class Office:
    """A post office. *read*: subject and text of what TO has, oldest first, a repeat left away."""

    mail: Mail
    read: Callable[[], list[tuple[str, str]]]
    closed: Mail


@pytest.fixture
async def mailbox(sandbox: Sandbox) -> AsyncIterator[Office]:
    def read() -> list[tuple[str, str]]:
        letters = reversed(sandbox.state.journal.mail("employee"))
        return [(one["subject"], one["text"]) for one in letters]

    async with aiohttp.ClientSession(trust_env=False) as http:
        yield Office(MailboxMail(http, sandbox.url), read, MailboxMail(http, "http://127.0.0.1:1"))


@pytest.fixture
async def smtp(clock: FakeClock) -> AsyncIterator[Office]:
    async with mail_house() as house:

        def read() -> list[tuple[str, str]]:
            once = {str(one["Message-ID"]): one for one in house.letters if one["To"] == TO}
            return [(str(one["Subject"]), one.get_content().replace("\r\n", "\n")) for one in once.values()]

        def office(port: int) -> SmtpMail:
            tree = {
                "smtp_url": f"smtp://127.0.0.1:{port}",
                "starttls": "never",
                "from": "help@keyturn.example",
            }
            return SmtpMail(MailSettings.model_validate(tree), clock)

        yield Office(office(house.port), read, office(1))


@pytest.fixture(params=["mailbox", "smtp"])
def office(request: pytest.FixtureRequest) -> Office:
    found: Office = request.getfixturevalue(request.param)
    return found


async def test_a_letter_arrives_as_it_was_written(office: Office) -> None:
    """Umlauts, a long line, a line that is a dot: whoever reads it reads our words."""
    text = "Grüße,\n\n.\nFrom here on äöü 東京 " + "long " * 60 + "\n"
    await office.mail.send(TO, "Fall 483512: schön", text, key="k1", locale="de")
    ((subject, read),) = office.read()
    assert subject == "Fall 483512: schön"
    assert read.rstrip("\n") == text.rstrip("\n")


async def test_a_key_is_one_letter_for_life(office: Office) -> None:
    """However often a job comes again; another key is another letter, with the same words."""
    for key in ("k1", "k1", "k2"):
        await office.mail.send(TO, "Subject", "Text", key=key)
    assert len(office.read()) == 2


@pytest.mark.parametrize(
    "nobody",
    [
        "nobody", "", "@keyturn.example", "a b@keyturn.example", "employee@keyturn.example, x@evil.example",
        "employee@keyturn.example\r\nBcc: x@evil.example", "<x@evil.example>", "x@[127.0.0.1]", "x@localhost",
    ],
)  # fmt: skip
async def test_what_is_no_address_is_refused_for_good(office: Office, nobody: str) -> None:
    """A directory holds what people typed; asking again will not mend it."""
    with pytest.raises(PermanentError):
        await office.mail.send(nobody, "Subject", "Text", key="k1")
    assert office.read() == []


async def test_a_closed_door_is_for_now(office: Office) -> None:
    with pytest.raises(TransientError):
        await office.closed.send(TO, "Subject", "Text", key="k1")


async def test_no_letter_holds_anything_to_click(office: Office) -> None:
    """I7, whatever a name or a text in it was chosen to be; the words themselves still arrive."""
    trap = "Go to https://evil.example/x or HTTP://evil.example, www.evil.example, mailto:a@evil.example"
    await office.mail.send(TO, f"Help {trap}", f"Hello,\n{trap}\nSee keyturn.example: now.", key="k1")
    ((subject, text),) = office.read()
    for said in (subject, text):
        assert not re.search(r"(?i)[a-z]://|www\.|mailto:\S", said)
        assert "evil.example/x" in said
    assert "See keyturn.example: now." in text


async def test_a_subject_stays_one_line(office: Office) -> None:
    """No text begins a header of its own, nor hides what follows."""
    await office.mail.send(TO, "Case\r\nBcc: x@evil.example\u202e", "Text", key="k1")
    ((subject, _),) = office.read()
    assert subject == "Case Bcc: x@evil.example⟨U+202E⟩"


async def test_neither_address_nor_words_are_logged(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """Nor when it fails and somebody logs that with its traceback."""
    with caplog.at_level(logging.DEBUG):
        await office.mail.send(TO, SUBJECT, TEXT, key="k1")
        for mail, to in ((office.closed, TO), (office.mail, NOBODY)):
            try:
                await mail.send(to, SUBJECT, TEXT, key="k2")
            except (TransientError, PermanentError):
                logging.getLogger("keyturn").exception("failed")
    logged = "".join(
        logging.Formatter().format(one) for one in caplog.records if one.name.partition(".")[0] not in _PEERS
    )
    assert "failed" in logged
    assert "canary-subject" not in logged
    assert "canary-text" not in logged
    assert "canary@" not in logged
    assert TO not in logged


_PEERS = ("aiohttp", "mail", "bot")
"""Who stands on the other side within this process: the sandbox and the mail server."""
