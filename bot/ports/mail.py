"""Mail to people: notices with no link, no code and no answer expected."""

from __future__ import annotations

from typing import Protocol


class Mail(Protocol):
    async def send(self, to: str, subject: str, text: str, *, key: str) -> None:
        """Send one plain-text mail. *key* is for life: a repeat is recognised by the receiver.
        Raises TransientError or PermanentError."""
        ...
