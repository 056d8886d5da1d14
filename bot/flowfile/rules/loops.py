"""L: loops. None runs without waiting for somebody, none goes round for ever.

L001 is a cycle on which nothing waits: it would speak without end. L002 is a cycle on which no step
counts its visits, or flows that call each other round in a circle.

Bad:   ask_again: {ask: [again, stop], within: 1h, on: {again: ask_again, …}}        # no max_visits
Good:  ask_again: {ask: [again, stop], within: 1h, max_visits: 3, on: {…, exhausted: to_person}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.core.flow import WAITING, Step
from bot.core.tables import Verb
from bot.flowfile.book import Book
from bot.flowfile.findings import Finding
from bot.flowfile.graph import cycle, edges, reached
from bot.flowfile.parse import FlowFile

RULES: Mapping[str, str] = {
    "L001": "On every loop somebody is waited for",
    "L002": "Every loop is bounded",
}


def check(file: FlowFile, book: Book) -> Iterator[Finding]:
    loop = cycle(edges(file.flow, lambda step, outcome: _at_once(step, outcome, book, (file.flow.id,))))
    if loop:
        message = f"Nothing on this loop waits for anybody: {' > '.join(loop)}."
        yield _finding(file, "L001", loop, message, "Put a question or a wait on it.")
    loop = cycle(_unbounded(file))
    if loop:
        message = f"This loop may go round for ever: {' > '.join(loop)}."
        remedy = "Give a step on it max_visits and an exhausted outcome."
        yield _finding(file, "L002", loop, message, remedy)
    circle = cycle({name: _calls(book, name) for name in book.callees(file.flow.id)})
    if file.flow.id in circle:
        message = f"These flows call each other in a circle: {' > '.join(circle)}."
        first = next(s for s in file.flow.steps.values() if s.verb is Verb.CALL and s.what in circle)
        place = file.document.positions.value("steps", first.id, "call")
        yield file.document.finding("L002", place, message, "Let one of them end instead.", path=(first.id,))


def _at_once(step: Step, outcome: str, book: Book, callers: tuple[str, ...]) -> bool:
    """Whether *step* is left by *outcome* in the turn it was entered in."""
    if outcome == "exhausted":
        return True
    if step.verb is Verb.CALL:
        return outcome in _ends_at_once(step.what, book, callers)
    return step.verb not in WAITING and step.verb is not Verb.LOOK


def _ends_at_once(flow: str, book: Book, callers: tuple[str, ...]) -> frozenset[str]:
    """The ends that a called flow can come to without waiting for anybody."""
    if flow not in book.flows or flow in callers:
        return frozenset()
    tree = book.flows[flow].flow
    graph = edges(tree, lambda step, outcome: _at_once(step, outcome, book, (*callers, flow)))
    passed = [tree.steps[name] for name in reached(graph, (tree.start,))]
    return frozenset(step.what for step in passed if step.verb is Verb.END)


def _unbounded(file: FlowFile) -> Mapping[str, tuple[str, ...]]:
    """The flow without the steps that count their visits."""
    steps = file.flow.steps
    counting = {name for name, step in steps.items() if step.max_visits and "exhausted" in step.on}
    return {
        name: tuple(to for to in targets if to not in counting)
        for name, targets in edges(file.flow).items()
        if name not in counting
    }


def _calls(book: Book, flow: str) -> tuple[str, ...]:
    steps = book.flows[flow].flow.steps.values()
    return tuple(s.what for s in steps if s.verb is Verb.CALL and s.what in book.flows)


def _finding(file: FlowFile, rule: str, loop: tuple[str, ...], message: str, remedy: str) -> Finding:
    place = file.document.positions.key("steps", loop[0])
    return file.document.finding(rule, place, message, remedy, path=loop)
