"""The engine-wide words a person may say at any step; no flow draws them."""

from __future__ import annotations

from typing import assert_never

from bot.core import effects as fx
from bot.core.fields import moved
from bot.core.flow import FlowState
from bot.core.model import Command, Reason
from bot.core.run import Run
from bot.core.tables import Queue, Verb

_GO_ON = frozenset({Command.BACK, Command.RESTART, Command.RESUME})
"""Commands that a final aside refuses: nothing goes on after it."""


def obey(run: Run, command: Command, value: str) -> None:
    """Do what *command* asks; the theory in `core.engine` says what that is."""
    aside = run.state.aside
    if command in _GO_ON and aside and aside.final:
        run.refuse(Reason.NO_WAY_BACK)
        return
    match command:
        case Command.HELP:
            run.add(fx.Tell("help"))
        case Command.LANGUAGE:
            _language(run, value)
        case Command.CANCEL:
            run.add(fx.Tell("cancelled"))
            stop(run, "cancelled")
        case Command.NOT_ME:
            _not_me(run)
        case Command.PERSON:
            _person(run)
        case Command.BACK:
            _back(run)
        case Command.RESTART:
            _restart(run)
        case Command.RESUME:
            run.drop_aside()
            run.again()
        case _:
            assert_never(command)


def stop(run: Run, outcome: str) -> None:
    """End the case here and now."""
    if run.here:
        run.close(run.here)
    run.finish(outcome)


def _language(run: Run, value: str) -> None:
    if not value:
        run.add(fx.Tell("language"))
        return
    run.add(fx.Speak(value))
    if run.state.aside is None:
        run.again()


def _person(run: Run) -> None:
    step = run.here
    if run.state.aside or (step and step.verb is Verb.HANDOFF):
        run.add(fx.Tell("person_waiting"))
    else:
        run.call_person(Queue.DESK, "asked")


def _not_me(run: Run) -> None:
    """Somebody else may be at work here: report it, close what is open, let nothing go on."""
    run.add(fx.Report("case"))
    aside = run.state.aside
    if aside and aside.why == "not_me":
        run.add(fx.Tell("reported"))
        return
    if run.here:
        run.close(run.here)
    run.state = moved(run.state, proven=frozenset(), trail=())
    run.call_person(Queue.SECURITY, "not_me", final=True)


def _back(run: Run) -> None:
    if run.state.aside:
        run.drop_aside()
        run.again()
        return
    if not run.state.trail:
        run.refuse(Reason.NO_WAY_BACK)
        return
    if run.here:
        run.close(run.here)
    *trail, mark = run.state.trail
    run.state = moved(
        run.state,
        flow=mark.flow,
        step=mark.step,
        version=run.state.version + 1,
        calls=mark.calls,
        slots=mark.slots,
        visits=mark.visits,
        trail=tuple(trail),
        proven=run.state.proven & mark.proven,
    )
    if run.here:
        run.arrive(run.here)


def _restart(run: Run) -> None:
    state = run.state
    if state.acted:
        run.refuse(Reason.NO_WAY_BACK)
        return
    run.drop_aside()
    if run.here:
        run.close(run.here)
    flow = run.flows.flows.get(run.flows.main)
    if flow is None:
        run.call_person(Queue.DESK, "broken", final=True)
        return
    run.state = FlowState(flow.id, flow.start, state.version, asides=state.asides)
    run.add(fx.Tell("restarted"))
    run.go(flow.start)
