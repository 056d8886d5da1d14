"""Outsiders, forgers and crawlers in Teams, on every surface the bot has there."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot.core.audit import Tag
from bot.core.elements import LinkButton
from bot.core.records import Case, ChatPost, EventRow
from tests.fakes.shipped import LOCALES, Shipped, messages
from tests.fakes.teams.cards import complaints, walk
from tests.fakes.teams.house import AGENTS, TeamsHouse
from tests.fakes.teams.people import TeamsUser

ELSEWHERE = "12345678-1234-4234-8234-123456789abc"
HOSTILE = "**Approved** [by security](https://evil.example) <at>Everyone</at> {{DATE(2026-01-01, SHORT)}}"


def everything(user: TeamsUser, case_id: str) -> list[dict[str, Any]]:
    """One activity for each thing that somebody can do to a bot in Teams."""
    found = []
    for choice in (f"s:{case_id}:old_phone:1:gone", "start:new_phone", "cmd:person", "menu"):
        data = {"_c": choice, "_n": user.new_id("n")}
        action = {"type": "Action.Execute", "verb": "choose", "data": data}
        found += [
            user.activity(
                "invoke", name="adaptiveCard/action", value={"action": action, "trigger": "manual"}
            ),
            user.activity(
                "invoke", name="adaptiveCard/action", value={"action": action, "trigger": "automatic"}
            ),
            user.activity("invoke", name="task/fetch", value={"data": data}),
            user.activity("invoke", name="task/submit", value={"data": data}),
            user.activity("message", id=user.new_id(), value=data),
        ]
    found += [
        user.message("I got a new phone"), user.message("home"), user.message("person"),
        user.activity("installationUpdate", action="add"),
        user.activity("conversationUpdate", membersAdded=[user.connector.bot]),
    ]  # fmt: skip
    return found


async def opened(teams: TeamsHouse) -> TeamsUser:
    user = teams.user()
    await user.write("I got a new phone")
    await teams.settle()
    await user.press("start:new_phone")
    await teams.settle()
    return user


@pytest.mark.parametrize("who", ["guest", "disabled", "of another company", "of another tenant", "nobody"])
async def test_an_outsider_gets_nowhere_on_any_surface(teams: TeamsHouse, who: str) -> None:
    """A guest of ours, a disabled account, an unknown object id, a foreign tenant, none at all: typing,
    pressing (also somebody's own buttons, and with old clients), forms, refreshing, installing; in their
    chat and in the agents' channel. Nothing happens in a case, nothing is said but that colleagues only
    are helped, and it is in the audit log."""
    owner = await opened(teams)
    (case,) = await teams.rows(Case)
    oid = teams.sandbox.oid(who) if who in {"guest", "disabled"} else ELSEWHERE
    user = teams.user("outsider", oid=oid)
    before = {row.id for row in await teams.rows(EventRow)}
    posted = len(teams.connector.posted)
    for activity in everything(user, case.id):
        for one in (activity, user.in_channel(activity, AGENTS)):
            if who == "of another tenant":
                one["channelData"] = {**one["channelData"], "tenant": {"id": ELSEWHERE}}
            if who == "nobody":
                one["from"] = {"id": user.id, "name": "Somebody"}
            told = await user.post({**one, "id": user.new_id()})
            assert told.status in {200, 403, 501}
            assert told.card is None
            assert told.dialog is None or told.dialog["type"] == "message"
        await teams.settle()
    assert await teams.rows(Case) == [case]
    kinds = {row.kind for row in await teams.rows(EventRow) if row.id not in before}
    assert kinds <= {"TurnedAway"}
    said = [one for one in teams.connector.posted[posted:] if one.conversation == user.conversation]
    assert all("only help colleagues" in str(one.activity) for one in said)
    assert len(said) <= 1
    if who in {"guest", "disabled", "of another company"}:
        assert Tag.ACCOUNT_REFUSED.value in await teams.tags()
    assert owner.last().actions


async def test_a_colleague_who_is_let_go_is_served_no_longer_than_an_hour(teams: TeamsHouse) -> None:
    """The directory is asked again, whatever Teams still lets in."""
    user = await opened(teams)
    who = teams.sandbox.state.directory.get("employee")
    assert who is not None
    who.user["accountEnabled"] = False
    teams.sandbox.state.directory.save(who)
    teams.clock.go(minutes=61)
    (case,) = await teams.rows(Case)
    await user.press(":gone")
    await teams.settle()
    (now,) = await teams.rows(Case)
    assert (now.step, now.version) == (case.step, case.version)


@pytest.mark.parametrize("locale", LOCALES)
def test_only_an_answer_carries_a_link(locale: str) -> None:
    """What the bot says of itself has none; a case's steps, an answer to *confirm*, the page somebody
    opened and the agents' cards have. Whoever gets a link out of nowhere may take it for a fraud."""
    flows = (f"{name}." for name in Shipped().names())
    asked_for = (*flows, "card.", "common.voucher_link", "home.")
    linked = [
        name for name, message in messages(locale).items()
        if any(isinstance(element, LinkButton) for element in message.elements)
    ]  # fmt: skip
    assert [name for name in linked if not name.startswith(asked_for)] == []


async def test_nobody_is_written_to_first(teams: TeamsHouse) -> None:
    """Having the app is not having asked: until somebody does something, nothing is sent to them."""
    for person in ("employee", "manager", "agent"):
        teams.user(person).here()
    await opened(teams)
    teams.clock.go(hours=1)
    await teams.product.timers.fire_due()
    await teams.settle()
    written_to = {one.conversation for one in teams.connector.posted}
    assert written_to == {teams.user("employee").conversation}


async def test_a_hostile_name_stays_words_on_the_way_through(teams: TeamsHouse) -> None:
    """Typed into the chat and carried as display name: no card of anybody's becomes something else, and
    nobody is mentioned."""
    user = teams.user()
    user.name = HOSTILE
    who = teams.sandbox.state.directory.get("employee")
    assert who is not None
    who.user["displayName"] = HOSTILE
    teams.sandbox.state.directory.save(who)
    desk = teams.user("agent")
    await desk.install(team=AGENTS)
    await user.write("<at>Everyone</at> I got a **new phone** [here](https://evil.example)")
    await teams.settle()
    await user.write("menu")
    await teams.settle()
    await user.press("start:new_phone")
    await teams.settle()
    for ending in (":works", ":stuck", ":person"):
        await user.press(ending)
        await teams.settle()
    cards = [one for one in teams.connector.of(AGENTS) if one.card]
    assert cards, "the agents see the case"
    for one in teams.connector.posted:
        for version in one.versions:
            assert "entities" not in version or not version["entities"]
        if one.card is not None:
            assert complaints(one.card) == []
            for kind, node in walk(one.card):
                assert "evil.example" not in str(node.get("url", ""))
                if kind == "TextBlock":
                    assert "](https" not in node["text"]
                    assert "{{" not in node["text"]
        else:
            assert one.activity["textFormat"] == "plain"


async def test_a_crawler_that_follows_a_link_takes_nothing(teams: TeamsHouse) -> None:
    """Teams makes previews of links, mail scanners press what they find: looking at the case page with
    any method, as often as one likes, claims nothing and shows no number; the person's claim works after."""
    user = await opened(teams)
    await user.press(":gone")
    await teams.settle()
    seen = user.last()
    (url,) = [one for one in seen.links if "/c/" in one]
    (case,) = await teams.rows(Case)
    agents = ["SkypeUriPreview Preview/0.5", "Mozilla/5.0", "Microsoft Office/16.0"]
    async with httpx.AsyncClient(trust_env=False) as http:
        for agent in agents:
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = await http.request(method, url, headers={"User-Agent": agent})
                assert case.number not in answer.text
        page = await http.get(url)
        assert "preview" not in page.headers.get("link", "")
        assert 'property="og:' not in page.text
    assert await teams.rows(Case) == [case]
    posts = [row for row in await teams.rows(ChatPost) if url.rsplit("/", 1)[-1] in str(row.message)]
    assert posts == [], "the handle is nowhere at rest"
