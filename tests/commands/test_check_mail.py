"""`keyturn check` and mail: each thing that can be wrong has its line, against a real server."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.mail.smtp import SmtpMail
from bot.commands.check_entra import Line
from bot.commands.check_mail import lines, probed
from bot.setting_mail import Mail
from tests.adapters.test_smtp import login
from tests.fakes.clock import FakeClock
from tests.fakes.smtp import PASSWORD, MailHouse, mail_house, trusting
from tests.settings.test_channel_settings import settings


async def found(house: MailHouse, url: str = "smtp", *, trusted: bool = True, **more: Any) -> dict[str, Line]:
    tree = {"smtp_url": f"{url}://127.0.0.1:{house.port}", "from": "help@keyturn.example"}
    mail = Mail.model_validate(tree).model_copy(update=more)
    server = SmtpMail(mail, FakeClock(), tls=trusting() if trusted else None, seconds=5)
    said = [line async for line in probed(server, mail)]
    assert all(line.todo or line.level == "green" for line in said)
    assert PASSWORD not in str(said)
    assert house.raw == []
    return {line.what.removeprefix("mail "): line for line in said}


def levels(said: dict[str, Line]) -> dict[str, str]:
    return {what: line.level for what, line in said.items()}


GREEN = {"server": "green", "encryption": "green", "login": "green", "sender": "green"}


@pytest.mark.parametrize(("how", "url"), [("starttls", "smtp"), ("tls", "smtps")])
async def test_a_good_server_is_green_and_sends_nothing(how: str, url: str) -> None:
    async with mail_house(tls=how, login=True) as house:
        said = await found(house, url, **login())
    assert levels(said) == GREEN
    assert "TLSv1." in said["encryption"].said


async def test_a_relay_on_this_machine_is_green() -> None:
    async with mail_house() as house:
        said = await found(house, starttls="never")
    assert levels(said) == GREEN
    assert "stays here" in said["encryption"].said


async def test_without_the_group_it_is_amber() -> None:
    """Everything works, but nobody is told."""
    (line,) = [line async for line in lines(settings(), FakeClock())]
    assert (line.level, line.what) == ("amber", "mail")


async def test_a_server_that_is_away_is_red() -> None:
    said = await found(MailHouse(port=1))
    assert levels(said) == {"server": "red"}
    assert "mail.smtp_url" in said["server"].todo


async def test_a_server_without_starttls_is_red() -> None:
    async with mail_house() as house:
        assert levels(await found(house)) == {"server": "green", "encryption": "red"}


@pytest.mark.parametrize(("how", "url"), [("starttls", "smtp"), ("tls", "smtps")])
async def test_a_certificate_of_nobody_is_red_and_says_why(how: str, url: str) -> None:
    async with mail_house(tls=how) as house:
        said = await found(house, url, trusted=False)
    assert said["encryption"].level == "red"
    assert "self-signed" in said["encryption"].said


async def test_a_wrong_password_is_red_and_not_shown() -> None:
    async with mail_house(tls="starttls", login=True) as house:
        said = await found(house, **login("canary-wrong"))
    assert levels(said) == {"server": "green", "encryption": "green", "login": "red"}
    assert "535" in said["login"].said
    assert "canary" not in str(said)


async def test_a_login_that_passes_again_is_amber() -> None:
    async with mail_house(tls="starttls", login=True) as house:
        house.answers["AUTH"] = "454 4.7.0 later"
        assert (await found(house, **login()))["login"].level == "amber"


async def test_a_login_that_was_forgotten_is_red_at_the_sender() -> None:
    """The server says so only when mail is to be handed in."""
    async with mail_house(tls="starttls", login=True) as house:
        said = await found(house)
    assert said["sender"].level == "red"
    assert "530" in said["sender"].said


async def test_a_sender_we_may_not_be_is_red() -> None:
    async with mail_house(tls="starttls") as house:
        house.answers["MAIL"] = "550 5.7.60 not you"
        said = await found(house)
    assert said["sender"].level == "red"
    assert "mail.from" in said["sender"].todo
