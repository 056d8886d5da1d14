"""Messages as Adaptive Cards: as they looked when somebody looked at them, within the limits of the
oldest client, and the same for whatever a name or a sentence of somebody's holds (T13).
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.elements import (
    MAX_BUTTONS,
    MAX_ID,
    MAX_LABEL,
    Buttons,
    Choice,
    Code,
    Fact,
    Facts,
    Heading,
    Link,
    LinkButton,
    Option,
    Paragraph,
    Select,
    Span,
    Status,
    TextInput,
    Untrusted,
)
from bot.core.message import MAX_ELEMENTS, Message
from tests.adapters.teams.drawing import CARDS, GOLDEN, IN_PLACE, card, drawn, groups, written
from tests.core.test_message import ONE_OF_EACH
from tests.fakes.shipped import LOCALES, homes, kinds, messages
from tests.fakes.teams.cards import complaints, inputs_of, size, text_of, walk

HOSTILE = [
    "**bold** _it_ [click](https://evil.example)", "<at>Everyone</at>",
    "{{DATE(2026-01-01T00:00:00Z, SHORT)}}",
    "{{{{x}}}}", "# big", "1. one\n2. two", "- a\r- b", "\\*not\\*", "a\u202egnp.exe", "zero\u200bwidth",
    "![x](https://evil.example/a.png)", "`code`", "<b>b</b> &lt;i&gt;", "https://evil.example",
    "a,b;c|d", "{{",
]  # fmt: skip


@pytest.mark.parametrize("group", ["en", "de", "kinds"])
def test_every_message_looks_as_it_did(group: str) -> None:
    """A change of what people see is a change of this file, looked at in review."""
    golden = (GOLDEN / f"{group}.tsv").read_text(encoding="utf-8")
    now = dict(line.split("\t", 1) for line in written(groups()[group]).splitlines())
    then = dict(line.split("\t", 1) for line in golden.splitlines())
    assert now.keys() == then.keys()
    assert {name: json.loads(one) for name, one in now.items()} == {
        name: json.loads(one) for name, one in then.items()
    }


@pytest.mark.parametrize("locale", LOCALES)
def test_every_message_shows_on_every_client(locale: str) -> None:
    """Known elements and properties of version 1.5, few enough buttons, small enough."""
    for name, message in {**messages(locale), **homes(locale), **kinds()}.items():
        assert complaints(card(message)) == [], name


@pytest.mark.parametrize("locale", LOCALES)
def test_the_lock_screen_shows_one_plain_line(locale: str) -> None:
    """Never “Sent a card”, never a link, and no more than the message itself says."""
    for name, message in messages(locale).items():
        summary = drawn(message)["summary"]
        assert summary.strip(), name
        assert "\n" not in summary
        assert "://" not in summary


@pytest.mark.parametrize("element", ONE_OF_EACH, ids=lambda one: type(one).__name__)
def test_every_word_of_an_element_is_on_the_card(element: Any) -> None:
    """Nothing visible in plain text is missing; fields that open in a form stand there."""
    message = Message((element,), "x")
    shown = json.dumps(card(message))
    form = CARDS.form(message, "f:c1:model:2", nonce="n", ref="r")
    shown += json.dumps(form or {})
    spans = getattr(element, "spans", ())
    text = " ".join(span.text for span in spans) if spans else message.text()
    words = re.findall(r"[A-Za-z]{3,}", text)
    assert [word for word in words if word not in shown] == []


def test_buttons_carry_a_choice_and_a_nonce_and_nothing_else() -> None:
    """What a client holds, anybody at that client can read and change."""
    for _, node in walk(card(messages("en")["new_phone.old_phone.text"])):
        if node.get("type") in {"Action.Execute", "Action.Submit"}:
            assert set(node["data"]) <= {"_c", "_n", "_r", "msteams"}


def test_a_message_drawn_again_has_the_same_nonces() -> None:
    """So that a press of the first drawing and of the second are one."""
    message = messages("en")["common.menu"]
    assert drawn(message, key="a") == drawn(message, key="a")
    assert drawn(message, key="a") != drawn(message, key="b")


def test_no_input_can_take_the_place_of_our_data() -> None:
    """Teams merges the inputs into the data of the button; ids and keys never meet."""
    ids = [one["id"] for one in inputs_of(card(IN_PLACE))]
    assert ids
    assert all(one.startswith("f_") for one in ids)


def test_no_field_of_ours_hides_what_is_typed() -> None:
    """A masked field would ask for a secret, and the bot never does."""
    for locale in LOCALES:
        assert '"password"' not in json.dumps([drawn(one) for one in messages(locale).values()])


@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_others_are_shown_as_they_are(text: str) -> None:
    """In quotes, in a name inside our sentence, in a fact: no element but TextRun and none that is read
    as Markdown holds them."""
    message = Message(
        (
            Heading("Who asks"),
            Paragraph((Span("Hello "), Span(" ".join(text.split()), foreign=True))),
            Untrusted(text),
            Facts((Fact("Name", " ".join(text.split())),)),
            Code(text),
        ),
        "x",
    )
    drawing = card(message)
    assert complaints(drawing) == []
    for kind, node in walk(drawing):
        if kind == "TextBlock":
            assert "evil.example" not in node["text"]
            assert "<at>" not in node["text"]
        assert "{{" not in node.get("text", "")


_TEXT = st.text(min_size=1, max_size=60).filter(str.strip) | st.sampled_from(HOSTILE)


def _bones(node: Any) -> Any:
    """A card without its words: what kinds of things it is made of."""
    if isinstance(node, dict):
        held = {name: _bones(one) for name, one in node.items() if name not in {"text", "title", "value"}}
        return held if node.get("type") != "RichTextBlock" else {"type": "RichTextBlock"}
    if isinstance(node, list):
        return [_bones(one) for one in node]
    return node


@given(_TEXT)
def test_no_text_changes_what_a_card_is_made_of(text: str) -> None:
    """A thousand hostile names: the same elements, the same buttons, the same links."""
    one = " ".join(text.split())

    def bones(words: str) -> Any:
        made = Message(
            (
                Paragraph((Span("Hello "), Span(words, foreign=True), Span("!"))),
                Status(f"From {words}"),
                Buttons((Choice("menu", words[:MAX_LABEL].strip() or "x"),)),
            ),
            "x",
        )
        drawing = card(made)
        assert complaints(drawing) == []
        kinds_of = [k for k, _ in walk(drawing)]
        return [k for k in kinds_of if k.startswith(("Action", "Input", "Image", "Container"))], [
            node.get("url") for _, node in walk(drawing) if "url" in node
        ]

    assert bones(one or "x") == bones("Ann")


@given(_TEXT)
def test_headings_and_labels_are_read_as_written(text: str) -> None:
    """Where Teams has only a TextBlock, what means something there is escaped."""
    one = " ".join(text.split()) or "x"
    for kind, node in walk(card(Message((Heading(one[:150]),), "x"))):
        if kind == "TextBlock":
            unescaped = node["text"].replace("\\", "")
            assert "{{" not in unescaped
            for mark in "*_[]`#":
                at = -1
                while (at := node["text"].find(mark, at + 1)) > 0:
                    assert node["text"][at - 1] == "\\"
                assert not node["text"].startswith(mark)


def test_the_largest_message_fits() -> None:
    """Forty elements, twelve thousand characters, every button with a long id."""
    buttons = Buttons(
        tuple(Choice("s:" + "x" * (MAX_ID - 3) + str(n), "Ä" * MAX_LABEL) for n in range(MAX_BUTTONS))
    )
    message = Message((buttons,) * 30 + (Untrusted("ß" * 745),) * (MAX_ELEMENTS - 30), "x")
    drawing = card(message)
    assert size(drawing) <= 80 * 1024
    assert "ß" in text_of(drawing)
    options = tuple(Option(f"{n:075d}", "ü" * 75) for n in range(100))
    long_list = Select(name="one", label="One", options=options, submit=Choice("menu", "Send"))
    assert complaints(card(Message((long_list,), "x"))) == []


def test_links_lead_where_they_did_only_while_their_page_is_there() -> None:
    """An old message keeps its words and loses its link."""
    message = Message((LinkButton("Open my case page", Link(reference="case:1")),), "x")
    gone = type(CARDS)(lambda link: "", CARDS.words).card(message, key="k")
    assert "Open my case page" in text_of(gone)
    assert "Action.OpenUrl" not in json.dumps(gone)


def test_only_agents_on_duty_are_asked_for_views_of_their_own() -> None:
    """And the base card, which everybody sees and keeps, is the same."""
    message = messages("en")["card.approval"]
    base, viewed = card(message), card(message, refresh=("29:1a", "29:1b"))
    assert viewed["refresh"]["userIds"] == ["29:1a", "29:1b"]
    assert viewed["refresh"]["action"]["verb"] == "refresh"
    assert {name: one for name, one in viewed.items() if name != "refresh"} == base


def test_every_field_has_its_label() -> None:
    """Usable with a screen reader."""
    for one in inputs_of(card(IN_PLACE)):
        assert one.get("label") or one.get("title")


def test_a_typed_answer_is_as_long_as_the_question_allows() -> None:
    """The client counts; we count again."""
    message = Message((TextInput(name="model", label="Model", longest=80),), "x")
    assert inputs_of(card(message))[0]["maxLength"] == 80
