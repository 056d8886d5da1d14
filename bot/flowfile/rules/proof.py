"""S: safety. No `request` is reached without the `prove` that covers its acts, passed and not overtaken.

A forward analysis over outcome edges: each step is visited with every set of proven acts that some
path can bring there, subflows walked in place. What proves and what overtakes is `core.proven`, the
same rule that the engine holds at run time. A flow is analysed from its own start if people can
start it, and within every flow that calls it.

The finding names the shortest path that breaks the rule. S002 looks at one step alone.

Bad:   identity: {prove: [issue_pass], …, on: {ok: approval, fail: approval}}
Good:  identity: {prove: [issue_pass], …, on: {ok: approval, fail: to_person}}
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from bot.core.flow import Step
from bot.core.model import ActKind, PassShape
from bot.core.outcomes import outcomes
from bot.core.plan import REMOVALS
from bot.core.proven import after, may
from bot.core.tables import Verb
from bot.flowfile.book import Book
from bot.flowfile.findings import Finding
from bot.flowfile.graph import ways
from bot.flowfile.parse import FlowFile

RULES: Mapping[str, str] = {
    "S001": "Nothing is requested without its proof",
    "S002": "A day pass takes nothing away",
}

_DEEPEST = 8

Acts = frozenset[ActKind]


@dataclass(frozen=True, slots=True)
class _Node:
    """A place on a path: the callers as (flow, step), the flow, the step, and what is proven."""

    callers: tuple[tuple[str, str], ...]
    flow: str
    step: str
    proven: Acts

    @property
    def name(self) -> str:
        return "/".join([*(step for _, step in self.callers), self.step])


def check(file: FlowFile, book: Book) -> Iterator[Finding]:
    yield from _kept(file)
    if book.callers(file.flow.id) and not book.offered(file.flow.id):
        return  # only ever called: judged where it is called
    reported: set[tuple[str, str]] = set()
    for path in _unproven(file, book):
        node = path[-1]
        if (node.flow, node.step) in reported:
            continue
        reported.add((node.flow, node.step))
        yield _finding(book, path)


def _kept(file: FlowFile) -> Iterator[Finding]:
    """Whoever bridges a day comes back to what is on the account: it must still be there."""
    for step in file.flow.steps.values():
        taken = [act for act in step.acts if act in REMOVALS]
        if step.shape is PassShape.DAY and taken:
            message = f"“{step.id}” asks for a day pass and for {', '.join(taken)}."
            remedy = "A day pass bridges a day without the phone: remove nothing, or ask for shape: short."
            place = file.document.positions.value("steps", step.id, "shape")
            yield file.document.finding("S002", place, message, remedy, path=(step.id,))


def _unproven(file: FlowFile, book: Book) -> Iterator[list[_Node]]:
    """The shortest path to each request that some path reaches unproven."""
    start = _Node((), file.flow.id, file.flow.start, frozenset())
    came: dict[_Node, _Node | None] = {start: None}
    todo = deque([start])
    while todo:
        node = todo.popleft()
        step = book.flows[node.flow].flow.steps.get(node.step)
        if step is None:
            continue
        if step.verb is Verb.REQUEST and not may(step, node.proven):
            yield _path(came, node)
        for following in _following(node, step, book):
            if following not in came:
                came[following] = node
                todo.append(following)


def _following(node: _Node, step: Step, book: Book) -> Iterator[_Node]:
    if step.verb is Verb.CALL and step.what in book.flows and len(node.callers) < _DEEPEST:
        callee = book.flows[step.what].flow
        if callee.id not in {node.flow, *(flow for flow, _ in node.callers)}:
            yield _Node((*node.callers, (node.flow, step.id)), callee.id, callee.start, node.proven)
        if "exhausted" in step.on:
            yield _Node(node.callers, node.flow, step.on["exhausted"], after(step, "exhausted", node.proven))
        return
    if step.verb is Verb.END:
        if node.callers:
            flow, caller = node.callers[-1]
            calling = book.flows[flow].flow.steps[caller]
            if step.what in calling.on:
                proven = after(calling, step.what, node.proven)
                yield _Node(node.callers[:-1], flow, calling.on[step.what], proven)
        return
    possible = outcomes(step).possible
    for outcome, target in ways(step):
        if step.branches or outcome in possible:
            yield _Node(node.callers, node.flow, target, after(step, outcome, node.proven))


def _path(came: Mapping[_Node, _Node | None], node: _Node) -> list[_Node]:
    path = [node]
    while (before := came[path[0]]) is not None:
        path.insert(0, before)
    return path


def _finding(book: Book, path: list[_Node]) -> Finding:
    last = path[-1]
    file = book.flows[last.flow]
    step = file.flow.steps[last.step]
    missing = [act for act in step.acts if act not in last.proven]
    acts = ", ".join(missing)
    way = " > ".join(node.name for node in path)
    lost = _overtaken(path, missing[0])
    if lost:
        message = f"“{last.step}” requests {acts}, but the proof is overtaken at “{lost.name}” on: {way}."
        remedy = "Lead back through the prove step, or to a person."
    else:
        message = f"“{last.step}” requests {acts} without proof on: {way}."
        remedy = f"Put a prove: [{acts}] before it on this path, and leave it by ok."
    place = file.document.positions.value("steps", last.step, "request")
    return file.document.finding("S001", place, message, remedy, path=tuple(node.name for node in path))


def _overtaken(path: list[_Node], act: ActKind) -> _Node | None:
    """The last step on *path* that was entered with *act* proven and left without."""
    found = None
    for node, following in pairwise(path):
        if act in node.proven and act not in following.proven:
            found = node
    return found
