"""X: conditions. They parse, keep to the small language, and can be both true and false.

Allowed: == != < <= > >= in, not in, and, or, not, texts in quotes, numbers, lists of them, names of
steps, and len(), lower(), has(). Nothing is assigned, calculated or called.

Bad:   {if: "wiped = 'lost'", then: lost}
Good:  {if: "wiped == 'lost'", then: lost}
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from bot.core.expressions import Expression, ExpressionError, parse
from bot.core.flow import Flow
from bot.core.tables import Verb
from bot.flowfile.book import Book
from bot.flowfile.findings import Finding
from bot.flowfile.parse import FlowFile

RULES: Mapping[str, str] = {
    "X001": "A condition keeps to the language of conditions",
    "X002": "A condition can be true and can be false",
}


def check(file: FlowFile, book: Book) -> Iterator[Finding]:
    for step in file.flow.steps.values():
        for n, branch in enumerate(step.branches):
            if branch.condition is None:
                continue
            start = file.document.positions.value("steps", step.id, "switch", n, "if")
            try:
                condition = parse(branch.condition.text)
            except ExpressionError as err:
                place = file.document.within(start, column=err.column)
                message = f"“{branch.condition.text}”: {err.message}."
                remedy = "Compare names with values, as in: duty.agents > 1 and wiped == 'lost'."
                yield file.document.finding("X001", place, message, remedy, path=(step.id,))
                continue
            yield from _constant(file, step.id, condition, start)


def _constant(file: FlowFile, step: str, condition: Expression, place: tuple[int, int]) -> Iterator[Finding]:
    if not condition.names():
        message = f"“{condition.text}” asks nothing: it is always the same."
        yield file.document.finding("X002", place, message, "Compare a step's value.", path=(step,))
    for name, choice, column in _impossible(condition.tree, file.flow):
        message = f"“{name}” is never “{choice}”."
        remedy = f"Its choices: {', '.join(file.flow.steps[name].choices)}."
        where = file.document.within(place, column=column)
        yield file.document.finding("X002", where, message, remedy, path=(step,))


def _impossible(tree: ast.expr, flow: Flow) -> Iterator[tuple[str, str, int]]:
    """Comparisons of a question's answer with a text that is none of its choices."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        names = [side for side in sides if isinstance(side, ast.Name)]
        for name in names:
            asked = flow.steps.get(name.id)
            if asked is None or asked.verb is not Verb.ASK:
                continue
            for side in sides:
                for text in ast.walk(side):
                    if (
                        isinstance(text, ast.Constant)
                        and isinstance(text.value, str)
                        and text.value not in asked.choices
                    ):
                        yield name.id, text.value, text.col_offset
