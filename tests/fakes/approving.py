"""One proven case with a request, agents at their desks, and the whole of deciding and doing on top."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from bot.core.effects import OpenRequest
from bot.core.events import Answered, Event
from bot.core.humans import Humans
from bot.core.law import Law
from bot.core.model import ActKind, CaseId, EventId, Oid, PassShape, ProofKind, Rank
from bot.core.policy import DEFAULT, Policy
from bot.core.rank import RankRules
from bot.core.records import (
    TABLES,
    Attempt,
    Case,
    Evidence,
    Execution,
    Handover,
    Intent,
    Job,
    Proving,
    Request,
    Session,
    Signing,
    Timer,
    Withdrawal,
)
from bot.ports.acting import ActToken
from bot.ports.reviews import OutcomeView, Signable
from bot.ports.sign_in import Finished, Landing, Redirect, SignedIn, SignInAsk
from bot.ports.store import Store, UnitOfWork
from bot.service.acts import Acts
from bot.service.evidence import EvidenceBook
from bot.service.executions import Executions
from bot.service.graph_acts import GraphActs
from bot.service.handover import Handovers
from bot.service.keys import Keys, hashed
from bot.service.limits import Limits
from bot.service.requests import Requests
from bot.service.reviews import ReviewService
from bot.service.sealing import thumbprint
from bot.service.stops import Stops
from bot.service.withdrawals import Withdrawals
from bot.service.world import Agents, Reader
from tests.core.deciding import AGENT, AGENTS, CHECKER, ELIGIBLE, SECOND, SECURITY, SUBJECT, account, admin
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.page_key import PageKey
from tests.fakes.proving import FakeTurns
from tests.fakes.tenant import TOKEN, Died, Tenant

R = TypeVar("R")
WITHIN = timedelta(hours=1)
PLAN = (ActKind.ISSUE_PASS, ActKind.REMOVE_METHOD)


class FakeSignIns:
    """Keeps what was asked; `World.sign` brings it back signed."""

    def __init__(self) -> None:
        self.asks: list[SignInAsk] = []

    async def begin(self, ask: SignInAsk) -> Redirect:
        self.asks.append(ask)
        return Redirect("https://authority.example/authorize", "__Host-tx", "sealed", signing_id="s")

    async def finish(self, form: Any, cookies: Any) -> Landing:
        raise AssertionError("callbacks are not made here")


class Mortal:
    """A store whose process dies at the *n*-th transaction, before it or after its commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.at, self.after, self.seen = 0, False, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def transact(self, fn: Callable[[UnitOfWork], R]) -> R:
        self.seen += 1
        mine = self.seen == self.at
        if mine and not self.after:
            raise Died
        done = await self._store.transact(fn)
        if mine:
            raise Died
        return done


