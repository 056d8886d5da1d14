"""What the demo's front page can ask of the house beyond what its panes do."""

from __future__ import annotations

from typing import Protocol


class StartOver(Protocol):
    async def start_over(self, person: str) -> None:
        """Put *person* back to the first day: account and methods in the sandbox, open cases and
        chat, saved codes, limits. Other people's cases stay."""
        ...
