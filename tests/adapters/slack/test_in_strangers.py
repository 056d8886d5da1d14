"""T02, T03: whoever is not a member of the home is refused on every surface, kindly and on record."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.records import AuditRow, Case, ChatRow, EventRow
from tests.fakes.slack.house import SlackHouse
from tests.fakes.slack.people import Client
from tests.fakes.slack.workspace import BOT_USER, HOME, Posted, Team

ELSEWHERE = "T0ELSEWHERE"
SHAPES: dict[str, dict[str, Any]] = {
    "external": {"team": ELSEWHERE},
    "stranger": {"team": ELSEWHERE, "stranger": True},
    "guest": {"guest": "multi"},
    "single_guest": {"guest": "single"},
    "bot": {"is_bot": True},
    "gone": {"deleted": True},
    "unheard_of": {},
}
SURFACES = ("dm", "mention", "command", "shortcut", "press", "home_press", "form", "home")


def eve_of(house: SlackHouse, shape: str) -> Client:
    """An account of *shape*, at a client that delivers through our own workspace, as Slack Connect does."""
    house.slack.world.teams[ELSEWHERE] = Team(ELSEWHERE, "Fabrikam")
    person = house.slack.world.person("Eve Elsewhere", id="U0EVE", **SHAPES[shape])
    if shape == "unheard_of":
        del house.slack.world.people["U0EVE"]
    return house.slack.client(person, team=HOME)


async def does(eve: Client, house: SlackHouse, surface: str) -> int:
    """What *eve* does there, without any screen of the bot's: whoever wants to can send anything."""
    shared = eve.person.team_id != HOME  # how somebody of another company comes near at all
    hall = house.slack.world.channel(f"hall-{surface}", eve.person.id, BOT_USER, ext_shared=shared)
    press = {
        "type": "block_actions", "state": {"values": {}},
        "actions": [
            {"type": "button", "action_id": "choice:0", "block_id": "b", "value": "start:new_phone",
             "action_ts": "1.1"}
        ],
        "container": {"type": "message", "message_ts": "1.1", "channel_id": hall.id, "is_ephemeral": False},
    }  # fmt: skip
    match surface:
        case "dm":
            done = await eve.writes("I got a new phone")
        case "mention":
            done = await eve.mentions("I got a new phone", channel=hall.id)
        case "command":
            done = await eve.commands("/keyturn", "new phone", channel=hall.id)
        case "shortcut":
            words = Posted("1.1", hall.id, eve.person.id, "I got a new phone")
            done = await eve.shortcut("keyturn_from_message", words)
        case "press":
            done = await eve.interacts(press)
        case "home_press":
            done = await eve.interacts(press | {"container": {"type": "view", "view_id": "V1"}})
        case "form":
            view = {
                "id": "V1", "type": "modal", "hash": "1.x", "callback_id": "keyturn_form",
                "private_metadata": '{"choice":"start:new_phone","ref":""}', "state": {"values": {}},
            }  # fmt: skip
            done = await eve.interacts({"type": "view_submission", "view": view})
        case _:
            done = await eve.opens_home()
    return done.status


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_stranger_is_refused_everywhere(slack_house: SlackHouse, shape: str) -> None:
    """Each time acknowledged and on record; told once; nothing opened, drawn or kept of their words."""
    eve = eve_of(slack_house, shape)
    for surface in SURFACES:
        assert await does(eve, slack_house, surface) == 200, surface
        await slack_house.settle()
    assert [event.kind for event in await slack_house.rows(EventRow)] == ["TurnedAway"] * len(SURFACES)
    refused = await slack_house.rows(AuditRow, tag="person:account:refused")
    assert [row.body["account"] for row in refused] == [f"slack:{HOME}:U0EVE"] * len(SURFACES)
    assert await slack_house.rows(Case) == []
    assert await slack_house.rows(ChatRow) == []
    assert not slack_house.slack.calls("views.publish")
    told = [line for line in eve.read() if line]
    assert len(told) == (0 if shape in ("bot", "gone", "unheard_of") else 1)
    assert all("colleagues" in line for line in told)


async def test_a_stranger_who_keeps_trying_is_told_once_a_day(slack_house: SlackHouse) -> None:
    """Nobody makes the bot repeat itself."""
    eve = eve_of(slack_house, "external")
    slack_house.slack.world.channel("hall", eve.person.id, BOT_USER, ext_shared=True)
    for number in range(10):
        await eve.writes(f"hello {number}")
    await slack_house.settle()
    assert len(eve.read()) == 1


async def test_a_channel_that_another_company_reads_is_never_answered_in(slack_house: SlackHouse) -> None:
    """T02: not even to a colleague; they are told in private, and it is on record."""
    ada = slack_house.user()
    hall = slack_house.slack.world.channel("hall", ada.person.id, BOT_USER, ext_shared=True)
    assert (await ada.mentions("my manager is Grace and my phone is gone", channel=hall.id)).status == 200
    await slack_house.settle()
    assert "another company" in ada.read()[-1]
    assert ada.read(hall.id) == []
    assert "person:case:refused" in await slack_house.tags()
    assert b"Grace" not in slack_house.at_rest()


async def test_a_channel_of_which_slack_does_not_say_whose_it_is_counts_as_shared(
    slack_house: SlackHouse,
) -> None:
    """What is not said is not assumed."""
    ada = slack_house.user()
    hall = slack_house.slack.world.channel("hall", ada.person.id, BOT_USER)
    event = {"type": "app_mention", "user": ada.person.id, "text": "hi", "ts": "1.1", "channel": hall.id}
    envelope = slack_house.slack.delivery.event(event, team=HOME)
    del envelope["is_ext_shared_channel"]
    assert (await slack_house.slack.delivery.send("event", envelope)).status == 200
    await slack_house.settle()
    assert "another company" in ada.read()[-1]


async def test_a_colleagues_button_pressed_by_somebody_else_is_not_theirs(slack_house: SlackHouse) -> None:
    """Another member cannot answer for the person whose case it is."""
    ada, ben = slack_house.user(), slack_house.user("deputy")
    await ada.commands("/keyturn", "new phone")
    await slack_house.settle()
    await ada.presses("New phone")
    await slack_house.settle()
    message, control = ada.find("No, wiped or broken")
    await ben.clicks(message, control)
    await slack_house.settle()
    (case,) = await slack_house.rows(Case)
    assert case.step == "old_phone"
    assert "belongs to another chat" in ben.read()[-1]
    assert message.blocks == ada.find("No, wiped or broken")[0].blocks
