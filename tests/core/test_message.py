"""The neutral message: what can be built can be shown everywhere, kept, and read back."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.elements import (
    MAX_BUTTONS,
    MAX_LABEL,
    Buttons,
    Choice,
    Code,
    Confirm,
    DateInput,
    Element,
    Fact,
    Facts,
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
)
from bot.core.message import ELEMENTS, MAX_ELEMENTS, MAX_TEXT, Message, texts

SEND = Choice("f:c1:model:2", "Send", Look.PRIMARY, opens="model")
ONE_OF_EACH: tuple[Element, ...] = (
    Heading("A heading"),
    Paragraph(
        (Span("plain "), Span("bold", bold=True), Span("it", italic=True), Span("x", code=True),
         Span("link", link=Link("https://example.org/")), Span("Ann", foreign=True)),
        divider=True,
    ),
    Untrusted("what *somebody* wrote"),
    Steps(((Span("first"),), (Span("second", bold=True),))),
    Facts((Fact("Name", "Ann"), Fact("Site", "Berlin"))),
    Buttons((Choice("s:c1:old_phone:1:works", "Yes"), Choice("menu", "No", Look.DANGER))),
    LinkButton("Open", Link(reference="case:abc")),
    Select(name="country", label="Country", options=(Option("DE", "Germany"),), submit=SEND),
    MultiChoice(name="gone", label="Gone", options=(Option("a", "A"), Option("b", "B")), submit=SEND),
    Toggle(name="shared", label="Shared computer", on=True),
    TextInput(name="model", label="Model", submit=SEND, hint="on the back", longest=80),
    DateInput(name="day", label="Day", submit=SEND),
    TimeInput(name="hour", label="Hour"),
    SecretRef("handover-1", "Show the code"),
    Image(Link("https://example.org/a.png"), "A square picture of dots"),
    Code("AADSTS50053"),
    Status("Waiting", Tone.WARNING),
    Confirm("Really?", Choice("cmd:cancel", "Yes"), Choice("cmd:resume", "No")),
    Progress("Two of three", 2, 3),
)  # fmt: skip
EVERYTHING = Message(ONE_OF_EACH, "All of it", "de")


def test_there_is_one_of_each_kind_here() -> None:
    """A new kind of element must be added to the tests of every channel."""
    assert {type(one).__name__ for one in ONE_OF_EACH} == set(ELEMENTS)


def test_a_message_survives_being_kept() -> None:
    """The transcript gives back exactly what was said."""
    assert Message.from_json(json.loads(json.dumps(EVERYTHING.to_json()))) == EVERYTHING


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"elements": []},
        {"elements": [{"is": "Secret"}], "fallback": "x", "locale": "en"},
        {"elements": [{"is": "Heading"}], "fallback": "x", "locale": "en"},
        {"elements": "x", "fallback": 1, "locale": "en"},
    ],
)
def test_what_is_no_message_is_refused(broken: dict[str, object]) -> None:
    """A row that somebody changed is an error, not a strange message."""
    with pytest.raises(ValueError, match="message"):
        Message.from_json(broken)


def test_there_is_no_masked_input_and_a_secret_holds_no_value() -> None:
    """Secrets are typed and shown on web pages only; the model cannot express anything else."""
    assert not [name for name in ELEMENTS if "password" in name.lower() or "secretinput" in name.lower()]
    assert {field.name for field in fields(SecretRef)} == {"divider", "id", "label"}


def test_an_answered_message_has_nothing_left_to_press() -> None:
    """There are no disabled buttons: the message is shown again without its controls."""
    settled = EVERYTHING.settled()
    assert settled.choices() == ()
    assert settled.links() == EVERYTHING.links()
    assert Message((Buttons((SEND,)),), "Choose").settled().text() == "Choose"


def test_everything_that_can_be_pressed_is_listed_in_order() -> None:
    """Buttons, the send button of each field, both sides of a question."""
    ids = [choice.id for choice in EVERYTHING.choices()]
    assert ids == ["s:c1:old_phone:1:works", "menu", *["f:c1:model:2"] * 4, "cmd:cancel", "cmd:resume"]


def test_an_element_of_no_known_kind_cannot_be_shown() -> None:
    """Forgetting a kind is loud."""
    with pytest.raises(TypeError, match="Element"):
        Message((Element(),), "x")


def test_everything_visible_is_in_the_plain_text() -> None:
    """Somebody who only gets text misses no word."""
    text = EVERYTHING.text()
    for words in (
        "A heading",
        "plain bolditxlinkAnn",
        "2. second",
        "Name: Ann",
        "Germany",
        "Really?",
        "Show the code",
    ):
        assert words in text


@pytest.mark.parametrize(
    "build",
    [
        lambda: Heading("x" * 151),
        lambda: Heading(" "),
        lambda: Choice("x", "x" * (MAX_LABEL + 1)),
        lambda: Choice("x" * 201, "x"),
        lambda: Buttons(tuple(Choice("a", "A") for _ in range(MAX_BUTTONS + 1))),
        lambda: Steps(tuple((Span("x"),) for _ in range(11))),
        lambda: Option("a,b", "A"),
        lambda: Paragraph(()),
        lambda: Link("javascript:alert(1)"),
        lambda: Link("https://a/", "case:1"),
        lambda: Link(),
        lambda: Link(reference="case:../../x"),
        lambda: Image(Link("https://a/"), ""),
        lambda: Progress("x", 4, 3),
        lambda: Toggle(name="Name!", label="x"),
        lambda: TextInput(name="a", label="A", longest=3001),
        lambda: Message((), "x"),
        lambda: Message((Heading("x"),), "two\nlines"),
        lambda: Message(tuple(Heading("x") for _ in range(MAX_ELEMENTS + 1)), "x"),
        lambda: Message(tuple(Paragraph((Span("x" * 2900),)) for _ in range(MAX_TEXT // 2900 + 1)), "x"),
    ],
)
def test_what_some_channel_cannot_show_cannot_be_built(build: object) -> None:
    """The limits are the smallest of all channels, checked when the value is made."""
    assert callable(build)
    with pytest.raises(ValueError):
        build()


@given(st.text(min_size=1).filter(lambda text: bool(text.split())))
def test_a_line_of_any_length_has_a_short_fallback(text: str) -> None:
    """The lock screen shows one short line, whatever was said."""
    message = Message.line(text[:2900])
    assert len(message.fallback) <= 300
    assert "".join(texts(message.elements[0])) == text[:2900]
