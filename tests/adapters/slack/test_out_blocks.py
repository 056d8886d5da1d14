"""Messages as Block Kit: as kept, within every limit, and never markup."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.slack.blocks import fallback, rendered
from bot.adapters.slack.fitting import messages, view_blocks
from bot.adapters.slack.wire import filled_in
from bot.core.elements import (
    MAX_BUTTONS,
    MAX_CODE,
    MAX_OPTION,
    MAX_OPTIONS,
    MAX_PARAGRAPH,
    Buttons,
    Choice,
    Code,
    Confirm,
    Element,
    Fact,
    Facts,
    Heading,
    Link,
    LinkButton,
    Look,
    Option,
    Paragraph,
    Select,
    Span,
    Status,
    Steps,
    TextInput,
    Toggle,
    Untrusted,
)
from bot.core.message import MAX_ELEMENTS, Message
from tests.adapters.slack import renders
from tests.adapters.slack.block_limits import FALLBACK, complaints, view_complaints
from tests.core.test_message import ONE_OF_EACH
from tests.fakes.slack.blocks import problems

HOSTILE = (
    "*bold* _it_ ~no~ `code` :bomb: @here #general <!channel> <@U0BOSS> <https://evil.example|Reset> & > "
    "https://evil.example \u202e"
)


def runs(node: Any, key: str = "") -> Iterator[dict[str, Any]]:
    """Every text object and every run of rich text below *node*."""
    if isinstance(node, dict):
        if node.get("type") in {"plain_text", "mrkdwn", "text", "link"}:
            yield node
        for below in node.values():
            yield from runs(below)
    elif isinstance(node, list):
        for below in node:
            yield from runs(below)


def drawn(*elements: Element) -> list[dict[str, Any]]:
    return rendered(Message(elements, "x"), renders.address)


@pytest.mark.parametrize("name", ["en", "de", "kinds"])
def test_every_shipped_message_is_drawn_as_it_was_looked_at(name: str) -> None:
    """A change of words or of rendering is seen in the diff of a golden file, in every language. Write
    them anew with: python -m tests.adapters.slack.renders"""
    kept = (renders.GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    assert kept == renders.written(renders.goldens()[name])


@pytest.mark.parametrize("name", ["en", "de", "kinds"])
def test_slack_takes_every_shipped_message(name: str) -> None:
    """Judged three times: by Slack's own models, by our list of limits, by the strict fake."""
    for what, one in renders.goldens()[name].items():
        if one.get("type") in {"modal", "home"}:
            assert view_complaints(one) == [], what
            assert problems(one["blocks"], one["type"]) == [], what
        else:
            assert complaints(one["blocks"]) == [], what
            assert problems(one["blocks"]) == [], what
            assert 1 <= len(one["text"]) <= FALLBACK, what
            assert "more" not in one, what


def test_nothing_that_is_sent_is_markup() -> None:
    """Without mrkdwn there is nothing that a name could break out of."""
    for one in renders.goldens()["kinds"].values():
        assert all(run["type"] != "mrkdwn" for run in runs(one))
        assert all(run["emoji"] is False for run in runs(one) if run["type"] == "plain_text")


