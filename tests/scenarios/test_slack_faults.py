"""A Slack that fails all the time: conversations come to their end, nothing is lost or said twice."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from bot.core.records import Job
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.slack.house import SlackHouse, slack_house  # noqa: F401
from tests.scenarios.holding import Conversation, broken, scripts, walked, without_a_world
from tests.scenarios.talkers import SlackTalker

SENDING = ("chat.postMessage", "chat.update", "conversations.history", "conversations.open")


class Weather:
    """Lets something go wrong every so often, and lets time pass until all has been tried again."""

    def __init__(self, slack: SlackHouse, seed: int) -> None:
        self.slack = slack
        self.chance = random.Random(seed)
        self.faults: Counter[str] = Counter()

    def turns(self) -> None:
        kind = self.chance.choice(("drop_before", "drop_after", "limited", "status", ""))
        if kind:
            method = self.chance.choice(SENDING[:2])
            getattr(self.slack.slack.faults, kind)(method)
            self.faults[f"{method} {kind}"] += 1

    async def settle(self) -> None:
        self.turns()
        await self.slack.settle()
        for _ in range(40):
            if not await self.slack.rows(Job, status="waiting", kind="say", limit=1):
                return
            self.slack.clock.go(seconds=3)
            await self.slack.settle()
        raise AssertionError("it is never delivered")


@pytest.mark.parametrize("seed", [11])
async def test_conversations_hold_while_slack_fails(slack_house: SlackHouse, seed: int) -> None:  # noqa: F811
    """Connections dropped before and after the body, 429 and 502, one after the other: every message of
    eight conversations stands in Slack once, and all end as they should."""
    without_a_world(slack_house)
    weather = Weather(slack_house, seed)
    some = [(flow, script) for flow, script in scripts() if len(script.say) >= 3][:8]
    for n, (flow, script) in enumerate(some):
        talker = SlackTalker(slack_house.user(f"p{n}"), slack_house.place(f"p{n}"), weather.settle)
        conversation = Conversation(slack_house, talker, flow, script)
        case = await conversation.hold()
        await weather.settle()
        assert list(broken(script, case, await walked(slack_house, case))) == [], script.name
    assert len(weather.faults) >= 5, "there was weather"
    assert await slack_house.rows(Job, status="dead") == []
    said = await slack_house.rows(Job, kind="say", status="done")
    slack = slack_house.slack
    talk = [m for m in slack.world.of_app() if m.channel.startswith("D")]  # the rest are cards
    posted = Counter(m.metadata["event_payload"]["key"] for m in talk if m.metadata)
    assert set(posted.values()) == {1}
    assert len(posted) == len(said)
