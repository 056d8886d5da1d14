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
the step's own button or answer, or `resume`, takes up the flow again (a `look` answered meanwhile
moves the flow on underneath). Time does not run meanwhile. An aside that is *final*
(security, an unproven request, a broken flow) can only be closed or cancelled.

**What is left is closed.** Leaving a step cancels its timers, closes its proof, and when a command
or time left it, withdraws its request or its call for a person.

`core.run` moves through steps, `core.commands` does what commands ask; this module holds events
against the state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, assert_never

from bot.core import effects as fx
from bot.core.commands import obey, stop
from bot.core.events import Answered, Chose, Commanded, Entered, Event, Happening, Opened, TimerFired, Wrote
from bot.core.flow import WAITING, Aside, Flow, FlowSet, FlowState, Step
from bot.core.inputs import Invalid, check
from bot.core.model import ActKind, Reason
from bot.core.outcomes import outcomes
from bot.core.run import Passed, Run
from bot.core.tables import LOOKS, PERSON_STEP, InputKind, Verb

_WORLD = frozenset({Verb.LOOK, Verb.PROVE, Verb.REQUEST, Verb.WAIT, Verb.HANDOFF})
"""Verbs whose outcome is said by `Answered`."""
_QUESTIONS = frozenset({Verb.ASK, Verb.INPUT})


class Turn(NamedTuple):
    """What one event led to: the next state, and what the shell is to do. *passed* lists the steps
    left on the way, for test scripts and the funnel."""

    state: FlowState
    effects: tuple[fx.Effect, ...] = ()
    passed: tuple[Passed, ...] = ()


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


def opening(flow: Flow) -> FlowState:
    """The state of a case before its first turn; `Opened` moves it."""
    return FlowState(flow.id, flow.start)


def begin(flow: Flow, flows: FlowSet | Flow, event: Event) -> Turn:
    """The first turn of a case: *flow* from its start."""
    run = Run(_set(flows), opening(flow), event.at)
    run.go(flow.start)
    return _turn(run)


def advance(flows: FlowSet | Flow, state: FlowState, event: Event) -> Turn:
    """Answer *event*; the same three arguments always give the same turn."""
    run = Run(_set(flows), state, event.at)
    match event.what:
        case Answered() | TimerFired() if state.ended or not state.version:
            pass
        case _ if state.ended:
            run.refuse(Reason.FLOW_ENDED)
        case Opened() if not state.version:
            run.go(state.step)
        case _ if not state.version:
            run.refuse(Reason.NOT_EXPECTED)
        case what:
            _happen(run, what)
    return _turn(run)


def awaiting(flows: FlowSet | Flow, state: FlowState) -> Awaiting | None:
    """What the present step waits for; None before the first turn, after the end, and where the
    flow is unknown."""
    if state.ended:
        return None
    if state.aside:
        return Awaiting(PERSON_STEP, state.aside.version, Verb.HANDOFF, what=state.aside.queue)
    step = _set(flows).step(state.flow, state.step)
    if step is None or not state.version or step.verb not in _WORLD | _QUESTIONS:
        return None
    typed = step.what if step.verb is Verb.INPUT else ""
    return Awaiting(step.id, state.version, step.verb, step.acts, step.what, step.choices, typed)


def _set(flows: FlowSet | Flow) -> FlowSet:
    return FlowSet.of(flows) if isinstance(flows, Flow) else flows


def _turn(run: Run) -> Turn:
    return Turn(run.state, tuple(run.effects), tuple(run.passed))


def _happen(run: Run, what: Happening) -> None:
    match what:
        case Commanded(command, value):
            obey(run, command, value)
        case TimerFired():
            _timer(run, what)
        case Answered():
            _world(run, what)
        case Chose(step, version, choice):
            if _fits(run, step, version):
                _choose(run, choice)
        case Entered(step, version, value):
            if _fits(run, step, version):
                _type(run, value)
        case Wrote(text, matched):
            _write(run, text, matched)
        case Opened():
            run.refuse(Reason.NOT_EXPECTED)
        case _:
            assert_never(what)


# --- the person -------------------------------------------------------------------------------


def _fits(run: Run, step: str, version: int) -> bool:
    """Whether a button is of the present step; says why not."""
    state = run.state
    if (step, version) == (state.step, state.version) and not (state.aside and state.aside.final):
        return True
    run.refuse(Reason.STALE)
    return False


