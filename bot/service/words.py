"""Words: from what the core wants to say to a message in somebody's language.

Rendered after the commit, from the words of the case's own flow version. A template is run with
placeholders in place of values, the result is read as light Markdown, and only then do values
become literal text: no name can make a link, a heading or a line of its own.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jinja2 import Template

from bot.core.choice import StepChoice, StepForm
from bot.core.effects import Refuse, Say, Tell
from bot.core.elements import (
    MAX_BUTTONS,
    MAX_LABEL,
    MAX_OPTION,
    Buttons,
    Choice,
    DateInput,
    Element,
    Link,
    LinkButton,
    Option,
    Paragraph,
    Select,
    Status,
    TextInput,
    plain,
)
from bot.core.message import MAX_ELEMENTS, MAX_FALLBACK, MAX_TEXT, Message, texts
from bot.core.model import Command
from bot.core.text import clipped
from bot.flowfile.wording import environment
from bot.service.badge_words import asked, asking
from bot.service.markdown import LightMarkdown
from bot.service.matching import folded, matched
from bot.service.values import held, named, written
from bot.service.word_files import FALLBACK, Found, WordFiles

_MOST_TEMPLATES = 4096
_MOST_FLOWS = 64
_LONGEST_INPUT = {"text": 300, "phone_model": 80, "country": 60, "number": 20}


@dataclass(frozen=True, slots=True)
class Scene:
    """Whom a message is for: the language of the case, and which case. *door*: it is shown at the front
    door, where the browser has the case page already."""

    locale: str
    case_id: str = ""
    number: str = ""
    door: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """How to reach people, said in many texts."""

    phone: str
    hours: str


class WordService:
    """Implements `ports.words.Words`, and renders effects. One per process; keeps only caches."""

    def __init__(self, system: WordFiles, *, desk: Desk, links: Mapping[str, str]) -> None:
        """*links*: the names texts may link to, and their addresses."""
        self._system = system
        self._always = {"desk": {"phone": desk.phone, "hours": desk.hours}}
        self._markdown = LightMarkdown(links)
        self._templates: OrderedDict[tuple[str, str, bool], Template] = OrderedDict()
        self._flows: OrderedDict[str, WordFiles] = OrderedDict()

    @property
    def locales(self) -> tuple[str, ...]:
        """Languages the system's own words exist in, English first."""
        return self._system.locales

    def flow(self, flow_hash: str, files: Callable[[], Mapping[str, str]]) -> WordFiles:
        """The words of one flow version; *files* is asked only when they are not at hand."""
        if flow_hash not in self._flows:
            self._flows[flow_hash] = WordFiles(files())
            while len(self._flows) > _MOST_FLOWS:
                self._flows.popitem(last=False)
        return self._flows[flow_hash]

    # --- plain texts ---------------------------------------------------------------------------

    def say(self, locale: str, key: str, **values: object) -> str:
        """See `ports.words.Words`."""
        return self._plain(self._need(locale, key), values)

    def label(self, words: WordFiles, locale: str, flow: str, step: str, choice: str) -> str:
        """What the button of *choice* says; the id itself where no words exist."""
        found = words.find(locale, flow, step, choice)
        return clipped(self._plain(found, {}), MAX_OPTION) if found else choice

    def title(self, words: WordFiles, locale: str, flow: str) -> str:
        """What a flow is called on a button."""
        found = words.find(locale, flow, "flow", "title")
        return clipped(self._plain(found, {}), MAX_LABEL) if found else clipped(flow, MAX_LABEL)

    def matched(
        self, words: WordFiles, locale: str, flow: str, step: str, choices: Iterable[str], typed: str
    ) -> str | None:
        """The choice of *step* that *typed* means in *locale*, or None."""
        labels = {choice: self.label(words, locale, flow, step, choice) for choice in choices}
        return matched(labels, typed)

    def command(self, typed: str) -> tuple[Command, str] | None:
        """The engine-wide word that *typed* is, in any language; with the locale for `language`."""
        return self._commands.get(folded(typed))

    def confirmed(self, typed: str) -> str | None:
        """The case number of *confirm 482913*, in any language, else None."""
        text = folded(typed)
        if not text[-6:].isdecimal() or not text[-6:].isascii():
            return None
        return text[-6:] if text[:-6] in self._confirming else None

    def badge(self, typed: str) -> str | None:
        """Who *typed* asks about, in any language, as in *is Sam working on my case?*; empty where it
        names nobody, None for another sentence."""
        return asked(self._badges, typed)

    @cached_property
    def _badges(self) -> tuple[re.Pattern[str], ...]:
        return asking(entry for _, entry in self._system.lists("system/badge", "asks"))

    @cached_property
    def _commands(self) -> Mapping[str, tuple[Command, str]]:
        """By folded word; looked at for every message. What stands first in a file wins."""
        names = self._system.lists("system/commands", "languages")
        found = {folded(name): (Command.LANGUAGE, locale) for locale, name in reversed([*names])}
        for command in Command:
            for _, entry in self._system.lists("system/commands", command.value):
                found.setdefault(folded(entry), (command, ""))
        found.pop("", None)
        return found

    @cached_property
    def _confirming(self) -> frozenset[str]:
        return frozenset(folded(entry) for _, entry in self._system.lists("system/commands", "confirm"))

    # --- messages ------------------------------------------------------------------------------

    def render(self, effect: Say | Tell | Refuse, words: WordFiles, scene: Scene) -> Message | None:
        """The message of *effect*, or None where its author wrote no words (an outcome may pass
        in silence)."""
        match effect:
            case Refuse():
                return self.tell(scene, f"reasons.{effect.reason.value}")
            case Tell():
                return self.tell(scene, f"common.{effect.key}", effect.values)
            case Say():
                return self._say(effect, words, scene)

    def tell(
        self,
        scene: Scene,
        key: str,
        values: Mapping[str, object] | None = None,
        *,
        choices: Sequence[Choice] = (),
        more: Sequence[Element] = (),
    ) -> Message:
        """A message of the system's own words, read as Markdown, with *more* below and *choices*
        last. Raises KeyError for an unknown key."""
        found = self._need(scene.locale, key)
        elements = [*self._elements(found, values or {}, scene), *more]
        rows = -(-len(choices) // MAX_BUTTONS)
        size = -(-len(choices) // rows) if rows else 0
        elements += [Buttons(tuple(choices[at * size : (at + 1) * size])) for at in range(rows)]
        return self._message(elements, found, scene)

    def _say(self, effect: Say, words: WordFiles, scene: Scene) -> Message | None:
        found = words.find(scene.locale, effect.flow, effect.step, effect.part)
        if found is None and effect.part in ("text", "invalid", "remind"):
            found = self._need(scene.locale, f"common.{'unworded' if effect.part == 'text' else effect.part}")
        if found is None:
            return None
        elements = self._elements(found, effect.values, scene)
        if effect.link == "case":
            elements += self._case_link(scene)
        if effect.choices:
            elements.append(self._choices(effect, words, scene))
        if effect.asks:
            elements.append(self._input(effect, scene))
        if effect.choices or effect.asks:
            elements.append(Status(self.say(scene.locale, "common.also")))
        if not elements:
            return None
        return self._message(elements, found, scene)

    def _case_link(self, scene: Scene) -> list[Element]:
        found = self._need(scene.locale, "common.case_link_door" if scene.door else "common.case_link")
        label = self.say(scene.locale, "common.case_link_button")
        return [
            *self._elements(found, {}, scene),
            LinkButton(clipped(label, MAX_LABEL), Link(reference=f"case:{scene.case_id}")),
        ]

    def _choices(self, effect: Say, words: WordFiles, scene: Scene) -> Element:
        labels = {
            choice: self.label(words, scene.locale, effect.flow, effect.step, choice)
            for choice in effect.choices
        }
        if len(labels) <= MAX_BUTTONS:
            return Buttons(
                tuple(
                    Choice(
                        str(StepChoice(scene.case_id, effect.step, effect.version, choice)),
                        clipped(label, MAX_LABEL),
                    )
                    for choice, label in labels.items()
                )
            )
        options = tuple(Option(choice, label) for choice, label in labels.items())
        asked = self.say(scene.locale, "common.choose")
        return Select(name="choice", label=asked, options=options, submit=self._submit(effect, scene))

    def _input(self, effect: Say, scene: Scene) -> Element:
        label = self.say(scene.locale, f"common.input.{effect.asks}")
        submit = self._submit(effect, scene)
        if effect.asks == "date":
            return DateInput(name="value", label=label, submit=submit)
        return TextInput(
            name="value", label=label, submit=submit, longest=_LONGEST_INPUT.get(effect.asks, 300)
        )

    def _submit(self, effect: Say, scene: Scene) -> Choice:
        ident = str(StepForm(scene.case_id, effect.step, effect.version))
        return Choice(ident, self.say(scene.locale, "common.send"))

    # --- inside --------------------------------------------------------------------------------

    def _need(self, locale: str, key: str) -> Found:
        area, *keys = key.split(".")
        found = self._system.find(locale, f"system/{area}", *keys)
        if found is None:
            raise KeyError(key)
        return found

    def _elements(self, found: Found, values: Mapping[str, object], scene: Scene) -> list[Element]:
        context = {**values, **self._always, "case": {"number": scene.number}}
        return self._markdown.elements(self._run(found, context, marked=True))

    def _plain(self, found: Found, values: Mapping[str, object]) -> str:
        return self._run(found, {**self._always, **values}, marked=False).strip()

    def _run(self, found: Found, values: Mapping[str, Any], *, marked: bool) -> str:
        key = (found.locale, found.text, marked)
        if key not in self._templates:
            env = environment(found.locale, finalize=held if marked else written)
            self._templates[key] = env.from_string(found.text)
            while len(self._templates) > _MOST_TEMPLATES:
                self._templates.popitem(last=False)
        return self._templates[key].render(named(values))

    def _message(self, elements: list[Element], found: Found, scene: Scene) -> Message:
        if found.locale != scene.locale.partition("-")[0] and found.locale != scene.locale:
            elements.append(Status(self.say(scene.locale, "common.in_english")))
        kept = _fitted(elements)
        return Message(tuple(kept), _fallback(kept), found.locale)


def _fallback(elements: Sequence[Element]) -> str:
    words = [plain(one.spans) for one in elements if isinstance(one, Paragraph)]
    words = words or [text for one in elements for text in texts(one)]
    return clipped(" ".join(" ".join(words).split()), MAX_FALLBACK)


def _fitted(elements: Sequence[Element]) -> list[Element]:
    """As many elements as fit; what can be pressed goes before what can only be read."""
    kept = list(elements)
    while len(kept) > MAX_ELEMENTS or sum(len(text) for one in kept for text in texts(one)) > MAX_TEXT:
        spare = [one for one in kept if isinstance(one, Paragraph | Status)] or kept
        kept.remove(spare[-1])
    return kept


__all__ = ["FALLBACK", "Desk", "Scene", "WordFiles", "WordService"]
