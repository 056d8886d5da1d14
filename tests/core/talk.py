"""A conversation with the engine, in few words: what happened in, state and effects out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.core import effects as fx
from bot.core.engine import Awaiting, Turn, advance, awaiting, opening
from bot.core.events import Answered, Chose, Commanded, Entered, Event, Happening, Opened, TimerFired, Wrote
from bot.core.flow import Flow, FlowSet, FlowState, Step
from bot.core.model import ActKind, CaseId, Command, EventId, Reason
from bot.core.tables import Verb

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MINUTES = timedelta(minutes=1)
PASS = (ActKind.ISSUE_PASS,)


def event(what: Happening, at: datetime = AT) -> Event:
    return Event(EventId("e"), "k", at, CaseId("c"), what)


def step(ident: str, verb: Verb, what: str = "", **more: object) -> Step:
    on = more.pop("on", {})
    return Step(ident, verb, what=what, on=on, **more)  # type: ignore[arg-type]


def ask(ident: str, within: int = 20, max_visits: int = 0, **on: str) -> Step:
    choices = tuple(name for name in on if name not in {"timeout", "exhausted"})
    return Step(ident, Verb.ASK, on=on, choices=choices, within=within * MINUTES, max_visits=max_visits)


def end(ident: str) -> Step:
    return Step(ident, Verb.END, what=ident)


def flow(*steps: Step, name: str = "main") -> Flow:
    return Flow(name, steps[0].id, {one.id: one for one in steps})


class Talk:
    """One case. Each method lets one thing happen to the present step and returns its effects."""

    def __init__(self, *flows: Flow) -> None:
        self.flows = FlowSet.of(*flows)
        self.turn = Turn(opening(flows[0]))
        self.happen(Opened(flows[0].id, "en"))

    @property
    def state(self) -> FlowState:
        return self.turn.state

    @property
    def step(self) -> str:
        return self.turn.state.step

    @property
    def now(self) -> Awaiting:
        found = awaiting(self.flows, self.state)
        assert found is not None
        return found

    def happen(self, what: Happening, at: datetime = AT) -> tuple[fx.Effect, ...]:
        state = FlowState.from_json(self.state.to_json())  # every turn survives being stored
        assert state == self.state
        self.turn = advance(self.flows, state, event(what, at))
        return self.turn.effects

    def choose(self, choice: str) -> tuple[fx.Effect, ...]:
        return self.happen(Chose(self.step, self.state.version, choice))

    def enter(self, value: str) -> tuple[fx.Effect, ...]:
        return self.happen(Entered(self.step, self.state.version, value))

    def write(self, text: str = "", matched: str | None = None) -> tuple[fx.Effect, ...]:
        return self.happen(Wrote(text, matched))

    def answer(self, outcome: str, **fields: object) -> tuple[fx.Effect, ...]:
        return self.happen(Answered(self.step, self.state.version, outcome, fields))

    def person(self, outcome: str) -> tuple[fx.Effect, ...]:
        """The engine's own handoff ends."""
        return self.happen(Answered(self.now.step, self.now.version, outcome))

    def fire(self, name: str, number: int = 0) -> tuple[fx.Effect, ...]:
        return self.happen(TimerFired(self.step, self.state.version, name, number))

    def command(self, command: Command, value: str = "") -> tuple[fx.Effect, ...]:
        return self.happen(Commanded(command, value))

    @property
    def refused(self) -> list[Reason]:
        return [one.reason for one in self.turn.effects if isinstance(one, fx.Refuse)]

    @property
    def told(self) -> list[str]:
        return [one.key for one in self.turn.effects if isinstance(one, fx.Tell)]

    def wanted(self, kind: type[fx.Effect]) -> list[fx.Effect]:
        return [one for one in self.turn.effects if isinstance(one, kind)]
