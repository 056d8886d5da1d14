"""What taking a press in Teams durably costs, beside an SDK that only hears it; and how soon it is answered.

    python -m bench.teams [--presses 2000] [--seconds 10]

Bare is Microsoft's `CloudAdapter.process_activity` as it comes: the token's signature and claims, a turn,
a handler that returns a dict, no storage. Ours is the door of the product with everything behind it: the
same token, who it is, the turn of an open case, event row, state, audit, outbox, one fsync, and the new
card as answer. Both get the same activities in the same process, 64 at a time, block by block in turn.
What follows an answer (the pressed card changes for the person's other devices) goes on meanwhile, towards
a connector in a process of its own. The second part is the same product over loopback HTTP, outbox and
all, at 100 presses a second: how long a person waits.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import aiohttp
from aiohttp import web
from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter
from botbuilder.schema import Activity
from botframework.connector.auth import (
    BotFrameworkAuthenticationFactory,
    PasswordServiceClientCredentialFactory,
)

from bot.adapters.teams.inbound import envelope
from bot.adapters.teams.sdk import Answer
from bot.app import build
from bot.core.choice import StepChoice
from bot.core.elements import Buttons, Choice, Paragraph, Span
from bot.core.message import Message
from bot.core.model import Place
from bot.core.records import Case, ChatAccount, ChatPost, EventRow, Job
from bot.demo import free_port, write_settings
from bot.flowfile.pack import pack_root
from bot.flowfile.versions import from_folder
from bot.heap import settle
from bot.ports.identity import Standing
from bot.ports.intake import Incoming
from bot.ports.store import UnitOfWork
from bot.product import Product
from bot.sandbox.company import TENANT
from bot.service.chance import SystemClock
from bot.settings import load
from tests.fakes.teams import authority
from tests.fakes.teams.authority import ISSUER, SCOPE, Authority
from tests.fakes.teams.house import APP_ID, SECRET, teams_settings

AT_ONCE = 64
BLOCKS = 5
PEOPLE = 640
"""As many that nobody presses faster than Teams lets us change cards."""
RATE = 100.0

Press = tuple[dict[str, Any], str]
"""An activity and its Authorization header."""


class People:
    """Somebody each with an open case and a question on the screen, going forward and back."""

    def __init__(self, keys: Authority, service_url: str) -> None:
        self.service_url = service_url
        self.oids = [str(uuid5(NAMESPACE_URL, f"bench/{n}")) for n in range(PEOPLE)]
        self.cases: list[str] = []
        self._header = f"Bearer {keys.token(service_url)}"
        self._presses = [0] * PEOPLE
        self._n = itertools.count()

    def press(self, which: int) -> Press:
        """The next button this person presses."""
        before, self._presses[which] = self._presses[which], self._presses[which] + 1
        version = 1 + (before // 2) * 3  # forward passes two steps, back enters one
        choice = (
            "cmd:back" if before % 2 else str(StepChoice(self.cases[which], "old_phone", version, "works"))
        )
        data = {"_c": choice, "_n": f"nonce-{next(self._n)}"}
        action = {"type": "Action.Execute", "verb": "choose", "data": data}
        return {**self.activity(which), "value": {"action": action, "trigger": "manual"}}, self._header

    def activity(self, which: int) -> dict[str, Any]:
        """As Teams words it."""
        number, oid = next(self._n), self.oids[which]
        return {
            "type": "invoke", "name": "adaptiveCard/action", "id": f"f:{number}", "channelId": "msteams",
            "serviceUrl": self.service_url, "locale": "en-US", "replyToId": f"question-{which}",
            "timestamp": "2026-11-22T09:00:00.000Z", "localTimezone": "Europe/Berlin",
            "from": {"id": f"29:{oid}", "name": "Amara Osei", "aadObjectId": oid},
            "conversation": {"conversationType": "personal", "tenantId": TENANT, "id": f"a:{oid}"},
            "recipient": {"id": f"28:{APP_ID}", "name": "Keyturn"},
            "channelData": {"tenant": {"id": TENANT}, "source": {"name": "message"}},
        }  # fmt: skip

    async def opened(self, product: Product) -> None:
        """Everybody is known, has written before, and has a case at its first question."""
        at = SystemClock().now()

        def known(work: UnitOfWork) -> None:
            for oid in self.oids:
                work.add(
                    ChatAccount(
                        f"teams:{TENANT}:{oid}", "teams", TENANT, oid, Standing.MEMBER.value, oid, "en", at
                    )
                )

        await product.store.transact(known)
        chat: Any = product.chatting.channels[0].chat
        for n in range(PEOPLE):
            one = envelope(self.activity(n))
            assert one is not None
            await chat.learn(one)
        for oid in self.oids:
            start = Incoming(
                Place("teams", TENANT, oid), oid, f"start/{oid}", choice="start:new_phone", locale="en",
                hint_oid=oid, linked=True,
            )  # fmt: skip
            await product.intake.receive(start)
        by_place = {case.place: case.id for case in await product.store.read(lambda work: work.find(Case))}
        self.cases = [by_place[Place("teams", TENANT, oid).key] for oid in self.oids]

        def asked(work: UnitOfWork) -> None:
            for n, oid in enumerate(self.oids):
                place = Place("teams", TENANT, oid).key
                work.add(
                    ChatPost(f"asked/{n}", place, f"question-{n}", question(self.cases[n]), self.cases[n], at)
                )

        await product.store.transact(asked)
        await product.store.transact(quiet)


def quiet(work: UnitOfWork) -> None:
    """Nothing is left to be said from the opening of all these cases."""
    for job in work.find(Job, status="waiting"):
        work.put(replace(job, status="done"))


def question(case_id: str) -> dict[str, Any]:
    """What stands on the screen."""
    choices = tuple(
        Choice(str(StepChoice(case_id, "old_phone", 1, name)), label)
        for name, label in (("works", "Yes, it works"), ("gone", "No, wiped or broken"), ("lost", "Lost"))
    )
    text = "What about your old phone: does Authenticator still work on it?"
    return Message((Paragraph((Span(text),)), Buttons(choices)), text).to_json()


# --- bare -------------------------------------------------------------------------------------------


def bare(keys: Authority) -> Callable[[Press], Awaitable[int]]:
    """The SDK with a handler that returns a dict; its keys are cached as it caches them."""
    credentials = PasswordServiceClientCredentialFactory(APP_ID, SECRET)
    adapter = CloudAdapter(
        BotFrameworkAuthenticationFactory.create(
            to_channel_from_bot_login_url=f"https://login.microsoftonline.com/{TENANT}",
            to_channel_from_bot_oauth_scope=SCOPE.removesuffix("/.default"),
            to_bot_from_channel_token_issuer=ISSUER,
            oauth_url="https://api.botframework.com",
            to_bot_from_channel_open_id_metadata_url=f"{keys.metadata}?bare",
            to_bot_from_emulator_open_id_metadata_url=f"{keys.metadata}?emulator",
            caller_id="",
            credential_factory=credentials,
        )
    )
    card = {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock", "text": "Done"}]}
    body = {"statusCode": 200, "type": "application/vnd.microsoft.card.adaptive", "value": card}

    async def on_turn(context: TurnContext) -> None:
        value = InvokeResponse(status=200, body=body)
        await context.send_activity(Activity(type="invokeResponse", value=value))

    async def hear(press: Press) -> int:
        raw, header = press
        answer = await adapter.process_activity(header, Activity().deserialize(raw), on_turn)
        return int(answer.status)

    return hear


def cured(product: Product) -> Callable[[Press], Awaitable[int]]:
    """The same with the cures of ours around it (clients and keys kept), and the same handler."""
    sdk: Any = product.chatting.channels[0].pages[0]._sdk  # type: ignore[attr-defined]  # noqa: SLF001
    body = {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": "Done"}

    async def on_turn() -> Answer:
        return Answer(200, body)

    async def hear(press: Press) -> int:
        raw, header = press
        one = envelope(raw)
        assert one is not None
        answer = await sdk.turn(await sdk.verified(one, header), one, on_turn)
        return int(answer.status)

    return hear


# --- ours -------------------------------------------------------------------------------------------


@asynccontextmanager
async def product_of(folder: Path, keys: Authority) -> AsyncIterator[tuple[Product, int]]:
    """The product with Teams on; nothing runs by itself yet, and nobody answers for Entra and Graph."""
    secrets = folder / "sandbox" / "secrets"
    secrets.mkdir(parents=True)
    for name in ("identity", "act", "reader"):
        (secrets / name).write_text("unused")
    (folder / "teams.secret").write_text(SECRET)
    port = free_port(24_500)
    path = write_settings(folder, host="127.0.0.1", port=port, sandbox_port=1)
    path.write_text(path.read_text() + teams_settings(keys))
    product = build(load(path, {}))
    root = pack_root()
    await product.published.publish(from_folder(root / "flows", root / "templates"))
    await product.warm()
    try:
        yield product, port
    finally:
        await product.stop()


def ours(product: Product) -> Callable[[Press], Awaitable[int]]:
    """The product's door, from the body on, as bare."""
    door: Any = product.chatting.channels[0].pages[0]

    class Body:
        def __init__(self, data: bytes) -> None:
            self._data = data

        async def read(self, n: int) -> bytes:
            data, self._data = self._data, b""
            return data

    async def hear(press: Press) -> int:
        raw, header = press
        request = SimpleNamespace(
            content_type="application/json", can_read_body=True, content=Body(json.dumps(raw).encode()),
            headers={"Authorization": header}, remote="127.0.0.1",
        )  # fmt: skip
        answer = await door.receive(request)
        assert b"AdaptiveCard" in answer.body
        return int(answer.status)

    return hear


