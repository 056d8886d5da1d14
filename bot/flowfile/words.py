"""A words file as the linter sees it: the texts of one flow in one language, with their places.

Rendering is elsewhere; this knows only which step has which part, and where it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bot.core.flow import Flow, Step
from bot.core.tables import Awaited, Verb
from bot.flowfile.findings import Finding
from bot.flowfile.reader import Document, Place, read
from bot.flowfile.wording import Examined, examined

REQUIRED = ("en",)
"""Languages without which a flow is not used; what others lack is debt, shown in English."""
TITLE = ("flow", "title")
_SPEAKING = frozenset({Verb.SAY, Verb.ASK, Verb.INPUT, Verb.PROVE, Verb.REQUEST, Verb.HANDOFF})


@dataclass(frozen=True)
class Text:
    """One text and where its value begins."""

    text: str
    place: Place

    @cached_property
    def examined(self) -> Examined:
        """Read as a template, once, for every rule that asks."""
        return examined(self.text)

    @property
    def names(self) -> frozenset[str] | None:
        """The dotted names it uses; None where it cannot be read."""
        uses = self.examined.names
        return None if uses is None else frozenset(".".join((use.name, *use.attributes)) for use in uses)


@dataclass(frozen=True, slots=True)
class WordsFile:
    """*texts* is keyed by (step, part); a step written as one text has it under `text`."""

    file: str
    locale: str
    document: Document
    texts: Mapping[tuple[str, str], Text]
    findings: tuple[Finding, ...]


def read_words(text: str, file: str, locale: str) -> WordsFile:
    """Read one words file; what is no text becomes a finding."""
    document = read(text, file)
    texts: dict[tuple[str, str], Text] = {}
    findings = list(document.findings)
    data, at = document.data, document.positions
    if data is not None and not isinstance(data, dict):
        findings.append(_no_text(document, at.value(), "A words file is a mapping of steps."))
        data = {}
    for step, value in (data or {}).items():
        if isinstance(value, str):
            texts[step, "text"] = Text(value, at.value(step))
            continue
        if not isinstance(value, dict):
            findings.append(_no_text(document, at.value(step), f"The words of “{step}” are a list."))
            continue
        for part, one in value.items():
            if isinstance(one, str):
                texts[step, part] = Text(one, at.value(step, part))
            else:
                findings.append(_no_text(document, at.value(step, part), f"“{step}.{part}” is no text."))
    return WordsFile(file, locale, document, texts, tuple(findings))


def _no_text(document: Document, place: Place, message: str) -> Finding:
    return document.finding("F006", place, message, 'Write: step: "text", or step: {text: "…", choice: "…"}.')


def needed(step: Step) -> tuple[str, ...]:
    """The parts that every language must have for *step*."""
    if step.verb is Verb.ASK or step.what == Awaited.PERSON_DONE:
        return ("text", *step.choices)
    if step.verb in _SPEAKING or (step.verb is Verb.WAIT and not step.span):
        return ("text",)
    return ()


def with_parts(flow: Flow, words: Mapping[str, WordsFile]) -> Flow:
    """*flow* knowing which parts its steps have words for, in whatever language."""
    parts: dict[str, set[str]] = {}
    for one in words.values():
        for step, part in one.texts:
            parts.setdefault(step, set()).add(part)
    steps = {name: replace(step, parts=frozenset(parts.get(name, ()))) for name, step in flow.steps.items()}
    return replace(flow, steps=steps)