@pytest.mark.parametrize(
    "element",
    [
        Untrusted(HOSTILE),
        Paragraph((Span("Hello "), Span(HOSTILE, foreign=True))),
        Facts((Fact("Name", HOSTILE),)),
        Heading(HOSTILE[:100]),
        Status(HOSTILE),
        Code(HOSTILE),
        Steps(((Span(HOSTILE, foreign=True),),)),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_somebody_wrote_is_shown_as_written(element: Element) -> None:
    """No mention, no link, no bold: the words arrive letter for letter in a literal text."""
    wanted = HOSTILE[:100] if isinstance(element, Heading) else HOSTILE
    holding = [run for run in runs(drawn(element)) if wanted in run["text"]]
    assert len(holding) == 1
    assert holding[0]["type"] in {"plain_text", "text"}


def test_the_line_for_lock_screens_is_escaped() -> None:
    """It is the one text that Slack reads as markup; only its three characters are replaced."""
    assert fallback(Message.line("<!channel> & <@U1> 'x'")) == "&lt;!channel&gt; &amp; &lt;@U1&gt; 'x'"


def test_a_button_carries_the_id_of_its_choice() -> None:
    """What comes back is what the engine wrote, and each button is told apart from the others."""
    pressable = [
        Choice(f"s:c1:step:3:c{n}", f"Choice {n}", Look.PRIMARY if n == 0 else Look.PLAIN) for n in range(5)
    ]
    blocks = drawn(Buttons(tuple(pressable[:3])), Buttons(tuple(pressable[3:])))
    buttons = [one for block in blocks for one in block["elements"]]
    assert [one["value"] for one in buttons] == [choice.id for choice in pressable]
    assert [one["action_id"] for one in buttons] == [f"choice:{n}" for n in range(5)]
    assert [one.get("style") for one in buttons] == ["primary", None, None, None, None]


def test_a_long_list_is_searched_and_sends_only_with_its_button() -> None:
    """A hundred entries with the longest labels: one list, in which Slack searches while typing."""
    options = tuple(
        Option(f"{n:03}{'v' * 60}", f"{n:03} {'W' * (MAX_OPTION - 4)}") for n in range(MAX_OPTIONS)
    )
    blocks = drawn(
        Select(name="choice", label="Which one?", options=options, submit=Choice("f:c1:a:1", "Send"))
    )
    chooser, sender = blocks
    assert (chooser["type"], chooser["element"]["type"]) == ("input", "static_select")
    assert len(chooser["element"]["options"]) == MAX_OPTIONS
    assert not chooser.get("dispatch_action")
    assert sender["elements"][0]["value"] == "f:c1:a:1"
    assert complaints(blocks) == []
    assert problems(blocks) == []


def test_what_cannot_be_undone_is_asked_again_where_it_is_pressed() -> None:
    """A question is a step of its own; only a dangerous yes gets Slack's dialog besides."""
    calm = drawn(Confirm("Stop it?", Choice("cmd:cancel", "Stop"), Choice("cmd:resume", "Go on")))
    danger = drawn(Confirm("Stop it?", Choice("cmd:cancel", "Stop", Look.DANGER), Choice("menu", "Go on")))
    assert "confirm" not in calm[1]["elements"][0]
    assert danger[1]["elements"][0]["confirm"]["text"]["text"] == "Stop it?"
    assert complaints(danger) == []


def test_a_link_is_made_at_delivery_and_one_that_is_gone_leaves_its_words() -> None:
    """No dead button: the handle is asked for when the message leaves."""
    alive, gone = drawn(
        LinkButton("Open", Link(reference="case:c1")), LinkButton("Open", Link(reference="gone:c1"))
    )
    assert alive["elements"][0]["url"] == "https://keyturn.example/case:c1"
    assert gone == {"type": "context", "elements": [{"type": "plain_text", "text": "Open", "emoji": False}]}


def test_what_was_filled_in_comes_back_under_its_name() -> None:
    """Inline fields are read from the state of the message, whatever their kind."""
    blocks = drawn(
        TextInput(name="model", label="Model"),
        Toggle(name="shared", label="Shared", on=True),
        TextInput(name="model", label="Again"),
    )
    assert [block["block_id"] for block in blocks] == ["field:model", "field:shared", "field:model/2"]
    ticked = {"type": "checkboxes", "selected_options": [{"value": "true"}]}
    state = {
        "field:model": {"field:model": {"type": "plain_text_input", "value": "Pixel"}},
        "field:shared": {blocks[1]["elements"][0]["action_id"]: ticked},
    }
    assert filled_in(state) == {"model": "Pixel", "shared": "true"}


def test_a_very_long_message_goes_in_parts_with_all_that_can_be_pressed_in_the_last() -> None:
    """Slack refuses a message over some 13,200 characters though each of its blocks is allowed."""
    said = [Paragraph((Span(f"{n} {'x' * (MAX_PARAGRAPH - 2)}"),)) for n in range(4)]
    message = Message((*said, TextInput(name="a", label="A", submit=Choice("f:c1:a:1", "Send"))), "long")
    parts = messages(rendered(message, renders.address))
    assert len(parts) > 1
    assert all(complaints(part) == [] for part in parts)
    kinds = [[block["type"] for block in part] for part in parts]
    assert kinds[-1][-2:] == ["input", "actions"]
    assert not {"input", "actions"} & {kind for part in kinds[:-1] for kind in part}
    assert json.dumps(parts).count("x" * 100) >= 4


@pytest.mark.parametrize(
    "make",
    [
        lambda n: TextInput(name=f"f{n}", label="L", submit=Choice(f"f:c1:s:{n}", "Send"), divider=True),
        lambda n: Buttons(tuple(Choice(f"c{n}{m}", "B") for m in range(MAX_BUTTONS)), divider=True),
        lambda n: Confirm("Q", Choice(f"y{n}", "Y"), Choice(f"n{n}", "N"), divider=True),
        lambda n: Toggle(name="t", label=f"T{n}", divider=True),
        lambda n: Paragraph((Span(str(n)),), divider=True),
        lambda n: LinkButton(f"Open {n}", Link(url="https://example.org/")),
    ],
    ids=["fields", "buttons", "questions", "toggles", "lines", "links"],
)
def test_the_most_elements_there_can_be_fit_into_fifty_blocks(make: Callable[[int], Element]) -> None:
    """A message has 40 elements at most, and no mixture of them makes one that Slack refuses."""
    elements = tuple(make(n) for n in range(MAX_ELEMENTS))
    (part,) = messages(rendered(Message(elements, "x"), renders.address))
    assert complaints(part) == []
    view = view_blocks(rendered(Message(elements, "x"), renders.address))
    assert complaints(view, most=100) == []


text = st.text(min_size=1, max_size=120).filter(str.strip)
elements = st.one_of(
    st.sampled_from(ONE_OF_EACH),
    st.builds(Untrusted, text),
    st.builds(Status, text),
    st.builds(lambda words: Paragraph((Span(words, foreign=True), Span("a", bold=True))), text),
    st.builds(
        lambda words, much: Paragraph((Span((words * much)[:MAX_PARAGRAPH]),)), text, st.integers(1, 40)
    ),
    st.builds(lambda words, much: Code(("x" + words * much)[:MAX_CODE]), text, st.integers(1, 40)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(elements, min_size=1, max_size=MAX_ELEMENTS))
def test_slack_takes_whatever_can_be_said(some: list[Element]) -> None:
    """Whatever mixture the model allows, every part of it is within every limit and nothing is lost."""
    while True:
        try:
            message = Message(tuple(some), "x")
            break
        except ValueError:
            some.pop()
    blocks = rendered(message, renders.address)
    parts = messages(blocks)
    for part in parts:
        assert complaints(part) == []
        assert problems(part) == []
    said = sorted(run["text"] for run in runs(blocks))
    assert sorted(run["text"] for run in runs(parts)) == said


def test_a_card_for_agents_has_no_button_but_the_way_to_its_page() -> None:
    """Nobody approves in chat: what can be pressed there is an address and nothing else."""
    for locale in ("en", "de"):
        cards = {name: one for name, one in renders.goldens()[locale].items() if name.startswith("card.")}
        assert len(cards) >= 7
        for name, card in cards.items():
            pressable = [
                one for block in card["blocks"] if block["type"] == "actions" for one in block["elements"]
            ]
            assert len(pressable) == (0 if name == "card.done" else 1)
            assert all("value" not in one and one["url"] for one in pressable)
