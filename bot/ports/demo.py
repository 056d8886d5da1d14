"""What the demo's front page can ask of the house beyond what its panes do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol


class StartOver(Protocol):
    async def start_over(self, person: str) -> None:
        """Put *person*, or with "" everybody, back to the first day: account and methods in the
        sandbox, open cases and chat, saved codes, limits. Other people's cases stay."""
        ...


class Tenant(Protocol):
    """The sandbox behind the demo."""

    async def people(self) -> Sequence[dict[str, Any]]: ...

    async def start_over(self, person: str) -> None: ...

    async def put_codes(self, person: str, codes: Sequence[str], printed_at: datetime) -> None:
        """Lay a printed sheet of codes into that person's drawer."""
        ...
