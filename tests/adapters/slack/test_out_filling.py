"""Lists, typed answers and forms, through the whole product: what Slack shows can be filled in and sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.elements import TextInput
from bot.core.message import Message
from bot.core.records import Case
from bot.flowfile.versions import from_folder
from tests.fakes.slack.house import SlackHouse
from tests.fakes.slack.people import Client
from tests.fakes.slack.views import Modal

FLOW = """
flow: lost_badge
menu: 1
start: site
defaults: {within: 20m, max_visits: 3, on: {timeout: over, exhausted: over}}
steps:
  site: {ask: [berlin, hamburg, munich, cologne, leipzig, dresden], on: {SITES}}
  model: {input: phone_model, on: {ok: since}}
  since: {input: date, on: {ok: over}}
  over: {end: done}
"""
SITES = ("berlin", "hamburg", "munich", "cologne", "leipzig", "dresden")
WORDS = """
flow: {title: "Lost badge"}
site: {text: "Which site?", SITES}
model: {text: "Which phone was with it?"}
since: {text: "Since when?"}
over: {text: "Thank you."}
"""


@pytest.fixture
async def ada(slack_house: SlackHouse, tmp_path: Path) -> Client:
    """Somebody at the first question of a flow with a long list and typed answers."""
    flow = FLOW.replace("{SITES}", "{" + ", ".join(f"{site}: model" for site in SITES) + "}")
    words = WORDS.replace("SITES", ", ".join(f'{site}: "{site.title()} & <site>"' for site in SITES))
    for place, text in {"flows/lost_badge.yaml": flow, "templates/en/lost_badge.yaml": words}.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    await slack_house.product.published.publish(from_folder(tmp_path / "flows", tmp_path / "templates"))
    ada = slack_house.user()
    await ada.commands("/keyturn")
    await slack_house.settle()
    await ada.presses("Lost badge")
    await slack_house.settle()
    return ada


async def step(house: SlackHouse) -> str:
    (case,) = await house.rows(Case)
    return case.step


async def test_a_long_list_is_chosen_from_and_sent(slack_house: SlackHouse, ada: Client) -> None:
    """Choosing alone says nothing yet; the button does, and then the question is settled."""
    assert "Which site?" in ada.read()[-1]
    ada.fills("Choose one", "munich")
    assert await step(slack_house) == "site"
    await ada.presses("Send")
    await slack_house.settle()
    assert await step(slack_house) == "model"
    settled, question = ada.read()[-2:]
    assert "You chose: Munich & <site>" in settled
    assert "Which phone was with it?" in question
    await slack_house.untroubled()


async def test_what_is_typed_into_fields_is_taken_and_not_repeated(
    slack_house: SlackHouse, ada: Client
) -> None:
    """A wrong answer is asked again with the reason; what was typed stands in no message of ours."""
    ada.fills("Choose one", "berlin")
    await ada.presses("Send")
    await slack_house.settle()
    label = next(one.label for one in await newest(slack_house, ada) if isinstance(one, TextInput))
    ada.fills(label, "?")
    await ada.presses("Send")
    await slack_house.settle()
    assert await step(slack_house) == "model"
    ada.fills(label, "Pixel 10 <!channel>")
    await ada.presses("Send")
    await slack_house.settle()
    assert await step(slack_house) == "since"
    assert not any("Pixel 10" in text for text in ada.read())
    await ada.writes("yesterday")
    await slack_house.settle()
    assert await step(slack_house) == "over"
    await slack_house.untroubled()


async def test_a_form_is_opened_filled_in_and_settles_its_message(
    slack_house: SlackHouse, ada: Client
) -> None:
    """A choice that opens a form: the fields stand in a modal, the answer counts as any other."""
    ada.fills("Choose one", "berlin")
    await ada.presses("Send")
    await slack_house.settle()
    asked = await posted(slack_house, ada)
    elements = tuple(
        replace(one, submit=replace(one.submit, opens="model", label="Tell us"))
        if isinstance(one, TextInput) and one.submit
        else one
        for one in asked.elements
    )
    chat = slack_house.product.chatting.channels[0].chat
    await chat.post(slack_house.place(), replace(asked, elements=elements), key="t/form")
    assert (await ada.presses("Tell us")).status == 200
    await slack_house.settle()
    (view,) = slack_house.slack.world.stack(ada.person.id)
    modal = Modal(ada, view)
    assert modal.title == "Tell us"
    modal.fills(next(one.label for one in asked.elements if isinstance(one, TextInput)), "Pixel 10")
    await modal.submits()
    assert (modal.errors, slack_house.slack.world.stack(ada.person.id)) == ({}, [])
    await slack_house.settle()
    assert await step(slack_house) == "since"
    assert "Tell us" not in "".join(ada.read())
    await slack_house.untroubled()


async def posted(house: SlackHouse, client: Client) -> Message:
    """The newest message, as we noted it."""
    newest = client.shown()[-1]
    found = await house.product.chatting.channels[0].chat._posts.by_ref(  # type: ignore[attr-defined]
        house.place(), f"{newest.channel}:{newest.ts}"
    )
    assert found is not None
    message: Message = found.message
    return message


async def newest(house: SlackHouse, client: Client) -> tuple[object, ...]:
    return (await posted(house, client)).elements
