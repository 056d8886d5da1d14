"""How a case moves through its flow: one event in, the next state and a list of wishes out.

Theory of operation
===================

**Pure and total.** `advance(flows, state, event)` reads no clock, rolls no dice and does no I/O;
time and answers arrive in the event. Every event is answered, whatever the state: the same three
arguments always give the same turn, and none makes it raise. What a person did at the wrong moment
is answered with a `Refuse` and changes nothing, because people press old buttons every day. What
the world said at the wrong moment (a late answer, a timer of a step long left) is passed over in
silence: nobody pressed anything.

**Position.** A state stands on one step of one flow. Entering a step raises `version`, and the
buttons, answers and timers of that visit carry it: (step, version) that no longer fits is stale.
Steps that need nobody (`say`, `call`, `switch`, `end`) are passed in the same turn, at most
`MOST_STEPS` of them; the linter finds loops that would take more.

**Steps and events.** What ends the waiting of a step, and by which outcome:

    ask       Chose, or Wrote with a matched choice      that choice
    input     Entered, or Wrote with text                ok when valid; else asked again, with reason
    look, prove, request, wait, handoff
              Answered                                   its outcome, if it is one of the verb's
    wait      TimerFired("until") of a timed wait        ok
    any       TimerFired("timeout")                      timeout (a handoff: untaken)
    any       TimerFired("remind")                       none; the step is said again

A `request` expires by its own service and has no timeout here. Where an outcome has words of its
own (and is no button), they are said on the way out. Where an outcome is possible but not drawn, a
person is called; a linted flow never gets there.

**Visits.** A step entered more than `max_visits` times leaves by `exhausted` instead. Every wrong
input counts as a visit. Going back gives the visits back.

**Subflows.** `call` puts the caller on the stack and starts the callee with empty slots; its `end`
pops the stack and is the outcome of the `call`.

**Proof.** `core.proven` says which acts are proven after each step. A `request` whose acts are not
all proven asks nobody: it is refused and a person is called, whatever the linter said before.

**Commands** are engine-wide and never drawn. `back` returns to the last question the person
answered, restoring slots, visits and stack as they were, but never a proof lost since; a finished
act is a barrier. `restart` begins anew without proof, unless an act is done. `cancel` ends the
case. `person`, and `not_me` after reporting to security, call a person *aside*: a handoff laid over
the step, which keeps waiting underneath. An agent can still do the live check of an open proof, and
the step's own button or answer, or `resume`, takes up the flow again. An aside that is *final*
(security, an unproven request, a broken flow) can only be closed or cancelled.

**What is left is closed.** Leaving a step cancels its timers, closes its proof, and when a command
or time left it, withdraws its request or its call for a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, assert_never

from bot.core import effects as fx
from bot.core.events import Answered, Chose, Commanded, Entered, Event, Opened, TimerFired, Wrote
from bot.core.expressions import holds
from bot.core.flow import WAITING, Aside, Flow, FlowSet, FlowState, Frame, Mark, Step
from bot.core.inputs import Invalid, check
from bot.core.model import ActKind, Command, Reason
from bot.core.outcomes import outcomes
from bot.core.proven import after, may
from bot.core.tables import LOOKS, PERSON_STEP, Queue, Verb

MOST_STEPS = 64
"""Steps that one turn may pass without anybody answering."""
MOST_CALLS = 8
MOST_MARKS = 8
"""How many answers `back` can take back."""
UNTAKEN_AFTER = timedelta(hours=24)
"""How long the engine's own handoff waits to be taken."""


