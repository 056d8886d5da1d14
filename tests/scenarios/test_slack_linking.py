"""From App Home to a linked account and back, through the real product over signed Slack requests; and the
card of a case in Slack's agents' channel, with its story in the thread."""

from __future__ import annotations

import re

from bot.core.records import Case, ChatLink
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.slack.house import AGENTS, SlackHouse, slack_house  # noqa: F401
from tests.fakes.slack.reading import words
from tests.web.visiting import Visitor


async def test_a_person_links_their_account_from_app_home(slack_house: SlackHouse) -> None:  # noqa: F811
    """Press on the home, read page and number in the direct message, sign in; the home then shows more."""
    house = slack_house
    maria = house.user("manager")
    await maria.opens_home()
    await house.settle()
    assert "Your sign-in methods" not in maria.on_home().read()
    await maria.on_home().presses("Link my work account")
    await house.settle()
    number = re.search(r"\b\d{6}\b", maria.read()[-1])
    assert number is not None
    path = maria.link("Link my work account").removeprefix(f"http://127.0.0.1:{house.port}")
    async with Visitor(house) as browser:
        landed = await browser.signs_in(path, "manager", number=number[0])
        assert "Done. Your work account is linked." in (await browser.get(landed)).text
    await house.settle()
    assert "is now linked to your work account" in maria.read()[-1]
    (link,) = await house.rows(ChatLink)
    assert (link.user, link.oid) == (maria.person.id, house.sandbox.oid("manager"))
    await maria.opens_home()
    await house.settle()
    assert "Your sign-in methods" in maria.on_home().read()
    assert "Take the link away" in maria.on_home().read()
    await maria.on_home().presses("Take the link away")
    await house.settle()
    assert await house.rows(ChatLink) == []
    await house.untroubled()


async def test_a_card_and_its_story_stand_in_slacks_agents_channel(slack_house: SlackHouse) -> None:  # noqa: F811
    """One message that changes, and replies below it; agents find the review page in it."""
    house = slack_house
    amara = house.user("employee")
    await amara.writes("menu")
    await house.settle()
    await amara.presses("New phone")
    await house.settle()
    await amara.writes("person")
    await house.settle()
    (case,) = await house.rows(Case)
    channel = house.slack.world.conversations[AGENTS]
    (card,) = [one for one in channel.messages if not one.thread_ts]
    assert case.number in words(card.blocks)
    assert f"http://127.0.0.1:{house.port}/r/" in str(card.blocks)
    await amara.writes("stop")
    await house.settle()
    (again,) = [one for one in channel.messages if not one.thread_ts]
    assert again.ts == card.ts
    assert "Nobody is needed any more" in words(again.blocks)
    below = [words(one.blocks) or one.text for one in channel.messages if one.thread_ts == card.ts]
    assert [line.partition("· ")[2] for line in below] == ["the case is closed"]
    await house.untroubled()
