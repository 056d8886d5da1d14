"""One message to a person, in no channel's language.

A `Message` is a list of elements (`core.elements`) and one line for lock screens and screen
readers. It is checked when it is built, kept as JSON, and turned into a channel's own form by
that channel's adapter, which also resolves references in links at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from bot.core.elements import (
    Buttons,
    Choice,
    Code,
    Confirm,
    DateInput,
    Element,
    Fact,
    Facts,
    Field,
    Heading,
    Image,
    Link,
    LinkButton,
    Look,
    MultiChoice,
    Option,
    Paragraph,
    Progress,
    SecretRef,
    Select,
    Span,
    Status,
    Steps,
    TextInput,
    TimeInput,
    Toggle,
    Tone,
    Untrusted,
    plain,
)

MAX_ELEMENTS = 40
MAX_TEXT = 12_000
MAX_FALLBACK = 300

ELEMENTS: dict[str, type[Element]] = {
    kind.__name__: kind
    for kind in (
        Heading, Paragraph, Untrusted, Steps, Facts, Buttons, LinkButton, Select, MultiChoice, Toggle,
        TextInput, DateInput, TimeInput, SecretRef, Image, Code, Status, Confirm, Progress,
    )
}  # fmt: skip
CONTROLS = (Buttons, Select, MultiChoice, Toggle, TextInput, DateInput, TimeInput, Confirm)


@dataclass(frozen=True, slots=True)
class Message:
    """*fallback* is the whole in one plain line. *locale* is the language it is in, which is not
    always the one that was asked for. A *private* message holds what a person wrote: it is sent, but
    our store keeps it sealed or not at all."""

    elements: tuple[Element, ...]
    fallback: str
    locale: str = "en"
    private: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.elements) <= MAX_ELEMENTS:
            raise ValueError(f"a message has 1 to {MAX_ELEMENTS} elements")
        if sum(len(text) for element in self.elements for text in texts(element)) > MAX_TEXT:
            raise ValueError(f"a message has at most {MAX_TEXT} characters")
        if not self.fallback.strip() or len(self.fallback) > MAX_FALLBACK or "\n" in self.fallback:
            raise ValueError(f"a fallback is one line of at most {MAX_FALLBACK} characters")

    @classmethod
    def line(cls, text: str, *, locale: str = "en") -> Message:
        """A message of one plain paragraph."""
        one = " ".join(text.split())
        short = one if len(one) <= MAX_FALLBACK else one[: MAX_FALLBACK - 1] + "…"
        return cls((Paragraph((Span(text),)),), short, locale)

    def choices(self) -> tuple[Choice, ...]:
        """Everything that can be pressed, in order."""
        return tuple(choice for element in self.elements for choice in _choices(element))

    def links(self) -> tuple[LinkButton, ...]:
        return tuple(element for element in self.elements if isinstance(element, LinkButton))

    def settled(self) -> Message:
        """The message once answered: the same without anything to press or fill in."""
        left = tuple(element for element in self.elements if not isinstance(element, CONTROLS))
        return Message(left or (Paragraph((Span(self.fallback),)),), self.fallback, self.locale)

    def at_rest(self) -> Message:
        """The message as it may lie in a database: of a private one only that there was one."""
        return Message.line("\u2026", locale=self.locale) if self.private else self

    def text(self) -> str:
        """All of it as plain text, one element a line; controls leave their labels."""
        return "\n".join(" ".join(texts(element)) for element in self.elements)

    def to_json(self) -> dict[str, Any]:
        return {
            "fallback": self.fallback,
            "locale": self.locale,
            "elements": [{"is": type(one).__name__, **_json(one)} for one in self.elements],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Message:
        """Undo `to_json`. Raises ValueError for anything else."""
        try:
            elements = tuple(_element(one) for one in data["elements"])
            return cls(elements, data["fallback"], data["locale"])
        except (KeyError, TypeError, AttributeError) as err:
            raise ValueError("not a message") from err


def texts(element: Element) -> Iterator[str]:
    """Every visible text of *element*, in reading order."""
    match element:
        case Heading() | Untrusted() | Code() | Status() | Progress():
            yield element.text
        case Paragraph():
            yield plain(element.spans)
        case Steps():
            for number, item in enumerate(element.items, 1):
                yield f"{number}. {plain(item)}"
        case Facts():
            for row in element.rows:
                yield f"{row.label}: {row.value}"
        case Image():
            yield element.alt
        case Confirm():
            yield element.question
            yield element.yes.label
            yield element.no.label
        case Field():
            yield element.label
            yield from (option.label for option in getattr(element, "options", ()))
            yield from (choice.label for choice in _choices(element))
        case Buttons():
            yield from (choice.label for choice in element.choices)
        case LinkButton() | SecretRef():
            yield element.label
        case _:
            raise TypeError(type(element).__name__)


def _choices(element: Element) -> tuple[Choice, ...]:
    match element:
        case Buttons():
            return element.choices
        case Confirm():
            return (element.yes, element.no)
        case Select() | MultiChoice():
            return (element.submit,)
        case TextInput() | DateInput() | TimeInput():
            return (element.submit,) if element.submit else ()
        case _:
            return ()


def _json(value: Any) -> dict[str, Any]:
    """The fields of one frozen value that differ from their default."""
    found = {field.name: (getattr(value, field.name), field.default) for field in fields(value)}
    return {name: _plain(one) for name, (one, default) in found.items() if one != default}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Span | Link | Choice | Option | Fact):
        return _json(value)
    return value


def _element(data: dict[str, Any]) -> Element:
    kind = ELEMENTS[data["is"]]
    return kind(**{name: _read(name, value) for name, value in data.items() if name != "is"})


def _span(data: dict[str, Any]) -> Span:
    return Span(**{name: _read(name, value) for name, value in data.items()})


def _spans(data: Iterable[dict[str, Any]]) -> tuple[Span, ...]:
    return tuple(_span(one) for one in data)


def _choice(data: dict[str, Any]) -> Choice:
    return Choice(**{name: Look(value) if name == "look" else value for name, value in data.items()})


def _read(name: str, value: Any) -> Any:
    """A field's value back from JSON; a name means the same type in every element."""
    match name:
        case "spans":
            return _spans(value)
        case "items":
            return tuple(_spans(item) for item in value)
        case "rows":
            return tuple(Fact(**row) for row in value)
        case "choices":
            return tuple(_choice(one) for one in value)
        case "submit" | "yes" | "no":
            return _choice(value)
        case "options":
            return tuple(Option(**one) for one in value)
        case "link":
            return Link(**value)
        case "tone":
            return Tone(value)
        case _:
            return value
