"""What happened: past tense, frozen, complete. Time and answers arrive here and nowhere else.

An `Event` is an envelope (id, dedupe key, time, case) around one happening.
Buttons and answers name the step and version they belong to, so that a stale
one is recognised and refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.model import CaseId, Command, EventId


@dataclass(frozen=True, slots=True)
class Opened:
    """The person clicked *Start*; the flow begins at its start step."""

    flow: str
    locale: str


@dataclass(frozen=True, slots=True)
class Chose:
    """A button or option of *step*, as shown at *version* of the state."""

    step: str
    version: int
    choice: str


@dataclass(frozen=True, slots=True)
class Wrote:
    """Typed text while a case is open. *matched* is the choice of the present step whose
    words it equals (matched outside the engine, in the person's locale); *text* is kept only
    where the present step takes input, else empty."""

    text: str = ""
    matched: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """A submitted form of *step* (input field, select)."""

    step: str
    version: int
    value: str


@dataclass(frozen=True, slots=True)
class Commanded:
    """One of the engine-wide words. *value* is the locale for `language`."""

    command: Command
    value: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer of the world to a `look`, `prove`, `request`, `wait` or `handoff` of *step*."""

    step: str
    version: int
    outcome: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer of *step* ran out; *name* is `timeout`, `remind` or `until` (a timed wait)."""

    step: str
    version: int
    name: str
    number: int = 0


Happening = Opened | Chose | Wrote | Entered | Commanded | Answered | TimerFired


@dataclass(frozen=True, slots=True)
class Event:
    """One happening to one case. *dedupe_key* is the platform's compound key, or the effect's
    key for an answer, or the timer's key; *id* is ours and names the effects that follow."""

    id: EventId
    dedupe_key: str
    at: datetime
    case_id: CaseId
    what: Happening