def _choose(run: Run, choice: str) -> None:
    step = run.here
    if step is None or choice not in step.choices:
        run.refuse(Reason.NOT_EXPECTED)
        return
    run.drop_aside()
    run.mark()
    run.leave(step, choice, choice if step.verb is Verb.ASK else {"outcome": choice})


def _type(run: Run, value: str) -> None:
    step = run.here
    if step is None or step.verb is not Verb.INPUT:
        run.refuse(Reason.NOT_EXPECTED)
        return
    run.drop_aside()
    found = check(step.what, value, run.at)
    if isinstance(found, Invalid):
        _ask_again(run, step, found)
        return
    run.mark()
    if step.what == InputKind.WORK_ADDRESS:
        run.state = replace(run.state, trail=())  # it is somebody else's case now
        run.add(fx.OpenFor(str(found.value)))
    run.leave(step, "ok", found.value)


def _write(run: Run, text: str, matched: str | None) -> None:
    """Typed text; while a person is called it is theirs to read, not the step's."""
    step = run.here
    if step and run.state.aside is None:
        if matched is not None and matched in step.choices:
            _choose(run, matched)
            return
        if text and step.verb is Verb.INPUT:
            _type(run, text)
            return
    run.refuse(Reason.NOT_EXPECTED)


def _ask_again(run: Run, step: Step, found: Invalid) -> None:
    visits = run.state.visits.get(step.id, 0) + 1
    if step.max_visits and visits > step.max_visits and step.target("exhausted"):
        run.leave(step, "exhausted", None)
        return
    run.state = replace(run.state, visits={**run.state.visits, step.id: visits})
    run.add(fx.Tell(f"invalid_{found.reason}"))
    run.add(run.say(step, "invalid" if "invalid" in step.parts else "text"))


# --- the world --------------------------------------------------------------------------------


def _world(run: Run, what: Answered) -> None:
    aside = run.state.aside
    if aside and (what.step, what.version) == (PERSON_STEP, aside.version):
        _person_answered(run, aside, what.outcome)
        return
    step = run.here
    if step is None or not _present(run, what):
        return
    possible = outcomes(step).possible if step.verb in _WORLD and step.span is None else ()
    if what.outcome not in possible or what.outcome == "exhausted":
        run.refuse(Reason.NOT_EXPECTED)
        return
    if step.verb is not Verb.LOOK:
        run.drop_aside()  # a read is nobody's progress; everything else is
    allowed = LOOKS[step.what].fields if step.verb is Verb.LOOK and step.what in LOOKS else ()
    fields = {name: what.fields[name] for name in allowed if name in what.fields}
    run.leave(step, what.outcome, {"outcome": what.outcome, **fields}, answered=True)


def _timer(run: Run, what: TimerFired) -> None:
    aside = run.state.aside
    if aside and (what.step, what.version) == (PERSON_STEP, aside.version):
        _person_answered(run, aside, "untaken")
        return
    step = run.here
    if step is None or not _present(run, what):
        return
    if aside:
        _postpone(run, step, what)
        return
    match what.name:
        case "remind" if step.verb in WAITING:
            run.add(run.say(step, "remind" if "remind" in step.parts else "text"))
        case "timeout" if step.verb is Verb.HANDOFF:
            run.leave(step, "untaken", {"outcome": "untaken"})
        case "timeout" if "timeout" in outcomes(step).possible:
            run.leave(step, "timeout", None if step.verb in _QUESTIONS else {"outcome": "timeout"})
        case "until" if step.span:
            run.leave(step, "ok", {"outcome": "ok"})


def _present(run: Run, what: Answered | TimerFired) -> bool:
    """Whether it is about the step the case stands on, which may still go on."""
    state = run.state
    final = state.aside is not None and state.aside.final
    return (what.step, what.version) == (state.step, state.version) and not final


def _postpone(run: Run, step: Step, what: TimerFired) -> None:
    """Time does not run against somebody who waits for a person: the timer starts again."""
    span = step.span if what.name == "until" else step.within
    if what.name != "remind" and span:
        run.add(fx.StartTimer(step.id, run.state.version, what.name, span, what.number + 1))


def _person_answered(run: Run, aside: Aside, outcome: str) -> None:
    """How the engine's own handoff ended. Nobody goes on after a final one."""
    if outcome not in {"closed", "back", "untaken"}:
        run.refuse(Reason.NOT_EXPECTED)
        return
    run.drop_aside(answered=outcome != "untaken")
    if outcome == "untaken":
        run.add(fx.Tell("person_untaken"))
    if outcome == "closed" or aside.final:
        stop(run, "untaken" if outcome == "untaken" else "handed_over")
    else:
        run.again()
