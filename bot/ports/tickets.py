"""Systems around Keyturn that are told how a case goes: tickets and webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.core.records import Session


@dataclass(frozen=True, slots=True)
class Made:
    """A ticket that now exists: *number* as people say it, *sys_id* as the API names it."""

    number: str
    sys_id: str


class TicketSystem(Protocol):
    """One ticket system. Every call may be made twice; *key* (for life) names what is said. Raises
    TransientError where asking again may help, else PermanentError; neither holds a word of a body."""

    name: str
    """`servicenow` or `jira`, as `Ticket.system`."""
    creates: bool
    """Whether a case without a ticket gets one here."""

    async def find(self, number: str) -> str | None:
        """The API's name of the ticket that people call *number*; None when there is none."""
        ...

    async def create(self, title: str, text: str, link: str, *, key: str) -> Made:
        """A new ticket, or the one made earlier for *key*."""
        ...

    async def note(self, sys_id: str, text: str, link: str, *, key: str) -> None:
        """Say *text* where agents read and callers do not."""
        ...

    async def close(self, sys_id: str, text: str) -> None:
        """Resolve a ticket that `create` made; one that is closed already stays so."""
        ...


class Receiver(Protocol):
    """One webhook."""

    id: str
    """Stays the same as long as its address does."""

    def wants(self, news: str) -> bool: ...

    async def send(self, key: str, body: str) -> None:
        """Deliver *body* (JSON text), signed. Raises TransientError or PermanentError."""
        ...


class CaseTickets(Protocol):
    async def note(self, agent: Session, case_id: str, typed: str) -> None:
        """Note the ticket of a case for an agent, in place of the one before. Raises Refused(BAD_FORM)
        for what is no ticket number, Refused(CASE_ENDED) for a case that is over."""
        ...
