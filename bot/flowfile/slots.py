"""Which slots a flow has, and which of them are surely set where.

A forward must-analysis: what holds at a step is what holds on every path to it. A look's fields are
set by `ok` alone; every other outcome of the same look takes them away again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from bot.core.flow import Flow, Step
from bot.core.tables import LOOKS, Verb
from bot.flowfile.graph import ways

_SCALAR = frozenset({Verb.ASK, Verb.INPUT})
_NONE = frozenset({Verb.SAY, Verb.SWITCH, Verb.END})
Facts = frozenset[str]


def attributes(step: Step) -> tuple[str, ...] | None:
    """What `step.` can be followed by: nothing for questions, None where a step keeps no slot."""
    if step.verb in _NONE:
        return None
    if step.verb in _SCALAR:
        return ()
    row = LOOKS.get(step.what) if step.verb is Verb.LOOK else None
    return ("outcome", *(row.fields if row else ()))


def after(step: Step, outcome: str, facts: Facts) -> Facts:
    """What is surely set once *step* was left by *outcome*: `id`, and `id.field` for fields."""
    known = attributes(step)
    if known is None or outcome == "exhausted":
        return facts
    if not known:
        answered = outcome in step.choices or (step.verb is Verb.INPUT and outcome == "ok")
        return facts | {step.id} if answered else facts
    fields = {f"{step.id}.{name}" for name in known if name != "outcome"}
    if outcome == "ok" or (step.verb is Verb.LOOK and _rank(step)):
        return facts | fields | {step.id}
    return (facts - fields) | {step.id}


def _rank(step: Step) -> bool:
    return bool(LOOKS.get(step.what) and LOOKS[step.what].optional)


def surely_set(flow: Flow) -> Mapping[str, Facts]:
    """For each reachable step, what is set on every path to it."""
    known: dict[str, Facts] = {flow.start: frozenset()}
    todo = deque([flow.start])
    while todo:
        step = flow.steps.get(todo.popleft())
        if step is None:
            continue
        for outcome, target in ways(step):
            facts = after(step, outcome, known[step.id])
            joined = known[target] & facts if target in known else facts
            if target not in known or joined != known[target]:
                known[target] = joined
                todo.append(target)
    return known
