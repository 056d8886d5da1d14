"""F: form. Names that exist, outcomes that lead somewhere, times that fit.

Keys, patterns and closed tables (F001-F007, F011) are judged while the file is read, by the same
models as the published schema; this module judges what shows only between steps.

Bad:   register: {wait: method_registered, on: {ok: gift}}
Good:  register: {wait: method_registered, within: 60m, on: {ok: gift, timeout: to_person}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import PurePath

from bot.core.flow import WAITING, Step
from bot.core.model import ActKind
from bot.core.outcomes import outcomes
from bot.core.tables import Verb
from bot.flowfile.book import Book
from bot.flowfile.findings import Finding
from bot.flowfile.parse import FlowFile, duration
from bot.flowfile.shape import did_you_mean

RULES: Mapping[str, str] = {
    "F001": "The file is readable YAML",
    "F002": "No key is written twice",
    "F003": "Every key is known",
    "F004": "No key is missing",
    "F005": "A step has exactly one verb",
    "F006": "Every value has the right form",
    "F007": "No reserved word names a step or a choice",
    "F008": "A flow has a file and a name of its own",
    "F010": "Every target is a step of the flow",
    "F011": "Looks, inputs, events, queues and acts are known",
    "F012": "A called flow exists",
    "F013": "No outcome is drawn that cannot happen",
    "F020": "Every outcome leads somewhere",
    "F021": "Every wait has an end",
    "F022": "A reminder comes before the end of the wait",
    "F023": "A request waits at most 60 minutes",
    "F024": "A switch ends with else",
    "F025": "A timed wait has no other times",
    "F026": "Only a request for a pass has a shape",
}
LONGEST_REQUEST = timedelta(minutes=60)


def check(file: FlowFile, book: Book) -> Iterator[Finding]:
    yield from _head(file)
    for step in file.flow.steps.values():
        yield from _targets(file, step)
        yield from _outcomes(file, book, step)
        yield from _times(file, step)
        if step.verb is Verb.SWITCH:
            yield from _else(file, step)
        if step.verb is Verb.REQUEST and "shape" in _raw(file, step) and ActKind.ISSUE_PASS not in step.acts:
            message = f"The request “{step.id}” gives its pass a shape, but asks for none."
            place = file.document.positions.key("steps", step.id, "shape")
            yield file.document.finding("F026", place, message, "Remove shape.", path=(step.id,))


def _head(file: FlowFile) -> Iterator[Finding]:
    flow, at = file.flow, file.document.positions
    stem = PurePath(file.file).stem
    if flow.id and stem != flow.id:
        message = f"The flow “{flow.id}” is in a file called “{stem}”."
        remedy = f"Call the file {flow.id}.yaml; its words are sought under that name."
        yield file.document.finding("F008", at.value("flow"), message, remedy)
    if flow.start and flow.start not in flow.steps:
        yield _unknown_target(file, flow.start, ("start",))


def _targets(file: FlowFile, step: Step) -> Iterator[Finding]:
    for outcome, target in step.on.items():
        if target in file.flow.steps:
            continue
        if _drawn(file, step, outcome):
            yield _unknown_target(file, target, ("steps", step.id, "on", outcome), step)
        else:
            yield _unknown_target(file, target, ("defaults", "on", outcome), None)
    for n, branch in enumerate(step.branches):
        if branch.then not in file.flow.steps:
            key = "then" if branch.condition else "else"
            yield _unknown_target(file, branch.then, ("steps", step.id, "switch", n, key), step)


def _unknown_target(
    file: FlowFile, target: str, place: tuple[str | int, ...], step: Step | None = None
) -> Finding:
    remedy = f"Draw it, or lead to another step.{did_you_mean(target, file.flow.steps)}"
    return file.document.finding(
        "F010",
        file.document.positions.value(*place),
        f"There is no step “{target}”.",
        remedy,
        path=(step.id,) if step else (),
    )


def _outcomes(file: FlowFile, book: Book, step: Step) -> Iterator[Finding]:
    at, called = file.document.positions, None
    if step.verb is Verb.CALL:
        if step.what not in book.flows:
            message = f"There is no flow “{step.what}”."
            remedy = f"Put {step.what}.yaml beside this file.{did_you_mean(step.what, book.flows)}"
            place = at.value("steps", step.id, "call")
            yield file.document.finding("F012", place, message, remedy, path=(step.id,))
            return
        called = book.flows[step.what].flow
    known = outcomes(step, called)
    for outcome in step.on:
        if outcome not in known.possible and _drawn(file, step, outcome):
            message = f"“{outcome}” is no outcome of “{step.id}” ({step.verb})."
            remedy = f"Its outcomes: {', '.join(known.possible)}.{did_you_mean(outcome, known.possible)}"
            place = at.key("steps", step.id, "on", outcome)
            yield file.document.finding("F013", place, message, remedy, path=(step.id,))
    missing = [outcome for outcome in known.required if outcome not in step.on]
    if missing:
        names = ", ".join(f"“{outcome}”" for outcome in missing)
        message = f"The step “{step.id}” does not say where {names} leads."
        remedy = f"Add on: {{{', '.join(f'{outcome}: …' for outcome in missing)}}}."
        place = at.key("steps", step.id, "on")
        yield file.document.finding("F020", place, message, remedy, path=(step.id,))


def _times(file: FlowFile, step: Step) -> Iterator[Finding]:
    at, raw = file.document.positions, _raw(file, step)
    if step.span:
        for key in ("within", "remind"):
            if key in raw:
                message = f"The timed wait “{step.id}” ends by itself and has no “{key}”."
                place = at.key("steps", step.id, key)
                yield file.document.finding("F025", place, message, f"Remove {key}.", path=(step.id,))
        return
    if step.verb not in WAITING:
        return
    if step.within is None and "within" not in raw:
        place = at.key("steps", step.id)
        message = f"The step “{step.id}” may wait for ever."
        yield file.document.finding(
            "F021", place, message, "Add within: …, here or in defaults.", path=(step.id,)
        )
    if step.within is None:
        return
    if step.verb is Verb.REQUEST and step.within > LONGEST_REQUEST:
        place = at.value("steps", step.id, "within") if "within" in raw else at.key("steps", step.id)
        message = f"The request “{step.id}” waits longer than its evidence holds."
        yield file.document.finding("F023", place, message, "Set within to 60m or less.", path=(step.id,))
    if "remind" in raw:
        spans = [duration(text) for text in raw["remind"]] if isinstance(raw["remind"], list) else []
        for n, span in enumerate(spans):
            if span and span >= step.within:
                place = at.value("steps", step.id, "remind", n)
                message = f"The step “{step.id}” would remind after it ended."
                yield file.document.finding("F022", place, message, "Remind earlier.", path=(step.id,))


def _else(file: FlowFile, step: Step) -> Iterator[Finding]:
    raw = _raw(file, step).get("switch")
    lines = raw if isinstance(raw, list) else []
    closing = [n for n, line in enumerate(lines) if isinstance(line, dict) and "else" in line]
    if closing != [len(lines) - 1]:
        at = file.document.positions
        place = (
            at.value("steps", step.id, "switch", closing[0])
            if closing
            else at.key("steps", step.id, "switch")
        )
        message = f"The switch “{step.id}” needs one else, in its last line."
        yield file.document.finding(
            "F024", place, message, "End the list with {else: step}.", path=(step.id,)
        )


def _drawn(file: FlowFile, step: Step, outcome: str) -> bool:
    own = _raw(file, step).get("on")
    return isinstance(own, dict) and outcome in own


def _raw(file: FlowFile, step: Step) -> dict[str, object]:
    data = file.document.data
    assert isinstance(data, dict)
    raw = data["steps"][step.id]
    assert isinstance(raw, dict)
    return raw
