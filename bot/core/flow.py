"""A flow as a tree of plain values, and the running value of a case in it.

Nothing here acts. `core.engine` moves a `FlowState` through a `FlowSet`; `flowfile` makes flow sets
from files. A step's `on` already holds what the file's defaults add to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.core.expressions import Expression
from bot.core.model import ActKind, PassShape
from bot.core.tables import LOOKS, Verb

WAITING = frozenset({Verb.ASK, Verb.INPUT, Verb.PROVE, Verb.REQUEST, Verb.WAIT, Verb.HANDOFF})
"""Verbs that wait for a person, an approver or the world. `look` waits too, but only for a read."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of a `switch`; a branch without *condition* is the closing `else`."""

    condition: Expression | None
    then: str


@dataclass(frozen=True, slots=True)
class Step:
    """A place in a flow. *what* is the verb's own word: input type, look, awaited event, called
    flow, queue or end name. *shape* is the pass that a `request` asks for. *span* is set for timed
    waits. *parts* are the keys that the words of
    this step have, so that the engine speaks of an outcome only where somebody wrote a sentence."""

    id: str
    verb: Verb
    what: str = ""
    on: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    acts: tuple[ActKind, ...] = ()
    shape: PassShape = PassShape.SHORT
    branches: tuple[Branch, ...] = ()
    within: timedelta | None = None
    remind: tuple[timedelta, ...] = ()
    span: timedelta | None = None
    max_visits: int = 0
    parts: frozenset[str] = frozenset()

    def target(self, outcome: str) -> str | None:
        """Where *outcome* leads; None when it is not drawn."""
        if outcome in self.on:
            return self.on[outcome]
        row = LOOKS.get(self.what) if self.verb is Verb.LOOK else None
        if row and row.optional and outcome in row.outcomes:
            return self.on.get("ok")
        return None


@dataclass(frozen=True, slots=True)
class Flow:
    """The definition of a conversation. Without *in_menu* people find it by their words, by a link or
    through another flow, and not in the list of what the bot helps with. *place* in it is their author's
    wish until there are numbers; 0 is none."""

    id: str
    start: str
    steps: Mapping[str, Step]
    in_menu: bool = True
    place: int = 0


@dataclass(frozen=True, slots=True)
class FlowSet:
    """A flow and every flow it calls: what a case is pinned to."""

    main: str
    flows: Mapping[str, Flow]

    @classmethod
    def of(cls, main: Flow, *others: Flow) -> FlowSet:
        return cls(main.id, {flow.id: flow for flow in (main, *others)})

    def step(self, flow: str, step: str) -> Step | None:
        found = self.flows.get(flow)
        return found.steps.get(step) if found else None


Slots = Mapping[str, Any]
"""A step's answer under its id: a choice, a value, or `{"outcome": …}` with a look's fields."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A flow that called another and waits at *step* for its end."""

    flow: str
    step: str
    slots: Slots
    visits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to go back to: everything as it was when the person answered there."""

    calls: tuple[Frame, ...]
    flow: str
    step: str
    slots: Slots
    visits: Mapping[str, int]
    proven: frozenset[ActKind]


@dataclass(frozen=True, slots=True)
class Aside:
    """A person was called in over the flow. *final*: the flow will not go on after it."""

    queue: str
    version: int
    why: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class FlowState:
    """A case's running value. *version* grows with every step entered and is what its buttons and
    answers carry. *proven* holds the acts whose proof is passed and not overtaken. *acted*: an act
    was done, which is where going back ends."""

    flow: str
    step: str
    version: int = 0
    slots: Slots = field(default_factory=dict)
    visits: Mapping[str, int] = field(default_factory=dict)
    calls: tuple[Frame, ...] = ()
    trail: tuple[Mark, ...] = ()
    proven: frozenset[ActKind] = frozenset()
    acted: bool = False
    aside: Aside | None = None
    asides: int = 0
    ended: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; what is empty is left out."""
        data: dict[str, Any] = {"flow": self.flow, "step": self.step, "version": self.version}
        if self.slots:
            data["slots"] = dict(self.slots)
        if self.visits:
            data["visits"] = dict(self.visits)
        if self.calls:
            data["calls"] = [_frame_json(frame) for frame in self.calls]
        if self.trail:
            data["trail"] = [_mark_json(mark) for mark in self.trail]
        if self.proven:
            data["proven"] = sorted(self.proven)
        if self.acted:
            data["acted"] = True
        if self.aside:
            aside = self.aside
            data["aside"] = [aside.queue, aside.version, aside.why, aside.final]
        if self.asides:
            data["asides"] = self.asides
        if self.ended:
            data["ended"] = self.ended
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FlowState:
        """Undo `to_json`. Raises KeyError or ValueError for anything else."""
        aside = data.get("aside")
        return cls(
            flow=data["flow"],
            step=data["step"],
            version=data["version"],
            slots=data.get("slots", {}),
            visits=data.get("visits", {}),
            calls=tuple(_frame(one) for one in data.get("calls", ())),
            trail=tuple(_mark(one) for one in data.get("trail", ())),
            proven=frozenset(ActKind(act) for act in data.get("proven", ())),
            acted=data.get("acted", False),
            aside=Aside(*aside) if aside else None,
            asides=data.get("asides", 0),
            ended=data.get("ended", ""),
        )


def _frame_json(frame: Frame) -> list[Any]:
    return [frame.flow, frame.step, dict(frame.slots), dict(frame.visits)]


def _frame(data: list[Any]) -> Frame:
    return Frame(*data)


def _mark_json(mark: Mark) -> list[Any]:
    calls = [_frame_json(frame) for frame in mark.calls]
    return [calls, mark.flow, mark.step, dict(mark.slots), dict(mark.visits), sorted(mark.proven)]


def _mark(data: list[Any]) -> Mark:
    calls, flow, step, slots, visits, proven = data
    acts = frozenset(ActKind(act) for act in proven)
    return Mark(tuple(_frame(one) for one in calls), flow, step, slots, visits, acts)
