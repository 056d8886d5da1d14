"""What we sent to a platform that keeps the messages itself: so that nothing is sent twice, and a
message can be changed later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.core.message import Message
from bot.core.model import Place


@dataclass(frozen=True, slots=True)
class Posted:
    """*ref* is the platform's own name for the message, opaque to everybody else; empty while it is
    not known whether the message arrived."""

    key: str
    place: Place
    ref: str
    message: Message
    case_id: str
    at: datetime | None = None  # begun


@dataclass(frozen=True, slots=True)
class Address:
    """How to write to a place. *closed* says why we must not, such as `blocked`."""

    body: Mapping[str, Any]
    closed: str = ""


class Posts(Protocol):
    async def begin(self, key: str, place: Place, message: Message, *, case_id: str = "") -> Posted | None:
        """Note that *key* is about to be sent. The earlier row if there was one: with a *ref* it
        arrived, without one the platform has to be asked before it is sent again."""
        ...

    async def arrived(self, key: str, ref: str) -> None: ...

    async def refused(self, key: str) -> None:
        """The platform took nothing under *key*, so there is nothing to look for before it is sent
        again. Changes nothing once the message has arrived."""
        ...

    async def changed(self, key: str, message: Message) -> None:
        """The message now reads so."""
        ...

    async def by_key(self, key: str) -> Posted | None: ...

    async def by_ref(self, place: Place, ref: str) -> Posted | None:
        """The message somebody pressed a button of."""
        ...

    async def address(self, place: Place) -> Address | None: ...

    async def learn(self, place: Place, body: Mapping[str, Any]) -> None:
        """Keep, and open again, how *place* is written to; only from a verified message."""
        ...

    async def close(self, place: Place, why: str) -> None:
        """Stop writing there until `learn` hears from it again."""
        ...
