"""What the web chat needs to know of the house around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.core.model import Place

AGENTS = Place("web", "demo", "agents")
"""The agents' channel of the web chat; anybody may read it there, as in a real channel."""


def chat_of(person: str) -> Place:
    """Where the web chat of a demo person is."""
    return Place("web", "demo", person)


@dataclass(frozen=True, slots=True)
class Chatter:
    """Somebody who can be chosen in the demo's chat. *oid* is whom the chat takes them for: a
    claim, as in any chat; *linked* says that they signed in once to confirm it."""

    id: str
    name: str
    oid: str
    linked: bool = True


class Chatters(Protocol):
    def all(self) -> tuple[Chatter, ...]:
        """In the order of the picker; the first is the one to begin with."""
        ...

    def find(self, ident: str) -> Chatter | None: ...


class Links(Protocol):
    def path(self, reference: str) -> str | None:
        """The path of our page behind a reference such as ``case:<case id>``, or None. Made again
        at every reading, because the handle in it is never stored."""
        ...
