"""What is wanted: imperative, frozen. The engine lists them in order; the turn numbers them.

An effect's permanent key is ``<event id>/<n>`` with *n* its place in the turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.core.model import ActKind, PassShape, Reason


@dataclass(frozen=True, slots=True)
class Say:
    """Show the words of *step*. *part* is the key in the words file: `text`, `invalid`,
    `remind`, or an outcome word. *choices* are the buttons to offer (ids, in order); *asks*
    names the input type or is empty. *version* is what the buttons will carry. *link* names a
    page the adapter adds as a link button: `case` (with the case number) or empty."""

    flow: str
    step: str
    part: str
    version: int
    values: Mapping[str, object] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    asks: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Tell:
    """Show a sentence of the engine's own (`common` words): *key* such as `back_barrier`."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refuse:
    """Friendly no; nothing changed. The shell shows the present step again after it."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Look:
    """Read live facts outside the transaction; answered by `Answered(step, version, …)`."""

    step: str
    version: int
    what: str


@dataclass(frozen=True, slots=True)
class OpenProof:
    """Let the case page collect what the policy row of *acts* asks."""

    step: str
    version: int
    acts: tuple[ActKind, ...]


@dataclass(frozen=True, slots=True)
class CloseProof:
    """The proof step was left; the page stops collecting for it."""

    step: str


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """Ask approvers for the plan made of *acts* (and the methods ticked on the case page); a pass in
    it is of *shape*."""

    step: str
    version: int
    acts: tuple[ActKind, ...]
    within: timedelta
    shape: PassShape = PassShape.SHORT


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """The request step was left before it was decided; an open request is withdrawn."""

    step: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Watch for *what* (`method_registered`, `method_removed`, `pass_used`, `person_done`)."""

    step: str
    version: int
    what: str


@dataclass(frozen=True, slots=True)
class HandOff:
    """A person takes over the talk; *queue* is `desk` or `security`."""

    step: str
    version: int
    queue: str


@dataclass(frozen=True, slots=True)
class CloseHandOff:
    """The handoff was left by the person or by time; nobody need take it any more."""

    step: str


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Fire `TimerFired(step, version, name, number)` after *after* (from the event's time)."""

    step: str
    version: int
    name: str
    after: timedelta
    number: int = 0


@dataclass(frozen=True, slots=True)
class CancelTimers:
    """Cancel every timer of the step that was left."""

    step: str
    version: int


@dataclass(frozen=True, slots=True)
class Speak:
    """From now on talk to this person in *locale*."""

    locale: str


@dataclass(frozen=True, slots=True)
class Report:
    """The person said "I did not do this": tell security, outside chat."""

    what: str


@dataclass(frozen=True, slots=True)
class OpenFor:
    """The case is about whoever has this work *address*, who comes to it by its number; the opener's
    chat only hears how it goes."""

    address: str


@dataclass(frozen=True, slots=True)
class EndCase:
    """The case is over; *outcome* is the `end` name, or `cancelled`."""

    outcome: str


Effect = (
    Say
    | Tell
    | Refuse
    | Look
    | OpenProof
    | CloseProof
    | OpenRequest
    | CloseRequest
    | Watch
    | HandOff
    | CloseHandOff
    | StartTimer
    | CancelTimers
    | Speak
    | Report
    | OpenFor
    | EndCase
)
