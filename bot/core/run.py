"""One turn under way: moving through steps, and what surrounds a step.

The theory is told in `core.engine`. A `Run` gathers the state so far and the effects so far, lives
no longer than its turn, and sees nothing but its arguments.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bot.core import effects as fx
from bot.core.expressions import holds
from bot.core.fields import moved
from bot.core.flow import WAITING, Aside, FlowSet, FlowState, Frame, Mark, Step
from bot.core.model import Reason
from bot.core.proven import LONGEST, after, may
from bot.core.tables import PERSON_STEP, Queue, Verb

MOST_STEPS = 64
"""Steps that one turn may pass without anybody answering."""
MOST_CALLS = 8
MOST_MARKS = 8
"""How many answers `back` can take back."""
UNTAKEN_AFTER = timedelta(hours=24)
"""How long the engine's own handoff waits to be taken."""
_ON_PAGE = frozenset({Verb.PROVE, Verb.REQUEST})
_NEAR_PAGE = frozenset({Verb.WAIT, Verb.HANDOFF})


class Passed(NamedTuple):
    """A step left in this turn, and by which outcome; a `switch` by the condition that held."""

    flow: str
    step: str
    outcome: str


class Run:
    """Moves a state; `state`, `effects` and `passed` are its result."""

    def __init__(self, flows: FlowSet, state: FlowState, at: datetime) -> None:
        self.flows = flows
        self.state = state
        self.at = at
        self.effects: list[fx.Effect] = []
        self.passed: list[Passed] = []

    @property
    def here(self) -> Step | None:
        return self.flows.step(self.state.flow, self.state.step)

    def add(self, *effects: fx.Effect) -> None:
        self.effects.extend(effects)

    def refuse(self, reason: Reason) -> None:
        self.add(fx.Refuse(reason))

    # --- moving ---------------------------------------------------------------------------

    def leave(self, step: Step, outcome: str, slot: Any, *, answered: bool = False) -> None:
        """Go out of *step* by *outcome* and on to the next step that waits. *answered*: the world
        said so, and has closed its side itself."""
        self.close(step, answered=answered)
        target = self.depart(step, outcome, slot)
        if target is not None:
            self.go(target)

    def depart(self, step: Step, outcome: str, slot: Any) -> str | None:
        """Keep what *outcome* means and say its words; where it leads, or None where nobody drew
        that (a person is called)."""
        state = self.state
        slots = state.slots if slot is None else {**state.slots, step.id: slot}
        self.state = moved(state, slots=slots, proven=after(step, outcome, state.proven))
        if step.verb is Verb.REQUEST and outcome in {"done", "partial", "void"}:
            self.state = moved(self.state, trail=(), acted=state.acted or outcome != "void")
        self.passed.append(Passed(state.flow, step.id, outcome))
        if outcome in step.parts and outcome not in step.choices:
            self.add(self.say(step, outcome))
        target = step.target(outcome)
        if target is None:
            self.call_person(Queue.DESK, "undrawn", final=True)
        return target

    def go(self, target: str) -> None:
        """Enter *target* and pass on until a step waits, the case ends or a person is called."""
        following: str | None = target
        count = 0
        while following is not None:
            count += 1
            step = self.flows.step(self.state.flow, following)
            if step is None or count > MOST_STEPS:
                self.call_person(Queue.DESK, "loop" if step else "broken", final=True)
                return
            following = self.enter(step)

    def enter(self, step: Step) -> str | None:
        """Stand on *step* and start what it does; the next step where it needs nobody."""
        visits = self.state.visits.get(step.id, 0) + 1
        if step.max_visits and visits > step.max_visits and step.target("exhausted"):
            return self.depart(step, "exhausted", None)
        self.state = moved(
            self.state,
            step=step.id,
            version=self.state.version + 1,
            visits={**self.state.visits, step.id: visits},
        )
        return self.arrive(step)

    def arrive(self, step: Step) -> str | None:
        """Start what *step* does; the next step where it needs nobody."""
        version = self.state.version
        if step.verb is Verb.REQUEST and not may(step, self.state.proven):
            self.call_person(Queue.DESK, "unproven", final=True)
            return None
        if speaks(step):
            self.add(self.say(step, "text"))
        match step.verb:
            case Verb.SAY:
                return self.depart(step, "ok", None)
            case Verb.SWITCH:
                return self.switch(step)
            case Verb.CALL:
                return self.call(step)
            case Verb.END:
                return self.end(step)
            case Verb.LOOK:
                self.add(fx.Look(step.id, version, step.what))
            case Verb.PROVE:
                self.add(fx.OpenProof(step.id, version, step.acts))
            case Verb.REQUEST:
                self.add(fx.OpenRequest(step.id, version, step.acts, step.within or LONGEST, step.shape))
            case Verb.WAIT if step.span is None:
                self.add(fx.Watch(step.id, version, step.what))
            case Verb.HANDOFF:
                self.add(fx.HandOff(step.id, version, step.what))
        self.start_timers(step)
        return None

    def switch(self, step: Step) -> str | None:
        for branch in step.branches:
            if branch.condition is None or holds(branch.condition, self.state.slots):
                name = branch.condition.text if branch.condition else "else"
                self.passed.append(Passed(self.state.flow, step.id, name))
                return branch.then
        self.call_person(Queue.DESK, "undrawn", final=True)
        return None

    def call(self, step: Step) -> str | None:
        state, callee = self.state, self.flows.flows.get(step.what)
        if callee is None or len(state.calls) >= MOST_CALLS:
            self.call_person(Queue.DESK, "broken", final=True)
            return None
        frame = Frame(state.flow, step.id, state.slots, state.visits)
        self.state = moved(state, flow=callee.id, calls=(*state.calls, frame), slots={}, visits={})
        return callee.start

    def end(self, step: Step) -> str | None:
        state = self.state
        self.passed.append(Passed(state.flow, step.id, step.what))
        if not state.calls:
            self.finish(step.what)
            return None
        frame = state.calls[-1]
        caller = self.flows.step(frame.flow, frame.step)
        self.state = moved(
            state,
            flow=frame.flow,
            step=frame.step,
            calls=state.calls[:-1],
            slots=frame.slots,
            visits=frame.visits,
        )
        if caller is None:
            self.call_person(Queue.DESK, "broken", final=True)
            return None
        return self.depart(caller, step.what, {"outcome": step.what})

    def finish(self, outcome: str) -> None:
        """The case is over; nobody is waited for any more."""
        self.drop_aside()
        self.state = moved(self.state, ended=outcome, trail=())
        self.add(fx.EndCase(outcome))

    def mark(self) -> None:
        """Remember this place, so that `back` can return to it."""
        s = self.state
        here = Mark(s.calls, s.flow, s.step, s.slots, s.visits, s.proven)
        self.state = moved(s, trail=(*s.trail, here)[-MOST_MARKS:])

    # --- what surrounds a step ------------------------------------------------------------

    def say(self, step: Step, part: str) -> fx.Say:
        """The words of *step*, with every slot; buttons and the page's link belong to questions."""
        state = self.state
        asking = part in {"text", "invalid", "remind"}
        near = step.verb in _NEAR_PAGE and (state.acted or bool(state.proven))
        return fx.Say(
            flow=state.flow,
            step=step.id,
            part=part,
            version=state.version,
            values=dict(state.slots),
            choices=step.choices if asking else (),
            asks=step.what if asking and step.verb is Verb.INPUT else "",
            link="case" if asking and (step.verb in _ON_PAGE or near) else "",
        )

    def again(self) -> None:
        """Show the present step once more, where it has something to show."""
        if self.here and speaks(self.here):
            self.add(self.say(self.here, "text"))

    def start_timers(self, step: Step) -> None:
        version = self.state.version
        if step.span is not None:
            self.add(fx.StartTimer(step.id, version, "until", step.span))
            return
        if step.within and step.verb is not Verb.REQUEST:
            self.add(fx.StartTimer(step.id, version, "timeout", step.within))
        for number, late in enumerate(step.remind):
            self.add(fx.StartTimer(step.id, version, "remind", late, number))

    def close(self, step: Step, *, answered: bool = False) -> None:
        """Leave nothing of *step* behind."""
        if step.within or step.remind or step.span:
            self.add(fx.CancelTimers(step.id, self.state.version))
        match step.verb:
            case Verb.PROVE:
                self.add(fx.CloseProof(step.id))
            case Verb.REQUEST if not answered:
                self.add(fx.CloseRequest(step.id))
            case Verb.HANDOFF if not answered:
                self.add(fx.CloseHandOff(step.id))

    # --- a person aside -------------------------------------------------------------------

    def call_person(self, queue: Queue, why: str, *, final: bool = False) -> None:
        """Lay a handoff over the flow."""
        self.drop_aside()
        number = self.state.asides + 1
        self.state = moved(self.state, aside=Aside(queue, number, why, final), asides=number)
        key = {"not_me": "reported", "unproven": "unproven"}.get(why, "person")
        self.add(
            fx.Tell(key),
            fx.HandOff(PERSON_STEP, number, queue),
            fx.StartTimer(PERSON_STEP, number, "timeout", UNTAKEN_AFTER),
        )

    def drop_aside(self, *, answered: bool = False) -> None:
        """Nobody need come any more."""
        aside = self.state.aside
        if aside is None:
            return
        self.state = moved(self.state, aside=None)
        self.add(fx.CancelTimers(PERSON_STEP, aside.version))
        if not answered:
            self.add(fx.CloseHandOff(PERSON_STEP))


def speaks(step: Step) -> bool:
    """Whether arriving at *step* says something: what waits or says always does."""
    if step.verb in {Verb.CALL, Verb.SWITCH}:
        return False
    always = step.verb is Verb.SAY or (step.verb in WAITING and step.span is None)
    return always or "text" in step.parts
