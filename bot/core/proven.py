"""When a proof counts and when it is overtaken: one rule, read by the engine and by the linter.

The linter walks every path with it before a flow is published; the engine walks the one path a
case takes. Both hold the acts whose proof is passed, so neither can be more lenient.
"""

from __future__ import annotations

from datetime import timedelta

from bot.core.flow import WAITING, Step
from bot.core.model import ActKind
from bot.core.tables import Verb

LONGEST = timedelta(minutes=60)
"""Evidence holds at most this long; a step that may wait longer overtakes it."""

Acts = frozenset[ActKind]


def may(step: Step, proven: Acts) -> bool:
    """Whether a `request` step's acts are all proven; one without acts may nothing."""
    return bool(step.acts) and proven.issuperset(step.acts)


def after(step: Step, outcome: str, proven: Acts) -> Acts:
    """What is proven once *step* was left by *outcome*.

    A passed proof counts for its acts. Anything else that a `prove` says takes them away: whoever
    failed, was refused or let it lapse must prove anew. A decided request used its proof up; a
    `void` or `partial` one may be asked again on the same evidence. A step that may wait longer
    than evidence holds takes everything away.
    """
    if outcome == "exhausted" and step.verb in {Verb.PROVE, Verb.REQUEST}:
        return proven  # the step was not entered again, so nothing happened in it
    match step.verb:
        case Verb.PROVE:
            acts = frozenset(step.acts)
            return proven | acts if outcome == "ok" else proven - acts
        case Verb.REQUEST:
            return proven if outcome in {"void", "partial"} else proven - frozenset(step.acts)
    if step.verb in WAITING and (step.span or step.within or timedelta()) > LONGEST:
        return frozenset()
    return proven
