"""A small world for proving: one subject, one agent, a store of the test's own, and a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.effects import OpenProof
from bot.core.events import Answered, Event, Happening
from bot.core.facts import AccountFacts, Method, Person, Risk, Roles, Unreadable
from bot.core.humans import Humans
from bot.core.law import Law
from bot.core.model import ActKind, CaseId, EventId, Oid, Reason, Visitor
from bot.core.policy import DEFAULT
from bot.core.rank import RankRules
from bot.core.records import Attempt, Case, Check, CounterBrowser, Evidence, Session, Shift, Signing
from bot.ports.case_page import AddedMethod, CaseView, Challenge
from bot.ports.sign_in import Finished, Redirect, SignedIn, SignInAsk
from bot.ports.store import Store, UnitOfWork
from bot.service.attempts import Attempts
from bot.service.case_page import CasePageService
from bot.service.case_views import CaseViews
from bot.service.checks import LiveChecks
from bot.service.counters import CounterService
from bot.service.evidence import EvidenceBook
from bot.service.handover import Handovers
from bot.service.keys import Keys, hashed
from bot.service.limits import Limits
from bot.service.proof_entry import ProofEntry
from bot.service.proving import Provings
from bot.service.stops import Stops
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.page_key import PageKey

SUBJECT, AGENT, AGENT_TWIN, MANAGER = "oid-subject", "oid-agent", "oid-agent-twin", "oid-manager"
AGENTS, ELIGIBLE = "group-agents", "group-eligible"
NUMBER = "471123"
VISITOR = Visitor("203.0.113.0/24", "DE", "Firefox, Linux")
GOOD, USED, YOUNG = "GOOD-CODE", "USED-CODE", "YOUNG-CODE"
LONG_AGO = timedelta(days=300)


class FakeTurns:
    """Keeps what was taken; each dedupe key once."""

    def __init__(self) -> None:
        self.taken: dict[str, Happening] = {}

    async def receive(self, event: Event) -> dict[str, Any]:
        raise AssertionError("nothing here sends events of its own")

    def take(
        self, work: UnitOfWork, case: Case, what: Happening, *, dedupe_key: str, at: datetime
    ) -> dict[str, Any]:
        self.taken.setdefault(dedupe_key, what)
        return {}

    @property
    def outcomes(self) -> list[str]:
        return [w.outcome for w in self.taken.values() if isinstance(w, Answered)]


def person(oid: str, **more: Any) -> Person:
    told: dict[str, Any] = {
        "upn": f"{oid}@keyturn.example", "name": oid, "mail": f"{oid}@keyturn.example", "department": "",
        "job_title": "", "office": "", "locale": "en", "enabled": True, "guest": False, "external": False,
        "synced": False, "management_restricted": False, "hired_at": None, "employee_id": oid,
        "mobile": "+49 1555 0110101", "business_phones": ("+49 30 5550 0101",),
    }  # fmt: skip
    return Person(oid=Oid(oid), **(told | more))


@dataclass
class FakeDirectory:
    """People in memory. *unreadable* makes every read of facts fail in that way."""

    clock: FakeClock
    people: dict[str, Person]
    groups: dict[str, set[str]]
    owned: dict[str, tuple[Method, ...]]
    photo_bytes: bytes | None = b"picture"
    unreadable: str = ""
    active: tuple[Any, ...] = ()
    asked: list[str] = field(default_factory=list)

    async def person(self, oid: Oid) -> Person | None:
        self.asked.append(f"person {oid}")
        return self.people.get(oid)

    async def find(self, address: str) -> Person | None:
        return next((p for p in self.people.values() if p.upn == address.lower()), None)

    async def manager(self, oid: Oid) -> Person | None:
        return self.people.get(MANAGER)

    async def photo(self, oid: Oid) -> tuple[str, bytes] | None:
        return ("image/png", self.photo_bytes) if self.photo_bytes else None

    async def methods(self, oid: Oid) -> tuple[Method, ...]:
        return self.owned.get(oid, ())

    async def live_pass(self, oid: Oid) -> None:
        return None

    async def sessions_since(self, oid: Oid) -> None:
        return None

    async def pass_policy(self) -> Unreadable:
        return Unreadable("error")

    async def sign_ins(self, oid: Oid) -> Unreadable:
        return Unreadable("unlicensed")

    async def facts(self, oid: Oid, *, groups: tuple[str, ...], methods: bool = True) -> AccountFacts:
        self.asked.append(f"facts {oid}")
        if self.unreadable:
            bad = Unreadable(self.unreadable)
            return AccountFacts(self.clock.now(), bad, Roles(bad, bad, bad), bad, bad, bad, bad, bad)
        return AccountFacts(
            self.clock.now(), self.people.get(oid), Roles(self.active if oid == SUBJECT else (), (), ()),
            frozenset(self.groups.get(oid, set()) & set(groups)), frozenset(), self.owned.get(oid, ()), None,
            Risk("none"),
        )  # fmt: skip


class FakeCodes:
    """One good code, one used, one young; the good one can be consumed once."""

    def __init__(self) -> None:
        self.spent: set[str] = set()
        self.kept = "good"

    async def verify(self, subject_oid: str, typed: str) -> str | Reason:
        known = {USED: Reason.USED_CODE, YOUNG: Reason.YOUNG_CODE}
        if subject_oid == SUBJECT and typed == GOOD:
            return Reason.USED_CODE if "selector-1" in self.spent else "selector-1"
        return known.get(typed, Reason.WRONG_CODE)

    def consume(self, work: UnitOfWork, selector: str) -> bool:
        fresh = selector not in self.spent
        self.spent.add(selector)
        return fresh

    async def state(self, subject_oid: str) -> str:
        return self.kept


class FakeVouchers:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ask(self, case: Case, attempt: Attempt) -> Reason | None:
        self.asked.append(attempt.id)
        return None

    async def ask_contact(self, case: Case, attempt: Attempt, contact: str) -> Reason | None:
        return Reason.PROOF_CLOSED

    async def has_manager(self, subject_oid: str) -> bool:
        return True


class FakeSignIns:
    """Keeps what was asked; `World.signed` finishes it as the service of that name would."""

    def __init__(self) -> None:
        self.asks: list[SignInAsk] = []

    async def begin(self, ask: SignInAsk) -> Redirect:
        self.asks.append(ask)
        return Redirect(
            "https://authority.example/authorize", "__Host-tx-1", "sealed", signing_id="signing-1"
        )


class FakeAdded:
    def __init__(self) -> None:
        self.methods: list[AddedMethod] = []
        self.said: list[tuple[str, bool]] = []

    async def of_case(self, case_id: str) -> Sequence[AddedMethod]:
        return self.methods

    async def answer(self, case_id: str, method_id: str, *, yours: bool) -> None:
        self.said.append((method_id, yours))


class World:
    """Everything wired as the composition root does, on the given store."""

    def __init__(self, store: Store, clock: FakeClock, entropy: FakeEntropy, *, video: str = "") -> None:
        self.store, self.clock, self.entropy = store, clock, entropy
        self.keys = Keys(b"k" * 32, b"p" * 32)
        self.turns, self.codes, self.vouchers = FakeTurns(), FakeCodes(), FakeVouchers()
        self.sign_ins, self.added = FakeSignIns(), FakeAdded()
        old = clock.now() - LONG_AGO
        self.directory = FakeDirectory(
            clock,
            {o: person(o) for o in (SUBJECT, AGENT, MANAGER)} | {AGENT_TWIN: person(AGENT_TWIN)},
            {SUBJECT: {ELIGIBLE}, AGENT: {AGENTS}, AGENT_TWIN: {AGENTS}, MANAGER: {ELIGIBLE}},
            {
                SUBJECT: (
                    Method("pw", "password", "Password", old),
                    Method("app", "microsoftAuthenticator", "Pixel 6", old),
                    Method("sms", "phone", "+49 1555 0110101", old, "+49 15550110101"),
                )
            },
        )
        self.humans = Humans.of([[SUBJECT, AGENT_TWIN], [AGENT]], by_employee_id=False)
        ranks = RankRules(frozenset({ELIGIBLE}), frozenset({AGENTS}))
        law = Law(DEFAULT, ranks, self.humans, AGENTS)
        self.limits = Limits(entropy)
        self.handovers = Handovers(store, clock, entropy)
        self.halted: list[str] = []
        self.stops = Stops(
            self.turns, self.keys, entropy, self.handovers, [lambda w, c, a, why: self.halted.append(why)]
        )
        self.attempts = Attempts(store, clock, entropy, self.keys, self.limits)
        self.book = EvidenceBook(self.keys, entropy, self.limits, self.stops)
        self.provings = Provings(
            store, clock, entropy, self.directory, self.attempts, self.book, self.stops, self.codes,
            self.vouchers, law=law, groups=(AGENTS, ELIGIBLE),
        )  # fmt: skip
        self.entry = ProofEntry(
            store, clock, entropy, self.keys, self.directory, self.attempts, self.limits, self.book,
            self.stops, self.provings, self.codes, self.vouchers, self.sign_ins, video=bool(video),
        )  # fmt: skip
        views = CaseViews(self.book, self.provings, self.limits, open_now=lambda at: True, video_url=video)
        self.pages = CasePageService(
            store, clock, entropy, self.turns, self.attempts, self.entry, self.provings, views, self.stops,
            self.limits, self.handovers, self.added,
        )  # fmt: skip
        self.checks = LiveChecks(
            store, clock, entropy, self.keys, self.directory, self.sign_ins, self.humans, agents=AGENTS,
            video_url=video,
        )  # fmt: skip
        self.counters = CounterService(
            store, clock, entropy, self.keys, self.directory, self.sign_ins, agents=AGENTS
        )

    # --- cases and pages -----------------------------------------------------------------------------

    def handle(self, case_id: str) -> str:
        return self.keys.handle("case", case_id)

    async def case(
        self,
        ident: str = "case-1",
        number: str = NUMBER,
        *,
        acts: Sequence[ActKind] | None = None,
        **more: Any,
    ) -> Case:
        """An open case whose flow waits at the step `identity`."""
        at = self.clock.now()
        told: dict[str, Any] = {
            "flow": "new_phone", "flow_hash": "hash", "locale": "en", "place": "web:demo:employee",
            "opener": {"channel": "web", "tenant": "demo", "user": "employee"}, "subject_oid": SUBJECT,
            "identified_by": "linked", "state": {}, "step": "identity", "version": 3, "status": "open",
            "outcome": "", "opened_at": at, "touched_at": at,
        }  # fmt: skip
        case = Case(id=ident, number=number, handle_hash=hashed(self.handle(ident)), **(told | more))
        wanted = (ActKind.ISSUE_PASS, ActKind.REMOVE_METHOD) if acts is None else tuple(acts)

        def fn(work: UnitOfWork) -> None:
            work.add(case)
            effect = OpenProof("identity", 3, wanted)
            event = Event(EventId("e"), "e", at, CaseId(ident), Answered("x", 1, "ok"))
            self.provings.open(work, case, effect, event, "e/0")

        await self.store.transact(fn)
        return case

    async def page(self, browser: str = "browser-1", case_id: str = "case-1", number: str = NUMBER) -> PageOf:
        """A browser that claimed the case, made its key and passed the self-test."""
        page = PageOf(self, browser, case_id)
        await self.pages.claim(page.handle, number, browser, VISITOR, shared=False)
        await self.pages.key(page.handle, browser, page.key.jwk)
        await page.beat()
        return page

    async def on_duty(self, oid: str = AGENT) -> None:
        at = self.clock.now()
        await self.store.transact(lambda work: work.save(Shift(oid, oid, at, at)))

    # --- rows ------------------------------------------------------------------------------------------

    async def row(self, kind: type[Any], ident: str) -> Any:
        return await self.store.read(lambda work: work.get(kind, ident))

    async def rows(self, kind: type[Any], /, **where: Any) -> list[Any]:
        return await self.store.read(lambda work: work.find(kind, **where))

    async def attempt(self, browser: str = "browser-1") -> Attempt:
        return (await self.rows(Attempt, browser_hash=browser))[0]

    async def evidence(self) -> list[Evidence]:
        return await self.rows(Evidence)

    # --- counters --------------------------------------------------------------------------------------

    async def counter(self, name: str = "Reception", *, by: str = AGENT) -> CounterBrowser:
        """A counter's screen, set up by an agent's sign-in; one of the name is set up once."""
        known = [c for c in await self.rows(CounterBrowser, revoked_at=None) if c.name == name]
        if known:
            return known[0]
        agent = Session("", "desk", by, by, self.clock.now(), self.clock.now(), self.clock.now(), {})
        await self.counters.enrol(agent, f"browser of {name}", name=name, site="Berlin")
        self.clock.go(seconds=1)
        await self.signed(by)
        return (await self.rows(CounterBrowser, name=name))[-1]

    async def code_at(self, row: CounterBrowser) -> str:
        """What its screen shows now."""
        shown = await self.counters.screen(row.browser_hash)
        assert shown is not None
        return shown.code.digits

    # --- agents ----------------------------------------------------------------------------------------

    async def signed(self, oid: str = AGENT, **changed: Any) -> Any:
        """The newest sign-in asked for comes back as *oid*'s."""
        ask, at = self.sign_ins.asks[-1], self.clock.now()
        signing = Signing(
            f"signing-{len(self.sign_ins.asks)}", ask.purpose.value, ask.subject_ref, "", ask.browser_hash,
            ask.expected_oid, ask.digest, "salt", dict(ask.payload), at, at, "consumed", oid, at,
        )  # fmt: skip
        who = SignedIn(Oid(oid), oid, oid, at, frozenset({"c1"}), "raw")
        finished = Finished(replace(signing, **changed), who, None)
        handler = {"check": self.checks.signed, "counter": self.counters.signed}.get(
            ask.purpose.value, self.entry.signed_in
        )
        return await handler(finished)

    async def live_check(self, page: PageOf, how: str = "call_back", *, by: str = AGENT) -> str:
        """Asked, told and signed; the digits the agent would say."""
        at_counter = how == "counter"
        there = await self.counter() if at_counter else None
        counter = await self.code_at(there) if there else ""
        await self.pages.ask_check(page.handle, page.browser, how=how, number_ref="", counter=counter)
        check = (await self.rows(Check, status="asked"))[-1]
        number = "business0" if how == "call_back" else ""
        told = {"counter": there.id, "paper": "badge"} if there else {}
        await self.checks.tell(check.id, by, device="phone", place="home", number_ref=number, **told)
        await self.checks.sign(check.id, by, "agent@x", "agent-browser")
        await self.signed(by)
        shown = await self.checks.digits(check.id, by)
        assert shown is not None
        return shown.digits


