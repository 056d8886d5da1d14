"""The case page alone, served on a free port, with the small world of proving behind it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.adapters.web.app import build
from bot.adapters.web.case import CasePage
from bot.adapters.web.polling import Polls
from bot.adapters.web.shell import Shell, Site
from bot.core.records import Attempt, Case, Proving, Request
from bot.ports.store import Store, UnitOfWork
from bot.service import sealing
from bot.service.handover import Sealed
from bot.service.sessions import SessionService
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.page_key import PageKey
from tests.fakes.proving import NUMBER, SUBJECT, World
from tests.web.browsing import Answer, Browser, form_token
from tests.web.house import ROOT, free_port, words

PASS = "aZ5*kQ9+mX"
SECURITY_INFO = "https://mysignins.microsoft.com/security-info"


@dataclass
class CaseHouse:
    url: str
    world: World
    shell: Shell

    @property
    def path(self) -> str:
        return f"/c/{self.world.handle('case-1')}"

    async def ask_approvers(self, **changed: Any) -> None:
        """The flow went on: the proof step is left, a request is open."""
        at, world = self.world.clock.now(), self.world
        attempt: Attempt = (await world.rows(Attempt, status="open"))[0]

        def fn(work: UnitOfWork) -> None:
            proving = work.get(Proving, "case-1")
            if proving is not None:
                work.remove(Proving, "case-1")
            act = {"kind": "issue_pass", "minutes": 60, "once": True, "method_id": "", "method_type": ""}
            act |= changed
            work.add(
                Request(
                    "request-1", "case-1", attempt.id, SUBJECT, "approval", 4, [act], "standard", "v1", [],
                    attempt.thumbprint, 1, at, at, "open",
                )
            )  # fmt: skip

        await world.store.transact(fn)
        world.store.notify("case-1")

    async def seal(self, value: str = PASS) -> None:
        """The approver signed, Graph made the pass, it was sealed to the page's key."""
        world = self.world
        attempt: Attempt = (await world.rows(Attempt, status="open"))[0]
        wire = sealing.seal(
            attempt.page_key, value.encode(), case_id="case-1", request_id="request-1", act="issue_pass",
            entropy=world.entropy,
        )  # fmt: skip

        def fn(work: UnitOfWork) -> None:
            case, request = work.case("case-1"), work.get(Request, "request-1")
            assert isinstance(case, Case)
            assert request is not None
            world.handovers.add(work, case, request, attempt, Sealed(wire, "pass-1", 60), world.clock.now())

        await world.store.transact(fn)
        world.store.notify("case-1")


@asynccontextmanager
async def case_house(
    store: Store, clock: FakeClock, entropy: FakeEntropy, *, video: str = "https://video.example/room"
) -> AsyncIterator[CaseHouse]:
    world = World(store, clock, entropy, video=video)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    site = Site(url, "http://localhost:1", "+49 30 5550 100", "Mon–Fri 8–18")
    shell = Shell(site, words(), SessionService(store, clock, entropy), entropy, ROOT / "templates")
    polls = Polls(store)
    runner = web.AppRunner(
        build(shell, [CasePage(shell, world.pages, polls, security_info=SECURITY_INFO)]), access_log=None
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield CaseHouse(url, world, shell)
    finally:
        polls.close()
        await runner.cleanup()


@dataclass
class Script:
    """What docs/http.md lets anybody write: the case page driven by JSON alone."""

    browser: Browser
    path: str
    key: PageKey = field(default_factory=PageKey)
    token: str = ""

    async def look(self) -> dict[str, Any]:
        got = await self.browser.get(self.path, headers={"Accept": "application/json"})
        assert got.status == 200, got.text
        view: dict[str, Any] = json.loads(got.body)
        self.token = view["form_token"]
        return view

    async def post(self, name: str, **body: Any) -> Answer:
        if not self.token:
            await self.look()
        headers = {"X-Form-Token": self.token}
        return await self.browser.ask("POST", f"{self.path}/{name}", json=body, headers=headers)

    async def good(self, name: str, **body: Any) -> dict[str, Any]:
        got = await self.post(name, **body)
        assert got.status == 200, got.text
        told: dict[str, Any] = json.loads(got.body)
        return told

    async def beat(self) -> dict[str, Any]:
        told = await self.good("pulse", wait=0)
        return await self.good("pulse", answer=self.answer(told["challenge"]), wait=0)

    def answer(self, challenge: dict[str, Any]) -> str:
        _, case_id, attempt_id, _ = challenge["info"].split("|")
        return self.key.answer(json.dumps(challenge["wire"]), case_id=case_id, attempt_id=attempt_id)

    async def enter(self, number: str = NUMBER) -> None:
        """Claim, key, self-test."""
        await self.good("claim", number=number)
        await self.good("key", jwk=self.key.jwk)
        await self.beat()

    def open(self, sealed: dict[str, Any]) -> str:
        _, case_id, request_id, act = sealed["info"].split("|")
        wire = json.dumps(sealed["wire"])
        return self.key.open(wire, case_id=case_id, request_id=request_id, act=act).decode()


class Forms:
    """The same page, driven by plain HTML forms as a browser without script sends them."""

    def __init__(self, browser: Browser, path: str) -> None:
        self.browser, self.path = browser, path

    async def look(self) -> Answer:
        return await self.browser.get(self.path)

    async def post(self, name: str, fields: dict[str, str] | list[tuple[str, str]] | None = None) -> Answer:
        token = form_token((await self.look()).text)
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields or [])
        data = [("form_token", token), *pairs]
        return await self.browser.ask(
            "POST", f"{self.path}/{name}", data=data, headers={"Accept": "text/html"}
        )
