"""Invariants I1 to I8 over random sequences of people, agents, attackers, clocks, faults and crashes.

I1 no pass without the evidence its row asks · I2 approver, subject and checker are different humans ·
I3 the approver is authorised at execution · I4 the subject is not privileged at execution · I5 at most
one live pass per approval · I6 every effect has a prior intent and a later result · I7 notices are
queued with the effect · I8 terminal states are final.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.facts import LivePass, Role, Roles
from bot.core.records import Attempt, Case, Evidence, Execution, Handover, Intent, Request, Withdrawal
from bot.errors import Refused
from bot.ports.sign_in import Finished, Purpose, SignInAsk
from bot.ports.store import UnitOfWork
from tests.core.deciding import AGENT, AGENTS, CHECKER, ELIGIBLE, SECOND, SUBJECT, account, admin
from tests.fakes.approving import World
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.stores import Stores
from tests.fakes.tenant import Died, Fault

FAULTS = ("before", "after", "refuse:400", "refuse:403", "die_before", "die_after")
CALLS = ("issue_pass", "list_passes", "remove_method", "withdraw_pass")
EVENTS = st.one_of(
    st.tuples(st.just("ask")),
    st.tuples(st.just("ask")),
    st.tuples(st.just("draft"), st.sampled_from((AGENT, SECOND, CHECKER, SUBJECT))),
    st.tuples(st.just("sign"), st.integers(0, 3)),
    st.tuples(st.just("sign"), st.just(0)),
    st.tuples(st.just("approve"), st.sampled_from((AGENT, SECOND))),
    st.tuples(st.just("approve"), st.sampled_from((AGENT, SECOND))),
    st.tuples(st.just("deny")),
    st.tuples(st.just("suspicious")),
    st.tuples(st.just("page"), st.booleans()),
    st.tuples(st.just("go"), st.sampled_from((5, 50, 400, 1900))),
    st.tuples(st.just("fault"), st.sampled_from(CALLS), st.sampled_from(FAULTS)),
    st.tuples(st.just("restart")),
    st.tuples(st.just("claim")),
    st.tuples(st.just("timers")),
    st.tuples(st.just("withdraw")),
    st.tuples(st.just("plant")),
    st.tuples(st.just("promote"), st.booleans()),
    st.tuples(st.just("agent"), st.booleans()),
    st.tuples(st.just("key")),
    st.tuples(st.just("foreign")),
)


class Story:
    """One run: the world, what an outsider knows to be true of it, and what had ended."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.planted = self.privileged = self.rekeyed = self.dead = False
        self.agent_out = False
        self.version = 5
        self.over: dict[str, Any] = {}

    async def play(self, event: tuple[Any, ...]) -> None:
        world = self.world
        made = len(world.tenant.made)
        try:
            await getattr(self, f"_{event[0]}")(*event[1:])
        except Refused:
            pass
        except Died:
            self.dead = True
        new = len(world.tenant.made) - made
        assert new <= 1
        if new:
            assert not self.planted, "I1"
            assert not self.rekeyed, "I1: the key passed no proof"
            assert not self.privileged, "I4"
            [run] = [e for e in await world.all(Execution) if e.started_at == world.clock.now()][-1:]
            assert run.approver_oid in (AGENT, SECOND), "I2"
            assert not (self.agent_out and run.approver_oid == AGENT), "I3"
        if self.dead:
            await self._restart()
        await world.invariants()
        await self._final()

    async def _final(self) -> None:
        """I8: what ended stays as it ended."""
        now = {r.id: r for r in await self.world.all(Request, status="ended")}
        now |= {e.id: e for e in await self.world.all(Execution, status="closed")}  # type: ignore[dict-item]
        now |= {i.id: i for i in await self.world.all(Intent) if i.result}  # type: ignore[dict-item]
        for ident, row in self.over.items():
            assert now.get(ident) == row, "I8"
        self.over = dict(now)

    async def _ask(self) -> None:
        if await self.world.all(Request, status="open") or await self.world.all(Request, status="executing"):
            return
        self.version += 1
        await self.world.perform(version=self.version)

    async def _draft(self, oid: str) -> None:
        await self.world.draft(oid)

    async def _sign(self, back: int) -> None:
        asks = [a for a in self.world.sign_ins.asks if a.purpose is Purpose.APPROVE]
        if asks:
            await self._signed(self.world.finished(asks[max(len(asks) - 1 - back, 0)]))

    async def _approve(self, oid: str) -> None:
        drafted = await self.world.draft(oid)
        if not isinstance(drafted, tuple):
            await self._signed(self.world.finished())

    async def _signed(self, finished: Finished) -> None:
        await self.world.acts.signed(finished)
        for task in list(self.world.acts._tasks):
            try:
                await task
            except Died:
                self.dead = True

    async def _deny(self) -> None:
        await self.world.reviews.deny(
            self.world.handle, self.world.session(SECOND), why="not_needed", note=""
        )

    async def _suspicious(self) -> None:
        await self.world.reviews.suspicious(self.world.handle, self.world.session(SECOND), note="")

    async def _page(self, there: bool) -> None:
        self.world.answering = there
        await self.world.summon("attempt")

    async def _go(self, seconds: int) -> None:
        self.world.clock.go(seconds=seconds)

    async def _fault(self, call: str, kind: str) -> None:
        number = self.world.tenant.count(call) + 1
        self.world.tenant.faults = [Fault(call, kind, number=number)]

    async def _restart(self) -> None:
        self.dead = False
        self.world.restart()
        await self.world.acts.recover(alone=True)
        assert await self.world.all(Execution, status="open") == []

    async def _claim(self) -> None:
        def fn(work: UnitOfWork) -> None:
            case, attempt = work.case("case"), work.get(Attempt, "attempt")
            assert case is not None
            assert attempt is not None
            self.world.handovers.claim(work, case, attempt, self.world.clock.now())

        await self.world.rows.transact(fn)

    async def _timers(self) -> None:
        now = self.world.clock.now()
        for timer in await self.world.timers("request"):
            if timer.due_at <= now:
                await self.world.requests.fire(timer)
        for timer in await self.world.timers("handover"):
            if timer.due_at <= now:
                await self.world.handovers.fire(timer)

    async def _withdraw(self) -> None:
        for row in await self.world.all(Withdrawal, status="open"):
            ask = SignInAsk(Purpose.WITHDRAW, "b", row.id, SECOND)
            await self.world.withdrawals.signed(self.world.finished(ask))

    async def _plant(self) -> None:
        await self.world.change(Evidence, "e0", by_oid="somebody")
        self.planted = True

    async def _promote(self, up: bool) -> None:
        roles = Roles((Role("x", "Admin", "/"),) if up else (), (), ())
        now = self.world.tenant.accounts[SUBJECT]
        self.world.tenant.accounts[SUBJECT] = replace(now, roles=roles)
        self.privileged = up

    async def _agent(self, member: bool) -> None:
        groups = frozenset({AGENTS, ELIGIBLE} if member else {ELIGIBLE})
        self.world.tenant.accounts[AGENT] = replace(self.world.tenant.accounts[AGENT], groups=groups)
        self.agent_out = not member

    async def _key(self) -> None:
        await self.world.change(Attempt, "attempt", thumbprint="other")
        self.rekeyed = True

    async def _foreign(self) -> None:
        if SUBJECT not in self.world.tenant.passes:
            self.world.tenant.passes[SUBJECT] = LivePass("foreign", self.world.clock.now(), True, 60)