async def rate(hear: Callable[[Press], Awaitable[int]], presses: list[Press]) -> float:
    """Presses a second, AT_ONCE in flight."""
    queue = iter(presses)

    async def one() -> None:
        for press in queue:
            assert await hear(press) == 200

    start = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return len(presses) / (time.perf_counter() - start)


async def throughput(folder: Path, presses: int, service_url: str) -> dict[str, float]:
    with authority.running(APP_ID, TENANT, secret=SECRET) as keys:
        async with product_of(folder, keys) as (product, _):
            people = People(keys, service_url)
            await people.opened(product)
            door: Any = product.chatting.channels[0].pages[0]
            hear_bare, hear_cured, hear_ours = bare(keys), cured(product), ours(product)
            turn = itertools.cycle(range(PEOPLE))

            def some(count: int) -> list[Press]:
                return [people.press(next(turn)) for _ in range(count)]

            kept = await product.store.read(lambda work: work.count(EventRow))
            first = some(PEOPLE)
            await rate(hear_bare, first)
            await rate(hear_ours, first)
            settle()
            theirs, kept_clients, own = [], [], []
            for _ in range(BLOCKS):
                block = some(presses)
                theirs.append(await rate(hear_bare, block[: presses // 4]))
                kept_clients.append(await rate(hear_cured, block))
                own.append(await rate(hear_ours, block))
                await door._bot.finish()  # noqa: SLF001
            rows = await product.store.read(lambda work: work.count(EventRow)) - kept
            assert rows == PEOPLE + BLOCKS * presses, "every press is a row"
            found = await product.store.read(lambda work: work.find(EventRow, limit=100_000))
            assert not [row for row in found if row.reply.get("refused")], "refusals would measure nothing"
    return {
        "bare": statistics.median(theirs),
        "cured": statistics.median(kept_clients),
        "ours": statistics.median(own),
    }


async def latency(folder: Path, seconds: float, service_url: str) -> dict[str, float]:
    """Over HTTP, with the outbox at work, from a process of its own."""
    with authority.running(APP_ID, TENANT, secret=SECRET) as keys:
        async with product_of(folder, keys) as (product, port):
            people = People(keys, service_url)
            await people.opened(product)
            runner = web.AppRunner(product.web(), access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            await product.start(alone=True)
            settle()
            presses = [people.press(n % PEOPLE) for n in range(int(RATE * seconds))]
            (folder / "presses.json").write_text(json.dumps(presses))
            client = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.teams", "--client", f"http://127.0.0.1:{port}/api/messages",
                "--from", str(folder / "presses.json"), stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            assert client.stdout is not None
            spent = json.loads(await client.stdout.read())
            assert await client.wait() == 0
            await runner.cleanup()
    return {"median": statistics.median(spent), "p99": spent[int(len(spent) * 0.99)], "most": spent[-1]}


async def paced(url: str, presses: list[Press]) -> list[float]:
    """Milliseconds to each answer at RATE a second, whether or not earlier ones came; sorted."""
    spent: list[float] = []
    async with aiohttp.ClientSession(trust_env=False) as http:

        async def one(press: Press) -> None:
            raw, header = press
            start = time.perf_counter()
            async with http.post(url, json=raw, headers={"Authorization": header}) as answer:
                assert "AdaptiveCard" in await answer.text()
            spent.append((time.perf_counter() - start) * 1000)

        begin, tasks = time.perf_counter(), []
        for n, press in enumerate(presses):
            wait = begin + n / RATE - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(one(press)))
        await asyncio.gather(*tasks)
    return sorted(spent)


# --- the other side ---------------------------------------------------------------------------------


@contextmanager
def connector() -> Iterator[str]:
    """A connector that takes everything, in a process of its own; its service URL."""
    port = free_port(24_600)
    process = subprocess.Popen([sys.executable, "-m", "bench.teams", "--connector", str(port)])
    try:
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/teams/"
    finally:
        process.terminate()
        process.wait()


def serve_connector(port: int) -> None:
    counted = itertools.count()

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"id": f"m{next(counted)}"}, status=201 if request.method == "POST" else 200)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", take)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def run(presses: int, seconds: float) -> list[tuple[str, str, str]]:
    """Rows of the table: what, measured, wanted."""
    with connector() as service_url:
        with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
            speed = asyncio.run(throughput(Path(folder).resolve(), presses, service_url))
        with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
            wait = asyncio.run(latency(Path(folder).resolve(), seconds, service_url))
    return [
        ("bare CloudAdapter, 64 in flight", f"{speed['bare']:.0f} presses/s", ""),
        ("the same without its two new clients a turn", f"{speed['cured']:.0f} presses/s", ""),
        ("taken durably and answered, 64 in flight", f"{speed['ours']:.0f} presses/s", ""),
        ("against bare", f"{speed['ours'] / speed['bare']:.2f} ×", "≥ 0.5 ×"),
        ("against bare without its clients", f"{speed['ours'] / speed['cured']:.2f} ×", ""),
        ("answered at 100 a second, median", f"{wait['median']:.0f} ms", ""),
        ("answered at 100 a second, p99", f"{wait['p99']:.0f} ms", "≤ 150 ms"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--connector", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--from", dest="presses_of", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.client:
        print(json.dumps(asyncio.run(paced(args.client, json.loads(args.presses_of.read_text())))))
        return
    if args.connector:
        serve_connector(args.connector)
        return
    for what, measured, wanted in run(args.presses, args.seconds):
        print(f"{what:45} {measured:>16}  {wanted}")


if __name__ == "__main__":
    main()
