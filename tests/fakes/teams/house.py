"""The whole product with Teams switched on: real settings, real route on a port of its own, a sandbox,
a fake Teams. `settle` delivers what is due; nothing else runs by itself.

    from tests.fakes.sandbox import sandbox  # noqa: F401
    from tests.fakes.teams.house import teams  # noqa: F401
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest_asyncio
from aiohttp import web
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from bot.adapters.mail.mailbox import MailboxMail
from bot.app import build
from bot.core.model import Place
from bot.core.records import Job
from bot.demo import write_settings
from bot.product import Product
from bot.settings import load
from tests.fakes.clock import FakeEntropy
from tests.fakes.product import Whole, router, shipped
from tests.fakes.sandbox import Sandbox
from tests.fakes.stores import Stores, quick_folder
from tests.fakes.teams import authority, connector
from tests.fakes.teams.authority import Authority
from tests.fakes.teams.connector import Connector
from tests.fakes.teams.people import TeamsUser
from tests.web.house import free_port

APP_ID = "b07b07b0-7b07-4b07-8b07-b07b07b07b07"
AGENTS = "19:agents@thread.tacv2"
SECRET = "the-bots-own-secret"


def teams_settings(authority: Authority, *, app_id: str = APP_ID) -> str:
    """The group `teams` of app.yaml, with everything that would be Microsoft's on loopback."""
    proven = f"  app_id: {app_id}\n  credential: '${{file:teams.secret}}'\n" if app_id else ""
    return (
        f"teams:\n{proven}  tenant_id: {authority.tenant}\n  agent_channel: '{AGENTS}'\n"
        f"  authority: {authority.url}\n  metadata: {authority.metadata}\n"
    )


@dataclass
class TeamsHouse(Whole):
    """`Whole`, and people who are in Teams."""

    authority: Authority = field(kw_only=True)
    connector: Connector = field(kw_only=True)
    http: aiohttp.ClientSession = field(kw_only=True)
    signed: bool = True
    users: dict[str, TeamsUser] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/messages"

    def user(self, person: str = "employee", *, locale: str = "en-US", oid: str = "") -> TeamsUser:
        """A person of the tenant with the app installed; the same one every time."""
        if person not in self.users:
            who = self.sandbox.state.directory.get(person)
            oid = oid or self.sandbox.oid(person)
            name = who.name if who else person
            made = TeamsUser(self.http, self.endpoint, self.connector, oid, name, locale)
            made.signed = self.signed
            made.here()
            self.users[person] = made
        return self.users[person]

    async def settle(self) -> None:
        """Deliver all there is to deliver, and what follows: where Teams wants us to wait, time goes on,
        by no more than what a person would call a moment."""
        for _ in range(40):
            await self.product.outbox.drain()
            await self.finish()
            heads: dict[str, Job] = {}
            for job in await self.rows(Job, status="waiting", order="seq"):
                heads.setdefault(job.lane, job)
            waits = [(job.not_before - self.clock.now()).total_seconds() for job in heads.values()]
            if not waits or (wait := min(waits)) > 120:
                return
            self.clock.go(seconds=max(wait, 0.01))
        raise AssertionError("there is always more to deliver")

    async def finish(self) -> None:
        """Let what goes on after an answer come to its end."""
        for channel in self.product.chatting.channels:
            for page in channel.pages:
                await page._bot.finish()  # type: ignore[attr-defined]

    def place(self, person: str = "employee") -> Place:
        return Place("teams", self.connector.tenant, self.user(person).oid)


@asynccontextmanager
async def served(product: Product, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(product.web(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def house(
    sandbox: Sandbox, folder: Path, *, app_id: str = APP_ID, template: Path | None = None
) -> AsyncIterator[TeamsHouse]:
    port = free_port()
    secrets = folder / "sandbox" / "secrets"
    secrets.mkdir(parents=True)
    for name in ("identity", "act", "reader"):
        (secrets / name).write_text(sandbox.secret(name))
    (folder / "teams.secret").write_text(SECRET)
    path = write_settings(folder, host="127.0.0.1", port=port, sandbox_port=sandbox.state.port)
    if template is not None:
        shutil.copyfile(template, folder / "keyturn.db")
    with authority.running(app_id or APP_ID, sandbox.tenant, secret=SECRET) as keys:
        path.write_text(path.read_text() + teams_settings(keys, app_id=app_id))
        async with aiohttp.ClientSession(trust_env=False) as http, connector.running(keys) as fake:
            settings = load(path, {}, dev_no_auth=not app_id)
            product = build(
                settings, mail=MailboxMail(http, sandbox.url), clock=sandbox.clock, entropy=FakeEntropy(),
                security_info=f"{sandbox.url}/sandbox/tenant", demo=True,
            )  # fmt: skip
            product.codes._hasher = PasswordHasher.from_parameters(CHEAPEST)
            product.intake._meaning._router = router()
            await product.published.publish(shipped())
            fake.conversation(AGENTS, "channel")
            async with served(product, port):
                yield TeamsHouse(
                    product, sandbox, folder, port,
                    authority=keys, connector=fake, http=http, signed=bool(app_id),
                )  # fmt: skip
            await product.stop()


@pytest_asyncio.fixture
async def teams(sandbox: Sandbox, stores: Stores) -> AsyncIterator[TeamsHouse]:
    """At the end nothing that was sent may look wrong to a strict client."""
    with quick_folder() as folder:
        async with house(sandbox, folder, template=stores.template) as made:
            yield made
            assert made.connector.found == []
