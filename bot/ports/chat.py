"""One chat platform, as far as a flow can tell."""

from __future__ import annotations

from typing import Protocol

from bot.core.message import Message
from bot.core.model import Place


class Chat(Protocol):
    async def post(self, to: Place, message: Message, *, key: str, case_id: str = "") -> str:
        """Post *message* and return an opaque reference to edit it later. *key* names this effect
        for good: a retry carries the same key and finds the message instead of repeating it.
        Raises TransientError when trying again can help, else PermanentError."""
        ...

    async def update(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        """Replace an earlier message."""
        ...

    async def reply(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        """Say *message* below an earlier one, in its thread; *key* as in `post`."""
        ...
