"""What a chat channel hands in: one message, press or form of one person in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.core.model import Place


@dataclass(frozen=True, slots=True)
class Incoming:
    """Exactly one of *text*, *choice* (an id as `core.choice` writes it) and *form* (field id to
    value, beside the *choice* of its submit button) says something, or *unheard* says why there are no
    words: a ``file`` or ``voice`` came instead, or they were ``shared`` with another company. *quoted*: the
    text is a message of anybody's that the person wants help with; it is routed, and is never an answer
    or a command. *dedupe_key* is the channel's compound key. *hint_oid* is whom the channel believes the
    person to be: a claim, never proof; *linked* says that it was made by that person's own sign-in."""

    place: Place
    user: str
    dedupe_key: str
    text: str = ""
    choice: str = ""
    form: Mapping[str, str] = field(default_factory=dict)
    locale: str = ""
    hint_oid: str = ""
    linked: bool = False
    network: str = ""
    quoted: bool = False
    unheard: str = ""


class Intake(Protocol):
    async def receive(self, incoming: Incoming) -> dict[str, Any]:
        """Take it durably, then answer; the reply is stored and repeated for a duplicate. What the
        bot says goes out through the channel's `Chat` after the commit. Never raises for what a
        person can do wrong."""
        ...
