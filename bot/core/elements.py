"""What a message is made of, whichever channel shows it.

Each element is the safe common part of Slack's Block Kit, Teams' Adaptive Cards and HTML; the
limits are the smallest of the three, so that whatever can be built can be shown everywhere.
Text is text: no element holds markup, and every channel escapes for itself. Four rows of the
channels' tables have no class on purpose: a *secret input* cannot be built (secrets are typed on
web pages only), a *divider* is a property of the element below it, a *disabled button* is the
message rendered again without its controls, and "opens a form" is a property of the choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

MAX_HEADING = 150
MAX_PARAGRAPH = 2900
MAX_STEPS = 10
MAX_FACTS = 10
MAX_FACT = 300
MAX_BUTTONS = 5
MAX_LABEL = 30
MAX_OPTIONS = 100
MAX_OPTION = 75
MAX_MULTI = 10
MAX_INPUT = 3000
MAX_CODE = 2500
MAX_STATUS = 300
MAX_ALT = 300
MAX_ID = 200

_FIELD = re.compile(r"[a-z0-9_]{1,60}")
_REFERENCE = re.compile(r"[a-z]+:[A-Za-z0-9_-]{1,100}")


def _fits(text: str, most: int, what: str) -> None:
    if not text.strip():
        raise ValueError(f"{what} is empty")
    if len(text) > most:
        raise ValueError(f"{what} is longer than {most} characters")


def _count(things: tuple[object, ...], most: int, what: str) -> None:
    if not 1 <= len(things) <= most:
        raise ValueError(f"{what}: 1 to {most}, not {len(things)}")


class Tone(StrEnum):
    """How a status reads. Never the only sign: the text says it too."""

    NEUTRAL = "neutral"
    GOOD = "good"
    WARNING = "warning"
    ATTENTION = "attention"


class Look(StrEnum):
    """How a button looks."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Link:
    """An address from the allow-list, or a *reference* such as ``case:<case id>`` which the
    adapter turns into an address at delivery, so that no handle is ever stored in a message."""

    url: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.reference):
            raise ValueError("a link has an address or a reference, not both")
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ValueError("a link is http or https")
        if self.reference and not _REFERENCE.fullmatch(self.reference):
            raise ValueError("a reference is kind:id")


