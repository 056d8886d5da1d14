"""The talk between the person of a case and the agent who took it, relayed by the bot.

The person writes in their chat or on the case page, the agent on the review page; all see the same
lines in the same order. Only the agent who has the case taken may write, and of a stopped case only
somebody of security.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.records import Session

OUTCOMES = ("closed", "back")
QUICK = ("hello", "moment", "page", "call_back", "badge", "secret", "anything", "bye")
"""Sentences agents pick instead of typing; the words are below `talk.quick`."""


@dataclass(frozen=True, slots=True)
class LineView:
    """One line as a page shows it. *word* is a key below `talk` where the words are the bot's own (then
    *text* is empty); *gone*: the words were deleted; *new*: since somebody last looked here."""

    seq: int
    at: datetime
    author: str  # person, agent, bot
    name: str
    badge: str
    surface: str  # chat, page, desk, bot
    text: str
    word: str = ""
    masked: bool = False
    gone: bool = False
    new: bool = False


@dataclass(frozen=True, slots=True)
class BadgeView:
    """What the bot says of who works on a case. *answer*: `yes` and `no` to a name or badge that was
    asked about, `who` and `nobody` where none was named."""

    answer: str
    name: str = ""
    badge: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonTalk:
    """The talk as the case page shows it. *open*: what is typed reaches a person."""

    lines: tuple[LineView, ...] = ()
    open: bool = False
    agent: BadgeView | None = None  # who has the case now
    unread: int = 0


@dataclass(frozen=True, slots=True)
class AgentTalk:
    """The talk as the review page shows it. *why_not* is a `Reason` that keeps this agent from writing,
    or empty; *answerable*: the flow waits for how the talk ended."""

    case_id: str
    number: str
    locale: str  # the person's
    mark: str
    lines: tuple[LineView, ...] = ()
    open: bool = False
    why_not: str = ""
    badge: str = ""  # this agent's, on this case
    answerable: bool = False
    talking: bool = False  # this agent has begun the talk
    waiting: int = 0


class Talks(Protocol):
    """The agent's side. Calls raise Refused(NOT_AN_AGENT) as those of the desk do."""

    async def view(self, agent: Session, case_id: str) -> AgentTalk: ...

    async def mark(self, case_id: str) -> str:
        """Changes whenever the talk does; cheap, for polling."""
        ...

    async def write(self, agent: Session, case_id: str, *, text: str, quick: str, once: str) -> None:
        """Say *text*, or the sentence *quick*. *once* names this form, so that sending it twice says it
        once. Raises Refused: NOT_TAKEN, CASE_FROZEN, CASE_ENDED, SELF about who writes; TALK_SECRET,
        TALK_LINK, TALK_LONG, TALK_EMPTY about what."""
        ...

    async def finish(self, agent: Session, case_id: str, outcome: str) -> None:
        """End it: `closed` (helped) or `back` (to the bot)."""
        ...


class PersonTalks(Protocol):
    """The person's side on the case page; *handle* and *browser* as in `ports.case_page`."""

    async def say(self, handle: str, browser: str, *, text: str, once: str) -> bool:
        """Write a line; whether something in it was masked. Raises Refused: TALK_OVER, TOO_MANY,
        TALK_LONG, TALK_EMPTY, and what any call of that page raises."""
        ...

    async def seen(self, handle: str, browser: str, seq: int) -> None:
        """Somebody looked at the lines up to *seq*."""
        ...

    async def check(self, handle: str, browser: str, typed: str) -> BadgeView:
        """Whether the name or badge *typed* is the one of who has this case; who has it, when empty."""
        ...
