"""Forms and App Home: drawn from what is true now, holding nothing of ours, the newer one on top."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from bot.adapters.slack.modals import form_view
from bot.adapters.slack.wire import FORM, Opened, filled_in
from bot.core.elements import Buttons, Choice, Heading, Link, LinkButton, Paragraph, Span, TextInput, Toggle
from bot.core.message import Message
from bot.errors import PermanentError
from bot.ports.store import Store
from tests.adapters.slack import renders
from tests.adapters.slack.block_limits import view_complaints
from tests.adapters.slack.outgoing import Outgoing, outgoing
from tests.fakes.clock import FakeClock
from tests.fakes.slack.methods_views import wrong_with
from tests.fakes.slack.reading import words
from tests.fakes.slack.views import Modal
from tests.fakes.slack.workspace import HOME


@pytest.fixture
async def out(store: Store, clock: FakeClock) -> AsyncIterator[Outgoing]:
    async with outgoing(store, clock) as made:
        yield made


# --- forms


def test_a_form_asks_the_fields_of_its_message_and_holds_only_names() -> None:
    """What the client carries is the id of the choice and of the message, nothing that was said."""
    view = form_view(renders.FORM, "f:c1:phone:3", ref="D1:1.2")
    assert view is not None
    assert view["callback_id"] == FORM
    assert Opened.load(view["private_metadata"]) == Opened("f:c1:phone:3", "D1:1.2")
    assert [block["block_id"] for block in view["blocks"]] == [
        "field:phone",
        "field:since",
        "field:where",
        "field:looked",
    ]
    assert "Which phone" not in json.dumps(view)
    assert view_complaints(view) == []
    assert wrong_with(view) == []


def test_only_a_choice_that_opens_a_form_opens_one() -> None:
    """It is a property of the choice; another id, an old one or an ordinary button opens nothing."""
    assert form_view(renders.FORM, "f:c1:phone:2") is None
    assert form_view(renders.inline(renders.FORM), "f:c1:phone:3") is None
    no_fields = Message((Buttons((Choice("menu", "Menu", opens="x"),)),), "x")
    assert form_view(no_fields, "menu") is None


def test_a_message_with_a_form_shows_its_button_and_not_its_fields() -> None:
    """Fields are asked in one place; without a form they stand in the message."""
    with_form = renders.message(renders.FORM)["blocks"]
    inline = renders.message(renders.inline(renders.FORM))["blocks"]
    assert [block["type"] for block in with_form] == ["rich_text", "actions"]
    assert with_form[1]["elements"][0]["action_id"] == "form:0"
    assert [block["type"] for block in inline] == [
        "rich_text",
        "input",
        "input",
        "input",
        "actions",
        "actions",
    ]
    assert inline[-1]["elements"][0]["action_id"] == "choice:0"


@pytest.mark.parametrize(
    ("heading", "label", "title"),
    [
        ("Lost phone", "Tell us", "Lost phone"),
        ("A heading that is much longer than a title", "Tell us", "Tell us"),
        ("A heading that is much longer than a title", "A label that is as long as 30", "Model"),
    ],
)
def test_a_form_has_a_title_that_is_not_cut_where_there_is_one(heading: str, label: str, title: str) -> None:
    """Twenty-four characters is all that Slack gives."""
    field = TextInput(name="model", label="Model", submit=Choice("f:c1:a:1", label, opens="a"))
    view = form_view(Message((Heading(heading), field), "x"), "f:c1:a:1")
    assert view is not None
    assert view["title"]["text"] == title
    assert view_complaints(view) == []


async def test_a_form_is_opened_filled_in_and_read(out: Outgoing) -> None:
    """Slack takes the view, and what a person fills in comes back under the names of the fields."""
    view = form_view(renders.FORM, "f:c1:phone:3")
    trigger = out.slack.triggers.make(out.ann.id)
    await out.calls.make(
        HOME, "views.open", lambda slack: slack.views_open(trigger_id=trigger, view=view), patience=0.0
    )
    (opened,) = out.slack.world.stack(out.ann.id)
    modal = Modal(out.slack.client(out.ann), opened)
    assert modal.title == "Tell us"
    modal.fills("Model", "Pixel 10")
    modal.fills("Missing since", "2026-11-20")
    modal.fills("Where did you have it last?", "On the train")
    assert filled_in(opened.state) == {
        "phone": "pixel",
        "since": "2026-11-20",
        "where": "On the train",
    }


# --- App Home


def saying(text: str) -> Message:
    page = LinkButton("Open", Link(reference="case:c1"))
    return Message((Paragraph((Span(text),)), page, Toggle(name="t", label="T")), text)


def shown(out: Outgoing) -> str:
    return words(out.slack.world.homes[out.ann.id].body["blocks"])


async def test_a_home_is_drawn_with_links_made_now_and_without_memory(out: Outgoing) -> None:
    """What is drawn is asked for at that moment; nothing is kept in it for later."""
    out.homes.says = saying("What do you need?")
    await out.home.show(out.place, out.ann.id)
    home = out.slack.world.homes[out.ann.id]
    assert "What do you need?" in shown(out)
    assert "handle-of-c1" in json.dumps(home.body)
    assert home.body.get("private_metadata", "") == ""


async def test_of_two_drawings_at_once_the_newer_facts_win(out: Outgoing) -> None:
    """Somebody drew it since we looked: it is asked for again, and not covered with what is old."""
    await out.home.show(out.place, out.ann.id)
    old = out.slack.world.homes[out.ann.id].hash
    out.clock.go(seconds=2)
    out.homes.says = saying("Newer")
    await out.home.show(out.place, out.ann.id)
    out.clock.go(seconds=2)
    asked = out.homes.asked
    await out.home.show(out.place, out.ann.id, seen=old)
    assert out.made("views.publish") == ["ok", "ok", "hash_conflict", "ok"]
    assert out.homes.asked == asked + 2
    assert "Newer" in shown(out)


async def test_a_home_that_is_looked_at_often_is_drawn_once_a_second(out: Outgoing) -> None:
    """Somebody who clicks to and fro costs two drawings, and sees the last."""
    out.homes.says = saying("first")
    drawing = [asyncio.ensure_future(out.home.show(out.place, out.ann.id)) for _ in range(10)]
    await asyncio.sleep(0)
    out.homes.says = saying("last")
    await asyncio.gather(*drawing)
    assert len(out.made("views.publish")) <= 2
    assert "last" in shown(out)


async def test_a_home_that_slack_refuses_for_another_reason_is_not_tried_again(out: Outgoing) -> None:
    """Only a conflict is a reason to draw again."""
    out.slack.app.home_tab = False
    with pytest.raises(PermanentError) as failed:
        await out.home.show(out.place, out.ann.id)
    assert failed.value.reason == "not_enabled"
    assert out.made("views.publish") == ["not_enabled"]


async def test_a_home_takes_more_than_a_message(out: Outgoing) -> None:
    """A long queue of agents: a hundred blocks instead of fifty."""
    lines = tuple(LinkButton(f"Case {n}", Link(reference=f"case:{n}"), divider=True) for n in range(40))
    out.homes.says = Message(lines, "queue")
    await out.home.show(out.place, out.ann.id)
    assert len(out.slack.world.homes[out.ann.id].body["blocks"]) == 80
