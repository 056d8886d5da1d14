"""T: texts. Every step that speaks has words in every language, and they keep to the template language.

Words live in templates/<locale>/<flow>.yaml, keyed by step id. English is required; what another
language lacks is shown in English and listed here as a warning.

Bad:   old_phone: {text: "Does it work?"}                          # the choices have no label
Good:  old_phone: {text: "Does it work?", works: "Yes", gone: "Wiped or broken"}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.flowfile.book import Book
from bot.flowfile.findings import Finding, Severity
from bot.flowfile.parse import FlowFile
from bot.flowfile.words import REQUIRED, TITLE, WordsFile, needed

RULES: Mapping[str, str] = {
    "T001": "Every step that speaks has words, in every language",
    "T002": "Words keep to the template language",
    "T004": "Every language uses the same values",
}


def check(file: FlowFile, book: Book) -> Iterator[Finding]:
    words = book.words.get(file.flow.id, {})
    for locale in dict.fromkeys((*REQUIRED, *book.locales)):
        if locale in words:
            yield from words[locale].findings
            if not words[locale].document.unreadable:
                yield from _missing(file, book, words[locale])
                yield from _template(words[locale])
                yield from _drift(words[locale], words.get(REQUIRED[0]))
        else:
            place = file.document.positions.value("flow")
            message = f"The flow “{file.flow.id}” has no words in “{locale}”."
            remedy = f"Write templates/{locale}/{file.flow.id}.yaml."
            yield file.document.finding("T001", place, message, remedy, severity=_severity(locale))


def _severity(locale: str) -> Severity:
    return Severity.ERROR if locale in REQUIRED else Severity.WARNING


def _missing(file: FlowFile, book: Book, words: WordsFile) -> Iterator[Finding]:
    at, severity = words.document.positions, _severity(words.locale)
    if TITLE not in words.texts and not (book.callers(file.flow.id) and not book.offered(file.flow.id)):
        message = f"The flow “{file.flow.id}” has no title in “{words.locale}”."
        remedy = 'Add flow: {title: "…"}.'
        yield words.document.finding("T001", at.value(), message, remedy, severity=severity)
    for step in file.flow.steps.values():
        missing = [part for part in needed(step) if (step.id, part) not in words.texts]
        if missing:
            names = ", ".join(f"“{part}”" for part in missing)
            message = f"The step “{step.id}” has no words for {names} in “{words.locale}”."
            remedy = f"Add {step.id}: {{{', '.join(f'{part}: …' for part in missing)}}}."
            place = at.key(step.id)
            yield words.document.finding("T001", place, message, remedy, path=(step.id,), severity=severity)


def _template(words: WordsFile) -> Iterator[Finding]:
    for (step, _), text in words.texts.items():
        for complaint in text.examined.complaints:
            place = words.document.within(text.place, complaint.line)
            yield words.document.finding("T002", place, complaint.message, complaint.remedy, path=(step,))


def _drift(words: WordsFile, first: WordsFile | None) -> Iterator[Finding]:
    if first is None or first is words:
        return
    for key, text in words.texts.items():
        other = first.texts.get(key)
        if other is None:
            continue
        here, there = text.names, other.names
        if here is None or there is None or here == there:
            continue
        odd = ", ".join(sorted(here ^ there))
        step, part = key
        message = f"“{step}.{part}” uses other values in “{words.locale}” than in “{first.locale}”: {odd}."
        remedy = f"Use the same values as {first.file}, line {other.place[0]}."
        yield words.document.finding(
            "T004", text.place, message, remedy, path=(step,), severity=Severity.WARNING
        )
