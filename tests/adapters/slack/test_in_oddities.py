"""One test for every row of Slack's table in docs/platforms.md, as far as it comes in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.core.records import AuditRow, Case, EventRow, Job
from tests.fakes.sandbox import Sandbox
from tests.fakes.slack.house import SlackHouse, house, slack_settings
from tests.fakes.slack.server import FakeSlack
from tests.fakes.slack.workspace import BOT_USER, HOME, Team
from tests.fakes.stores import Stores, quick_folder


async def kinds(house: SlackHouse) -> list[str]:
    return [row.kind for row in await house.rows(EventRow, order="id")]


async def at_the_question(house: SlackHouse) -> Case:
    """An open case with a question on screen."""
    ada = house.user()
    await ada.commands("/keyturn", "new phone")
    await house.settle()
    await ada.presses("New phone")
    await house.settle()
    return await only_case(house)


async def only_case(house: SlackHouse) -> Case:
    (case,) = await house.rows(Case)
    assert isinstance(case, Case)
    return case


async def test_an_edited_message_changes_nothing(slack_house: SlackHouse) -> None:
    """What was said first was taken; a later wording could be anybody's second thought about evidence."""
    ada = slack_house.user()
    await ada.writes("hello")
    before = await kinds(slack_house)
    done = await ada.edits(ada.dm.messages[0].ts, "I got a new phone")
    assert done.status == 200
    assert await kinds(slack_house) == before


async def test_a_mention_edited_into_a_message_is_not_heard(slack_house: SlackHouse) -> None:
    """Slack sends it as a mention; it is an edit all the same."""
    ada = slack_house.user()
    hall = slack_house.slack.world.channel("hall", ada.person.id, BOT_USER).id
    done = await ada.mentions("new phone", channel=hall, edited={"user": ada.person.id, "ts": "1.1"})
    assert done.status == 200
    assert await kinds(slack_house) == []


async def test_a_deleted_message_changes_nothing(slack_house: SlackHouse) -> None:
    """It was said, and what it led to stays."""
    ada = slack_house.user()
    await ada.writes("hello")
    before = await kinds(slack_house)
    assert (await ada.deletes(ada.dm.messages[0].ts)).status == 200
    assert await kinds(slack_house) == before


async def test_a_reaction_says_nothing(slack_house: SlackHouse) -> None:
    """A thumb is no consent. We do not subscribe to reactions; one that comes is acknowledged."""
    ada = slack_house.user()
    item = {"type": "message", "channel": ada.dm.id, "ts": "1.1"}
    reaction = {"type": "reaction_added", "user": ada.person.id, "reaction": "+1", "item": item}
    envelope = slack_house.slack.delivery.event(reaction, team=HOME)
    assert (await slack_house.slack.delivery.send("event", envelope)).status == 200
    assert await kinds(slack_house) == []


async def test_a_file_is_not_opened_and_that_is_said(slack_house: SlackHouse) -> None:
    """A picture may show codes or passports; we ask for words and fetch nothing."""
    ada = slack_house.user()
    assert (await ada.shares_file()).status == 200
    await slack_house.settle()
    assert "cannot open files" in ada.read()[-1]
    assert {call.method for call in slack_house.slack.calls()} <= {
        "auth.test", "users.info", "chat.postMessage",
    }  # fmt: skip


async def test_a_file_with_words_counts_by_its_words(slack_house: SlackHouse) -> None:
    """A picture of the new phone, and what it is about."""
    ada = slack_house.user()
    await ada.shares_file("I got a new phone")
    await slack_house.settle()
    assert "New phone" in ada.read()[-1]


async def test_a_voice_clip_is_not_listened_to_and_that_is_said(slack_house: SlackHouse) -> None:
    """Whoever cannot type now hears at least why nothing happens."""
    ada = slack_house.user()
    await ada.shares_file(mimetype="audio/mp4")
    await slack_house.settle()
    assert "cannot listen" in ada.read()[-1]


async def test_a_reply_in_a_thread_counts_as_said_in_the_conversation(slack_house: SlackHouse) -> None:
    """People answer in threads out of habit."""
    ada = slack_house.user()
    await at_the_question(slack_house)
    await ada.writes("No, wiped or broken", thread=ada.shown()[-1].ts)
    await slack_house.settle()
    assert (await only_case(slack_house)).step != "old_phone"
    assert not ada.shown()[-1].thread_ts


async def test_what_a_bot_says_is_never_an_answer(slack_house: SlackHouse) -> None:
    """Neither another app's message nor our own comes in as a person's."""
    ada = slack_house.user()
    other = {"bot_id": "B0OTHER", "subtype": "bot_message"}
    assert (await ada.writes("I got a new phone", **other)).status == 200
    assert (await ada.writes("I got a new phone", bot_id="B0OTHER")).status == 200
    own: dict[str, Any] = {
        "type": "message", "user": BOT_USER, "text": "hello", "ts": "2.2", "channel": ada.dm.id,
        "channel_type": "im", "bot_id": "B0KEYTURN",
    }  # fmt: skip
    envelope = slack_house.slack.delivery.event(own, team=HOME)
    assert (await slack_house.slack.delivery.send("event", envelope)).status == 200
    assert await kinds(slack_house) == []


async def test_an_archived_agents_channel_stops_cards_and_nobody_else(slack_house: SlackHouse) -> None:
    """The card becomes a dead letter that the desk shows; the person's own talk goes on."""
    ada = slack_house.user()
    slack_house.slack.world.conversations["C0AGENTS"].archived = True
    await at_the_question(slack_house)
    await ada.writes("person")
    await slack_house.settle()
    assert any("called a person" in said for said in ada.read()[-2:])
    assert [job.status for job in await slack_house.jobs("card")] == ["dead"]


