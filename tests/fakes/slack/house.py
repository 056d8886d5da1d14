"""The whole product with Slack switched on: real settings, real routes on a port of its own, a sandbox,
a strict Slack in which the app is set up by its own manifest. `settle` delivers what is due; nothing else
runs by itself.

    from tests.fakes.sandbox import sandbox  # noqa: F401
    from tests.fakes.slack.house import slack_house  # noqa: F401
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio
from aiohttp import web
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from bot.adapters.mail.mailbox import MailboxMail
from bot.adapters.slack.manifest import Wish, manifest
from bot.app import build
from bot.commands.manifest import Words
from bot.core.model import Place
from bot.core.records import Job
from bot.demo import write_settings
from bot.product import Product
from bot.settings import load
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.product import Whole, router, shipped
from tests.fakes.sandbox import Sandbox
from tests.fakes.slack.people import Client
from tests.fakes.slack.server import FakeSlack, slacking
from tests.fakes.slack.workspace import BOT_USER, HOME
from tests.fakes.stores import Stores, quick_folder
from tests.web.house import free_port

AGENTS = "C0AGENTS"
PATIENCE = 20.0
"""Seconds for an acknowledgement, where Slack gives three: a busy machine is no failure."""


def slack_settings(slack: FakeSlack, *, mode: str = "http") -> str:
    """The group `slack` of app.yaml. The secrets lie in files beside it (`write_secrets`)."""
    way = "signing_secret" if mode == "http" else "app_token"
    return (
        f"slack:\n  mode: {mode}\n  bot_token: '${{file:slack.bot_token}}'\n"
        f"  {way}: '${{file:slack.{way}}}'\n  team_id: {HOME}\n  agent_channel: {AGENTS}\n"
        f"  base_url: {slack.base_url}\n"
    )


def write_secrets(slack: FakeSlack, folder: Path) -> None:
    for name in ("bot_token", "signing_secret", "app_token"):
        (folder / f"slack.{name}").write_text(getattr(slack, name))


@dataclass
class SlackHouse(Whole):
    """`Whole`, and people who are in Slack."""

    slack: FakeSlack = field(kw_only=True)
    clients: dict[str, Client] = field(default_factory=dict)

    def user(self, person: str = "employee", **more: Any) -> Client:
        """A person of the tenant at their Slack, with their confirmed address; the same every time."""
        if person not in self.clients:
            who = self.sandbox.state.directory.get(person)
            told: dict[str, Any] = {"id": f"U0{person.upper().replace('_', '')}"}
            told |= {"mail": who.user["mail"]} if who else {}
            made = self.slack.world.person(who.name if who else person.title(), **told | more)
            self.clients[person] = self.slack.client(made, team=made.team_id)
        return self.clients[person]

    def place(self, person: str = "employee") -> Place:
        return Place("slack", HOME, self.user(person).person.id)

    async def untroubled(self) -> None:
        """Nothing that was sent was refused, nobody was paged by what somebody wrote, nothing is dead."""
        assert {call.outcome for call in self.slack.calls()} <= {"ok"}
        assert (self.slack.warnings, self.slack.world.pages) == ([], {})
        assert await self.rows(Job, status="dead") == []

    async def settle(self) -> None:
        """Deliver what is due, what follows from it, and what changes only looks."""
        await self.product.outbox.drain()
        for channel in self.product.chatting.channels:
            if channel.errands is not None:
                await channel.errands.done()
        await self.product.outbox.drain()


@asynccontextmanager
async def house(
    sandbox: Sandbox,
    folder: Path,
    *,
    mode: str = "http",
    template: Path | None = None,
    burst: int = 10,
    group: Callable[[FakeSlack], str] | None = None,
) -> AsyncIterator[SlackHouse]:
    """*burst* as in `rates.Rates`; *group* writes another group `slack` than `slack_settings`."""
    port = free_port()
    secrets = folder / "sandbox" / "secrets"
    secrets.mkdir(parents=True)
    for name in ("identity", "act", "reader"):
        (secrets / name).write_text(sandbox.secret(name))
    path = write_settings(folder, host="127.0.0.1", port=port, sandbox_port=sandbox.state.port)
    if template is not None:
        shutil.copyfile(template, folder / "keyturn.db")
    async with (
        slacking(sandbox.clock, ack_within=PATIENCE) as slack,
        aiohttp.ClientSession(trust_env=False) as http,
    ):
        wish = Wish("socket" if mode == "socket" else "http", f"http://127.0.0.1:{port}", installs=True)
        slack.set_up(manifest(wish, Words()))
        slack.rates.burst = burst
        slack.world.channel("agents", BOT_USER, id=AGENTS, kind="group")
        write_secrets(slack, folder)
        wanted = group(slack) if group else slack_settings(slack, mode=mode)
        path.write_text(path.read_text() + wanted)
        product = build(
            load(path, {}), mail=MailboxMail(http, sandbox.url), clock=sandbox.clock, entropy=FakeEntropy(),
            security_info=f"{sandbox.url}/sandbox/tenant", demo=True,
        )  # fmt: skip
        product.codes._hasher = PasswordHasher.from_parameters(CHEAPEST)
        product.intake._meaning._router = router()
        await router().route("")  # trained before somebody waits, as `serve` does
        await product.published.publish(shipped())
        patient(product, sandbox.clock)
        runner = web.AppRunner(product.web(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        if mode == "socket":
            await start(product)
            await slack.socket.connected.wait()
        try:
            yield SlackHouse(product, sandbox, folder, port, slack=slack)
        finally:
            await runner.cleanup()
            await product.stop()


async def start(product: Product) -> None:
    """What connects outwards; nothing else is let loose."""
    for channel in product.chatting.channels:
        if channel.start is not None:
            await channel.start()


def patient(product: Product, clock: FakeClock) -> None:
    """Where the adapter would sleep, the test's clock goes on."""

    async def sleep(seconds: float) -> None:
        clock.go(seconds=seconds)

    for channel in product.chatting.channels:
        waiting(channel.chat, sleep)


def waiting(part: Any, sleep: Any, depth: int = 3) -> None:
    """Give *sleep* to *part* and to what it is made of."""
    for value in list(vars(part).values()) if hasattr(part, "__dict__") else []:
        if depth and type(value).__module__.startswith("bot.adapters.slack"):
            waiting(value, sleep, depth - 1)
    if hasattr(part, "_sleep"):
        part._sleep = sleep


@pytest_asyncio.fixture
async def slack_house(sandbox: Sandbox, stores: Stores) -> AsyncIterator[SlackHouse]:
    with quick_folder() as folder:
        async with house(sandbox, folder, template=stores.template) as made:
            yield made
