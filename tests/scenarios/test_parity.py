"""One behaviour: whoever talks to the bot is told the same, whichever channel it is.

A cross-section of the conversations of `flows/tests` is held with the whole product on the web, in Slack and
in Teams (the web suite holds them all), and what the person was told is compared message by message.
docs/platforms.md says where the channels differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import zip_longest

from bot.core.records import Case
from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.slack.house import SlackHouse, slack_house  # noqa: F401
from tests.fakes.teams.house import TeamsHouse, teams  # noqa: F401
from tests.scenarios.holding import Conversation, broken, cross_section, walked, without_a_world
from tests.scenarios.talkers import SlackTalker, Talker, WebTalker
from tests.scenarios.teams_talker import MEMBERS, TeamsTalker
from tests.scenarios.transcripts import Told, in_slack, in_teams, on_the_web

Transcripts = dict[str, tuple[list[str], list[Told]]]
"""By the name of a conversation: the steps it went through, and what was said."""


async def held(
    house: Whole,
    talker_of: Callable[[str, str], Talker],
    told_of: Callable[[str, Talker], Awaitable[list[Told]]],
) -> Transcripts:
    """All conversations, one after the other; everybody in the tenant has some, half in German."""
    without_a_world(house)
    found: Transcripts = {}
    heard: Counter[str] = Counter()
    for number, (flow, script) in enumerate(cross_section()):
        person, locale = someone(number)
        talker = talker_of(person, f"{locale}-XX")
        case = await Conversation(house, talker, flow, script, locale).hold()
        steps = await walked(house, case)
        assert list(broken(script, case, steps)) == [], f"{flow}: {script.name}"
        assert case.locale == locale
        every = await told_of(person, talker)
        found[f"{flow}: {script.name}"] = steps, every[heard[person] :]
        heard[person] = len(every)
    return found


def someone(number: int) -> tuple[str, str]:
    at = number % len(MEMBERS)
    return MEMBERS[at], "de" if at % 2 else "en"


def differences(ours: Transcripts, theirs: Transcripts) -> list[str]:
    """Every place where one was told what the other was not."""
    found = []
    for name, (steps, told) in ours.items():
        other_steps, other = theirs[name]
        if steps != other_steps:
            found.append(f"{name}: another way through")
        for number, (one, two) in enumerate(zip_longest(told, other)):
            if one != two:
                found.append(f"{name}, message {number}:\n  {one}\n  {two}")
    return found


async def held_on_the_web(house: Whole) -> Transcripts:
    def talker_of(person: str, locale: str) -> Talker:
        talker = WebTalker(house, person)
        talker._claim = {**talker._claim, "locale": locale.partition("-")[0]}
        return talker

    async def told_of(person: str, talker: Talker) -> list[Told]:
        return await on_the_web(house, talker.place)

    return await held(house, talker_of, told_of)


async def held_in_slack(house: SlackHouse) -> Transcripts:
    def talker_of(person: str, locale: str) -> Talker:
        return SlackTalker(house.user(person, locale=locale), house.place(person), house.settle)

    async def told_of(person: str, talker: Talker) -> list[Told]:
        return in_slack(house, person)

    return await held(house, talker_of, told_of)


async def held_in_teams(house: TeamsHouse) -> Transcripts:
    def talker_of(person: str, locale: str) -> Talker:
        return TeamsTalker(house, person, locale)

    async def told_of(person: str, talker: Talker) -> list[Told]:
        return in_teams(house.user(person))

    return await held(house, talker_of, told_of)


async def test_whoever_talks_in_teams_is_told_what_the_web_tells(
    whole: Whole,  # noqa: F811
    teams: TeamsHouse,  # noqa: F811
) -> None:
    """And on the way every conversation holds over Teams: signed activities in, strict cards out,
    every request answered, nothing refused by the connector, everybody known by their object id."""
    over_teams = await held_in_teams(teams)
    assert differences(over_teams, await held_on_the_web(whole)) == []
    assert sum(len(told) for _, told in over_teams.values()) > 300
    answers = [answer for user in teams.users.values() for answer in user.answers]
    assert Counter(answer.status for answer in answers) == {200: len(answers)}
    assert {status for _, _, status in teams.connector.requests} <= {200, 201}
    cases = await teams.rows(Case)
    assert {(case.opener["user"], case.identified_by) for case in cases} == {
        (case.subject_oid, "linked") for case in cases
    }


async def test_whoever_talks_in_slack_is_told_what_the_web_tells(
    whole: Whole,  # noqa: F811
    slack_house: SlackHouse,  # noqa: F811
) -> None:
    """The same words, the same buttons, the same links; so Slack and Teams do not differ either."""
    assert differences(await held_in_slack(slack_house), await held_on_the_web(whole)) == []
