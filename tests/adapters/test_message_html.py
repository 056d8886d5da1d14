"""The neutral message as HTML: golden, escaped, and usable without a pointer or a picture."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.web.message_html import rendered
from bot.core.elements import Fact, Facts, Heading, Link, LinkButton, Paragraph, Span, Status, Untrusted
from bot.core.message import Message
from tests.core.test_message import EVERYTHING, ONE_OF_EACH

GOLDEN = Path(__file__).parent / "golden" / "message.html"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onclick='x",
    "&lt;b&gt;",
    "</p></div>",
]


def address(link: Link) -> str:
    return link.url or f"https://keyturn.example/c/{link.reference.partition(':')[2]}"


def html(message: Message, to: object = address) -> str:
    assert callable(to)
    return str(rendered(message, to, ident="m1", new_tab="(new tab)"))


class Tags(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_every_element_looks_as_it_did() -> None:
    """A change of what people see is a change of this file, looked at in review."""
    assert html(EVERYTHING) + "\n" == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("element", ONE_OF_EACH, ids=lambda one: type(one).__name__)
def test_every_word_of_an_element_is_on_the_page(element: object) -> None:
    """Nothing visible in plain text is missing in HTML."""
    message = Message((element,), "x")  # type: ignore[arg-type]
    text = re.sub(r'<[^>]*?(?:alt="([^"]*)")?>', r"\1", html(message)).replace(" (new tab)", "")
    for word in re.findall(r"[A-Za-z]+", message.text()):
        assert word in text


@given(st.text(min_size=1, max_size=80).filter(str.strip) | st.sampled_from(HOSTILE))
def test_no_text_becomes_a_tag(text: str) -> None:
    """Whatever a name holds, the page has the same tags."""

    def page(words: str) -> list[str]:
        message = Message(
            (
                Heading(words), Paragraph((Span(words, bold=True, foreign=True),)), Untrusted(words),
                Facts((Fact("Name", words),)), Status(words),
            ),
            "x",
        )  # fmt: skip
        return [tag for tag, _ in Tags(html(message)).found if tag != "br"]

    assert page(text) == page("Ann")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_an_attribute(text: str) -> None:
    """Labels and links stay inside their quotes."""
    message = Message((LinkButton(text[:30], Link("https://example.org/?q=" + text)),), "x")
    ((_, _), (tag, attributes), *_rest) = Tags(html(message)).found
    assert tag == "a"
    assert set(attributes) == {"class", "href", "target", "rel"}
    assert "noopener" in str(attributes["rel"])


def test_a_name_of_another_direction_is_set_apart() -> None:
    """A right-to-left name does not turn our sentence around."""
    message = Message((Paragraph((Span("Hello "), Span("שלום", foreign=True))),), "x")
    assert "<bdi>שלום</bdi>" in html(message)


def test_every_field_has_its_label_and_every_picture_its_words() -> None:
    """Usable with a screen reader."""
    tags = Tags(html(EVERYTHING)).found
    labelled = {attributes.get("for") for tag, attributes in tags if tag == "label"}
    for tag, attributes in tags:
        if tag in ("select", "textarea") or (tag == "input" and attributes.get("type") != "checkbox"):
            assert attributes["id"] in labelled
        if tag == "img":
            assert attributes["alt"]


def test_there_is_nothing_inline_for_a_strict_policy_to_forbid() -> None:
    """No script, no style, no handler in any attribute."""
    for tag, attributes in Tags(html(EVERYTHING)).found:
        assert tag not in ("script", "style", "iframe", "form")
        assert not [name for name in attributes if name.startswith("on") or name == "style"]


def test_a_link_whose_page_is_gone_leaves_its_words() -> None:
    """Old messages stay readable."""
    message = Message((LinkButton("Open my case page", Link(reference="case:1")),), "x")
    gone = html(message, lambda link: "")
    assert "Open my case page" in gone
    assert "<a" not in gone
