"""Mail to people: notices with nothing to click and no answer expected."""

from __future__ import annotations

from typing import Protocol


class Mail(Protocol):
    async def send(self, to: str, subject: str, text: str, *, key: str, locale: str = "") -> None:
        """Send one plain-text mail in *locale*. *key* is for life: a repeat is recognised by the receiver.
        Addresses of the web in it are taken apart. Raises TransientError or PermanentError."""
        ...
