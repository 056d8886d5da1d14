"""The published flows: which version new cases get, and every version a case may be pinned to."""

from __future__ import annotations

from typing import Protocol

from bot.core.flow import FlowSet


class Flows(Protocol):
    def at(self, flow_hash: str) -> FlowSet:
        """The flows of that version, subflows included. Raises KeyError when unknown here."""
        ...

    def live(self, flow: str) -> str | None:
        """The hash new cases of *flow* get, or None when there is no such flow."""
        ...

    def names(self) -> tuple[str, ...]:
        """Flows that can be started, in the order of the menu."""
        ...

    async def catch_up(self) -> bool:
        """Read the versions that other replicas stored; whether there were any."""
        ...
