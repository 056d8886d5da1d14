"""Mail through the operator's own server (SMTP submission, RFC 6409), a connection for each letter.

What happens before a letter is handed over (reaching, encrypting, logging in) says nothing about the
letter: it is TransientError even where the server says 5xx, so that a password that was changed costs
time and no notice. What the server says to the letter decides: 4xx or silence TransientError, 5xx
PermanentError. Neither holds an address or a word of it, and nothing is logged.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from bot.adapters.mail.letter import letter
from bot.core.addresses import mail_address
from bot.errors import PermanentError, TransientError
from bot.ports.clock import Clock
from bot.setting_mail import Mail as MailSettings

SECONDS = 15.0
"""For one letter, from connecting to its being taken; all of a person's addresses fit into a job's minute."""
FAREWELL = 2.0
_NO_ANSWER = "no answer in time"


class Stage(StrEnum):
    """How far a connection came."""

    CONNECT = "connect"
    ENCRYPT = "encrypt"
    LOGIN = "login"
    SENDER = "sender"


class MailServerError(TransientError):
    """The server cannot be used now, whatever the letter. *why* names nobody; *status* is its answer."""

    def __init__(self, stage: Stage, why: str, *, status: int = 0) -> None:
        self.stage, self.why, self.status = stage, why, status
        super().__init__(f"mail server, {stage}: {why}")


class SmtpMail:
    """Implements `ports.mail.Mail`."""

    def __init__(
        self,
        settings: MailSettings,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """*tls*: whom to trust, by default those whom this machine trusts."""
        self._settings, self._clock, self._seconds = settings, clock, seconds
        self._tls = tls or ssl.create_default_context()

    async def send(self, to: str, subject: str, text: str, *, key: str, locale: str = "") -> None:
        sender, address = self._settings.sender, mail_address(to)
        if address is None:
            raise PermanentError("this is no address that mail is sent to")
        data = letter(
            (sender.name, sender.address), address, subject, text,
            key=key, locale=locale, at=self._clock.now(),
        )  # fmt: skip
        client = self._client()
        try:
            async with asyncio.timeout(self._seconds):
                await self._enter(client, {})
                await client.sendmail(sender.address, [address], data)
            with suppress(SMTPException, OSError):  # it is taken already
                await client.quit(timeout=FAREWELL)
        except (SMTPException, OSError) as err:
            # Not `from err`: servers repeat addresses in their answers, and a log would show them.
            raise _answered(err) from None
        finally:
            client.close()

    async def probe(self) -> tuple[dict[Stage, str], MailServerError | None]:
        """How far a connection comes, up to the server's taking our sender, and what stopped it; no mail
        is sent."""
        client, reached = self._client(), dict[Stage, str]()
        try:
            async with asyncio.timeout(self._seconds):
                await self._enter(client, reached)
                with _at(Stage.SENDER):
                    await client.mail(self._settings.sender.address)
                reached[Stage.SENDER] = self._settings.sender.address
            with suppress(SMTPException, OSError):
                await client.quit(timeout=FAREWELL)
        except MailServerError as err:
            return reached, err
        except TimeoutError:
            late = next(stage for stage in Stage if stage not in reached)
            return reached, MailServerError(late, _NO_ANSWER)
        finally:
            client.close()
        return reached, None

    def _client(self) -> SMTP:
        server = self._settings.smtp_url
        return SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=self._settings.sender.domain,  # the host's own name is nobody's business
            use_tls=server.tls,
            start_tls=False,  # done below, where it cannot be left out
            tls_context=self._tls,
            timeout=self._seconds,
        )

    async def _enter(self, client: SMTP, reached: dict[Stage, str]) -> None:
        """Connect, encrypt, log in, in this order: nothing is said before it is encrypted."""
        settings = self._settings
        with _at(Stage.CONNECT):
            await client.connect()
        reached[Stage.CONNECT] = f"{settings.smtp_url.host}:{settings.smtp_url.port}"
        if settings.encryption == "starttls":
            with _at(Stage.ENCRYPT):
                await client.starttls()
        spoken = client.get_transport_info("ssl_object")
        reached[Stage.ENCRYPT] = str(spoken.version()) if spoken else ""
        if settings.user and settings.password is not None:
            with _at(Stage.LOGIN):
                await client.login(settings.user.encode(), settings.password.reveal_bytes())
        reached[Stage.LOGIN] = settings.user


@contextmanager
def _at(stage: Stage) -> Iterator[None]:
    """What fails inside is the server's, not the letter's."""
    try:
        yield
    except TimeoutError:
        raise MailServerError(stage, _NO_ANSWER) from None
    except (SMTPException, OSError) as err:
        causes = err, err.__cause__, err.__context__
        broken = next((one for one in causes if isinstance(one, ssl.SSLError)), None)
        status = err.code if isinstance(err, SMTPResponseException) else 0
        where = Stage.ENCRYPT if broken else stage  # with smtps:// both happen in one step
        raise MailServerError(where, _why(broken or err), status=status) from None


def _why(err: BaseException) -> str:
    """In words that cannot hold what the server said."""
    match err:
        case SMTPResponseException(code=code):
            return f"it answers {code}"
        case ssl.SSLCertVerificationError(verify_message=why):
            return f"its certificate is not trusted ({why})"
        case ssl.SSLError():
            return "no encryption came about"
        case SMTPNotSupported() | SMTPServerDisconnected() | OSError():
            cause = err.__cause__ or err
            return str(getattr(cause, "strerror", None) or type(cause).__name__)
        case _:
            return "it does not offer this"


def _answered(err: SMTPException | OSError) -> TransientError | PermanentError:
    """What became of a letter, by the server's answer to it."""
    if isinstance(err, SMTPRecipientsRefused):
        err = err.recipients[0]
    if isinstance(err, SMTPResponseException) and err.code >= 500:
        return PermanentError(f"the mail server answered {err.code}", status=err.code)
    return TransientError(f"mail, handing over: {_NO_ANSWER if isinstance(err, TimeoutError) else _why(err)}")
