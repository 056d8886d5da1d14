"""People talk to the bot in Slack: over real HTTP, real Bolt, the whole product behind it."""

from __future__ import annotations

import pytest

from bot.core.records import Case, ChatAddress, EventRow
from tests.fakes.slack.house import SlackHouse
from tests.fakes.slack.workspace import BOT_USER


async def test_a_dm_is_answered_in_the_dm(slack_house: SlackHouse) -> None:
    """Somebody writes, and the bot offers what it sounds like."""
    ada = slack_house.user()
    assert (await ada.writes("I got a new phone")).status == 200
    await slack_house.settle()
    assert "New phone" in ada.read()[-1]


async def test_a_mention_is_answered_in_private_and_the_channel_sees_nothing(slack_house: SlackHouse) -> None:
    """Whoever asks in front of others is told, alone, that the answer is in the DM."""
    ada, ben = slack_house.user(), slack_house.user("deputy")
    hall = slack_house.slack.world.channel("hall", ada.person.id, ben.person.id, BOT_USER).id
    assert (await ada.mentions("I got a new phone", channel=hall)).status == 200
    await slack_house.settle()
    assert "New phone" in ada.read()[-1]
    assert "privately" in ada.read(hall)[-1]
    assert ben.read(hall) == []


async def test_a_mention_without_words_shows_what_there_is(slack_house: SlackHouse) -> None:
    """Only the bot's name: everything it can help with."""
    ada = slack_house.user()
    hall = slack_house.slack.world.channel("hall", ada.person.id, BOT_USER).id
    await ada.mentions("", channel=hall)
    await slack_house.settle()
    assert "what I can help with" in ada.read()[-1]


async def test_the_command_is_answered_where_it_was_typed_and_the_talk_is_private(
    slack_house: SlackHouse,
) -> None:
    """Slack shows the answer to that person only; what was asked goes on in the DM."""
    ada = slack_house.user()
    hall = slack_house.slack.world.channel("hall", ada.person.id).id
    done = await ada.commands("/keyturn", "I got a new phone", channel=hall)
    assert (done.status, "privately" in str(done.body)) == (200, True)
    await slack_house.settle()
    assert "New phone" in ada.read()[-1]
    await ada.commands("/keyturn", channel=hall)
    await slack_house.settle()
    assert "what I can help with" in ada.read()[-1]


async def test_the_command_in_the_own_dm_needs_no_pointer(slack_house: SlackHouse) -> None:
    """Where the answer can be seen anyway, nothing is said beside it."""
    ada = slack_house.user()
    await ada.writes("hello")
    await slack_house.settle()
    done = await ada.commands("/keyturn", "new phone")
    assert (done.status, done.body) == (200, "")


async def test_help_with_this_message_reads_that_message(slack_house: SlackHouse) -> None:
    """The shortcut, on a colleague's message: its words are what help is wanted with."""
    ada, ben = slack_house.user(), slack_house.user("deputy")
    hall = slack_house.slack.world.channel("hall", ada.person.id, ben.person.id)
    await ben.writes("they say I have a new phone and need to set it up", channel=hall.id)
    assert (await ada.shortcut("keyturn_from_message", hall.messages[-1])).status == 200
    await slack_house.settle()
    assert "New phone" in ada.read()[-1]
    assert ben.read() == []


async def test_words_of_somebody_else_are_never_an_answer_or_a_command(slack_house: SlackHouse) -> None:
    """A colleague's "stop" does not stop one's own case."""
    ada, ben = slack_house.user(), slack_house.user("deputy")
    await ada.commands("/keyturn", "new phone")
    await slack_house.settle()
    await ada.presses("New phone")
    await slack_house.settle()
    hall = slack_house.slack.world.channel("hall", ada.person.id, ben.person.id)
    await ben.writes("stop", channel=hall.id)
    await ada.shortcut("keyturn_from_message", hall.messages[-1])
    await slack_house.settle()
    assert "already" in ada.read()[-1]
    (case,) = await slack_house.rows(Case)
    assert case.status == "open"


