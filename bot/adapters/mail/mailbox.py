"""Notices into the sandbox's mailbox over loopback HTTP, for the demo and the tests."""

from __future__ import annotations

import aiohttp

from bot.adapters.mail.letter import subject_of, unlinked
from bot.errors import PermanentError, TransientError


class MailboxMail:
    """Implements `ports.mail.Mail`; the mailbox ignores a key it has seen."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str) -> None:
        self._http = http
        self._url = base_url.rstrip("/") + "/sandbox/mail"

    async def send(self, to: str, subject: str, text: str, *, key: str, locale: str = "") -> None:
        body = {"to": to, "subject": subject_of(subject), "text": unlinked(text), "key": key}
        try:
            async with self._http.post(self._url, json=body) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as err:
            raise TransientError("mailbox unreachable") from err
        if status >= 500:
            raise TransientError(f"mailbox answered {status}")
        if status >= 400:
            raise PermanentError(f"mailbox answered {status}", status=status)
