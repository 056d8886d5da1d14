"""Messages as HTML: whatever the words are, the tags are ours."""

from __future__ import annotations

from dataclasses import fields, replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.web.message_html import rendered
from bot.core import elements as el
from bot.core.message import ELEMENTS, Message

HOSTILE = st.text(min_size=1, max_size=25).filter(lambda text: bool(text.strip()))
GO = el.Choice("s:c1:step:1:go", "Go")
OPTION = el.Option("a", "An option")
LINK = el.Link(url="https://mysignins.microsoft.com/security-info")


class Skeleton(HTMLParser):
    """Tags with the names of their attributes, and the text between."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, ...]] = []
        self.text = ""
        self.values: list[str | None] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))
        self.values += [value for _, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.text += data


def every_element(text: str) -> tuple[el.Element, ...]:
    """One of each kind, saying *text* wherever it says something."""
    span = el.Span(text, bold=True, italic=True, code=True, link=LINK, foreign=True)
    choice, option = replace(GO, label=text), replace(OPTION, label=text)
    return (
        el.Heading(text),
        el.Paragraph((span,), divider=True),
        el.Untrusted(text),
        el.Steps(((span,),)),
        el.Facts((el.Fact(text, text),)),
        el.Buttons((choice, replace(choice, look=el.Look.DANGER))),
        el.LinkButton(text, LINK),
        el.Select(name="a", label=text, options=(option,), submit=choice),
        el.MultiChoice(name="b", label=text, options=(option,), submit=choice),
        el.Toggle(name="c", label=text, on=True),
        el.TextInput(name="d", label=text, submit=choice, hint=text),
        el.TextInput(name="e", label=text, lines=True),
        el.DateInput(name="f", label=text, submit=choice),
        el.TimeInput(name="g", label=text),
        el.SecretRef("id", text),
        el.Image(LINK, text),
        el.Code(text),
        el.Status(text, el.Tone.ATTENTION),
        el.Confirm(text, choice, choice),
        el.Progress(text, 1, 2),
    )


def html_of(*elements: el.Element, address: str = "https://example.org/x") -> str:
    return str(
        rendered(
            Message(elements, "fallback"), lambda link: link.url or address, ident="m1", new_tab="(new tab)"
        )
    )


def test_the_list_above_is_complete() -> None:
    """A new element joins the property."""
    assert {type(one) for one in every_element("x")} == set(ELEMENTS.values())


@given(HOSTILE)
def test_no_text_changes_the_tags(text: str) -> None:
    """Not in a heading, a label, a value, a button: the skeleton is that of a harmless word."""
    text = text.replace("\n", " ").replace("\r", " ")
    if not text.strip():
        return
    for harmless, hostile in zip(every_element("word"), every_element(text), strict=True):
        assert Skeleton(html_of(hostile)).tags == Skeleton(html_of(harmless)).tags


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "&lt;b&gt;"]
)
def test_markup_is_shown_as_it_was_typed(text: str) -> None:
    """Read, not obeyed."""
    assert text in Skeleton(html_of(el.Untrusted(text))).text


def test_every_field_has_a_label_and_an_id_of_its_own() -> None:
    """For screen readers, and when a message is shown twice."""
    page = Skeleton(html_of(*every_element("word")[7:14]))
    ids = [value for value in page.values if value and value.startswith("m1-")]
    assert sorted(set(ids)) == sorted({f"m1-{name}" for name in "adefg"})


def test_a_link_whose_page_is_gone_leaves_its_words() -> None:
    """No dead button."""
    made = html_of(el.LinkButton("Open my page", el.Link(reference="case:gone")), address="")
    assert "<a" not in made
    assert "Open my page" in made


def test_links_tell_nobody_where_they_came_from() -> None:
    """Every link out opens apart, without referrer or opener."""
    made = html_of(el.LinkButton("Open", LINK), el.Paragraph((el.Span("x", link=LINK),)))
    assert made.count('rel="noopener noreferrer"') == made.count("<a ") == 2


def test_elements_have_no_field_that_is_forgotten() -> None:
    """Whoever adds a field to an element comes by here."""
    known = {
        "divider", "text", "spans", "items", "rows", "choices", "label", "link", "name", "options", "submit",
        "on", "hint", "longest", "lines", "id", "alt", "tone", "question", "yes", "no", "done", "total",
    }  # fmt: skip
    assert {one.name for kind in ELEMENTS.values() for one in fields(kind)} <= known