@settings(max_examples=60)
@example(events=[("approve", AGENT), ("go", 50), ("claim",)])
@example(events=[("plant",), ("approve", AGENT), ("ask",), ("approve", SECOND)])
@example(events=[("draft", AGENT), ("plant",), ("sign", 0)])
@example(events=[("draft", AGENT), ("promote", True), ("sign", 0)])
@example(events=[("draft", AGENT), ("agent", False), ("sign", 0)])
@example(events=[("draft", AGENT), ("key",), ("sign", 0)])
@example(events=[("fault", "issue_pass", "die_after"), ("approve", AGENT), ("ask",), ("approve", SECOND)])
@example(events=[("fault", "issue_pass", "after"), ("approve", AGENT), ("ask",), ("approve", SECOND)])
@given(st.lists(EVENTS, min_size=3, max_size=14))
async def test_the_invariants_hold_over_any_sequence(stores: Stores, events: list[tuple[Any, ...]]) -> None:
    """Whatever people, agents, attackers, Graph and the machine do, in whatever order."""
    store = stores.fresh()
    world = World(store, FakeClock(), FakeEntropy(len(events)))
    world.tenant.accounts[SUBJECT] = account(SUBJECT)
    world.tenant.accounts[CHECKER] = admin(CHECKER)
    await world.case()
    story = Story(world)
    await story.play(("ask",))
    for event in events:
        await story.play(event)
    frozen = [c for c in await world.all(Case) if c.status == "frozen"]
    if frozen:
        assert all(not h.sealed for h in await world.all(Handover))
    assert "canary" not in await world.everything()
    await store.close()
