"""The linter: every rule over every flow, all findings at once.

A rule family is a module in `rules` with its manual, `RULES` (id and claim) and
`check(file, book)`. They do not depend on each other, so that a mistake of form in one step does
not silence the proof rule in the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from bot.flowfile.book import Book
from bot.flowfile.findings import Finding, in_order
from bot.flowfile.parse import FlowFile
from bot.flowfile.rules import conditions, form, loops, proof, reach, texts, values

Rule = Callable[[FlowFile, Book], Iterator[Finding]]
FAMILIES = (form, reach, loops, proof, values, conditions, texts)
RULES: Mapping[str, str] = {rule: claim for family in FAMILIES for rule, claim in family.RULES.items()}
"""Every rule id and what it claims."""


def check(book: Book, flows: Iterable[str] | None = None) -> list[Finding]:
    """Everything wrong with *flows* (all by default), in order of place."""
    found: list[Finding] = []
    if flows is None:
        found += [finding for findings in book.unread.values() for finding in findings]
        found += book.findings
    for name in book.flows if flows is None else flows:
        file = book.flows[name]
        found += file.findings
        for family in FAMILIES:
            found += family.check(file, book)
    return in_order(found)
