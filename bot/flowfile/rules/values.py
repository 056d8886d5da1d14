"""V: values. Every name in a condition or a text is known, and set on every path to it.

Names are the flow's own steps: a question's answer, `step.outcome` of what the world answered, the
fields of a look. Texts may also use `case.number`, `desk.phone` and `desk.hours`. A subflow sees
its own steps only.

Bad:   duty: {look: duty, on: {ok: …, error: sorry}}   with the text   sorry: "{{ duty.agents }} on duty"
Good:  the same text at the step that only `ok` leads to
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.core.expressions import Expression, ExpressionError, parse
from bot.core.flow import Flow, Step
from bot.flowfile import slots
from bot.flowfile.book import Book
from bot.flowfile.findings import Finding
from bot.flowfile.parse import FlowFile
from bot.flowfile.reader import Document, Place
from bot.flowfile.shape import did_you_mean
from bot.flowfile.slots import Facts, attributes, surely_set
from bot.flowfile.wording import ALWAYS
from bot.flowfile.words import Text, WordsFile

RULES: Mapping[str, str] = {
    "V001": "Every name is known",
    "V002": "Every attribute is one that the step has",
    "V003": "Every value is set on every path",
}
_AT_ENTRY = ("text", "invalid", "remind")


def check(file: FlowFile, book: Book) -> Iterator[Finding]:
    known = surely_set(file.flow)
    for step in file.flow.steps.values():
        if step.id in known:
            for n, branch in enumerate(step.branches):
                if branch.condition:
                    yield from _condition(file, step, n, branch.condition, known[step.id])
    for words in book.words.get(file.flow.id, {}).values():
        for (name, part), text in words.texts.items():
            if name in file.flow.steps and name in known:
                yield from _text(file, words, file.flow.steps[name], part, text, known[name])


def _condition(file: FlowFile, step: Step, n: int, condition: Expression, facts: Facts) -> Iterator[Finding]:
    try:
        tested = {name.path for name in parse(condition.text).tested()}
    except ExpressionError:
        return
    start = file.document.positions.value("steps", step.id, "switch", n, "if")
    for name in condition.names():
        place = file.document.within(start, column=name.column)
        sure = facts if name.path not in tested else None
        yield from _name(file.document, place, file.flow, name.path, sure, {}, step)


def _text(
    file: FlowFile, words: WordsFile, step: Step, part: str, text: Text, before: Facts
) -> Iterator[Finding]:
    at_entry = part in _AT_ENTRY or part in step.choices
    facts = before if at_entry else slots.after(step, part, before)
    for name in text.examined.names or ():
        place = words.document.within(text.place, name.line)
        path = (name.name, *name.attributes)
        yield from _name(words.document, place, file.flow, path, facts, ALWAYS, step)


def _name(
    document: Document,
    place: Place,
    flow: Flow,
    path: tuple[str, ...],
    facts: Facts | None,
    always: Mapping[str, frozenset[str]],
    step: Step,
) -> Iterator[Finding]:
    """One use of a name; without *facts* it need not be set."""
    name, rest, written = path[0], path[1:], ".".join(path)
    if name in always:
        if len(rest) != 1 or rest[0] not in always[name]:
            yield _attribute(document, place, written, name, tuple(sorted(always[name])), step)
        return
    known = attributes(flow.steps[name]) if name in flow.steps else None
    if known is None:
        names = [s.id for s in flow.steps.values() if attributes(s) is not None] + list(always)
        message = f"“{written}” is no value of this flow."
        remedy = f"Use a step that asks, looks or waits.{did_you_mean(name, names)}"
        yield document.finding("V001", place, message, remedy, path=(step.id,))
    elif (not known and rest) or (known and (len(rest) != 1 or rest[0] not in known)):
        if not (facts is None and known and not rest):
            yield _attribute(document, place, written, name, known, step)
    elif facts is not None:
        token = name if not rest or rest[0] == "outcome" else written
        if token not in facts:
            message = f"“{written}” is not set on every path to “{step.id}”."
            remedy = "Use it only where every path has set it, or test it with has() in a switch before."
            yield document.finding("V003", place, message, remedy, path=(step.id,))


def _attribute(
    document: Document, place: Place, written: str, name: str, known: tuple[str, ...], step: Step
) -> Finding:
    has = f"“{name}” has {', '.join(known)}." if known else f"“{name}” is a plain value."
    forms = " or ".join(f"{name}.{one}" for one in known) or name
    return document.finding("V002", place, f"“{written}”: {has}", f"Write {forms}.", path=(step.id,))
