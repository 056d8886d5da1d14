"""From typed words to what the bot offers. Routing's word is *label*."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # numpy takes a tenth of a second to import; only encoders need it
    import numpy as np
    from numpy.typing import NDArray


class Action(StrEnum):
    """What to do with what was understood. Nothing ever starts without a click."""

    START = "start?"  # sounds like one flow: offer it, and others beside it
    CHOOSE = "choose"  # offer the likeliest flows
    MENU = "menu"  # nothing here helps with that: show everything there is
    ALARM = "alarm"  # something is wrong: say what to do, tell security on a click
    PERSON = "person"  # wants to talk to somebody


@dataclass(frozen=True, slots=True)
class RouteResult:
    """*top* holds the three likeliest labels; *flows* those of them (best first) that have a flow to
    offer. With `alarm`, the flows are still offered, below the alarm."""

    label: str
    p: float
    top: tuple[tuple[str, float], ...]
    action: Action
    flows: tuple[str, ...] = ()


class Encoder(Protocol):
    """Texts to vectors of unit length. Stateless: the same text always gives the same vector."""

    name: str

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text."""
        ...


class Router(Protocol):
    async def route(self, text: str, locale: str = "") -> RouteResult:
        """What *text* asks for. *locale* is the language of the chat, a hint. Keeps nothing of *text*."""
        ...
