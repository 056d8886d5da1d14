"""`keyturn flows try`: a conversation in the console, with the person and the world played by you.

Nothing is sent anywhere. Reads from a terminal or a pipe alike; an empty line takes the world's
first outcome, `/back`, `/person` and the other commands work as in chat, and the end of the input
ends the talk.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.core import effects as fx
from bot.core.engine import Awaiting, Turn, advance, awaiting, opening
from bot.core.events import Answered, Chose, Commanded, Entered, Event, Happening, Opened, TimerFired, Wrote
from bot.core.flow import FlowSet, FlowState
from bot.core.model import CaseId, Command, EventId
from bot.core.outcomes import outcomes
from bot.core.tables import PERSON_STEP, Verb
from bot.errors import UnusableError
from bot.flowfile.findings import FlowFileError
from bot.flowfile.pack import pack_root
from bot.flowfile.versions import Version, of_book
from bot.service.words import Desk, Scene, WordFiles, WordService

if TYPE_CHECKING:
    from bot.commands.flows import Target

_LINKS = {
    "security_info": "https://mysignins.microsoft.com/security-info",
    "my_page": "https://keyturn.example/me",
    "help": "https://keyturn.example/help",
}


def converse(target: Target, flow: str, locale: str) -> int:
    """Hold one conversation; 0 however it ended, 1 with findings where the flows are faulty."""
    try:
        versions = of_book(target.book())
    except FlowFileError as err:
        print(err)
        return 1
    offered = [name for name, one in versions.items() if one.offered] or list(versions)
    chosen = flow or offered[0]
    if chosen not in versions or (not flow and len(offered) > 1):
        complaint = "There is no such flow." if flow else "There are several flows."
        raise UnusableError(flow or "flows", complaint, f"Name one of: {', '.join(versions)}.")
    system = WordFiles.of_folder(pack_root() / "templates")
    words = WordService(system, desk=Desk("+49 30 0000 00", "Mo–Fr 8–18"), links=_LINKS)
    _Console(versions[chosen], words, locale).talk()
    return 0


class _Console:
    def __init__(self, version: Version, words: WordService, locale: str) -> None:
        self._flows: FlowSet = version.flows
        self._words = words
        self._files = WordFiles(version.files)
        self._scene = Scene(locale, "try", "471108")
        self._number = 0

    def talk(self) -> None:
        main = self._flows.flows[self._flows.main]
        turn = self._advance(opening(main), Opened(main.id, self._scene.locale))
        while (now := awaiting(self._flows, turn.state)) is not None:
            line = self._ask(now, turn.state)
            if line is None:
                print(f"-- no more input; the case waits at {now.step}")
                return
            what = self._happening(line, now, turn.state)
            if what is None:
                print(f"-- that is not one of: {', '.join(self._answers(now, turn.state))}")
                continue
            turn = self._advance(turn.state, what)
        print(f"-- ended: {turn.state.ended}")

    def _advance(self, state: FlowState, what: Happening) -> Turn:
        self._number += 1
        event = Event(EventId(str(self._number)), str(self._number), datetime.now(UTC), CaseId("try"), what)
        turn = advance(self._flows, state, event)
        for effect in turn.effects:
            for line in self._shown(effect):
                print(line)
        return turn

    def _shown(self, effect: fx.Effect) -> Iterator[str]:
        match effect:
            case fx.Say() | fx.Tell() | fx.Refuse():
                message = self._words.render(effect, self._files, self._scene)
                for line in message.text().splitlines() if message else ():
                    yield f"bot: {line}"
                if isinstance(effect, fx.Say) and effect.choices:
                    yield f"     ({', '.join(effect.choices)})"
            case fx.Speak(locale):
                self._scene = Scene(locale, self._scene.case_id, self._scene.number)
            case fx.OpenProof(acts=acts) | fx.OpenRequest(acts=acts):
                yield f"-- {type(effect).__name__}: {', '.join(acts)}"
            case fx.Look(what=what) | fx.Watch(what=what) | fx.HandOff(queue=what):
                yield f"-- {type(effect).__name__}: {what}"

    def _answers(self, now: Awaiting, state: FlowState) -> tuple[str, ...]:
        """What may be answered, most usual first."""
        if now.step == PERSON_STEP:
            return ("closed", "back", "untaken")
        step = self._flows.step(state.flow, state.step)
        assert step is not None
        if now.verb is Verb.ASK:
            return (*now.choices, "timeout")
        return tuple(name for name in outcomes(step).possible if name != "exhausted")

    def _ask(self, now: Awaiting, state: FlowState) -> str | None:
        who = "you" if now.verb in {Verb.ASK, Verb.INPUT} else f"world, {now.step}"
        hint = "" if now.verb is Verb.INPUT else f" [{' '.join(self._answers(now, state))}]"
        print(f"{who}{hint}> ", end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            print()
            return None
        if not sys.stdin.isatty():
            print(line.rstrip("\n"))
        return line.strip()

    def _happening(self, line: str, now: Awaiting, state: FlowState) -> Happening | None:
        if line.startswith("/"):
            name, _, value = line[1:].partition(" ")
            return Commanded(Command(name), value) if name in set(Command) else None
        answers = self._answers(now, state)
        if now.verb in {Verb.ASK, Verb.INPUT} and now.step != PERSON_STEP:
            return self._person(line, now, state)
        line = line or answers[0]
        if line not in answers:
            return None
        step = self._flows.step(state.flow, state.step)
        if step and step.span and now.step != PERSON_STEP:
            return TimerFired(now.step, now.version, "until")
        return Answered(now.step, now.version, line, self._fields(now))

    def _person(self, line: str, now: Awaiting, state: FlowState) -> Happening | None:
        if line == "timeout":
            return TimerFired(now.step, now.version, "timeout")
        if now.verb is Verb.INPUT:
            return Entered(now.step, now.version, line)
        if line in now.choices:
            return Chose(now.step, now.version, line)
        scene = self._scene.locale
        found = self._words.matched(self._files, scene, state.flow, now.step, now.choices, line)
        return Wrote("", found) if found else None

    def _fields(self, now: Awaiting) -> Mapping[str, object]:
        """Something to show for what a look would have read."""
        samples: dict[str, Mapping[str, object]] = {
            "duty": {"agents": 2},
            "methods": {"count": 1, "labels": ["Authenticator"], "added": ["Authenticator"]},
            "pass_policy": {"minutes": 60},
            "today": {"date": "2026-01-05", "weekday": 1},
            "person": {"name": "Mina Example", "office": "Berlin"},
            "sign_ins": {"at": "2026-01-05T09:00:00+00:00", "country": "DE"},
        }
        return samples.get(now.what, {}) if now.verb is Verb.LOOK else {}
