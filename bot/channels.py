"""The chat platforms of an installation, wired: what the settings switch on, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.adapters.web.app import Page
from bot.core.model import Place
from bot.ports.chat import Chat


@dataclass(frozen=True, slots=True)
class Channel:
    """One platform. *name* is the `channel` of its places; *pages* are its routes; *agents* is its
    agents' channel, if it has one. *start* and *stop* run what connects outwards."""

    name: str
    chat: Chat
    pages: Sequence[Page] = ()
    agents: Place | None = None
    start: Callable[[], Awaitable[None]] | None = None
    stop: Callable[[], Awaitable[None]] | None = None