class World:
    """Wired as the composition root does. `restart` makes every service anew over the same rows."""

    def __init__(
        self, store: Store, clock: FakeClock, entropy: FakeEntropy, policy: Policy = DEFAULT
    ) -> None:
        self.rows, self.store = store, Mortal(store)
        self.clock, self.entropy, self.policy = clock, entropy, policy
        self.keys = Keys(b"k" * 32, b"p" * 32)
        self.turns, self.sign_ins = FakeTurns(), FakeSignIns()
        self.page_key = PageKey()
        self.answering = True
        self.signatures = 0
        self.tenant = Tenant(
            clock,
            {SUBJECT: account(SUBJECT), CHECKER: admin(CHECKER), AGENT: admin(AGENT), SECOND: admin(SECOND)},
        )
        self.law = Law(
            policy,
            RankRules(frozenset({ELIGIBLE}), frozenset({AGENTS, SECURITY})),
            Humans.of([], by_employee_id=True),
            AGENTS,
            SECURITY,
        )
        self.restart()

    def restart(self) -> None:
        """A new process: nothing but the rows is left."""
        store, clock, entropy, keys = self.store, self.clock, self.entropy, self.keys
        self.store.at = 0
        halts: list[Any] = []
        self.handovers = Handovers(store, clock, entropy)
        self.stops = Stops(self.turns, keys, entropy, self.handovers, halts)
        book = EvidenceBook(keys, entropy, Limits(entropy), self.stops)
        self.requests = Requests(store, clock, entropy, keys, self.turns, book, self.law)
        halts.append(self.requests.halt)
        executions = Executions(store, clock, entropy, keys, self.law, self.requests, self.handovers)
        graph = GraphActs(store, entropy, self.tenant, self.tenant, executions, self.handovers)
        reader = Reader(self.tenant, clock, (AGENTS, SECURITY, ELIGIBLE))
        agents = Agents(self.tenant, AGENTS, SECURITY)
        self.acts = Acts(
            store, clock, keys, self.law, reader, self, self.requests, executions, graph, holder="p"
        )
        self.reviews = ReviewService(
            store, clock, entropy, keys, self.law, reader, self.tenant, agents, self.requests, self.stops,
            self.sign_ins,
        )  # fmt: skip
        self.withdrawals = Withdrawals(
            store, clock, entropy, self.tenant, self.tenant, agents, self.handovers
        )

    # --- the person's page -----------------------------------------------------------------------------

    async def summon(self, attempt_id: str, within: timedelta = timedelta(0)) -> bool:
        """The page answers, if somebody is there."""
        if self.answering:
            await self.change(Attempt, attempt_id, answered_at=self.clock.now())
        return self.answering

    # --- rows ------------------------------------------------------------------------------------------

    async def case(
        self, *, rank: Rank = Rank.STANDARD, proofs: tuple[tuple[ProofKind, str, str], ...] = ()
    ) -> None:
        """A case proven by a saved code and a live check, with one method ticked as gone."""
        now = self.clock.now()
        case = Case(
            "case", "471123", hashed("h"), "new_phone", "f", "en", "web:demo:employee",
            {"channel": "web", "tenant": "demo", "user": "employee"}, SUBJECT, "linked", {}, "approval", 5,
            "open", "", now, now, proven_at=now,
        )  # fmt: skip
        jwk = self.page_key.jwk
        attempt = Attempt(
            "attempt", "case", "b", now, now + timedelta(hours=20), "open", "203.0.113.0/24", "DE", "Firefox",
            page_key=jwk, thumbprint=thumbprint(jwk), key_tested_at=now, answered_at=now,
            gone=[{"id": "m1", "type": "microsoftAuthenticator", "label": "Pixel"}], gone_at=now,
        )  # fmt: skip
        wanted = proofs or ((ProofKind.SAVED_CODE, "", ""), (ProofKind.LIVE_CHECK, "call_back", CHECKER))
        evidence = [
            Evidence(
                f"e{n}", "case", "attempt", SUBJECT, kind.value, now - timedelta(minutes=5), by,
                attempt.thumbprint, {"how": how} if how else {}, "",
            )
            for n, (kind, how, by) in enumerate(wanted)
        ]  # fmt: skip
        methods = [{"id": "m1", "type": "microsoftAuthenticator", "label": "Pixel"}]
        proving = Proving(
            "case", "identity", 4, [k.value for k in PLAN], now, rank=rank.value, rank_at=now,
            groups=[ELIGIBLE], methods=methods,
        )  # fmt: skip

        def fn(work: UnitOfWork) -> None:
            for row in (case, attempt, proving):
                work.add(row)
            for row in evidence:
                work.add(replace(row, mac=self.keys.row_mac(row)))

        await self.rows.transact(fn)

    async def ask(
        self, acts: tuple[ActKind, ...] = PLAN, *, version: int = 5, shape: PassShape = PassShape.SHORT
    ) -> Request:
        """The flow asks; the request that is open now."""
        await self.perform(acts, version=version, shape=shape)
        return (await self.all(Request, status="open"))[0]

    async def perform(
        self, acts: tuple[ActKind, ...] = PLAN, *, version: int = 5, shape: PassShape = PassShape.SHORT
    ) -> list[Answered]:
        effect = OpenRequest("approval", version, acts, WITHIN, shape)
        event = Event(EventId("e"), "e", self.clock.now(), CaseId("case"), Answered("x", 1, "ok"))

        def fn(work: UnitOfWork) -> list[Answered]:
            case = work.case("case")
            assert case is not None
            return list(self.requests.open(work, case, effect, event, f"e{version}/0"))

        return await self.rows.transact(fn)

    async def all(self, kind: type[R], **where: Any) -> list[R]:
        return await self.rows.read(lambda work: work.find(kind, **where))

    async def jobs(self, kind: str) -> list[Job]:
        return [j for j in await self.all(Job) if j.kind == kind]

    async def timers(self, kind: str) -> list[Timer]:
        return [t for t in await self.all(Timer, status="waiting") if t.kind == kind]

    async def change(self, kind: type[R], key: str, /, **fields: Any) -> None:
        """As somebody who can write the database would."""

        def fn(work: UnitOfWork) -> None:
            row = work.get(kind, key)
            assert row is not None
            work.put(replace(row, **fields))  # type: ignore[type-var]

        await self.rows.transact(fn)

    # --- agents ----------------------------------------------------------------------------------------

    @property
    def handle(self) -> str:
        return self.keys.handle("review", "case")

    def session(self, oid: str = AGENT) -> Session:
        now = self.clock.now()
        return Session(f"desk-{oid}", "desk", oid, oid, now, now, now, {"upn": f"{oid}@x.example"})

    async def draft(self, oid: str = AGENT, **more: str) -> Signable | tuple[str, ...]:
        told = {"why": "new_device", "note": "", "replaces": ""} | more
        return await self.reviews.draft(self.handle, self.session(oid), f"browser-{oid}", **told)

    def finished(self, ask: SignInAsk | None = None, **changed: Any) -> Finished:
        """The newest sign-in comes back, signed by whom it expected."""
        ask = ask or self.sign_ins.asks[-1]
        now = self.clock.now()
        self.signatures += 1
        signing = Signing(
            f"signing-{self.signatures}", ask.purpose.value, ask.subject_ref, "", ask.browser_hash,
            ask.expected_oid, ask.digest, "salt", dict(ask.payload), now, now, "consumed", ask.expected_oid,
            now,
        )  # fmt: skip
        oid = Oid(str(changed.pop("oid", ask.expected_oid)))
        who = SignedIn(oid, oid, oid, now, frozenset({"c1"}), "raw")
        return Finished(replace(signing, **changed), who, ActToken(TOKEN))

    async def sign(self, ask: SignInAsk | None = None) -> OutcomeView:
        """The signature arrives, and is carried out as far as it goes."""
        finished = self.finished(ask)
        await self.acts.signed(finished)
        await self.acts.close()
        return await self.outcome(finished)

    async def outcome(self, finished: Finished) -> OutcomeView:
        return await self.reviews.outcome(self.handle, self.session(), finished.signing.id)

    async def approve(self, oid: str = AGENT, **more: str) -> OutcomeView:
        drafted = await self.draft(oid, **more)
        assert isinstance(drafted, Signable), drafted
        return await self.sign()

    # --- what must always hold ---------------------------------------------------------------------------

    async def invariants(self) -> None:
        """I1 to I8, as far as rows and the tenant's own ledger tell."""
        executions = await self.all(Execution)
        intents = {e.id: await self.all(Intent, execution_id=e.id) for e in executions}
        approvals = [i for rows in intents.values() for i in rows if i.act["kind"] == "issue_pass"]
        assert len(self.tenant.made) <= len(approvals), "I5: at most one pass is made per approval"
        live = [o for o, p in self.tenant.passes.items() if p.usable]
        sealed = {h.pass_id for h in await self.all(Handover) if h.sealed}
        for oid in live:
            if self.tenant.passes[oid].id not in sealed and not any(e.status == "open" for e in executions):
                known = [w for w in await self.all(Withdrawal, status="open") if w.subject_oid == oid]
                taken = {h.pass_id for h in await self.all(Handover)}
                assert known or self.tenant.passes[oid].id in taken | {"foreign"}, "a pass nobody knows of"
        for execution in executions:
            assert execution.approver_oid not in (execution.subject_oid, CHECKER), "I2"
            rows = intents[execution.id]
            assert rows, "I6: no execution without intents"
            if execution.status == "closed":
                assert all(i.result for i in rows), "I6: every intent has a result"
            jobs = [j for j in await self.jobs("notice") if execution.id in j.key]
            assert jobs, "I7: the notice was queued with the effect"
        assert sum(e.status == "open" for e in executions) <= 1, "the open execution is the lock"
        for row in await self.all(Request, status="ended"):
            assert row.ended_at is not None

    async def everything(self) -> str:
        """All rows as text, for canaries."""
        return repr([await self.all(kind) for kind in TABLES]) + repr(self.turns.taken)
