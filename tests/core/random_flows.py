"""Flows and events as Hypothesis draws them: sound in form, wild in meaning."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from bot.core.engine import awaiting
from bot.core.events import Answered, Chose, Commanded, Entered, Happening, Opened, TimerFired, Wrote
from bot.core.expressions import parse
from bot.core.flow import Branch, Flow, FlowSet, FlowState, Step
from bot.core.model import ActKind, Command
from bot.core.outcomes import outcomes
from bot.core.tables import LOOKS, PERSON_STEP, Awaited, InputKind, Queue, Verb

ACTS = (ActKind.ISSUE_PASS, ActKind.REMOVE_METHOD)
TIMES = st.sampled_from([None, timedelta(minutes=20), timedelta(hours=2)])


@st.composite
def a_step(draw: st.DrawFn, ident: str, names: list[str], callees: list[Flow], *, counting: bool) -> Step:
    verbs = [verb for verb in Verb if verb is not Verb.CALL or callees]
    verb = draw(st.sampled_from([*verbs, Verb.PROVE, Verb.REQUEST, Verb.REQUEST]))
    targets = st.sampled_from(names)
    more: dict[str, object] = {"within": draw(TIMES)}
    what, called = "", None
    match verb:
        case Verb.ASK:
            more["choices"] = ("x", "y")
        case Verb.INPUT:
            what = draw(st.sampled_from(list(InputKind)))
        case Verb.LOOK:
            what = draw(st.sampled_from(list(LOOKS)))
        case Verb.PROVE | Verb.REQUEST:
            more["acts"] = tuple(draw(st.lists(st.sampled_from(ACTS), min_size=1, max_size=2, unique=True)))
        case Verb.WAIT:
            what = draw(st.sampled_from(list(Awaited)))
            more["choices"] = ("ok",) if what == Awaited.PERSON_DONE else ()
        case Verb.CALL:
            called = draw(st.sampled_from(callees))
            what = called.id
        case Verb.SWITCH:
            text = draw(st.sampled_from(["s0 == 'x'", "has(s1)", "s1.outcome == 'ok'"]))
            return Step(
                ident, verb, branches=(Branch(parse(text), draw(targets)), Branch(None, draw(targets)))
            )
        case Verb.HANDOFF:
            what = draw(st.sampled_from(list(Queue)))
        case Verb.END:
            return Step(ident, verb, what=draw(st.sampled_from(["good", "bad"])))
    step = Step(ident, verb, what=what, **more)  # type: ignore[arg-type]
    named = outcomes(step, called)
    wanted = named.possible if counting else tuple(n for n in named.possible if n != "exhausted")
    on = {outcome: draw(targets) for outcome in wanted if draw(st.integers(0, 9))}
    visits = draw(st.integers(0, 2)) if counting else 0
    return Step(ident, verb, what=what, on=on, max_visits=visits, **more)  # type: ignore[arg-type]


@st.composite
def a_flow(draw: st.DrawFn, name: str, callees: list[Flow], *, counting: bool) -> Flow:
    names = [f"s{n}" for n in range(draw(st.integers(2, 6)))]
    steps = {ident: draw(a_step(ident, names, callees, counting=counting)) for ident in names}
    return Flow(name, "s0", steps)


@st.composite
def flow_sets(draw: st.DrawFn, *, counting: bool = True) -> FlowSet:
    callees = [draw(a_flow("callee", [], counting=counting))] if draw(st.booleans()) else []
    return FlowSet.of(draw(a_flow("main", callees, counting=counting)), *callees)


@st.composite
def happenings(draw: st.DrawFn, flows: FlowSet, state: FlowState) -> Happening:
    """Mostly something the present step waits for, else anything at all."""
    now = awaiting(flows, state)
    step = flows.step(state.flow, state.step)
    if now and step and draw(st.integers(0, 4)):
        if now.step == PERSON_STEP and draw(st.booleans()):
            return Answered(now.step, now.version, draw(st.sampled_from(["closed", "back", "untaken"])))
        called = flows.flows.get(step.what)
        outcome = draw(st.sampled_from([*outcomes(step, called).possible, "ok"]))
        match step.verb:
            case Verb.ASK:
                return Chose(step.id, state.version, draw(st.sampled_from(["x", "y"])))
            case Verb.INPUT:
                return Entered(
                    step.id, state.version, draw(st.sampled_from(["3", "Germany", "iPhone 17", ""]))
                )
            case _ if step.span:
                return TimerFired(step.id, state.version, "until")
        return Answered(step.id, state.version, outcome, {"agents": draw(st.integers(0, 3))})
    name, version = draw(st.sampled_from(["s0", "s1", PERSON_STEP])), draw(st.integers(0, 4))
    here, timers = (state.step, state.version), st.sampled_from(["timeout", "remind"])
    return draw(
        st.one_of(
            st.builds(Commanded, st.sampled_from(list(Command)), st.sampled_from(["", "de"])),
            st.builds(lambda timer: TimerFired(*here, timer), timers),
            st.builds(Wrote, st.text(max_size=3), st.sampled_from([None, "x", "ok"])),
            st.builds(Chose, st.just(name), st.just(version), st.sampled_from(["x", "ok"])),
            st.builds(Entered, st.just(name), st.just(version), st.text(max_size=3)),
            st.builds(Answered, st.just(name), st.just(version), st.sampled_from(["ok", "done", "closed"])),
            st.just(Opened("main", "en")),
        )
    )
