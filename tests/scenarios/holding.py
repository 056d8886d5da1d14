"""The conversations of `flows/tests`, held with the whole product over a real channel.

The person's part goes through the channel: typed, pressed, filled in, or silence until the product's own
timers fire. The world's part (proof, approval, looks, agents) is what the script says, handed in as the
events it would come back as; how the world really gets there is the business of other tests. What was
passed on the way is read from the case's stored events, through the engine again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.core import effects as fx
from bot.core import events as ev
from bot.core.engine import advance, awaiting, opening
from bot.core.flow import FlowState, Step
from bot.core.model import CaseId, Command, EventId
from bot.core.outcomes import outcomes
from bot.core.records import Case, EventRow, Timer
from bot.core.tables import PERSON_STEP, Verb
from bot.flowfile.pack import pack_root
from bot.flowfile.script import Reply, Script, play
from bot.flowfile.script_file import read_scripts
from bot.service.chance import SystemEntropy, new_id
from bot.service.menu import FIRST
from tests.fakes.product import Whole, shipped
from tests.scenarios.talkers import Talker

FOUND = {"agents": 2, "count": 1, "labels": ["Passkey"], "added": ["Passkey"], "minutes": 60, "day": 600}
"""What the world brings along where a script does not say: real answers always have their fields."""
_MOST_ACTS = 60


def scripts() -> list[tuple[str, Script]]:
    """Every conversation of every flow that people can start, with the flow's name, new_phone first.
    Flows that are only called are walked through by those that call them."""
    found: list[tuple[str, Script]] = []
    offered = [name for name, version in shipped().items() if version.offered]
    for flow in sorted(offered, key=lambda name: (name != "new_phone", name)):
        path = Path("flows/tests") / f"{flow}.yaml"
        read, findings = read_scripts(path.read_text(), str(path), shipped()[flow].flows)
        assert not findings
        found += [(flow, script) for script in read]
    return found


def cross_section() -> list[tuple[str, Script]]:
    """All of new_phone, and of the other flows as few as come to every step that speaks: a channel has no
    say in where a conversation goes, only in how it looks."""
    every = scripts()
    kept = [one for one in every if one[0] == "new_phone"]
    left = [(flow, script, _spoken(flow, script)) for flow, script in every if flow != "new_phone"]
    missing = frozenset[str]().union(*(spoken for _, _, spoken in left))
    while missing:
        flow, script, spoken = max(left, key=lambda one: len(one[2] & missing))
        kept.append((flow, script))
        missing -= spoken
    return kept


def _spoken(flow: str, script: Script) -> frozenset[str]:
    flows = shipped()[flow].flows
    steps = (name.split("/") for name in play(flows, script).entered)
    return frozenset(f"{at}/{step}" for at, step in steps if flows.flows[at].steps[step].parts)


def without_a_world(whole: Whole) -> None:
    """Nobody proves, approves or looks by themselves: the script answers for them. A case opened for
    somebody else stays where it was opened, so that both halves are told to one person."""
    performers: Any = whole.product.turns._performers
    for effect in (fx.OpenProof, fx.CloseProof, fx.OpenRequest, fx.CloseRequest, fx.Watch, fx.OpenFor):
        performers[effect] = []

    async def nothing(job: object) -> None:
        return None

    whole.product.outbox._handlers = {**whole.product.outbox._handlers, "look": nothing}


@dataclass
class Conversation:
    """One script with one person. *locale* is the language the person types commands in."""

    whole: Whole
    talker: Talker
    flow: str
    script: Script
    locale: str = "en"
    left: list[str] = field(default_factory=list)
    visits: Counter[str] = field(default_factory=Counter)
    answers: int = 0

    async def hold(self) -> Case:
        """From the first word to the end; the case as it then is."""
        self.left = list(self.script.say)
        await self.talker.write("menu")
        self.whole.clock.go(seconds=2)
        await self._begin()
        for _ in range(_MOST_ACTS):
            case = await self.case()
            if case.status == "ended":
                return case
            self.whole.clock.go(seconds=2)  # people take their time; events are told apart by theirs
            await self._act(case)
        raise AssertionError("it does not end")

    async def _begin(self) -> None:
        """With what the menu has for it: a button, the list, or the button for a person."""
        names = [name for name, _ in self.whole.product.published.menu(self.locale)]
        if self.flow in names[:FIRST]:
            await self.talker.press(f"start:{self.flow}")
        elif self.flow in names:
            await self.talker.fill("pick", flow=self.flow)
        else:
            await self.talker.press("cmd:person")

    async def case(self) -> Case:
        """The newest case of this place."""
        cases: list[Case] = await self.whole.rows(Case, place=self.talker.place.key, order="-id")
        return cases[0]

    async def _act(self, case: Case) -> None:
        flows = self.whole.product.published.at(case.flow_hash)
        state = FlowState.from_json(case.state)
        now = awaiting(flows, state)
        assert now is not None
        if self.left and self.left[0].startswith("/"):
            await self.talker.write(command_word(self.left.pop(0)[1:], self.locale))
            return
        step = flows.step(state.flow, state.step)
        if now.step == PERSON_STEP:
            reply = self._reply(PERSON_STEP, "") or Reply("closed")
            await self._world(case, now.step, now.version, reply)
            return
        assert step is not None
        reply_of = self._reply(step.id, state.flow)
        if step.verb in {Verb.ASK, Verb.INPUT}:
            await self._person(case, step, reply_of)
        elif step.span:
            await self._time_passes(case)
        else:
            reply = reply_of or Reply(outcomes(step).required[0])
            if reply.outcome == "timeout":
                await self._time_passes(case)
            else:
                await self._world(case, step.id, now.version, reply)

    async def _person(self, case: Case, step: Step, reply: Reply | None) -> None:
        silent = reply is not None and reply.outcome in {"timeout", "exhausted"}
        if silent or not self.left:
            await self._time_passes(case)
            return
        said = self.left.pop(0)
        if step.verb is Verb.INPUT:
            await self.talker.fill(f":{step.id}:{case.version}", value=said)
        elif said in step.choices:
            await self.talker.press(f":{said}")
        else:
            await self.talker.write(said)

    async def _world(self, case: Case, step: str, version: int, reply: Reply) -> None:
        self.answers += 1
        at = self.whole.clock.now()
        ident = EventId(new_id(SystemEntropy(), at))
        answered = ev.Answered(step, version, reply.outcome, {**FOUND, **reply.fields})
        key = f"{case.id}-world-{self.answers}"
        await self.whole.product.turns.receive(ev.Event(ident, key, at, CaseId(case.id), answered))
        await self.whole.settle()

    async def _time_passes(self, case: Case) -> None:
        """Until the case has moved: its reminders, then what it waits for."""
        for _ in range(10):
            due = await self.whole.rows(
                Timer, case_id=case.id, kind="step", status="waiting", order="due_at", limit=1
            )
            assert due, f"nothing would ever happen at {case.step}"
            self.whole.clock.at = max(self.whole.clock.at, due[0].due_at)
            await self.whole.product.timers.fire_due()
            await self.whole.settle()
            if (await self.case()).version != case.version:
                return
        raise AssertionError(f"time passes and nothing happens at {case.step}")

    def _reply(self, step: str, flow: str) -> Reply | None:
        """What the world answers at this visit; the last entry holds from then on."""
        world = self.script.world
        key = f"{flow}/{step}" if f"{flow}/{step}" in world else step
        replies = world.get(key)
        if not replies:
            return None
        visit = self.visits[key]
        self.visits[key] += 1
        return replies[min(visit, len(replies) - 1)]


async def walked(whole: Whole, case: Case) -> list[str]:
    """Every step of the case, as flow/step, found by playing its stored events once more."""
    flows = whole.product.published.at(case.flow_hash)
    state = opening(flows.flows[flows.main])
    steps: list[str] = []
    for row in await whole.rows(EventRow, case_id=case.id, order="id"):
        turn = advance(flows, state, again(row))
        state = turn.state
        steps += [f"{one.flow}/{one.step}" for one in turn.passed]
        steps += [] if state.ended else [f"{state.flow}/{state.step}"]
    assert state.to_json() == case.state, "a case is what its events make of it"
    return steps


def again(row: EventRow) -> ev.Event:
    """The event that *row* keeps."""
    kind = getattr(ev, row.kind)
    body: Mapping[str, Any] = row.body
    if kind is ev.Commanded:
        body = {**body, "command": Command(body["command"])}
    return ev.Event(EventId(row.id), row.dedupe_key, row.at, CaseId(row.case_id), kind(**body))


def broken(script: Script, case: Case, steps: list[str]) -> Iterator[str]:
    """What was expected and is not so."""
    names = {name for step in steps for name in (step, step.rpartition("/")[2])}
    if script.end and case.outcome != script.end:
        yield f"it ended as {case.outcome}, expected {script.end}"
    yield from (f"it came to {name}, which must never be" for name in script.never if name in names)
    yield from (f"it never came to {name}" for name in script.did if name not in names)


def command_word(command: str, locale: str) -> str:
    """What a person types for an engine-wide command."""
    words = yaml.safe_load((pack_root() / "templates" / locale / "system" / "commands.yaml").read_text())
    name, _, value = command.partition(" ")
    return f"{words[name][0]} {value}".strip()
