"""A talk with the help desk on the web, in Slack and in Teams: the same lines, in order, once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.core.masking import MASK
from bot.core.records import Case, ChatPost, Job, TalkLine
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.slack.house import AGENTS, SlackHouse, slack_house  # noqa: F401
from tests.fakes.slack.reading import words
from tests.fakes.talking import Desked
from tests.fakes.teams.house import TeamsHouse, teams  # noqa: F401
from tests.scenarios.talkers import SlackTalker, Talker, WebTalker
from tests.scenarios.teams_talker import TeamsTalker
from tests.scenarios.transcripts import Told, in_slack, in_teams, on_the_web

HEARD = "The screen stays black"
SAID = ("Hello, which screen?\nThe phone's?", "Then bring it to the counter *please* <b>now</b> & wait")


async def talked(house: Whole, talker: Talker) -> Case:
    """From asking for a person to going on with the bot, with a check of who that is in between."""
    desked = Desked(house)
    await talker.write("menu")
    await talker.press("start:new_phone")
    await talker.write("person")
    await talker.write(HEARD)
    await talker.write("it showed 482913 before")
    case: Case = (await house.rows(Case))[0]
    agent = await desked.takes(case)
    await desked.writes(agent, case, SAID[0])
    await talker.write("yes, the phone's")
    handle = await desked.claimed(case)
    await desked.types(handle, "I write from my laptop now")
    await talker.press("badge")
    await talker.write("Is Priya working on my case?")
    await desked.writes(agent, case, SAID[1])
    await desked.writes(agent, case, quick="bye")
    await desked.desk.release(agent, case.id)
    await house.settle()
    await talker.write("and now?")
    assert [said for _, said in await desked.words(case, agent)] == [
        HEARD, f"it showed {MASK} before", "joined", SAID[0], "yes, the phone's",
        "I write from my laptop now",
        SAID[1], "quick.bye", "left", "and now?",
    ]  # fmt: skip
    assert b"bring it to the counter" not in house.at_rest()
    assert b"stays black" not in house.at_rest()
    assert await house.rows(Job, status="dead") == []
    return case


async def compared(
    house: Whole, talker: Talker, told: Callable[[], Awaitable[list[Told]]], web: Whole
) -> None:
    """What was told there and on the web, without the badges, which differ from case to case."""
    await talked(house, talker)
    mine = WebTalker(web)
    await talked(web, mine)
    theirs = await on_the_web(web, mine.place)
    assert [_bare(one) for one in await told()] == [_bare(one) for one in theirs]


def _bare(told: Told) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A badge stands after the word badge: two pairs of signs."""
    kept, skip = [], 0
    for word in told.words:
        if skip:
            skip -= 1
            continue
        kept.append(word)
        skip = 2 if word == "badge" else 0
    return tuple(kept), told.choices


async def test_in_slack_it_is_said_as_on_the_web(whole: Whole, slack_house: SlackHouse) -> None:  # noqa: F811
    """Ordinary messages of the bot, with the agent's name and badge; the agents' channel only counts."""
    house = slack_house
    talker = SlackTalker(house.user("employee", locale="en-US"), house.place(), house.settle)

    async def told() -> list[Told]:
        return in_slack(house, "employee")

    await compared(house, talker, told, whole)
    channel = house.slack.world.conversations[AGENTS]
    below = "\n".join(
        version
        for one in channel.messages
        for version in (words(one.blocks), *(words(b) for _, b in one.earlier))
    )
    assert "2 new messages" in below
    assert "black" not in below
    assert "laptop" not in below
    lines = await house.rows(TalkLine, order="seq")
    posts = await house.rows(ChatPost)
    mine = [post for post in posts if post.key.startswith("talk/")]
    assert len(mine) == sum(line.surface != "chat" for line in lines)
    await house.untroubled()


async def test_in_teams_it_is_said_as_on_the_web(whole: Whole, teams: TeamsHouse) -> None:  # noqa: F811
    async def told() -> list[Told]:
        return in_teams(teams.user("employee"))

    await compared(teams, TeamsTalker(teams, "employee", "en-US"), told, whole)


async def test_a_line_in_slack_is_posted_once_whatever_is_done_twice(slack_house: SlackHouse) -> None:  # noqa: F811
    """A message delivered again is no second line; a job done again is no second message."""
    house = slack_house
    desked = Desked(house)
    amara = house.user("employee")
    await amara.writes("menu")
    await house.settle()
    await amara.presses("New phone")
    await house.settle()
    await amara.writes("person")
    await house.settle()
    (case,) = await house.rows(Case)
    agent = await desked.takes(case)
    await desked.talks.write(agent, case.id, text="Hello there", quick="", once="")
    jobs = await house.jobs("talk")
    await house.settle()
    for job in jobs:
        await house.product.chatting.talks.handle(job)
    assert sum("Hello there" in line for line in amara.read()) == 1
