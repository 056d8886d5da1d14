"""Slack delivers at least once and in no order; people click twice. Each thing happens once all the same."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from bot.core.records import Case, ChatPost, EventRow
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.slack.delivery import Delivered
from tests.fakes.slack.house import SlackHouse, slack_house  # noqa: F401
from tests.scenarios.holding import Conversation, scripts, without_a_world
from tests.scenarios.talkers import SlackTalker

Payload = dict[str, Any]
IN_FLIGHT = 16
REASONS = ("http_timeout", "http_error", "connection_failed")


def talker(slack: SlackHouse, person: str) -> SlackTalker:
    return SlackTalker(slack.user(person), slack.place(person), slack.settle)


async def deliver(slack: SlackHouse, deliveries: list[tuple[str, Payload, int]]) -> list[Delivered]:
    """All of them, in the given order, so many at once; retries say which they are."""
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(kind: str, payload: Payload, retry: int) -> Delivered:
        async with gate:
            reason = REASONS[retry % 3] if retry else ""
            return await slack.slack.delivery.send(kind, payload, retry=retry, reason=reason)

    return await asyncio.gather(*(one(*what) for what in deliveries))


def stormy(payloads: list[tuple[str, Payload]], seed: int) -> list[tuple[str, Payload, int]]:
    """Each one to four times, all of it in no order."""
    chance = random.Random(seed)
    storm = [(kind, payload, n) for kind, payload in payloads for n in range(chance.randint(1, 4))]
    chance.shuffle(storm)
    return storm


async def rows_by_key(slack: SlackHouse) -> Counter[str]:
    rows: list[EventRow] = await slack.rows(EventRow)
    return Counter(row.dedupe_key for row in rows)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_messages_in_a_storm_are_heard_once_and_answered_once(
    slack_house: SlackHouse,  # noqa: F811
    seed: int,
) -> None:
    """Thirty people, ninety messages, some two hundred deliveries sixteen at a time: one event for each
    message and one answer for each event, whatever came first."""
    people = [slack_house.user(f"p{n}") for n in range(30)]
    slack = slack_house.slack
    payloads: list[tuple[str, Payload]] = []
    for n in range(3):
        for one in people:
            event = {
                "type": "message", "user": one.person.id, "text": ("help", "menu", "new phone")[n],
                "ts": slack.world.ts(), "channel": one.dm.id, "channel_type": "im", "event_ts": "1",
            }  # fmt: skip
            payloads.append(("event", slack.delivery.event(event, team=one.team)))
    done = await deliver(slack_house, stormy(payloads, seed))
    await slack_house.settle()
    assert {one.status for one in done} == {200}
    seen = await rows_by_key(slack_house)
    assert seen == Counter({f"slack:event:{payload['event_id']}": 1 for _, payload in payloads})
    said = [key for row in await slack_house.rows(EventRow) for key in row.reply["says"]]
    posted = Counter(str(m.metadata and m.metadata["event_payload"]["key"]) for m in slack.world.of_app())
    assert len(said) == len(posted) == 90
    assert set(posted.values()) == {1}
    await slack_house.untroubled()


async def test_a_whole_conversation_delivered_again_changes_nothing(slack_house: SlackHouse) -> None:  # noqa: F811
    """Every request of four conversations once more, several times, backwards and mixed: the cases, the
    screens and the number of messages stay as they were."""
    without_a_world(slack_house)
    four = [(flow, script) for flow, script in scripts() if len(script.say) >= 3][:4]
    for n, (flow, script) in enumerate(four):
        await Conversation(slack_house, talker(slack_house, f"p{n}"), flow, script).hold()
    slack = slack_house.slack
    events, cases = await rows_by_key(slack_house), await slack_house.rows(Case, order="id")
    screens = [slack_house.user(f"p{n}").read() for n in range(len(four))]
    calls = len(slack.calls())
    done = await deliver(slack_house, stormy([(one.kind, one.payload) for one in slack.delivery.sent], 7))
    await slack_house.settle()
    assert {one.status for one in done} == {200}
    assert await rows_by_key(slack_house) == events
    assert await slack_house.rows(Case, order="id") == cases
    assert [slack_house.user(f"p{n}").read() for n in range(len(four))] == screens
    told = {call.method for call in slack.calls()[calls:]}
    assert told <= {"chat.update"}, "looks may be put right again, nothing is said again"


async def test_of_two_clicks_at_once_one_counts(slack_house: SlackHouse) -> None:  # noqa: F811
    """A double click is two presses with names of their own, and another button of the same message may
    be the second: the first to be taken decides, the others are told so."""
    without_a_world(slack_house)
    for n in range(6):
        person = talker(slack_house, f"p{n}")
        await person.write("menu")
        await person.press("start:new_phone")
        message, works = person.client.find("Yes, it works")
        _, gone = person.client.find("No, wiped or broken")
        clicks = [works, works, gone] if n % 2 else [gone, works, works]
        done = await asyncio.gather(*(person.client.clicks(message, one) for one in clicks))
        await slack_house.settle()
        assert {one.status for one in done} == {200}
        case = (await slack_house.rows(Case, place=person.place.key))[0]
        presses = await slack_house.rows(EventRow, case_id=case.id, kind="Chose")
        assert sorted(bool(row.reply["refused"]) for row in presses) == [False, True, True]
        assert case.state["slots"]["old_phone"] in ("works", "gone")
    posts = await slack_house.rows(ChatPost)
    assert all(post.ref for post in posts)
    await slack_house.untroubled()
