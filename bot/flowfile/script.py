"""Tests as data: conversations that must hold, in `flows/tests/<flow>.yaml`.

```yaml
- name: no proof, never a pass
  say: [gone]                                  # choices, typed values, or /commands, in order
  world: {duty: ok, identity: fail}            # what the world answers, by step
  expect: {end: handed_over, never: [approval]}
```

A step missing from `world` takes its first outcome; a list answers visit after visit; an outcome may
bring fields, as in `{duty: {ok: {agents: 2}}}`. Where `say` runs out, the person is silent and the
question times out. `never` and `did` name steps, `last` the last step before the end. `@person` in
`world` is the engine's own handoff, after `/person`.

Reading such a file is in `flowfile.script_file`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.core.engine import Turn, advance, awaiting, opening
from bot.core.events import Answered, Chose, Commanded, Entered, Event, Happening, Opened, TimerFired, Wrote
from bot.core.flow import FlowSet, Step
from bot.core.model import CaseId, Command, EventId
from bot.core.outcomes import outcomes
from bot.core.run import Passed
from bot.core.tables import PERSON_STEP, Verb
from bot.flowfile.graph import ways

_MOST_TURNS = 200
_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the world answers at one visit of a step."""

    outcome: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Script:
    """One conversation and what is expected of it."""

    name: str
    say: tuple[str, ...]
    world: Mapping[str, tuple[Reply, ...]]
    end: str
    never: tuple[str, ...]
    did: tuple[str, ...]
    last: str
    place: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Played:
    """How it went. *problems* is empty when everything expected held."""

    script: Script
    end: str
    entered: tuple[str, ...]
    passed: tuple[Passed, ...]
    problems: tuple[str, ...]


def play(flows: FlowSet, script: Script) -> Played:
    """Hold the conversation from its start to its end."""
    main = flows.flows[flows.main]
    talk = _Talk(flows, script)
    turn = advance(flows, opening(main), talk.event(Opened(main.id, "en")))
    passed = list(turn.passed)
    entered = _entered(turn)
    problems: list[str] = []
    for _ in range(_MOST_TURNS):
        what = talk.next(turn)
        if what is None:
            break
        turn = advance(flows, turn.state, talk.event(what))
        passed += turn.passed
        entered += _entered(turn)
        problems += talk.complaint(what, turn)
        if problems:
            break
    else:
        problems.append(f"it did not end after {_MOST_TURNS} turns")
    if talk.left and not problems:
        problems.append(f"it ended with this unsaid: {', '.join(talk.left)}")
    problems += _judged(script, turn.state.ended, entered, [f"{p.flow}/{p.step}" for p in passed])
    return Played(script, turn.state.ended, tuple(entered), tuple(passed), tuple(problems))


def _entered(turn: Turn) -> list[str]:
    names = [f"{one.flow}/{one.step}" for one in turn.passed]
    if not turn.state.ended:
        names.append(f"{turn.state.flow}/{turn.state.step}")
    return names


def _judged(script: Script, end: str, entered: list[str], passed: list[str]) -> list[str]:
    problems = []
    if script.end and end != script.end:
        problems.append(f"it ended as “{end or 'not at all'}”, expected “{script.end}”")
    problems += [f"it came to “{name}”, which must never be" for name in script.never if _in(name, entered)]
    problems += [f"it never came to “{name}”" for name in script.did if not _in(name, entered)]
    if script.last and not any(_in(script.last, [one]) for one in passed[-2:]):
        problems.append(f"its last step was “{passed[-1].rpartition('/')[2] if passed else ''}”")
    return problems


def _in(name: str, places: list[str]) -> bool:
    return any(name in (place, place.rpartition("/")[2]) for place in places)


class _Talk:
    """The person and the world of one script."""

    def __init__(self, flows: FlowSet, script: Script) -> None:
        self._flows = flows
        self._world = script.world
        self._visits: Counter[str] = Counter()
        self._number = 0
        self.left = list(script.say)

    def event(self, what: Happening) -> Event:
        self._number += 1
        name = f"event-{self._number}"
        return Event(EventId(name), name, _AT, CaseId("test"), what)

    def next(self, turn: Turn) -> Happening | None:
        """What happens next; None once the case is over."""
        now = awaiting(self._flows, turn.state)
        if now is None:
            return None
        if self.left and self.left[0].startswith("/"):
            return self._command(self.left.pop(0)[1:])
        if now.step == PERSON_STEP:
            called = self._reply(PERSON_STEP, "") or Reply("closed")
            return Answered(now.step, now.version, called.outcome)
        step = self._flows.step(turn.state.flow, turn.state.step)
        assert step is not None
        reply = self._reply(step.id, turn.state.flow)
        if step.verb in {Verb.ASK, Verb.INPUT}:
            return self._person(step, now.version, reply)
        if step.span:
            return TimerFired(step.id, now.version, "until")
        reply = reply or Reply(outcomes(step).required[0])
        return Answered(step.id, now.version, reply.outcome, reply.fields)

    def complaint(self, what: Happening, turn: Turn) -> list[str]:
        refused = [effect for effect in turn.effects if type(effect).__name__ == "Refuse"]
        return [f"{what} was refused"] if refused else []

    def _person(self, step: Step, version: int, reply: Reply | None) -> Happening:
        if reply and reply.outcome in {"timeout", "exhausted"}:
            return TimerFired(step.id, version, "timeout")
        if reply and reply.outcome in step.choices:
            return Chose(step.id, version, reply.outcome)
        if not self.left:
            return TimerFired(step.id, version, "timeout")
        said = self.left.pop(0)
        if step.verb is Verb.INPUT:
            return Entered(step.id, version, said)
        return Chose(step.id, version, said) if said in step.choices else Wrote(said)

    def _command(self, word: str) -> Happening:
        name, _, value = word.partition(" ")
        return Commanded(Command(name), value) if name in set(Command) else Wrote(word)

    def _reply(self, step: str, flow: str) -> Reply | None:
        key = f"{flow}/{step}" if f"{flow}/{step}" in self._world else step
        replies = self._world.get(key)
        if not replies:
            return None
        self._visits[key] += 1
        return replies[min(self._visits[key], len(replies)) - 1]


def untaken(flows: FlowSet, plays: list[Played]) -> list[Passed]:
    """Drawn outcomes of the main flow that no script takes: what its tests do not show."""
    taken = {one for played in plays for one in played.passed}
    main = flows.flows[flows.main]
    every = [Passed(main.id, step.id, outcome) for step in main.steps.values() for outcome, _ in ways(step)]
    return [one for one in every if one not in taken]
