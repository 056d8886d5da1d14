"""The page a person has with the bot inside a chat platform: App Home, personal tab."""

from __future__ import annotations

from typing import Protocol

from bot.core.message import Message
from bot.core.model import Place


class Homes(Protocol):
    async def home(self, place: Place, user: str, *, locale: str = "") -> Message:
        """What somebody sees there now: what do you need, open cases, methods at a glance, language,
        how to link the account, and for agents the queue. Every choice in it is an ordinary one, to be
        handed in as `Incoming`. Personal facts only for linked accounts; never a secret."""
        ...
