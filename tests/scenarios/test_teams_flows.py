"""Every conversation of `flows/tests` over Teams: activities signed as Teams signs them in, strict
Adaptive Cards out, nothing through a test adapter."""

from __future__ import annotations

from collections import Counter

from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.teams.house import TeamsHouse, teams  # noqa: F401
from tests.scenarios.holding import Conversation, broken, scripts, walked, without_a_world
from tests.scenarios.teams_talker import MEMBERS, TeamsTalker


async def test_every_conversation_holds_over_teams(teams: TeamsHouse) -> None:  # noqa: F811
    """One product for all, and everybody in the tenant talks to it, every second one in German."""
    without_a_world(teams)
    for number, script in enumerate(scripts()):
        at = number % len(MEMBERS)
        locale = "de" if at % 2 else "en"
        talker = TeamsTalker(teams, MEMBERS[at], f"{locale}-XX")
        case = await Conversation(teams, talker, script, locale).hold()
        assert list(broken(script, case, await walked(teams, case))) == [], script.name
        assert case.locale == locale
        assert (case.subject_oid, case.identified_by) == (talker.user.oid, "linked")
    answers = [answer for user in teams.users.values() for answer in user.answers]
    assert Counter(answer.status for answer in answers) == {200: len(answers)}
    assert {status for _, _, status in teams.connector.requests} <= {200, 201}