@dataclass
class PageOf:
    """One browser's page, with its key."""

    world: World
    browser: str
    case_id: str
    key: PageKey = field(default_factory=PageKey)

    @property
    def handle(self) -> str:
        return self.world.handle(self.case_id)

    async def view(self) -> CaseView:
        return await self.world.pages.view(self.handle, self.browser, VISITOR)

    async def beat(self) -> Challenge:
        """One round of the pulse: take the challenge, answer it."""
        pages = self.world.pages
        pulse = await pages.pulse(self.handle, self.browser, answer="", version="", wait=0)
        assert pulse.challenge is not None
        await pages.pulse(self.handle, self.browser, answer=self.answer(pulse.challenge), version="", wait=0)
        return pulse.challenge

    def answer(self, challenge: Challenge) -> str:
        """SHA-256 of what the challenge holds, under the info the page was told."""
        _, case_id, attempt_id, act = challenge.info.split("|")
        assert (case_id, act) == (self.case_id, "challenge")
        return self.key.answer(json.dumps(dict(challenge.wire)), case_id=case_id, attempt_id=attempt_id)

    async def code(self, typed: str = GOOD) -> None:
        await self.world.pages.saved_code(self.handle, self.browser, typed)

    async def digits(self, typed: str) -> None:
        await self.world.pages.digits(self.handle, self.browser, typed)

    async def tick(self, *ids: str) -> None:
        await self.world.pages.gone(self.handle, self.browser, ids)
