"""Reading `flows/tests/<flow>.yaml`: scripts, and findings for what is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.core.flow import FlowSet, Step
from bot.core.outcomes import outcomes
from bot.core.tables import PERSON_STEP
from bot.flowfile.findings import Finding
from bot.flowfile.reader import Document, Path, read
from bot.flowfile.script import Reply, Script

RULE = "test"
_KEYS = ("name", "say", "world", "expect")
_EXPECT = ("end", "never", "did", "last")


def read_scripts(text: str, file: str, flows: FlowSet) -> tuple[list[Script], list[Finding]]:
    """The scripts of one file, and what is wrong with it."""
    document = read(text, file)
    reader = _Reader(document, flows)
    if document.unreadable:
        return [], list(document.findings)
    if not isinstance(document.data, list):
        reader.note((), "A file of tests is a list.", "Begin each test with - name: …")
        return [], reader.findings
    scripts = [reader.script(one, n) for n, one in enumerate(document.data)]
    return [script for script in scripts if script], [*document.findings, *reader.findings]


class _Reader:
    def __init__(self, document: Document, flows: FlowSet) -> None:
        self._document = document
        self._steps = {name: step for flow in flows.flows.values() for name, step in flow.steps.items()}
        self._steps |= flows.flows[flows.main].steps
        self._flows = flows
        self.findings: list[Finding] = []

    def note(self, path: Path, message: str, remedy: str) -> None:
        place = self._document.positions.value(*path)
        self.findings.append(self._document.finding(RULE, place, message, remedy))

    def script(self, data: Any, n: int) -> Script | None:
        if not isinstance(data, dict) or not isinstance(data.get("name"), str):
            self.note((n,), "A test has a name.", "Begin it with - name: …")
            return None
        expect = data.get("expect", {})
        if not isinstance(expect, dict):
            self.note((n, "expect"), "Expectations are a mapping.", f"Known: {', '.join(_EXPECT)}.")
            expect = {}
        self.known(data, _KEYS, (n,))
        self.known(expect, _EXPECT, (n, "expect"))
        never, did = (self.steps(expect, key, (n, "expect", key)) for key in ("never", "did"))
        last = expect.get("last", "")
        if last:
            self.step(last, (n, "expect", "last"))
        say = data.get("say", [])
        if not isinstance(say, list) or not all(isinstance(one, str) for one in say):
            self.note((n, "say"), "What is said is a list of words.", "Write say: [gone].")
            say = []
        return Script(
            name=data["name"],
            say=tuple(say),
            world=dict(self.world(data.get("world", {}), (n, "world"))),
            end=str(expect.get("end", "")),
            never=never,
            did=did,
            last=str(last),
            place=self._document.positions.value(n),
        )

    def known(self, data: Mapping[str, Any], keys: tuple[str, ...], path: Path) -> None:
        for key in data:
            if key not in keys:
                self.note((*path, key), f"The key “{key}” is unknown here.", f"Known: {', '.join(keys)}.")

    def steps(self, expect: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
        names = expect.get(key, [])
        if not isinstance(names, list):
            self.note(path, f"“{key}” is a list of steps.", f"Write {key}: [approval].")
            return ()
        return tuple(name for name in names if self.step(name, path))

    def step(self, name: Any, path: Path) -> Step | None:
        """A step by id, or as flow/step where two flows share the id."""
        if isinstance(name, str):
            flow, slash, rest = name.rpartition("/")
            found = self._flows.step(flow, rest) if slash else self._steps.get(name)
            if found:
                return found
        self.note(path, f"There is no step “{name}”.", "Name a step of the flow, or flow/step of a subflow.")
        return None

    def world(self, data: Any, path: Path) -> Iterator[tuple[str, tuple[Reply, ...]]]:
        if not isinstance(data, dict):
            self.note(path, "The world is a mapping of steps.", "Write world: {duty: ok}.")
            return
        for name, value in data.items():
            here = (*path, name)
            step = None if name == PERSON_STEP else self.step(name, here)
            if step is None and name != PERSON_STEP:
                continue
            listed = value if isinstance(value, list) else [value]
            replies = [self.reply(step, one, here) for one in listed]
            if all(replies):
                yield name, tuple(reply for reply in replies if reply)

    def reply(self, step: Step | None, value: Any, path: Path) -> Reply | None:
        fields: Any = {}
        if isinstance(value, dict) and len(value) == 1:
            ((value, fields),) = value.items()
        known = outcomes(step).possible if step else ("closed", "back", "untaken")
        if not isinstance(value, str) or value not in known or not isinstance(fields, dict):
            self.note(path, f"“{value}” is no outcome of this step.", f"Its outcomes: {', '.join(known)}.")
            return None
        return Reply(value, {key: _number(one) for key, one in fields.items()})


def _number(text: Any) -> Any:
    return int(text) if isinstance(text, str) and text.isdecimal() else text
