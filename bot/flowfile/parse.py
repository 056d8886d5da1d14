"""A flow document to the core's inert tree, as far as it can be understood.

Total: a file full of mistakes still gives a tree of what is sound in it, so that one mistake does
not hide another (a typing error in one step must not silence the proof rule in the next). Whether
the tree may be used is for the findings to say.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.core import expressions
from bot.core.expressions import Expression, ExpressionError
from bot.core.flow import Branch, Flow, Step
from bot.core.model import ActKind, PassShape
from bot.core.outcomes import outcomes
from bot.core.tables import Awaited, Verb
from bot.flowfile import schema, shape
from bot.flowfile.findings import Finding
from bot.flowfile.graph import on_cycles
from bot.flowfile.reader import Document, read

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BROKEN = ast.Constant(value=False)
_WAITING = frozenset({Verb.ASK, Verb.INPUT, Verb.PROVE, Verb.REQUEST, Verb.WAIT, Verb.HANDOFF})


@dataclass(frozen=True, slots=True)
class FlowFile:
    """One flow as read: its tree, where things stand, and what is wrong with its shape."""

    file: str
    text: str
    document: Document
    flow: Flow
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> bool:
        """Whether this is a flow file at all, however faulty."""
        return isinstance(self.document.data, dict) and bool({"flow", "steps"} & set(self.document.data))


def parse(text: str, file: str) -> FlowFile:
    """Read *text* as a flow; *file* is the name that findings carry."""
    document = read(text, file)
    findings = list(document.findings)
    if not document.unreadable:
        findings += shape.check(document)
    return FlowFile(file, text, document, _flow(document.data), tuple(findings))


def duration(text: Any) -> timedelta | None:
    """A time such as `20m`; None for anything else."""
    if not isinstance(text, str) or not re.match(schema.DURATION, text):
        return None
    return timedelta(seconds=int(text[:-1]) * _UNITS[text[-1]])


def _flow(data: Any) -> Flow:
    if not isinstance(data, dict):
        return Flow("", "", {})
    raw = data.get("steps")
    defaults = _map(data.get("defaults"))
    steps: dict[str, Step] = {}
    for name, one in raw.items() if isinstance(raw, dict) else ():
        step = _step(name, one, defaults)
        if step is not None:
            steps[name] = step
    menu = _word(data.get("menu"))
    place = int(menu) if re.match(schema.VISITS, menu) else 0
    flow = Flow(_word(data.get("flow")), _word(data.get("start")), steps, menu not in schema.NOT, place)
    return _with_default_edges(flow, _words(defaults.get("on")))


def _with_default_edges(flow: Flow, defaults: Mapping[str, str]) -> Flow:
    """`exhausted` reaches questions, which count wrong answers, and whatever lies on a cycle; the
    other defaults reach steps whose verb has that outcome. None leads a step to itself."""

    def led(step: Step, names: tuple[str, ...]) -> Step:
        new = {name: defaults[name] for name in names if name in defaults and defaults[name] != step.id}
        return replace(step, on={**new, **step.on})

    plain = {}
    for step in flow.steps.values():
        known = outcomes(step)
        first = known.required if step.verb in {Verb.ASK, Verb.INPUT} else known.possible
        plain[step.id] = led(
            step, tuple(n for n in first if n != "exhausted" or step.verb in {Verb.ASK, Verb.INPUT})
        )
    flow = replace(flow, steps=plain)
    cyclic = on_cycles(flow)
    steps = {
        name: led(step, ("exhausted",)) if name in cyclic and "exhausted" in outcomes(step).possible else step
        for name, step in flow.steps.items()
    }
    return replace(flow, steps=steps)


def _step(name: str, raw: Any, defaults: Mapping[str, Any]) -> Step | None:
    verbs = shape.verbs_of(raw)
    if not verbs:
        return None
    verb = Verb.REQUEST if Verb.REQUEST in verbs else verbs[0]  # the gravest reading of two verbs
    value = raw[verb]
    what = _word(value)
    step = Step(name, verb, what=what, on=_words(raw.get("on")))
    match verb:
        case Verb.SAY | Verb.END | Verb.CALL | Verb.LOOK:
            pass
        case Verb.ASK:
            step = replace(step, choices=tuple(v for v in _list(value) if isinstance(v, str)))
        case Verb.PROVE | Verb.REQUEST:
            known = [act.value for act in ActKind]
            step = replace(step, acts=tuple(ActKind(act) for act in _list(value) if act in known))
            if verb is Verb.REQUEST and raw.get("shape") == PassShape.DAY:
                step = replace(step, shape=PassShape.DAY)
        case Verb.WAIT if (span := duration(value)) is not None:
            step = replace(step, what="", span=span)
        case Verb.WAIT if what == Awaited.PERSON_DONE:
            step = replace(step, choices=("ok",))
        case Verb.SWITCH:
            step = replace(step, branches=tuple(_branches(value)))
    return _timed(step, raw, defaults)


def _timed(step: Step, raw: Mapping[str, Any], defaults: Mapping[str, Any]) -> Step:
    """Times and visits: the step's own, else the file's defaults where its verb uses them."""
    if step.verb in {Verb.SWITCH, Verb.END}:
        return step
    visits = raw.get("max_visits", defaults.get("max_visits"))
    if isinstance(visits, str) and re.match(schema.VISITS, visits):
        step = replace(step, max_visits=int(visits))
    if step.verb not in _WAITING or step.span:
        return step
    within = duration(raw.get("within", defaults.get("within")))
    remind = [span for text in _list(raw.get("remind", defaults.get("remind"))) if (span := duration(text))]
    if "remind" not in raw and within:
        remind = [span for span in remind if span < within]
    return replace(step, within=within, remind=tuple(remind))


def _branches(value: Any) -> list[Branch]:
    branches = []
    for one in map(_map, _list(value)):
        if "else" in one:
            branches.append(Branch(None, _word(one["else"])))
        elif "then" in one:
            branches.append(Branch(_condition(_word(one.get("if"))), _word(one["then"])))
    return branches


def _condition(text: str) -> Expression:
    try:
        return expressions.parse(text)
    except ExpressionError:
        return Expression(text, _BROKEN)  # its own rule tells; the edge must not vanish from the others


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: Any) -> dict[str, str]:
    return {key: one for key, one in _map(value).items() if isinstance(one, str)}