class Turn(NamedTuple):
    """What one event led to: the next state, and what the shell is to do."""

    state: FlowState
    effects: tuple[fx.Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Awaiting:
    """What a case waits for. *what* is the verb's own word: input type, look, awaited event (empty
    for a timed wait) or queue. *choices* are the ids its buttons may send; *input* is the input
    type where typed text is wanted, else empty. At a handoff of the engine's own, *step* is
    `@person`."""

    step: str
    version: int
    verb: Verb
    acts: tuple[ActKind, ...] = ()
    what: str = ""
    choices: tuple[str, ...] = ()
    input: str = ""


def begin(flow: Flow, flows: FlowSet | Flow, event: Event) -> Turn:
    """The first turn of a case: *flow* from its start."""
    run = _Run(_set(flows), FlowState(flow.id, flow.start), event.at)
    run.go(flow.start)
    return run.turn()


def advance(flows: FlowSet | Flow, state: FlowState, event: Event) -> Turn:
    """Answer *event*; the same three arguments always give the same turn."""
    if state.ended:
        quiet = isinstance(event.what, Answered | TimerFired)
        return Turn(state, () if quiet else (fx.Refuse(Reason.FLOW_ENDED),))
    if isinstance(event.what, Opened):
        if state.version:
            return Turn(state, (fx.Refuse(Reason.NOT_EXPECTED),))
        state = replace(state, slots={}, visits={})
        run = _Run(_set(flows), state, event.at)
        run.go(state.step)
        return run.turn()
    run = _Run(_set(flows), state, event.at)
    run.answer(event.what)
    return run.turn()


def awaiting(flows: FlowSet | Flow, state: FlowState) -> Awaiting | None:
    """What the present step waits for; None once the case has ended (or its flow is unknown)."""
    if state.ended:
        return None
    if state.aside:
        return Awaiting(PERSON_STEP, state.aside.version, Verb.HANDOFF, what=state.aside.queue)
    step = _set(flows).step(state.flow, state.step)
    if step is None or step.verb not in WAITING | {Verb.LOOK}:
        return None
    typed = step.what if step.verb is Verb.INPUT else ""
    return Awaiting(step.id, state.version, step.verb, step.acts, step.what, step.choices, typed)


def opening(flow: Flow) -> FlowState:
    """The state of a case before its first turn; `Opened` moves it."""
    return FlowState(flow.id, flow.start)


def _set(flows: FlowSet | Flow) -> FlowSet:
    return FlowSet.of(flows) if isinstance(flows, Flow) else flows


class _Run:
    """One turn under way: the state so far and the effects so far. Lives no longer than the turn."""

    def __init__(self, flows: FlowSet, state: FlowState, at: datetime) -> None:
        self.flows = flows
        self.state = state
        self.at = at
        self.effects: list[fx.Effect] = []

    def turn(self) -> Turn:
        return Turn(self.state, tuple(self.effects))

    def add(self, *effects: fx.Effect) -> None:
        self.effects.extend(effects)

    def refuse(self, reason: Reason) -> None:
        self.add(fx.Refuse(reason))

    @property
    def here(self) -> Step | None:
        return self.flows.step(self.state.flow, self.state.step)

    # --- events ---------------------------------------------------------------------------

    def answer(self, what: Chose | Wrote | Entered | Commanded | Answered | TimerFired) -> None:
        match what:
            case Commanded(command, value):
                self.command(command, value)
            case TimerFired():
                self.timer(what)
            case Answered():
                self.world(what)
            case Chose(step, version, choice):
                if self.fits(step, version):
                    self.choose(choice)
            case Entered(step, version, value):
                if self.fits(step, version):
                    self.type(value)
            case Wrote(text, matched):
                self.write(text, matched)
            case _:
                assert_never(what)

    def fits(self, step: str, version: int) -> bool:
        """Whether a button is of the present step; says why not. Takes up a flow laid aside."""
        state = self.state
        if (step, version) != (state.step, state.version) or (state.aside and state.aside.final):
            self.refuse(Reason.STALE)
            return False
        return True

    def choose(self, choice: str) -> None:
        step = self.here
        if step is None or choice not in step.choices:
            self.refuse(Reason.NOT_EXPECTED)
            return
        self.drop_aside()
        self.mark()
        self.leave(step, choice, choice if step.verb is Verb.ASK else {"outcome": choice})

    def type(self, value: str) -> None:
        step = self.here
        if step is None or step.verb is not Verb.INPUT:
            self.refuse(Reason.NOT_EXPECTED)
            return
        self.drop_aside()
        found = check(step.what, value, self.at)
        if isinstance(found, Invalid):
            self.ask_again(step, found)
            return
        self.mark()
        self.leave(step, "ok", found.value)

    def write(self, text: str, matched: str | None) -> None:
        """Typed text; while a person is called it is theirs to read, not the step's."""
        step = self.here
        if step and not self.state.aside:
            if matched is not None and matched in step.choices:
                self.choose(matched)
                return
            if text and step.verb is Verb.INPUT:
                self.type(text)
                return
        self.refuse(Reason.NOT_EXPECTED)

    def ask_again(self, step: Step, found: Invalid) -> None:
        visits = self.state.visits.get(step.id, 0) + 1
        if step.max_visits and visits > step.max_visits and step.target("exhausted"):
            self.leave(step, "exhausted", None)
            return
        self.state = replace(self.state, visits={**self.state.visits, step.id: visits})
        self.add(fx.Tell(f"invalid_{found.reason}"))
        self.show(step, "invalid" if "invalid" in step.parts else "text")

    def world(self, what: Answered) -> None:
        aside = self.state.aside
        if aside and (what.step, what.version) == (PERSON_STEP, aside.version):
            self.person_answered(aside, what.outcome)
            return
        step = self.here
        if step is None or (what.step, what.version) != (self.state.step, self.state.version):
            return
        if aside and aside.final:
            return
        if step.verb not in WAITING | {Verb.LOOK} or step.verb in {Verb.ASK, Verb.INPUT}:
            self.refuse(Reason.NOT_EXPECTED)
            return
        if what.outcome not in outcomes(step).possible or what.outcome == "exhausted":
            self.refuse(Reason.NOT_EXPECTED)
            return
        self.drop_aside()
        allowed = LOOKS[step.what].fields if step.verb is Verb.LOOK and step.what in LOOKS else ()
        fields = {name: what.fields[name] for name in allowed if name in what.fields}
        self.leave(step, what.outcome, {"outcome": what.outcome, **fields}, answered=True)

    def timer(self, what: TimerFired) -> None:
        aside = self.state.aside
        if aside and (what.step, what.version) == (PERSON_STEP, aside.version):
            self.person_answered(aside, "untaken")
            return
        step = self.here
        if step is None or (what.step, what.version) != (self.state.step, self.state.version):
            return
        if aside:
            self.postpone(step, what)
            return
        match what.name:
            case "remind":
                self.show(step, "remind" if "remind" in step.parts else "text")
            case "timeout" if step.verb is Verb.HANDOFF:
                self.leave(step, "untaken", {"outcome": "untaken"})
            case "timeout" if "timeout" in outcomes(step).possible:
                self.leave(step, "timeout", self.keeps(step, "timeout"))
            case "until" if step.span:
                self.leave(step, "ok", {"outcome": "ok"})

    def postpone(self, step: Step, what: TimerFired) -> None:
        """Time does not run against somebody who waits for a person: the timer starts again."""
        span = step.span if what.name == "until" else step.within
        if what.name != "remind" and span:
            self.add(fx.StartTimer(step.id, self.state.version, what.name, span, what.number + 1))

    # --- moving ---------------------------------------------------------------------------

    def leave(self, step: Step, outcome: str, slot: Any, *, answered: bool = False) -> None:
        """Go out of *step* by *outcome* and on to the next step that waits."""
        target = self.depart(step, outcome, slot, answered=answered)
        if target is None:
            self.call_person(Queue.DESK, "undrawn", final=True)
        else:
            self.go(target)

    def depart(self, step: Step, outcome: str, slot: Any, *, answered: bool = False) -> str | None:
        self.close(step, answered=answered)
        state = self.state
        slots = state.slots if slot is None else {**state.slots, step.id: slot}
        self.state = replace(state, slots=slots, proven=after(step, outcome, state.proven))
        if step.verb is Verb.REQUEST and outcome in {"done", "partial", "void"}:
            acted = state.acted or outcome != "void"
            self.state = replace(self.state, trail=(), acted=acted)
        if outcome in step.parts and outcome not in step.choices:
            self.add(self.say(step, outcome))
        return step.target(outcome)

    def keeps(self, step: Step, outcome: str) -> Any:
        """The slot a step gets when nobody answered it: questions keep none."""
        return None if step.verb in {Verb.ASK, Verb.INPUT} else {"outcome": outcome}

    def go(self, target: str) -> None:
        """Enter *target* and pass on until a step waits, the case ends or a person is called."""
        following: str | None = target
        for _ in range(MOST_STEPS):
            step = self.flows.step(self.state.flow, following) if following else None
            if step is None:
                self.call_person(Queue.DESK, "broken", final=True)
                return
            visits = self.state.visits.get(step.id, 0) + 1
            if step.max_visits and visits > step.max_visits and step.target("exhausted"):
                self.state = replace(self.state, step=step.id)
                following = self.depart(step, "exhausted", None, answered=True)
                continue
            self.state = replace(
                self.state,
                step=step.id,
                version=self.state.version + 1,
                visits={**self.state.visits, step.id: visits},
            )
            if not self.arrive(step):
                return
            following = self.pass_through(step)
            if self.state.ended or self.state.aside:
                return
        self.call_person(Queue.DESK, "loop", final=True)

    def arrive(self, step: Step) -> bool:
        """Start what *step* does; whether the turn goes on at once."""
        state = self.state
        if step.verb in {Verb.CALL, Verb.SWITCH}:
            return True
        if step.verb is Verb.REQUEST and not may(step, state.proven):
            self.call_person(Queue.DESK, "unproven", final=True)
            return False
        if (step.verb in WAITING and not step.span) or step.verb is Verb.SAY or "text" in step.parts:
            self.show(step, "text")
        match step.verb:
            case Verb.SAY | Verb.END:
                return True
            case Verb.LOOK:
                self.add(fx.Look(step.id, state.version, step.what))
            case Verb.PROVE:
                self.add(fx.OpenProof(step.id, state.version, step.acts))
            case Verb.REQUEST:
                within = step.within or timedelta(minutes=60)
                self.add(fx.OpenRequest(step.id, state.version, step.acts, within))
            case Verb.WAIT if not step.span:
                self.add(fx.Watch(step.id, state.version, step.what))
            case Verb.HANDOFF:
                self.add(fx.HandOff(step.id, state.version, step.what))
        self.start_timers(step)
        return False

    def pass_through(self, step: Step) -> str | None:
        """The way out of a step that needs nobody. None ends the turn, or finds the flow broken."""
        match step.verb:
            case Verb.SAY:
                return self.depart(step, "ok", None)
            case Verb.SWITCH:
                slots = self.state.slots
                return next(
                    (b.then for b in step.branches if b.condition is None or holds(b.condition, slots)), None
                )
            case Verb.CALL:
                return self.call(step)
            case _:
                return self.end(step)

    def call(self, step: Step) -> str | None:
        state, callee = self.state, self.flows.flows.get(step.what)
        if callee is None or len(state.calls) >= MOST_CALLS:
            return None
        frame = Frame(state.flow, step.id, state.slots, state.visits)
        self.state = replace(state, flow=callee.id, calls=(*state.calls, frame), slots={}, visits={})
        return callee.start

    def end(self, step: Step) -> str | None:
        state = self.state
        if not state.calls:
            self.finish(step.what)
            return None
        frame = state.calls[-1]
        self.state = replace(
            state, flow=frame.flow, step=frame.step, calls=state.calls[:-1],
            slots=frame.slots, visits=frame.visits,
        )  # fmt: skip
        caller = self.here
        return self.depart(caller, step.what, {"outcome": step.what}) if caller else None

    def finish(self, outcome: str) -> None:
        self.state = replace(self.state, ended=outcome, aside=None, trail=())
        self.add(fx.EndCase(outcome))

    # --- a step's surroundings ------------------------------------------------------------

    def say(self, step: Step, part: str) -> fx.Say:
        """The words of *step*, with every slot; buttons and the page link belong to questions."""
        asking = part in {"text", "invalid", "remind"}
        on_page = step.verb in {Verb.PROVE, Verb.REQUEST} or (
            step.verb in {Verb.WAIT, Verb.HANDOFF} and (self.state.acted or bool(self.state.proven))
        )
        return fx.Say(
            flow=self.state.flow,
            step=step.id,
            part=part,
            version=self.state.version,
            values=dict(self.state.slots),
            choices=step.choices if asking else (),
            asks=step.what if asking and step.verb is Verb.INPUT else "",
            link="case" if asking and on_page else "",
        )

    def show(self, step: Step, part: str) -> None:
        self.add(self.say(step, part))

    def start_timers(self, step: Step) -> None:
        version = self.state.version
        if step.span:
            self.add(fx.StartTimer(step.id, version, "until", step.span))
            return
        if step.within and step.verb is not Verb.REQUEST:
            self.add(fx.StartTimer(step.id, version, "timeout", step.within))
        for number, after_ in enumerate(step.remind):
            self.add(fx.StartTimer(step.id, version, "remind", after_, number))

    def close(self, step: Step, *, answered: bool = False) -> None:
        """Leave nothing of *step* behind; what the world answered is closed on its side already."""
        version = self.state.version
        if step.within or step.remind or step.span:
            self.add(fx.CancelTimers(step.id, version))
        match step.verb:
            case Verb.PROVE if self.entered(step):
                self.add(fx.CloseProof(step.id))
            case Verb.REQUEST if not answered:
                self.add(fx.CloseRequest(step.id))
            case Verb.HANDOFF if not answered:
                self.add(fx.CloseHandOff(step.id))

    def entered(self, step: Step) -> bool:
        return self.state.visits.get(step.id, 0) > 0

    def mark(self) -> None:
        """Remember this place, so that `back` can return to it."""
        s = self.state
        here = Mark(s.calls, s.flow, s.step, s.slots, s.visits, s.proven)
        self.state = replace(s, trail=(*s.trail, here)[-MOST_MARKS:])

    # --- a person aside -------------------------------------------------------------------

    def call_person(self, queue: Queue, why: str, *, final: bool = False) -> None:
        number = self.state.asides + 1
        self.state = replace(self.state, aside=Aside(queue, number, why, final), asides=number)
        self.add(
            fx.Tell("reported" if queue is Queue.SECURITY else "unproven" if why == "unproven" else "person"),
            fx.HandOff(PERSON_STEP, number, queue),
            fx.StartTimer(PERSON_STEP, number, "timeout", UNTAKEN_AFTER),
        )

    def drop_aside(self, *, answered: bool = False) -> None:
        """Take the flow up again; nobody need come any more."""
        aside = self.state.aside
        if aside is None:
            return
        self.state = replace(self.state, aside=None)
        self.add(fx.CancelTimers(PERSON_STEP, aside.version))
        if not answered:
            self.add(fx.CloseHandOff(PERSON_STEP))

    def person_answered(self, aside: Aside, outcome: str) -> None:
        """How the engine's own handoff ended. Nobody goes on after a final one."""
        match outcome:
            case "closed" | "back" | "untaken":
                pass
            case _:
                self.refuse(Reason.NOT_EXPECTED)
                return
        self.drop_aside(answered=outcome != "untaken")
        if outcome == "untaken":
            self.add(fx.Tell("person_untaken"))
        if outcome == "closed" or aside.final:
            self.stop("handed_over" if outcome != "untaken" else "untaken")
        elif self.here:
            self.show(self.here, "text")

    # --- commands -------------------------------------------------------------------------

    def command(self, command: Command, value: str) -> None:
        match command:
            case Command.HELP:
                self.add(fx.Tell("help"))
            case Command.LANGUAGE:
                self.language(value)
            case Command.CANCEL:
                self.drop_aside()
                self.add(fx.Tell("cancelled"))
                self.stop("cancelled")
            case Command.NOT_ME:
                self.not_me()
            case Command.PERSON:
                self.person()
            case Command.BACK | Command.RESTART | Command.RESUME if (
                self.state.aside and self.state.aside.final
            ):
                self.refuse(Reason.NO_WAY_BACK)
            case Command.BACK:
                self.back()
            case Command.RESTART:
                self.restart()
            case Command.RESUME:
                self.drop_aside()
                self.again()
            case _:
                assert_never(command)

    def again(self) -> None:
        """Show the present step once more, where it has something to show."""
        step = self.here
        if step and ((step.verb in WAITING and not step.span) or "text" in step.parts):
            self.show(step, "text")

    def language(self, value: str) -> None:
        if not value:
            self.add(fx.Tell("language"))
            return
        self.add(fx.Speak(value))
        if not self.state.aside:
            self.again()

    def person(self) -> None:
        step = self.here
        if self.state.aside or (step and step.verb is Verb.HANDOFF):
            self.add(fx.Tell("person_waiting"))
        else:
            self.call_person(Queue.DESK, "asked")

    def not_me(self) -> None:
        """Somebody else may be at work here: report it, close what is open, let nothing go on."""
        self.add(fx.Report("case"))
        if self.state.aside and self.state.aside.queue == Queue.SECURITY:
            self.add(fx.Tell("reported"))
            return
        self.drop_aside()
        if self.here:
            self.close(self.here)
        self.state = replace(self.state, proven=frozenset(), trail=())
        self.call_person(Queue.SECURITY, "not_me", final=True)

    def back(self) -> None:
        if self.state.aside:
            self.drop_aside()
            self.again()
            return
        if not self.state.trail:
            self.refuse(Reason.NO_WAY_BACK)
            return
        if self.here:
            self.close(self.here)
        *trail, mark = self.state.trail
        self.state = replace(
            self.state, flow=mark.flow, step=mark.step, version=self.state.version + 1, calls=mark.calls,
            slots=mark.slots, visits=mark.visits, trail=tuple(trail),
            proven=self.state.proven & mark.proven,
        )  # fmt: skip
        step = self.here
        if step:
            self.arrive(step)

    def restart(self) -> None:
        if self.state.acted:
            self.refuse(Reason.NO_WAY_BACK)
            return
        self.drop_aside()
        if self.here:
            self.close(self.here)
        flow = self.flows.flows.get(self.state.calls[0].flow if self.state.calls else self.state.flow)
        if flow is None:
            self.call_person(Queue.DESK, "broken", final=True)
            return
        self.state = FlowState(flow.id, flow.start, self.state.version, asides=self.state.asides)
        self.add(fx.Tell("restarted"))
        self.go(flow.start)

    def stop(self, outcome: str) -> None:
        """End the case here and now."""
        if self.here:
            self.close(self.here)
        self.finish(outcome)
