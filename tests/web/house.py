"""The web adapter with everything behind it that tests want: real store, words, sessions and desk;
a bot that only echoes; and, where a test brings one, the real sandbox for sign-ins."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from prometheus_client import CollectorRegistry

from bot.adapters.web.app import build
from bot.adapters.web.callback import Callback
from bot.adapters.web.chat import Chat
from bot.adapters.web.demo import DemoPage
from bot.adapters.web.desk import DeskPage
from bot.adapters.web.health import Health
from bot.adapters.web.help import HelpPage
from bot.adapters.web.history import HistoryPage
from bot.adapters.web.polling import Polls
from bot.adapters.web.shell import Shell, Site
from bot.adapters.web.transcript import WebChat
from bot.core.elements import (
    Buttons,
    Choice,
    Heading,
    Link,
    LinkButton,
    Paragraph,
    Span,
    TextInput,
    Untrusted,
)
from bot.core.events import Happening
from bot.core.facts import AccountFacts, Person, Roles, Unreadable
from bot.core.flow import Flow, FlowSet, FlowState, Step
from bot.core.message import Message
from bot.core.model import Oid, Place
from bot.core.policy import DEFAULT
from bot.core.records import Case, Signing
from bot.core.tables import Verb
from bot.ports.chat_pages import AGENTS, Chatter
from bot.ports.intake import Incoming
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignedIn, SignIns
from bot.ports.store import Store, UnitOfWork
from bot.service import cards
from bot.service.card_posts import CardPosts
from bot.service.card_views import CardViews
from bot.service.dead_letters import DeadLetterBox
from bot.service.desk import DeskService
from bot.service.histories import HistoryService
from bot.service.keys import Keys
from bot.service.membership import Membership
from bot.service.sessions import SessionService
from bot.service.word_files import WordFiles
from bot.service.words import Desk, WordService
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
GROUP = "11111111-1111-1111-1111-111111111111"
KEYS = Keys(b"k" * 32, b"p" * 32)
HASH = "flow-hash"
WORKS = Choice("s:c1:old_phone:1:works", "Yes, it works")
GONE = Choice("s:c1:old_phone:1:gone", "Wiped or broken")
NAME = Span("<b>Amara</b>", foreign=True, bold=True)
TALK = FlowSet.of(
    Flow(
        "talk",
        "person",
        {
            "person": Step("person", Verb.HANDOFF, "desk", {"closed": "over", "back": "over"}),
            "over": Step("over", Verb.END, "handed_over"),
        },
    )
)


def words() -> WordService:
    return WordService(
        WordFiles.of_folder(ROOT / "templates"),
        desk=Desk("+49 30 5550 100", "Mon–Fri 8–18"),
        links={"security_info": "https://mysignins.microsoft.com/security-info", "help": "/help"},
    )


class Echo:
    """An intake that keeps what it got, and answers each message once through the chat."""

    def __init__(self, chat: WebChat) -> None:
        self.chat = chat
        self.got: list[Incoming] = []
        self.silent = False

    async def receive(self, incoming: Incoming) -> dict[str, Any]:
        if any(one.dedupe_key == incoming.dedupe_key for one in self.got):
            return {"refused": ""}
        self.got.append(incoming)
        if not self.silent:
            await self.chat.post(
                incoming.place, answer(incoming), key=f"bot/{incoming.dedupe_key}", case_id="c1"
            )
        return {"refused": ""}


def answer(incoming: Incoming) -> Message:
    return Message(
        (
            Heading("New phone"),
            Paragraph((Span("Is Authenticator still working, "), NAME, Span("?"))),
            Untrusted("<script>alert(1)</script>"),
            Buttons((WORKS, GONE)),
            TextInput(name="value", label="Which model?", submit=Choice("f:c1:model:1", "Send")),
            LinkButton("Open your page", Link(reference="case:c1")),
        ),
        "Is Authenticator still working?",
        incoming.locale or "en",
    )  # fmt: skip


class People:
    def __init__(self) -> None:
        self._all = (
            Chatter("employee", "Amara Okafor", "oid-employee"),
            Chatter("hello_user", "Hyun-woo Park", "oid-hello"),
        )

    def all(self) -> tuple[Chatter, ...]:
        return self._all

    def find(self, ident: str) -> Chatter | None:
        return next((one for one in self._all if one.id == ident), None)


class HandleLinks:
    def path(self, reference: str) -> str | None:
        kind, _, ident = reference.partition(":")
        roots = {"case": "/c/", "review": "/r/"}
        return f"{roots[kind]}{KEYS.handle(kind, ident)}" if kind in roots else None


class Members:
    """A directory in which everybody named is a good member of the group."""

    def __init__(self, *oids: str) -> None:
        self.members = set(oids)
        self.unreadable = False
        self.changes: dict[str, Any] = {}
        self.read = 0

    async def person(self, oid: Oid) -> Person | None:
        return self._person(oid)

    async def facts(self, oid: Oid, *, groups: tuple[str, ...], methods: bool = True) -> AccountFacts:
        self.read += 1
        nothing: tuple[Any, ...] = ()
        return AccountFacts(
            datetime(2026, 11, 22, tzinfo=UTC),
            self._person(oid),
            Roles(nothing, nothing, nothing),
            Unreadable("error") if self.unreadable else frozenset(groups if oid in self.members else ()),
            frozenset(), nothing, None, Unreadable("unlicensed"),
        )  # fmt: skip

    def _person(self, oid: Oid) -> Person:
        made = Person(
            oid, f"{oid}@keyturn.example", f"Name of {oid}", "", "Sales", "", "Berlin, 3.14", "en", True,
            False, False, False, False, None, "", "",
        )  # fmt: skip
        return replace(made, **self.changes)


class OneFlow:
    def at(self, flow_hash: str) -> FlowSet:
        return TALK

    def live(self, flow: str) -> str | None:
        return HASH

    def names(self) -> tuple[str, ...]:
        return ("talk",)


class Taken:
    """Turns that only keep what they were given."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Happening, str]] = []
        self.fail = False

    async def receive(self, event: Any) -> dict[str, Any]:
        raise AssertionError("pages answer inside their own transaction")

    def take(
        self, work: UnitOfWork, case: Case, what: Happening, *, dedupe_key: str, at: datetime
    ) -> dict[str, Any]:
        if self.fail:
            raise ValueError("a turn that raises")
        self.taken.append((case.id, what, dedupe_key))
        return {}