async def test_somebody_deactivated_mid_case_is_not_served_and_nothing_is_said(
    slack_house: SlackHouse,
) -> None:
    """Within the hour Slack is asked again; then the account is gone, silently and on record."""
    ada = slack_house.user()
    await at_the_question(slack_house)
    message, control = ada.find("No, wiped or broken")
    ada.person.deleted = True
    slack_house.clock.go(hours=1)
    said = len(ada.dm.messages)
    assert (await ada.clicks(message, control)).status == 200
    await slack_house.settle()
    assert (await only_case(slack_house)).step == "old_phone"
    assert len(ada.dm.messages) == said
    (refused,) = await slack_house.rows(AuditRow, tag="person:account:refused")
    assert refused.body["standing"] == "gone"


async def test_a_renamed_workspace_is_the_same_workspace(slack_house: SlackHouse) -> None:
    """Names and domains are for people; ids are what counts."""
    ada = slack_house.user()
    await at_the_question(slack_house)
    home = slack_house.slack.world.teams[HOME]
    slack_house.slack.world.teams[HOME] = replace(home, name="Fabrikam", domain="fabrikam")
    await ada.presses("No, wiped or broken")
    await slack_house.settle()
    assert (await only_case(slack_house)).step != "old_phone"


async def test_a_message_beyond_the_limit_is_answered_not_read(slack_house: SlackHouse) -> None:
    """More than 3,000 characters: please say it in a few words."""
    ada = slack_house.user()
    await ada.writes("new phone " * 400)
    await slack_house.settle()
    assert "more than I can read" in ada.read()[-1]
    assert b"new phone new phone" not in slack_house.at_rest()


async def test_three_thousand_pasted_characters_are_read(slack_house: SlackHouse) -> None:
    """Exactly at the limit; escaped they are longer, and that is Slack's doing, not theirs."""
    ada = slack_house.user()
    text = "my new phone & pasted " * 150
    await ada.writes(text[:2999] + ".")
    await slack_house.settle()
    assert "more than I can read" not in ada.read()[-1]
    assert b"pasted" not in slack_house.at_rest()


async def test_only_an_emoji_shows_what_there_is(slack_house: SlackHouse) -> None:
    """A wave is a greeting."""
    ada = slack_house.user()
    await ada.writes(":wave::skin-tone-4:")
    await slack_house.settle()
    assert "what I can help with" in ada.read()[-1]


async def test_an_app_that_was_removed_raises_an_alert_once(slack_house: SlackHouse) -> None:
    """Nobody can be answered there any more: that is for people to hear outside chat."""
    envelope = slack_house.slack.delivery.event({"type": "app_uninstalled"}, team=HOME)
    for _ in range(3):
        assert (await slack_house.slack.delivery.send("event", envelope)).status == 200
    tokens = {"type": "tokens_revoked", "tokens": {"oauth": ["U0"], "bot": [BOT_USER]}}
    await slack_house.slack.delivery.send("event", slack_house.slack.delivery.event(tokens, team=HOME))
    await slack_house.settle()
    alerts = await slack_house.rows(AuditRow, tag="bot:alert:raised", order="id")
    assert sorted(row.body["what"] for row in alerts) == ["slack_token_revoked", "slack_uninstalled"]


async def test_a_persons_own_revoked_token_is_no_alert(slack_house: SlackHouse) -> None:
    """We hold no tokens of people."""
    tokens = {"type": "tokens_revoked", "tokens": {"oauth": ["U0"], "bot": []}}
    envelope = slack_house.slack.delivery.event(tokens, team=HOME)
    assert (await slack_house.slack.delivery.send("event", envelope)).status == 200
    assert await slack_house.rows(Job, kind="alert") == []


async def test_two_workspaces_of_one_organisation_are_one_home(sandbox: Sandbox, stores: Stores) -> None:
    """In an organisation somebody has one id everywhere, so one conversation and one case; a workspace
    of another organisation is as foreign as ever."""
    second, other = "T0SECOND", "T0OTHER"

    def organised(slack: FakeSlack) -> str:
        slack.world.teams[HOME].enterprise_id = "E0ORG"
        slack.world.teams[second] = Team(second, "Second", "E0ORG")
        slack.world.teams[other] = Team(other, "Fabrikam", "E0OTHER")
        slack.grant(slack.bot_token)
        return slack_settings(slack).replace(f"team_id: {HOME}", "enterprise_id: E0ORG")

    with quick_folder() as folder:
        async with house(sandbox, folder, template=stores.template, group=organised) as made:
            ada = made.user("employee", teams=(HOME, second))
            await ada.commands("/keyturn", "new phone")
            elsewhere = made.slack.client(ada.person, team=second)
            await elsewhere.interacts(a_press("start:new_phone"))
            eve = made.slack.world.person("Eve Else", team=other)
            await made.slack.client(eve, team=second).interacts(a_press("start:new_phone"))
            await made.settle()
            assert (await only_case(made)).place == f"slack:E0ORG:{ada.person.id}"
            assert "person:account:refused" in await made.tags()


def a_press(choice: str) -> dict[str, Any]:
    """A press on a message that nobody posted."""
    button = {"type": "button", "action_id": "choice:0", "block_id": "b", "value": choice, "action_ts": "1.1"}
    return {
        "type": "block_actions", "state": {"values": {}}, "actions": [button],
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "D0", "is_ephemeral": False},
    }  # fmt: skip
