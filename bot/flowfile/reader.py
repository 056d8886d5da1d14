"""YAML text to plain data in which every scalar is a string, and a side table of positions.

`on:`, `yes` and `no` stay what was written, duplicate keys are found, and the author's data carries
no marks of ours. Reading never raises for what an author wrote: what is wrong becomes a finding.

Anchors, aliases and tags are refused: nobody who reads a flow should have to expand it in the head.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.flowfile.findings import Finding, Severity

MAX_TEXT = 400_000
MAX_DEPTH = 12
_LOADER: type[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))

Path = tuple[str | int, ...]
Data = dict[str, Any] | list[Any] | str
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Positions:
    """Where each key and each value stands, by its path in the data."""

    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)

    def key(self, *path: str | int) -> Place:
        """The place of the key at *path*, or of the nearest thing around it."""
        return self._near(self.keys, path)

    def value(self, *path: str | int) -> Place:
        """The place of the value at *path*, or of the nearest thing around it."""
        return self._near(self.values, path)

    def _near(self, table: dict[Path, Place], path: Path) -> Place:
        if path in table:
            return table[path]
        while path:
            if path in self.keys:
                return self.keys[path]
            if path in self.values:
                return self.values[path]
            path = path[:-1]
        return self.values.get((), (1, 1))


@dataclass(frozen=True, slots=True)
class Document:
    """One file as read. *data* is None where it cannot be read at all."""

    file: str
    data: Data | None
    positions: Positions
    findings: tuple[Finding, ...] = ()
    text: str = ""

    def within(self, place: Place, line: int = 1, column: int = 0) -> Place:
        """Where *line* (from 1) and *column* (from 0) of the text whose value begins at *place* are
        in the file: behind its quote, or below its `|`."""
        lines = self.text.splitlines()
        rest = lines[place[0] - 1][place[1] - 1 :] if place[0] <= len(lines) else ""
        if rest[:1] in {"|", ">"}:
            below = lines[place[0]] if place[0] < len(lines) else ""
            return place[0] + line, len(below) - len(below.lstrip()) + 1 + column
        if line > 1:
            return place[0] + line - 1, 1
        return place[0], place[1] + column + (rest[:1] in {'"', "'"})

    @property
    def unreadable(self) -> bool:
        return self.data is None

    def finding(
        self,
        rule: str,
        place: Place,
        message: str,
        remedy: str,
        *,
        path: tuple[str, ...] = (),
        severity: Severity = Severity.ERROR,
    ) -> Finding:
        return Finding(self.file, place[0], place[1], rule, severity, message, remedy, path)


def read(text: str, file: str) -> Document:
    """Read *text*; *file* is the name findings carry."""
    positions = Positions()
    unread = Document(file, None, positions, (), text)
    if len(text) > MAX_TEXT:
        return _broken(unread, (1, 1), "The file is too long to be a flow.", "Split it into subflows.")
    if _deep(text):
        return _broken(unread, (1, 1), "The file is nested too deeply.", "A flow nests four levels.")
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = f"This is not YAML: {err.problem or err.context}."
        remedy = 'Check indents and brackets; quote texts with ": " or "{{" in them.'
        return _broken(unread, place, message, remedy)
    except (yaml.YAMLError, ValueError, RecursionError):
        message = "The file holds characters YAML does not allow."
        return _broken(unread, (1, 1), message, "Save it as plain UTF-8.")
    if node is None:
        return _broken(unread, (1, 1), "The file is empty.", "Write a flow, or remove the file.")
    reading = _Reading(unread, text)
    data = reading.data(node, ())
    return Document(file, data, positions, tuple(reading.findings), text)


def _broken(document: Document, place: Place, message: str, remedy: str) -> Document:
    finding = document.finding("F001", place, message, remedy)
    return Document(document.file, None, document.positions, (finding,), document.text)


def _deep(text: str) -> bool:
    """Whether brackets or indents nest beyond any flow; asked before the parser recurses into them."""
    depth = deepest = 0
    for char in text:
        if char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth = max(depth - 1, 0)
    dashes = max((len(m[0]) for m in re.finditer(r"^[ ]*(?:[-?:] )+", text, re.MULTILINE)), default=0)
    return deepest > 60 or dashes > 200


class _Reading:
    """One walk over the composed nodes."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._text = text
        self._seen: set[int] = set()
        self.findings: list[Finding] = []

    def data(self, node: yaml.Node, path: Path) -> Data:
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        self._document.positions.values[path] = place
        if id(node) in self._seen:
            self._note("F001", place, "Anchors and aliases are not used in flow files.", "Write it out.")
            return ""
        self._seen.add(id(node))
        if node.tag not in _TAGS:
            self._note("F001", place, f"The tag {node.tag[:40]} is not used in flow files.", "Remove it.")
        if len(path) > MAX_DEPTH:
            self._note("F001", place, "The file is nested too deeply.", "A flow nests four levels.")
            return ""
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.data(item, (*path, n)) for n, item in enumerate(node.value)]
        return str(node.value)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Data]]:
        keys = self._document.positions.keys
        for key, value in node.value:
            place = (key.start_mark.line + 1, key.start_mark.column + 1)
            if not isinstance(key, yaml.ScalarNode):
                self._note("F006", place, "A key is a single word.", self._quoting(key))
                continue
            name = str(key.value)
            here = (*path, name)
            if here in keys:
                message = f"The key “{name}” is here twice; the first is in line {keys[here][0]}."
                self._note("F002", place, message, "Remove one of them.")
                continue
            keys[here] = place
            yield name, self.data(value, here)

    def _quoting(self, key: yaml.Node) -> str:
        near = self._text[max(key.start_mark.index - 1, 0) : key.start_mark.index + 2]
        return 'Quote the text: "{{ … }}".' if "{{" in near else "Write the key as one word."

    def _note(self, rule: str, place: Place, message: str, remedy: str) -> None:
        self.findings.append(self._document.finding(rule, place, message, remedy))
