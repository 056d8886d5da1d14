"""The front door: a conversation for people who are locked out of chat, and its browser.

A visit is a browser with a random cookie; its conversation's `Place` is made of that cookie, and names
nobody. Once a case is open there, the browser that opened it has it: no number to type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.core.model import Place, Visitor

CHANNEL, TENANT = "web", "door"
BrowserOf = Callable[[str], str]
"""From a case's handle to the hash of this browser's cookie for it; "" when it has none."""


def door_of(public: str) -> Place:
    """Where the conversation with that public id is held."""
    return Place(CHANNEL, TENANT, public)


def at_the_door(place: str) -> bool:
    """Whether a place (by its key) is one of the front door's."""
    return place.startswith(f"{CHANNEL}:{TENANT}:")


@dataclass(frozen=True, slots=True)
class Visit:
    """What this browser's conversation is. *state*: `none` (it has none), `talk` (no case yet), `open`,
    `over` (the case ended; what was said may still be read), `elsewhere` (another device has it) or
    `closed` (this browser's time is over). *handle* and *number* are of the case, empty without one."""

    state: str
    handle: str = ""
    number: str = ""
    locale: str = ""
    shared: bool = False

    @property
    def readable(self) -> bool:
        """Whether this browser may read the conversation, and go on with it."""
        return self.state in ("talk", "open", "over")


class FrontDoor(Protocol):
    async def visit(self, place: Place, browser_of: BrowserOf) -> Visit:
        """How things stand. Changes nothing."""
        ...

    async def admit(self, place: Place, network: str) -> None:
        """Count a message. Raises Refused(TOO_MANY) when that network sent too many before any proof."""
        ...

    async def settle(self, place: Place, browser: str, visitor: Visitor, *, shared: bool) -> str:
        """Give the case that was just opened at *place* to the browser with that fresh hash: its handle,
        or "" where there is nothing to give, since there is no case or somebody has it."""
        ...

    async def claim(
        self, place: Place, number: str, address: str, browser: str, visitor: Visitor, *, shared: bool
    ) -> str:
        """Come to a case that somebody else opened: its handle. Grants what opening anew would. Raises
        Refused(NO_SUCH_CASE) alike for a wrong number, an unknown address and a pair that does not fit;
        Refused(TOO_MANY) after too many from one network."""
        ...
