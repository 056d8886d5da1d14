"""kill -9 while Slack delivers two hundred things a second: what was acknowledged is there afterwards.

Slack repeats an event that was not acknowledged, never a press; so an acknowledged press that was lost
would be lost for good, and nobody would know.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.fakes.slack.delivery import Delivered
from tests.fakes.slack.people import Client
from tests.fakes.slack.server import FakeSlack
from tests.journey.driver import until
from tests.journey.slack_side import SlackAside, SlackDemo

PEOPLE = 60
RATE = 200
KILLS = 2


@pytest.fixture
def aside() -> Iterator[SlackAside]:
    made = SlackAside()
    made.slack.rates.on = False
    yield made
    made.close()


@pytest.fixture
def demo(aside: SlackAside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackDemo]:
    made = SlackDemo(tmp_path_factory.mktemp("kills"), aside)
    made.start()
    yield made
    made.stop()


class Load:
    """People who write and press without pause until `over`; *done* is what Slack heard of each."""

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.clients = [
            slack.client(slack.world.person(f"Person {n}", id=f"U0P{n:04d}")) for n in range(PEOPLE)
        ]
        self.over = False
        self.up = True  # nobody writes for long to something that does not answer
        self.done: list[Delivered] = []

    def taken(self, more: int) -> None:
        """Until so many more were acknowledged."""
        seen = sum(one.ok for one in self.done)
        until("deliveries", lambda: sum(one.ok for one in [*self.done]) >= seen + more or None)

    async def run(self) -> None:
        tasks: set[asyncio.Task[None]] = set()
        number, due = 0, time.monotonic()
        while not self.over:
            if not self.up:
                await asyncio.sleep(0.05)
                continue
            tasks.add(asyncio.create_task(self._one(self.clients[number % PEOPLE], number)))
            number += 1
            due = max(due + 1 / RATE, time.monotonic() - 0.1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        await asyncio.gather(*tasks)

    async def _one(self, client: Client, number: int) -> None:
        if number % 3:
            self.done.append(await client.writes("help"))
            return
        ts = self.slack.world.ts()
        self.done.append(
            await client.interacts(
                {
                    "type": "block_actions", "channel": {"id": client.dm.id}, "state": {"values": {}},
                    "container": {"type": "message", "message_ts": ts, "channel_id": client.dm.id},
                    "actions": [
                        {
                            "type": "button", "action_id": "choice:0", "block_id": "b", "value": "menu",
                            "action_ts": ts,
                        }
                    ],
                }
            )
        )  # fmt: skip


def key(done: Delivered) -> str:
    """The dedupe key that Slack's names make."""
    body = done.payload
    if done.kind == "event":
        return f"slack:event:{body['event_id']}"
    action, where = body["actions"][0], body["container"]
    spot = f"{where['channel_id']}:{where['message_ts']}"
    return f"slack:press:{body['api_app_id']}:{body['user']['id']}:{spot}:choice:0:{action['action_ts']}"


def test_nothing_acknowledged_is_lost_and_nothing_said_twice(aside: SlackAside, demo: SlackDemo) -> None:
    """Two kills at moments of chance. Every acknowledged delivery is an event; every event that was
    not is one after Slack's retries; no message stands in Slack twice."""
    load, chance = Load(aside.slack), random.Random(3)
    running = asyncio.run_coroutine_threadsafe(load.run(), aside.loop)
    for _ in range(KILLS):
        load.taken(chance.randint(60, 160))
        demo.kill()
        time.sleep(0.1)  # deliveries to nobody
        load.up = False
        demo.start()
        load.up = True
    load.taken(50)
    load.over = True
    running.result(timeout=120)

    acknowledged = [one for one in load.done if one.ok]
    missed = [one for one in load.done if not one.ok]
    assert missed, "kills were felt"
    aside.do(retried(aside.slack, [one for one in missed if one.kind == "event"]))
    wanted = [key(one) for one in acknowledged] + [key(one) for one in missed if one.kind == "event"]
    demo.stop()
    with sqlite3.connect(demo.data / "keyturn.db") as db:
        kept = Counter(row[0] for row in db.execute("SELECT dedupe_key FROM events"))
    db.close()
    assert [one for one in wanted if not kept[one]] == []
    assert set(kept.values()) == {1}
    posted = Counter(m.metadata["event_payload"]["key"] for m in aside.slack.world.of_app() if m.metadata)
    assert posted
    assert set(posted.values()) == {1}


async def retried(slack: FakeSlack, missed: list[Delivered]) -> None:
    """Slack's next attempts, a few at a time, until each was acknowledged."""
    for start in range(0, len(missed), 20):
        left = missed[start : start + 20]
        for _ in range(5):
            left = [
                one for one in await asyncio.gather(*(slack.delivery.again(o) for o in left)) if not one.ok
            ]
        assert left == []
