"""What taking a Slack event durably costs, beside Bolt that only hears it; and how soon it is acknowledged.

    python -m bench.slack [--events 3000] [--seconds 10]

Bare is Slack's own Bolt with a listener that does nothing: signature, authorisation, dispatch. Ours is
the product's Bolt application with everything behind it: who it is, the turn of an open case, event row,
state, audit, outbox, one fsync; the answer comes after the commit. Both are given the same signed requests
in the same process, 64 at a time, block by block in turn. The second part is a whole process over
loopback HTTP, outbox and all, at 200 events a second: how long Slack waits.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.adapters.slack.config import silent
from bot.app import build
from bot.core.model import Place
from bot.core.records import EventRow
from bot.demo import free_port, write_settings
from bot.flowfile.pack import pack_root
from bot.flowfile.versions import from_folder
from bot.heap import settle
from bot.ports.intake import Incoming
from bot.product import Product
from bot.service.chance import SystemClock
from bot.settings import load
from tests.fakes.slack.house import slack_settings, write_secrets
from tests.fakes.slack.server import FakeSlack, slacking
from tests.fakes.slack.workspace import BOT_ID, BOT_USER, HOME

AT_ONCE = 64
BLOCKS = 5
WORDS = "help"
"""What people write: a command, so that the case has a turn and its flow stays where it is."""
RATE = 200.0
PEOPLE = 600
"""Who write at that rate: as many that nobody hears more than one answer a second, which is Slack's limit."""


def bare(slack: FakeSlack) -> AsyncApp:
    """Bolt, hearing and doing nothing."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=HOME, bot_id=BOT_ID, bot_user_id=BOT_USER, bot_token=slack.bot_token
        )

    app = AsyncApp(signing_secret=slack.signing_secret, authorize=authorize, logger=silent())

    async def nothing() -> None:
        return None

    app.event("message")(nothing)
    return app


class Writers:
    """People with an open case each, and what Slack sends when they write."""

    def __init__(self, slack: FakeSlack, count: int) -> None:
        self.slack = slack
        self.users = [slack.world.person(f"Writer {n}", id=f"U0WRITER{n:04d}") for n in range(count)]
        self.rooms = [slack.world.dm(user.id).id for user in self.users]
        self._n = itertools.count()

    def body(self, which: int, text: str = WORDS) -> tuple[bytes, dict[str, str]]:
        """A new message, signed now."""
        user = self.users[which].id
        ts = f"{int(time.time())}.{next(self._n):06d}"
        event = {
            "type": "message", "user": user, "text": text, "ts": ts, "event_ts": ts, "channel_type": "im",
            "channel": self.rooms[which], "team": HOME, "client_msg_id": ts,
        }  # fmt: skip
        delivery = self.slack.delivery
        body, content_type = delivery.encoded("event", delivery.event(event, team=HOME))
        return body, delivery.headers(body, content_type)


def bolted(body: bytes, headers: dict[str, str]) -> AsyncBoltRequest:
    """A request as Bolt's own web adapters hand it over."""
    return AsyncBoltRequest(body=body.decode(), headers={name: [value] for name, value in headers.items()})


async def rate(app: AsyncApp, writers: Writers, events: int) -> float:
    """Events a second with all writers at once; each waits for its acknowledgement."""
    share = events // len(writers.users)
    bodies = [[writers.body(n) for _ in range(share)] for n in range(len(writers.users))]

    async def one(queue: list[tuple[bytes, dict[str, str]]]) -> None:
        for body, headers in queue:
            answer = await app.async_dispatch(bolted(body, headers))
            assert answer.status == 200, answer.status

    start = time.perf_counter()
    await asyncio.gather(*(one(queue) for queue in bodies))
    return share * len(writers.users) / (time.perf_counter() - start)


@asynccontextmanager
async def product_of(folder: Path, slack: FakeSlack) -> AsyncIterator[tuple[Product, AsyncApp]]:
    """The product with Slack on and its outbox still; nobody answers for Entra and Graph."""
    secrets = folder / "sandbox" / "secrets"
    secrets.mkdir(parents=True)
    for name in ("identity", "act", "reader"):
        (secrets / name).write_text("unused")
    port = free_port(24_000)
    path = write_settings(folder, host="127.0.0.1", port=port, sandbox_port=1)
    write_secrets(slack, folder)
    path.write_text(path.read_text() + slack_settings(slack))
    product = build(load(path, {}))
    root = pack_root()
    await product.published.publish(from_folder(root / "flows", root / "templates"))
    await product.warm()
    door: Any = product.chatting.channels[0].pages[0]
    try:
        yield product, door._app  # noqa: SLF001 - the same layer as bare Bolt's
    finally:
        await product.stop()