async def test_a_pressed_question_says_what_was_chosen_and_can_be_pressed_no_more(
    slack_house: SlackHouse,
) -> None:
    """Old buttons go away; what they stood for stays readable."""
    ada = slack_house.user()
    await ada.writes("new phone")
    await slack_house.settle()
    await ada.presses("New phone")
    await slack_house.settle()
    offer = ada.shown()[0]
    assert "You chose: New phone" in ada.read()[0]
    assert not [block for block in offer.blocks if block["type"] == "actions"]
    await ada.presses("No, wiped or broken")
    await slack_house.settle()
    assert [text for text in ada.read() if "You chose: No, wiped or broken" in text]


async def test_an_old_button_is_refused_and_goes_away(slack_house: SlackHouse) -> None:
    """Slack kept a message on screen which is over: no claim that it was chosen."""
    ada = slack_house.user()
    await ada.writes("new phone")
    await slack_house.settle()
    await ada.presses("New phone")
    await slack_house.settle()
    message, control = ada.find("No, wiped or broken")
    await ada.writes("No, wiped or broken")
    await slack_house.settle()
    await ada.clicks(message, control)
    await slack_house.settle()
    assert "old one" in " ".join(ada.read())
    assert "You chose: No, wiped" not in " ".join(ada.read())
    assert not [block for block in message.blocks if block["type"] == "actions"]


async def test_app_home_is_drawn_when_it_is_looked_at_and_starts_a_flow(slack_house: SlackHouse) -> None:
    """The same choices as anywhere; the talk goes on in the DM, and the home shows it."""
    ada = slack_house.user()
    assert (await ada.opens_home()).status == 200
    await slack_house.settle()
    await ada.on_home().presses("New phone")
    await slack_house.settle()
    (case,) = await slack_house.rows(Case)
    assert (case.place, case.flow) == (slack_house.place().key, "new_phone")
    assert case.number in str(ada.home().body)


async def test_the_messages_tab_is_no_home(slack_house: SlackHouse) -> None:
    """Opening the conversation draws nothing."""
    ada = slack_house.user()
    assert (await ada.opens_home("messages")).status == 200
    await slack_house.settle()
    assert not slack_house.slack.calls("views.publish")


async def test_somebody_is_spoken_to_in_the_language_of_their_slack(slack_house: SlackHouse) -> None:
    """German Slack, German words."""
    ada = slack_house.user("employee", locale="de-AT")
    await ada.commands("/keyturn")
    await slack_house.settle()
    assert "Womit" in ada.read()[-1] or "helfen" in ada.read()[-1]


async def test_slack_is_asked_once_about_somebody(slack_house: SlackHouse) -> None:
    """users.info is a rationed call: once an hour for each person, however much they write."""
    ada = slack_house.user()
    for number in range(5):
        await ada.writes(f"hello {number}")
    assert len(slack_house.slack.calls("users.info")) == 1
    slack_house.clock.go(hours=1)
    await ada.writes("hello again")
    assert len(slack_house.slack.calls("users.info")) == 2


async def test_where_somebody_writes_from_is_remembered(slack_house: SlackHouse) -> None:
    """The DM, so that what is answered there can be changed there."""
    ada = slack_house.user()
    await ada.writes("hello")
    await slack_house.settle()
    (known,) = await slack_house.rows(ChatAddress, place=slack_house.place().key)
    assert known.body == {"channel": ada.dm.id}


@pytest.mark.parametrize("typed", ["4829-1355", "my code is 48291355", "<tel:48291355|4829 1355>"])
async def test_a_secret_typed_in_slack_is_nowhere_afterwards(slack_house: SlackHouse, typed: str) -> None:
    """T12: thrown away before it is stored, whatever Slack made of it on the way."""
    ada = slack_house.user()
    await ada.writes(typed)
    await slack_house.settle()
    assert "threw it away" in ada.read()[-1]
    assert not any(digits in slack_house.at_rest() for digits in (b"48291355", b"4829-1355", b"4829 1355"))
    (event,) = await slack_house.rows(EventRow)
    assert event.body == {"secret": True}
