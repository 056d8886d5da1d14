"""Who is served: members of our tenant, by the object id that Teams vouches for and the directory knows.
Everybody else is told kindly, or not at all, and never gets a case.
"""

from __future__ import annotations

import pytest

from bot.core.audit import Tag
from bot.core.records import Case
from bot.sandbox.faults import parse
from tests.fakes.teams.house import AGENTS, TeamsHouse

ELSEWHERE = "12345678-1234-4234-8234-123456789abc"


async def test_a_member_is_known_by_name_and_language(teams: TeamsHouse) -> None:
    """The case belongs to the object id, counts as linked, and is opened in the client's language."""
    user = teams.user(locale="de-AT")
    await user.write("neues Handy")
    await teams.settle()
    await user.press("start:new_phone")
    (case,) = await teams.rows(Case)
    assert (case.subject_oid, case.identified_by, case.locale) == (user.oid, "linked", "de")
    assert case.opener == {"channel": "teams", "tenant": teams.sandbox.tenant, "user": user.oid}


async def test_another_tenant_is_nobody_here(teams: TeamsHouse) -> None:
    """Signed by Teams or not: the tenant in the activity is not ours."""
    user = teams.user()
    for channel_data, conversation in ((ELSEWHERE, ELSEWHERE), (ELSEWHERE, ""), ("", ELSEWHERE)):
        activity = user.message("I got a new phone")
        activity["channelData"] = {"tenant": {"id": channel_data or user.tenant}}
        activity["conversation"]["tenantId"] = conversation or user.tenant
        assert (await user.post(activity)).status in {200, 403}
        del activity["channelData"]
        del activity["conversation"]["tenantId"]
        activity["id"] += "x"
        assert (await user.post(activity)).status in {200, 400, 403}
    await teams.settle()
    assert teams.connector.posted == []
    assert await teams.rows(Case) == []


async def test_without_an_object_id_nobody_is_served(teams: TeamsHouse) -> None:
    """Anonymous people in meetings, and other bots."""
    user = teams.user()
    for oid in (None, "", "not-an-id"):
        activity = user.message("I got a new phone")
        activity["from"] = {"id": user.id, "name": "Somebody"} | ({} if oid is None else {"aadObjectId": oid})
        assert (await user.post(activity)).status in {200, 403}
    await teams.settle()
    assert await teams.rows(Case) == []
    assert not [one for one in teams.connector.posted if one.card and "New phone" in str(one.card)]


@pytest.mark.parametrize("person", ["guest", "disabled"])
async def test_guests_and_disabled_accounts_are_turned_away(teams: TeamsHouse, person: str) -> None:
    """A guest has an object id in our tenant and passes every other check; the directory tells."""
    user = teams.user(person)
    await user.write("I got a new phone")
    await teams.settle()
    for choice in ("start:new_phone", "cmd:person"):
        activity = user.activity("message", id=user.new_id(), value={"_c": choice, "_n": "n"})
        await user.post(activity)
    await teams.settle()
    assert await teams.rows(Case) == []
    assert Tag.ACCOUNT_REFUSED.value in await teams.tags()
    assert all("only help colleagues" in seen.text for seen in user.seen())


async def test_an_unknown_object_id_is_turned_away(teams: TeamsHouse) -> None:
    """Somebody of another company in a shared conversation."""
    user = teams.user("stranger", oid=ELSEWHERE)
    await user.write("I got a new phone")
    await teams.settle()
    assert await teams.rows(Case) == []
    assert "only help colleagues" in user.last().text


async def test_a_directory_that_is_away_serves_nobody_for_the_moment(teams: TeamsHouse) -> None:
    """Unknown means no, said as such, and asked again a minute later."""
    away = {"match": "GET */users*", "kind": "unavailable", "times": 500}
    teams.sandbox.state.faults.add(parse(away))
    user = teams.user()
    await user.write("I got a new phone")
    await teams.settle()
    assert await teams.rows(Case) == []
    assert "cannot check right now" in user.last().text
    teams.sandbox.state.faults.clear()
    teams.clock.go(minutes=2)
    await user.write("I got a new phone")
    await teams.settle()
    assert "New phone" in user.last().text


async def test_a_mention_in_a_channel_is_answered_privately(teams: TeamsHouse) -> None:
    """Nobody else reads what somebody needs help with."""
    user = teams.user()
    assert (await user.mention("19:sales@thread.tacv2", "I got a new phone")).status == 200
    await teams.settle()
    assert "New phone" in user.last().text
    others = [one for one in teams.connector.posted if one.conversation != user.conversation]
    assert not [one for one in others if "phone" in str(one.activity)]


async def test_the_bots_name_in_a_sentence_stays_in_it(teams: TeamsHouse) -> None:
    """Only the mention itself is taken away: "Keyturn is down" is about us."""
    teams.connector.conversation("19:sales@thread.tacv2", "channel")
    user = teams.user()
    await user.mention("19:sales@thread.tacv2", "cancel")
    await teams.settle()
    assert user.seen(), "the word was understood without the mention"


async def test_a_guest_in_the_agents_channel_sees_and_does_nothing(teams: TeamsHouse) -> None:
    """Being in the channel is no right."""
    user = teams.user("guest")
    await user.mention(AGENTS, "I got a new phone")
    await teams.settle()
    assert await teams.rows(Case) == []
