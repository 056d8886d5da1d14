"""Standing in for a person without a browser: naming a helper, and the helper's own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import Place, Visitor
from bot.core.records import Session
from bot.ports.sign_in import Redirect


@dataclass(frozen=True, slots=True)
class HelperView:
    """The helper's page, beside the case page it is. *state*: `door` (sign in first), `open` (this
    browser stands in) or `over`. Names only once somebody signed in."""

    state: str
    number: str = ""
    locale: str = ""
    helper: str = ""
    subject: str = ""
    place: Place | None = None  # of the conversation, where this browser holds it


@dataclass(frozen=True, slots=True)
class HelperNamed:
    """Who was named in a case, for agents. *status*: asked, begun, ended."""

    name: str
    role: str
    status: str
    named_at: datetime
    begun_at: datetime | None = None


class Helpers(Protocol):
    async def name(self, handle: str, browser: str, address: str) -> None:
        """The person on a page names a helper's work address. Answers alike whether that may help.
        Raises Refused for a page that may not."""
        ...

    async def name_for(self, case_id: str, agent: Session, address: str) -> None:
        """An agent names one. Raises Refused(HELPER_REFUSED) for an address that may not help."""
        ...

    async def name_for_number(self, number: str, agent: Session, address: str) -> None:
        """The same by the case's number, for a case that is not on a review page yet."""
        ...

    async def named(self, case_id: str) -> HelperNamed | None:
        """The newest helper named in a case."""
        ...

    async def begin(self, handle: str, browser_hash: str, visitor: Visitor) -> Redirect:
        """The helper's fresh sign-in, from their own link. Raises Refused(UNKNOWN_CASE)."""
        ...

    async def begin_by_number(self, number: str, browser_hash: str, visitor: Visitor) -> Redirect:
        """The same, from the case number alone: whoever signs in must be the one named."""
        ...

    async def view(self, handle: str, browser: str) -> HelperView:
        """What this browser (hash of its cookie for this page) may see. Raises Refused(UNKNOWN_CASE)."""
        ...
