"""Which outcomes a step has, and which of them its author must draw."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.flow import Flow, Step
from bot.core.tables import LOOKS, Verb

_FIXED: dict[Verb, tuple[str, ...]] = {
    Verb.SAY: ("ok",),
    Verb.INPUT: ("ok", "timeout"),
    Verb.PROVE: ("ok", "working_method", "fail", "timeout", "refused"),
    Verb.REQUEST: ("done", "denied", "expired", "void", "partial", "refused"),
    Verb.HANDOFF: ("closed", "back", "untaken"),
}


@dataclass(frozen=True, slots=True)
class Outcomes:
    """*required* must lead somewhere, *optional* may."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def possible(self) -> tuple[str, ...]:
        return self.required + self.optional


def outcomes(step: Step, called: Flow | None = None) -> Outcomes:
    """Of *step*; *called* is the flow that a `call` names, where it is known."""
    match step.verb:
        case Verb.SWITCH | Verb.END:
            return Outcomes()
        case Verb.ASK:
            return Outcomes((*step.choices, "timeout", "exhausted"))
        case Verb.INPUT:
            return Outcomes((*_FIXED[Verb.INPUT], "exhausted"))
        case Verb.LOOK:
            row = LOOKS.get(step.what)
            if row is None:
                return Outcomes(("ok",), ("unknown", "error", "exhausted"))
            if not row.optional:
                return Outcomes(("ok", *row.outcomes, "unknown", "error"), ("exhausted",))
            if "ok" in step.on:
                return Outcomes(("ok", "unknown", "error"), (*row.outcomes, "exhausted"))
            return Outcomes((*row.outcomes, "unknown", "error"), ("ok", "exhausted"))
        case Verb.WAIT:
            required = ("ok",) if step.span else ("ok", "timeout")
            return Outcomes(required, ("exhausted",))
        case Verb.CALL:
            return Outcomes(ends(called) if called else (), ("exhausted",))
        case _:
            return Outcomes(_FIXED[step.verb], ("exhausted",))


def ends(flow: Flow) -> tuple[str, ...]:
    """The names by which *flow* can end, in the order drawn."""
    return tuple(dict.fromkeys(step.what for step in flow.steps.values() if step.verb is Verb.END))
