"""The probes of `keyturn check` for mail: the server, its encryption, the login, the sender. No mail is sent.

Each answers lines, never an exception.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from bot.commands.check_entra import Line

if TYPE_CHECKING:
    from bot.adapters.mail.smtp import MailServerError, SmtpMail
    from bot.ports.clock import Clock
    from bot.setting_mail import Mail
    from bot.settings import Settings

_TODO = {
    "connect": (
        "Compare mail.smtp_url (port 465 is smtps://, 587 smtp://); let this host reach it through the "
        "firewall."
    ),
    "encrypt": (
        "Compare the name in mail.smtp_url with the certificate; SSL_CERT_FILE names whom this host trusts."
    ),
    "login": "Compare mail.user, renew mail.password; the server must allow this account to hand in mail.",
    "sender": "Let the server allow this account to send as mail.from, or write an address it may use.",
}
_WHAT = {
    "connect": "mail server",
    "encrypt": "mail encryption",
    "login": "mail login",
    "sender": "mail sender",
}


async def lines(settings: Settings, clock: Clock) -> AsyncIterator[Line]:
    """All that can be found out about mail, in the order in which one would mend it."""
    if settings.mail is None:
        said = "It is off: notices about accounts reach nobody and are audited as unsent."
        yield Line("amber", "mail", said, "Set mail.smtp_url and mail.from: docs/settings.md.")
        return
    from bot.adapters.mail.smtp import SmtpMail

    async for line in probed(SmtpMail(settings.mail, clock), settings.mail):
        yield line


async def probed(server: SmtpMail, mail: Mail) -> AsyncIterator[Line]:
    """A line for each stage that was reached, and one for what stopped us."""
    reached, stopped = await server.probe()
    for stage, found in reached.items():
        yield Line("green", _WHAT[stage], _said(stage, found, mail))
    if stopped is not None:
        yield _stopped(stopped)


def _said(stage: str, found: str, mail: Mail) -> str:
    match stage:
        case "connect":
            return f"{found} answers."
        case "encrypt":
            return f"{found}, with a certificate that is trusted." if found else "None; mail stays here."
        case "login":
            return "It lets us in." if found else "None is set, and none was needed."
        case _:
            return f"It takes mail from {found}."


def _stopped(err: MailServerError) -> Line:
    what, todo = _WHAT[err.stage], _TODO[err.stage]
    said = f"It does not work: {err.why}."
    if 400 <= err.status < 500:
        return Line("amber", what, said, "Try again in a minute; the server says that it passes.")
    return Line("red", what, said, todo)
