"""The whole product as the composition root wires it, on a store of the test's own, with a sandbox
beside it and time and chance in the test's hands. Nothing runs by itself: `settle` delivers.

    from tests.fakes.product import whole  # noqa: F401
    from tests.fakes.sandbox import sandbox  # noqa: F401
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from bot.adapters.mail.mailbox import MailboxMail
from bot.app import build
from bot.core.message import Message
from bot.core.model import Place
from bot.core.ngram import NgramEncoder
from bot.core.records import AuditRow, Case, EventRow, Job
from bot.demo import write_settings
from bot.flowfile.pack import pack_root
from bot.flowfile.versions import Version, from_folder
from bot.ports.intake import Incoming
from bot.product import Product
from bot.sandbox.directory import Account
from bot.sandbox.self_service import register
from bot.service.routing import ExampleRouter, folder_examples
from bot.settings import load
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.sandbox import Sandbox
from tests.fakes.stores import Stores, quick_folder
from tests.web.house import free_port


@cache
def shipped() -> dict[str, Version]:
    """The shipped flows, read once: checking them takes a tenth of a second."""
    root = pack_root()
    return from_folder(root / "flows", root / "templates")


@dataclass
class Whole:
    """The product and its surroundings, and short cuts for what tests do all the time."""

    product: Product
    sandbox: Sandbox
    folder: Path
    port: int
    sent: int = 0
    seen: dict[str, int] = field(default_factory=dict)

    @property
    def clock(self) -> FakeClock:
        return self.sandbox.clock

    @property
    def store(self) -> Any:
        return self.product.store

    # --- chat ------------------------------------------------------------------------------------

    def incoming(self, person: str = "employee", **what: Any) -> Incoming:
        self.sent += 1
        told: dict[str, Any] = {
            "place": Place("web", "demo", person), "user": person, "dedupe_key": f"m{self.sent}",
            "network": "127.0.0.0/24",
        }  # fmt: skip
        if "hint_oid" not in what:
            told["hint_oid"] = self.sandbox.oid(person)
        return Incoming(**(told | what))

    async def say(self, text: str, person: str = "employee", **more: Any) -> dict[str, Any]:
        """Type *text* into the person's chat; the reply. What follows is delivered."""
        reply = await self.product.intake.receive(self.incoming(person, text=text, **more))
        await self.settle()
        return reply

    async def press(self, choice: str, person: str = "employee", **more: Any) -> dict[str, Any]:
        reply = await self.product.intake.receive(self.incoming(person, choice=choice, **more))
        await self.settle()
        return reply

    async def settle(self) -> None:
        """Deliver what is due now, and what follows from it."""
        await self.product.outbox.drain()

    async def shown(self, person: str = "employee") -> list[Message]:
        """Every message of the bot in that chat, oldest first."""
        place = Place("web", "demo", person)
        _, lines = await self.product.chat.since(place, 0)
        return [line.message for line in lines if line.author == "bot" and line.message]

    async def last(self, person: str = "employee") -> Message:
        return (await self.shown(person))[-1]

    async def button(self, ending: str, person: str = "employee") -> str:
        """The newest button whose id ends so."""
        for message in reversed(await self.shown(person)):
            for choice in choices(message):
                if choice.endswith(ending):
                    return choice
        raise AssertionError(f"no button …{ending}")

    # --- rows ------------------------------------------------------------------------------------

    async def rows(self, kind: type[Any], /, **where: Any) -> list[Any]:
        return await self.store.read(lambda work: work.find(kind, **where))

    async def case(self, person: str = "employee") -> Case:
        """The newest case of that chat."""
        cases = await self.rows(Case, place=f"web:demo:{person}", order="-id")
        return cases[0]

    async def tags(self) -> list[str]:
        return [row.tag for row in await self.rows(AuditRow, order="id")]

    async def events(self, **where: Any) -> list[EventRow]:
        return await self.rows(EventRow, order="id", **where)

    async def jobs(self, kind: str, **where: Any) -> list[Job]:
        return await self.rows(Job, kind=kind, order="seq", **where)

    def at_rest(self) -> bytes:
        """Every byte that the product has put on disk, write-ahead log included."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob("keyturn.db*")))

    # --- the tenant ------------------------------------------------------------------------------

    def ledger(self, part: str = "") -> list[str]:
        """`METHOD path` of every Graph call so far."""
        calls = (f"{row['method']} {row['path']}" for row in self.sandbox.state.journal.ledger())
        return [call for call in calls if part in call]

    def registers(self, person: str, **fields: Any) -> None:
        """The person registers a method as the tenant pane lets them."""
        register(self.sandbox.state, self._who(person), fields)

    def mail(self, person: str) -> list[dict[str, Any]]:
        return list(self.sandbox.state.journal.mail(person))

    def plant(self, person: str, kind: str = "fido2") -> str:
        """Somebody else registers a method on the person's account; its id."""
        return self.sandbox.state.methods.add(self._who(person).id, kind, {"displayName": "Not mine"})

    def _who(self, person: str) -> Account:
        who = self.sandbox.state.directory.get(person)
        assert who is not None
        return who


def choices(message: Message) -> list[str]:
    """The ids of everything in *message* that can be pressed."""
    found: list[str] = []
    for element in message.elements:
        found += [one.id for one in getattr(element, "choices", ())]
        if submit := getattr(element, "submit", None):
            found.append(submit.id)
    return found


@cache
def router() -> ExampleRouter:
    """The shipped examples, fitted once for all tests."""
    return ExampleRouter(NgramEncoder(), folder_examples(pack_root() / "flows"), lambda: ("new_phone",))


@asynccontextmanager
async def opened(
    sandbox: Sandbox, stores: Stores, more: str = "", kept: Mapping[str, str] | None = None
) -> AsyncIterator[Whole]:
    """The product with *more* settings at the end of its file, and more secrets *kept* beside its own."""
    with quick_folder() as folder:
        port = free_port()
        secrets = folder / "sandbox" / "secrets"
        secrets.mkdir(parents=True)
        for name in ("identity", "act", "reader"):
            (secrets / name).write_text(sandbox.secret(name))
        for name, value in (kept or {}).items():
            (secrets / name).write_text(value)
        path = write_settings(folder, host="127.0.0.1", port=port, sandbox_port=sandbox.state.port)
        path.write_text(path.read_text() + more)
        shutil.copyfile(stores.template, folder / "keyturn.db")
        async with aiohttp.ClientSession(trust_env=False) as http:
            product = build(
                load(path, {}), mail=MailboxMail(http, sandbox.url), clock=sandbox.clock,
                entropy=FakeEntropy(), security_info=f"{sandbox.url}/sandbox/tenant", demo=True,
            )  # fmt: skip
            product.codes._hasher = PasswordHasher.from_parameters(CHEAPEST)
            product.intake._meaning._router = router()
            await product.published.publish(shipped())
            yield Whole(product, sandbox, folder, port)
            await product.stop()


@pytest_asyncio.fixture
async def whole(sandbox: Sandbox, stores: Stores) -> AsyncIterator[Whole]:
    async with opened(sandbox, stores) as house:
        yield house