class PassThrough:
    """Sign-ins without an authority: whoever begins is at once back as *who*."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.who = "oid-agent"
        self.clock: FakeClock | None = None
        self.handlers: dict[Purpose, Any] = {}
        self.asked: list[Any] = []
        self.landing: Landing | None = None

    async def begin(self, ask: Any) -> Redirect:
        self.asked.append(ask)
        return Redirect(f"{self.url}/authorize?state=s1", "__Host-tx-1", "sealed")

    def _signing(self) -> Signing:
        ask, at = self.asked[-1], self.clock.now() if self.clock else datetime.now(UTC)
        return Signing(
            "s1", "desk", ask.subject_ref, "", ask.browser_hash, "", "", "", {}, at, at, "consumed"
        )

    async def finish(self, form: Mapping[str, str], cookies: Mapping[str, str]) -> Landing:
        if self.landing is not None:
            return self.landing
        if form.get("state") != "s1" or cookies.get("__Host-tx-1") != "sealed":
            return Landing("/desk", refused="unknown_state")
        assert self.clock is not None
        who = SignedIn(
            Oid(self.who), "Jonas Lindqvist", "agent@keyturn.example", self.clock.now(), frozenset(), "raw"
        )
        landing: Landing = await self.handlers[Purpose.DESK](Finished(self._signing(), who, None))
        return landing


class Restarts:
    def __init__(self) -> None:
        self.people: list[str] = []

    async def start_over(self, person: str) -> None:
        self.people.append(person)


def a_case(case_id: str, at: datetime, *, subject: str = "oid-employee") -> Case:
    """A case that waits for somebody to talk; its number follows from its id."""
    state = FlowState("talk", "person", version=2).to_json()
    return Case(
        case_id, f"{4711 + int(case_id[1:]):06d}", f"h-{case_id}", "talk", HASH, "en",
        "web:demo:employee", {}, subject, "hint", state, "person", 2, "open", "", at, at,
    )  # fmt: skip


@dataclass
class House:
    """Everything a test may want to look at."""

    url: str
    store: Store
    clock: FakeClock
    entropy: FakeEntropy
    shell: Shell
    chat: WebChat
    echo: Echo
    members: Members
    desk: DeskService
    sessions: SessionService
    sign_ins: SignIns
    turns: Taken
    restarts: Restarts
    views: CardViews
    posts: CardPosts
    app: web.Application
    pages: list[Any] = field(default_factory=list)

    async def card(
        self, case_id: str = "c1", wants: str = "live_check", *, subject: str = "oid-employee"
    ) -> Case:
        """A case with an open card."""
        at = self.clock.now()
        case = a_case(case_id, at, subject=subject)

        def fn(work: UnitOfWork) -> None:
            work.add(case)
            cards.show(work, KEYS, case, wants, at)

        await self.store.transact(fn)
        return case

    async def deliver(self) -> None:
        """Carry out the waiting card jobs, as the outbox would."""
        for job in await self.store.read(lambda work: _waiting(work)):
            await self.posts.handle(job)


def _waiting(work: UnitOfWork) -> list[Any]:
    from bot.core.records import Job

    return work.find(Job, kind="card", status="waiting", order="seq")


def sign(shell: Shell) -> HelpPage:
    """The front door with nobody behind it: a page to look at, and to take a form token from."""
    return HelpPage(shell, cast(Any, None), cast(Any, None), cast(Any, None))


async def nothing() -> None:
    """Where nobody needs to hear of a change."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def house(
    store: Store,
    clock: FakeClock,
    entropy: FakeEntropy,
    *,
    demo: bool = True,
    sandbox: Sandbox | None = None,
    authority_url: str = "http://localhost:1",
    sign_ins: SignIns | None = None,
    more: list[Any] | None = None,
    public_url: str = "",
    port: int = 0,
) -> AsyncIterator[House]:
    """A served application on a free port."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    site = Site(public_url or url, authority_url, "+49 30 5550 100", "Mon–Fri 8–18", demo=demo)
    sessions = SessionService(store, clock, entropy)
    shell = Shell(site, words(), sessions, entropy, ROOT / "templates")
    chat, polls, members, turns, restarts = (
        WebChat(store, clock),
        Polls(store),
        Members("oid-agent", "oid-agent2"),
        Taken(),
        Restarts(),
    )
    echo = Echo(chat)
    signing = sign_ins or PassThrough(authority_url)
    views = CardViews(store, members, OneFlow(), clock, KEYS, DEFAULT)  # type: ignore[arg-type]
    posts = CardPosts(store, views, {"web": chat}, words(), clock, channels=[AGENTS], locale="en", zone=UTC)
    dead = DeadLetterBox(store, turns, clock, entropy)
    desk = DeskService(
        store=store, clock=clock, entropy=entropy, directory=members, flows=OneFlow(), turns=turns,  # type: ignore[arg-type]
        sessions=sessions, sign_ins=signing, views=views, dead=dead, keys=KEYS, agents_group=GROUP,
    )  # fmt: skip
    agents = Membership(members, clock, GROUP)  # type: ignore[arg-type]
    if isinstance(signing, PassThrough):
        signing.clock, signing.handlers = clock, {Purpose.DESK: desk.signed_in}

    async def ready() -> bool:
        return True

    pages: list[Any] = [
        Health(ready, CollectorRegistry()),
        Callback(shell, signing),
        sign(shell),
        DeskPage(shell, desk, polls),
        HistoryPage(shell, HistoryService(store, clock, entropy, agents, views, KEYS)),
        *(more or []),
    ]
    demo_page = None
    if demo:
        sandbox_url = sandbox.url if sandbox else "http://127.0.0.1:1"
        demo_page = DemoPage(shell, People(), restarts, sandbox_url=sandbox_url, changed=nothing)
        pages += [demo_page, Chat(shell, chat, echo, People(), HandleLinks(), polls, entropy)]
    app = build(shell, pages)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield House(
            url, store, clock, entropy, shell, chat, echo, members, desk, sessions, signing, turns, restarts,
            views, posts, app, pages,
        )  # fmt: skip
    finally:
        polls.close()
        if demo_page:
            await demo_page.close()
        await runner.cleanup()


def place(person: str = "employee") -> Place:
    return Place("web", "demo", person)
