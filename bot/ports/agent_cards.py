"""A card of the agents' channel, as one agent sees it."""

from __future__ import annotations

from typing import Protocol

from bot.core.message import Message


class AgentCards(Protocol):
    async def on_duty(self) -> tuple[str, ...]:
        """Object ids of those who would be shown one, the longest on duty first."""
        ...

    async def view(self, case_id: str, oid: str) -> Message | None:
        """The card as it is now, with what it means to this agent. Reading only. None for anybody who
        is not on duty, and for a case without a card."""
        ...
