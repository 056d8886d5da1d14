"""G: graph. Every step can be reached, and from every step the conversation can come to an end.

Bad:   a: {say: true, on: {ok: b}}   b: {say: true, on: {ok: a}}      # no way out
Good:  a: {say: true, on: {ok: b}}   b: {end: resolved}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.core.tables import Verb
from bot.flowfile.book import Book
from bot.flowfile.findings import Finding
from bot.flowfile.graph import backwards, edges, reached
from bot.flowfile.parse import FlowFile

RULES: Mapping[str, str] = {
    "G001": "Every step can be reached",
    "G002": "Every step leads to an end or to a person",
}
_CLOSING = frozenset({Verb.END, Verb.HANDOFF})


def check(file: FlowFile, book: Book) -> Iterator[Finding]:
    flow, at = file.flow, file.document.positions
    graph = edges(flow)
    if flow.start in flow.steps:  # else its own finding says what is wrong
        for name in flow.steps.keys() - reached(graph, (flow.start,)):
            message = f"Nothing leads to the step “{name}”."
            place = at.key("steps", name)
            yield file.document.finding("G001", place, message, "Lead to it, or remove it.", path=(name,))
    closing = [step.id for step in flow.steps.values() if step.verb in _CLOSING]
    for name in flow.steps.keys() - reached(backwards(graph), closing):
        message = f"From the step “{name}” the conversation never comes to an end."
        place = at.key("steps", name)
        yield file.document.finding("G002", place, message, "Lead to an end or a handoff.", path=(name,))