async def opened(product: Product, app: AsyncApp, writers: Writers) -> None:
    """Everybody is known, has an open case, and is at its first question."""
    for n, user in enumerate(writers.users):
        answer = await app.async_dispatch(bolted(*writers.body(n)))
        assert answer.status == 200
        place = Place("slack", HOME, user.id)
        start = Incoming(place, user.id, f"start/{user.id}", choice="start:new_phone")
        await product.intake.receive(start)


async def throughput(folder: Path, events: int) -> dict[str, float]:
    async with slacking(SystemClock()) as slack, product_of(folder, slack) as (product, app):
        slack.rates.on = False
        writers = Writers(slack, AT_ONCE)
        await opened(product, app, writers)
        kept = await product.store.read(lambda work: work.count(EventRow))
        plain, theirs, ours = bare(slack), [], []
        await rate(plain, writers, AT_ONCE * 4)
        await rate(app, writers, AT_ONCE * 4)
        settle()
        for _ in range(BLOCKS):
            theirs.append(await rate(plain, writers, events))
            ours.append(await rate(app, writers, events))
        await product.chatting.channels[0].errands.done()  # type: ignore[union-attr]
        rows = await product.store.read(lambda work: work.count(EventRow)) - kept
        assert rows == AT_ONCE * 4 + BLOCKS * (events // AT_ONCE * AT_ONCE), "every event is a row"
        refused = await product.store.read(lambda work: work.find(EventRow, limit=5000))
        assert not [row for row in refused if row.reply.get("refused")], "refusals would measure nothing"
    return {"bare": statistics.median(theirs), "ours": statistics.median(ours)}


async def paced(send: Callable[[int], Any], seconds: float, people: int) -> list[float]:
    """Milliseconds to each acknowledgement at RATE a second, whether or not earlier ones came."""
    spent: list[float] = []

    async def one(which: int) -> None:
        start = time.perf_counter()
        assert (await send(which)) == 200
        spent.append((time.perf_counter() - start) * 1000)

    begin, tasks = time.perf_counter(), []
    for n in range(int(RATE * seconds)):
        wait = begin + n / RATE - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(n % people)))
    await asyncio.gather(*tasks)
    return sorted(spent)


def latency(folder: Path, seconds: float) -> dict[str, float]:
    """Against a process of its own, over HTTP, with its outbox at work."""
    from tests.journey.slack_side import SlackAside, SlackDemo

    aside = SlackAside()
    demo = SlackDemo(folder, aside)
    slack = aside.slack
    slack.rates.on = False
    writers = Writers(slack, PEOPLE)

    async def send(which: int) -> int:
        body, headers = writers.body(which)
        async with slack.delivery.http.post(slack.delivery.url, data=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    try:
        demo.start()
        aside.do(paced(send, PEOPLE / RATE, PEOPLE))  # everybody is met once
        spent = aside.do(paced(send, seconds, PEOPLE))
    finally:
        demo.stop()
        aside.close()
    return {"median": statistics.median(spent), "p99": spent[int(len(spent) * 0.99)], "most": spent[-1]}


def run(events: int, seconds: float) -> list[tuple[str, str, str]]:
    """Rows of the table: what, measured, wanted."""
    for name in [name for name in os.environ if name.startswith("SLACK_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
        speed = asyncio.run(throughput(Path(folder).resolve(), events))
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
        wait = latency(Path(folder).resolve(), seconds)
    return [
        ("bare Bolt, 64 in flight", f"{speed['bare']:.0f} events/s", ""),
        ("taken durably and acknowledged, 64 in flight", f"{speed['ours']:.0f} events/s", ""),
        ("against bare", f"{speed['ours'] / speed['bare']:.2f} ×", "≥ 0.25 ×"),
        ("acknowledged at 200 a second, median", f"{wait['median']:.0f} ms", ""),
        ("acknowledged at 200 a second, p99", f"{wait['p99']:.0f} ms", "≤ 100 ms"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=10.0)
    args = parser.parse_args()
    for what, measured, wanted in run(args.events, args.seconds):
        print(f"{what:45} {measured:>16}  {wanted}")


if __name__ == "__main__":
    main()