@dataclass(frozen=True, slots=True)
class Span:
    """A run of literal text in one style. *foreign* marks a value that came from outside."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    link: Link | None = None
    foreign: bool = False


Spans = tuple[Span, ...]


def plain(spans: Spans) -> str:
    """The words without their style."""
    return "".join(span.text for span in spans)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to press: an opaque *id* (see `core.choice`) and a label. *opens* names the form
    it opens; it must be known when the button is drawn, not when it is pressed."""

    id: str
    label: str
    look: Look = Look.PLAIN
    opens: str = ""

    def __post_init__(self) -> None:
        _fits(self.label, MAX_LABEL, "label of a button")
        _fits(self.id, MAX_ID, "id of a choice")


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a list. Values hold no comma: one channel joins several with commas."""

    value: str
    label: str

    def __post_init__(self) -> None:
        _fits(self.label, MAX_OPTION, "label of an option")
        _fits(self.value, MAX_OPTION, "value of an option")
        if "," in self.value:
            raise ValueError("the value of an option holds a comma")


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """*divider* draws a line above the element."""

    divider: bool = False


@dataclass(frozen=True, slots=True)
class Heading(Element):
    text: str

    def __post_init__(self) -> None:
        _fits(self.text, MAX_HEADING, "heading")


@dataclass(frozen=True, slots=True)
class Paragraph(Element):
    """Our own words, in spans."""

    spans: Spans

    def __post_init__(self) -> None:
        _fits(plain(self.spans), MAX_PARAGRAPH, "paragraph")


@dataclass(frozen=True, slots=True)
class Untrusted(Element):
    """Words somebody else wrote; shown as they are, never through markup."""

    text: str

    def __post_init__(self) -> None:
        _fits(self.text, MAX_PARAGRAPH, "paragraph")


@dataclass(frozen=True, slots=True)
class Steps(Element):
    """Numbered instructions."""

    items: tuple[Spans, ...]

    def __post_init__(self) -> None:
        _count(self.items, MAX_STEPS, "steps")
        for item in self.items:
            _fits(plain(item), MAX_PARAGRAPH, "step")


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str

    def __post_init__(self) -> None:
        _fits(self.label, MAX_OPTION, "label of a fact")
        _fits(self.value, MAX_FACT, "fact")


@dataclass(frozen=True, slots=True)
class Facts(Element):
    rows: tuple[Fact, ...]

    def __post_init__(self) -> None:
        _count(self.rows, MAX_FACTS, "facts")


@dataclass(frozen=True, slots=True)
class Buttons(Element):
    """A choice of one."""

    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        _count(self.choices, MAX_BUTTONS, "buttons")


@dataclass(frozen=True, slots=True)
class LinkButton(Element):
    """Opens a page. Whether it was pressed is never known, and nothing may depend on it."""

    label: str
    link: Link

    def __post_init__(self) -> None:
        _fits(self.label, MAX_LABEL, "label of a link")


@dataclass(frozen=True, slots=True)
class Field(Element):
    """Something to fill in; *name* is its key in the submitted form."""

    name: str
    label: str

    def __post_init__(self) -> None:
        if not _FIELD.fullmatch(self.name):
            raise ValueError("a field's name is a-z, 0-9 and _")
        _fits(self.label, MAX_OPTION, "label of a field")


@dataclass(frozen=True, slots=True)
class Select(Field):
    """A long list with its own submit button: one channel fires on selection, another never."""

    options: tuple[Option, ...]
    submit: Choice

    def __post_init__(self) -> None:
        Field.__post_init__(self)
        _count(self.options, MAX_OPTIONS, "options")


@dataclass(frozen=True, slots=True)
class MultiChoice(Field):
    options: tuple[Option, ...]
    submit: Choice

    def __post_init__(self) -> None:
        Field.__post_init__(self)
        _count(self.options, MAX_MULTI, "options")


@dataclass(frozen=True, slots=True)
class Toggle(Field):
    """Yes or no."""

    on: bool = False


@dataclass(frozen=True, slots=True)
class TextInput(Field):
    """Typed text, checked by us when it arrives. There is no masked kind: see the module."""

    submit: Choice | None = None
    hint: str = ""
    longest: int = MAX_INPUT
    lines: bool = False

    def __post_init__(self) -> None:
        Field.__post_init__(self)
        if not 1 <= self.longest <= MAX_INPUT:
            raise ValueError(f"an input takes 1 to {MAX_INPUT} characters")


@dataclass(frozen=True, slots=True)
class DateInput(Field):
    """An ISO date."""

    submit: Choice | None = None


@dataclass(frozen=True, slots=True)
class TimeInput(Field):
    """An ISO time."""

    submit: Choice | None = None


@dataclass(frozen=True, slots=True)
class SecretRef(Element):
    """A secret waits on a page: its id and what the button says, never the value."""

    id: str
    label: str

    def __post_init__(self) -> None:
        _fits(self.label, MAX_LABEL, "label of a secret")
        _fits(self.id, MAX_ID, "id of a secret")


@dataclass(frozen=True, slots=True)
class Image(Element):
    """A picture on our own host; *alt* says what it shows."""

    link: Link
    alt: str

    def __post_init__(self) -> None:
        _fits(self.alt, MAX_ALT, "alternative text")


@dataclass(frozen=True, slots=True)
class Code(Element):
    text: str

    def __post_init__(self) -> None:
        _fits(self.text, MAX_CODE, "code")


@dataclass(frozen=True, slots=True)
class Status(Element):
    """One quiet line at the foot."""

    text: str
    tone: Tone = Tone.NEUTRAL

    def __post_init__(self) -> None:
        _fits(self.text, MAX_STATUS, "status")


@dataclass(frozen=True, slots=True)
class Confirm(Element):
    """A question before something that matters: a step of its own on every channel."""

    question: str
    yes: Choice
    no: Choice

    def __post_init__(self) -> None:
        _fits(self.question, MAX_STATUS, "question")


@dataclass(frozen=True, slots=True)
class Progress(Element):
    """How far something is; the last one sent is complete in itself."""

    text: str
    done: int
    total: int

    def __post_init__(self) -> None:
        _fits(self.text, MAX_STATUS, "progress")
        if not 0 <= self.done <= self.total or self.total < 1:
            raise ValueError("progress is between 0 and its total")
