"""The little template language of words files, and what is wrong with a text written in it.

Jinja2 in an immutable sandbox where an undefined name is an error, cut down to an allowlist:
text, ``{{ name }}``, ``{{ name.attribute }}``, a few filters, ``{% if %}`` with comparisons.
No loops, no calls, no arithmetic: a text cannot hang, grow or look around.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.core import spoken

MAX_SOURCE = 6000
FILTERS = frozenset({"plural", "time", "date", "duration", "list"})
"""`3 | plural('code', 'codes')`, `at | time`, `at | date`, `seconds | duration`, `names | list`."""
ALWAYS: Mapping[str, frozenset[str]] = {
    "case": frozenset({"number"}),
    "desk": frozenset({"phone", "hours"}),
}
"""Names every words file of a flow may use, with their attributes."""
LINKS = frozenset({"security_info", "my_page", "help"})
"""What ``[label](name)`` may link to; the addresses are the installation's. Nothing else is a link."""

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Filter, nodes.Const,
    nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Tuple,
)  # fmt: skip
_LINK = re.compile(r"\]\(([^)\n]*)\)")
_ADDRESS = re.compile(r"\bhttps?://|\bwww\.", re.IGNORECASE)
_PLAIN = re.compile(
    r"\{\{ *(?P<name>[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*) *(?:\| *(?P<filter>[a-z]+) *)?\}\}", re.ASCII
)
_WORDS = frozenset(
    {"true", "false", "none", "not", "and", "or", "in", "is", "if", "else", "loop", "self", "import"}
)
_RESERVED = (chr(0xE000), chr(0xF8FF))  # private use: where values are put in, see service.words


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a text; *line* counts from 1 within the text."""

    line: int
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class NameUse:
    """A name a text uses: ``case.number`` is name `case`, attributes ``("number",)``."""

    name: str
    attributes: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Examined:
    """The names a text reads, None where it cannot be read, and what is wrong with it."""

    names: tuple[NameUse, ...] | None
    complaints: tuple[Complaint, ...]


def environment(
    locale: str,
    *,
    finalize: Callable[..., Any] | None = None,
    filters: Mapping[str, Callable[..., Any]] | None = None,
) -> ImmutableSandboxedEnvironment:
    """Jinja for words in *locale*; *finalize* is what happens to each value put in."""
    env = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, finalize=finalize, autoescape=False, keep_trailing_newline=False
    )
    env.globals.clear()
    env.tests.clear()
    env.filters.clear()
    env.filters.update(
        plural=spoken.plural,
        time=spoken.clock_time,
        date=partial(spoken.calendar_date, locale=locale),
        duration=partial(spoken.duration, locale=locale),
        list=partial(spoken.listed, locale=locale),
    )
    env.filters.update(filters or {})
    return env


def parsed(source: str) -> nodes.Template:
    """The syntax tree of *source*. Raises TemplateSyntaxError."""
    return environment("en").parse(source)


def examined(source: str) -> Examined:
    """What *source* says about itself, in one reading. Never raises."""
    if len(source) > MAX_SOURCE:
        return _broken(1, f"The text is longer than {MAX_SOURCE} characters.", "Shorten it.")
    hidden = next((char for char in source if _RESERVED[0] <= char <= _RESERVED[1]), None)
    if hidden:
        return _broken(1, f"The text holds the private character U+{ord(hidden):04X}.", "Remove it.")
    simple = _simple(source)
    if simple is not None:
        return Examined(tuple(simple), tuple(_links(source)))
    return _thorough(source)


def _simple(source: str) -> list[NameUse] | None:
    """The names of a text that holds nothing but plain ``{{ a.b }}`` and ``{{ a.b | filter }}``; None
    for every other. Most texts are like that, and Jinja takes fifty times as long to say so."""
    left = _PLAIN.sub("", source)
    if "{" in left or "}" in left:
        return None
    found = []
    for use in _PLAIN.finditer(source):
        name, *attributes = use["name"].split(".")
        if name in _WORDS or (use["filter"] and use["filter"] not in FILTERS):
            return None
        found.append(NameUse(name, tuple(attributes), source.count("\n", 0, use.start("name")) + 1))
    return found


def _thorough(source: str) -> Examined:
    found: list[NameUse] = []
    try:
        tree = parsed(source)
        wrong = [complaint for node in _walk(tree) if (complaint := _complaint(node))]
        _names(tree, found)
    except TemplateSyntaxError as err:
        return _broken(err.lineno, f"The template cannot be read: {err.message}", "Check the brackets.")
    except RecursionError:
        return _broken(1, "The template is nested too deeply.", "Write it simpler.")
    return Examined(tuple(found), tuple(wrong + _links(source)))


def _broken(line: int, message: str, remedy: str) -> Examined:
    return Examined(None, (Complaint(line, message, remedy),))


def complaints(source: str) -> list[Complaint]:
    """Everything wrong with *source* that can be said without its flow."""
    return list(examined(source).complaints)


def names_used(source: str) -> list[NameUse]:
    """Every name *source* reads, in order; none where it cannot be read."""
    return list(examined(source).names or ())


def _links(source: str) -> list[Complaint]:
    found: list[Complaint] = []
    for number, line in enumerate(source.splitlines(), 1):
        known = ", ".join(sorted(LINKS))
        if _ADDRESS.search(line):
            remedy = f"Write [label](name) with one of: {known}."
            found.append(Complaint(number, "A text holds no address; links come from a list.", remedy))
        found += [
            Complaint(number, f"There is no link “{target}”.", f"Use one of: {known}.")
            for target in _LINK.findall(line)
            if target not in LINKS and not _ADDRESS.search(target)
        ]
    return found


def _complaint(node: nodes.Node) -> Complaint | None:
    line = getattr(node, "lineno", 1) or 1
    if not isinstance(node, _ALLOWED):
        what = type(node).__name__.lower()
        remedy = "Use text, {{ name }}, filters and {% if %}."
        return Complaint(line, f"Words files have no “{what}”.", remedy)
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        known = ", ".join(sorted(FILTERS))
        return Complaint(line, f"There is no filter “{node.name}”.", f"Use one of: {known}.")
    name = node.name if isinstance(node, nodes.Name) else node.attr if isinstance(node, nodes.Getattr) else ""
    if name.startswith("_"):
        return Complaint(line, f"The name “{name}” is not allowed.", "Names begin with a letter.")
    return None


def _walk(node: nodes.Node) -> list[nodes.Node]:
    return [node, *(below for child in node.iter_child_nodes() for below in _walk(child))]


def _names(node: nodes.Node, found: list[NameUse]) -> None:
    path: list[str] = []
    inner = node
    while isinstance(inner, nodes.Getattr):
        path.insert(0, inner.attr)
        inner = inner.node
    if isinstance(inner, nodes.Name):
        found.append(NameUse(inner.name, tuple(path), inner.lineno or 1))
        return
    for child in node.iter_child_nodes():
        _names(child, found)
