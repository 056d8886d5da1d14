"""Taking back: one fresh sign-in deletes the pass of a frozen case and signs its subject out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.audit import Tag
from bot.core.facts import LivePass, Method, Person
from bot.core.humans import Humans
from bot.core.model import Reason
from bot.core.records import AuditRow, Case, Execution, Handover, Takeback, Withdrawal
from bot.errors import Refused
from bot.ports.sign_in import Landing, Purpose
from bot.ports.store import Store, UnitOfWork
from bot.service.membership import Membership
from bot.service.takebacks import TakebackService
from bot.service.world import Agents
from tests.core.deciding import AGENT, AGENTS, SECOND, SECURITY, SUBJECT
from tests.fakes.approving import World
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.tenant import TOKEN, Died, Fault

BOTH = ["list_passes", "withdraw_pass", "forget_devices"]


class Yard:
    """A world whose case is frozen, and the stop page's lower half."""

    def __init__(self, world: World) -> None:
        self.world = world
        tenant, clock = world.tenant, world.clock
        self.takebacks = TakebackService(
            world.rows, clock, world.entropy, world.keys, tenant, tenant, Agents(tenant, AGENTS, SECURITY),
            Membership(tenant, clock, AGENTS), world.handovers, world.sign_ins,
            Humans.of([], by_employee_id=True),
        )  # fmt: skip

    async def freeze(self, why: str = "objection") -> None:
        def fn(work: UnitOfWork) -> None:
            case = work.case("case")
            assert case is not None
            self.world.stops.freeze(work, case, None, why, self.world.clock.now())

        await self.world.rows.transact(fn)
        self.world.tenant.calls.clear()

    async def sign(self, oid: str = AGENT) -> Landing:
        """An agent presses the button and comes back from the sign-in."""
        await self.takebacks.begin(self.world.session(oid), "browser", "case")
        return await self.takebacks.signed(self.world.finished())

    async def row(self) -> Takeback:
        return (await self.world.all(Takeback))[0]

    def calls(self) -> list[str]:
        return [name for name, _ in self.world.tenant.calls]


@pytest.fixture
async def yard(store: Store, clock: FakeClock, entropy: FakeEntropy) -> Yard:
    world = World(store, clock, entropy)
    await world.case()
    await world.ask()
    await world.approve()
    return Yard(world)


async def test_one_sign_in_deletes_the_pass_and_signs_out_everywhere(yard: Yard) -> None:
    """In this order, so that the pass opens no session after the others ended."""
    await yard.freeze()
    assert await yard.sign() == Landing("/stop")
    assert yard.calls() == BOTH
    assert yard.world.tenant.passes == {}
    row = await yard.row()
    assert (row.status, row.passes, row.sessions, row.by_oid) == ("done", "done", "done", AGENT)
    assert row.pass_id == "pass-1"
    assert [w.status for w in await yard.world.all(Withdrawal)] == ["done"]
    assert [h.status for h in await yard.world.all(Handover)] == ["withdrawn"]
    ask = yard.world.sign_ins.asks[-1]
    assert (ask.purpose, ask.expected_oid) == (Purpose.STOP, AGENT)


async def test_it_is_written_down_before_graph_is_asked_and_after(yard: Yard) -> None:
    """Who, with which sign-in, about whom; never the token."""
    await yard.freeze()
    yard.world.tenant.faults = [Fault("list_passes", "die_before")]
    with pytest.raises(Died):
        await yard.sign()
    assert await tags(yard) == [Tag.TAKEBACK_ASKED, Tag.TAKEBACK_BEGUN]
    assert (await yard.row()).status == "open", "whoever comes next finds it"
    yard.world.tenant.faults = []
    yard.world.clock.go(seconds=1)
    await yard.sign()
    assert (await tags(yard))[-1] == Tag.TAKEBACK_DONE
    rows = await yard.world.all(AuditRow, tag=Tag.TAKEBACK_DONE.value)
    assert [(r.actor, r.subject, r.body["withdrew"]) for r in rows] == [(AGENT, SUBJECT, "pass-1")]
    assert TOKEN not in await yard.world.everything()


async def tags(yard: Yard) -> list[str]:
    rows = [r for r in await yard.world.all(AuditRow) if ":takeback:" in r.tag]
    order = [Tag.TAKEBACK_ASKED, Tag.TAKEBACK_BEGUN, Tag.TAKEBACK_DONE]
    return [r.tag for r in sorted(rows, key=lambda r: (r.at, order.index(Tag(r.tag))))]


async def test_doing_it_twice_asks_graph_once(yard: Yard) -> None:
    """The second press finds it done; a callback that comes late does nothing."""
    await yard.freeze()
    await yard.sign()
    late = yard.world.finished()
    assert await yard.takebacks.signed(late) == Landing("/stop")
    assert yard.calls() == BOTH
    with pytest.raises(Refused, match=Reason.REQUEST_ENDED.value):
        await yard.takebacks.begin(yard.world.session(), "browser", "case")


async def test_a_used_pass_leaves_the_sessions_to_end(yard: Yard) -> None:
    """Nothing to delete is no failure."""
    yard.world.tenant.passes.clear()
    await yard.freeze()
    assert await yard.sign() == Landing("/stop")
    assert yard.calls() == ["list_passes", "forget_devices"]
    assert (await yard.row()).status == "done"


async def test_a_pass_that_nobody_of_ours_made_is_deleted_as_well(yard: Yard) -> None:
    """Who had the account for a while may have had one made elsewhere."""
    await yard.freeze()
    yard.world.tenant.passes[SUBJECT] = LivePass("foreign", yard.world.clock.now(), True, 60)
    await yard.sign()
    assert yard.world.tenant.passes == {}


async def next_case(yard: Yard, **execution: str) -> None:
    case = replace(
        (await yard.world.all(Case))[0], id="next", number="555001", handle_hash="h2", status="open"
    )
    run = replace((await yard.world.all(Execution))[0], id="run2", case_id="next", **execution)  # type: ignore[arg-type]
    sealed = replace(
        (await yard.world.all(Handover))[0], id="h2", case_id="next", pass_id="pass-2", status="shown"
    )

    def fn(work: UnitOfWork) -> None:
        work.add(case)
        work.add(run)
        if not execution:
            work.add(sealed)

    await yard.world.rows.transact(fn)
    yard.world.tenant.passes[SUBJECT] = LivePass("pass-2", yard.world.clock.now(), True, 60)


async def test_the_pass_of_the_persons_next_case_stays(yard: Yard) -> None:
    """They were helped again, rightly, before somebody cleared up."""
    await yard.freeze()
    await next_case(yard)
    assert await yard.sign() == Landing("/stop")
    assert "pass-2" in {p.id for p in yard.world.tenant.passes.values()}
    assert "withdraw_pass" not in yard.calls()


async def test_while_the_next_case_makes_one_nobody_guesses_whose_it_is(yard: Yard) -> None:
    await yard.freeze()
    await next_case(yard, status="open")
    assert (await yard.sign()).refused == Reason.UNAVAILABLE
    assert (await yard.row()).passes == "void"
    assert "withdraw_pass" not in yard.calls()


@pytest.mark.parametrize("call", BOTH)
async def test_an_unknown_outcome_is_void_and_stays_on_the_page(yard: Yard, call: str) -> None:
    """And trying again finishes it, however the first call ended."""
    await yard.freeze()
    yard.world.tenant.faults = [Fault(call, "after")]
    landing = await yard.sign()
    assert landing.refused == Reason.UNAVAILABLE
    row = await yard.row()
    assert row.status == "open"
    assert "void" in (row.passes, row.sessions)
    if call != "forget_devices":
        assert [w.status for w in await yard.world.all(Withdrawal)] == ["open"]
        assert row.sessions == "done", "the sessions end all the same"
    yard.world.tenant.faults = []
    assert await yard.sign() == Landing("/stop")
    assert (await yard.row()).status == "done"
    assert yard.world.tenant.passes == {}


async def test_a_role_that_does_not_cover_the_person_changes_nothing(yard: Yard) -> None:
    """Entra's own no; another agent may try."""
    await yard.freeze()
    yard.world.tenant.faults = [Fault("*", "refuse:403", times=9)]
    assert (await yard.sign()).refused == Reason.ROLE_NOT_COVERING
    row = await yard.row()
    assert (row.status, row.passes, row.sessions) == ("open", "refused", "refused")
    yard.world.tenant.faults = []
    assert await yard.sign(SECOND) == Landing("/stop")


async def test_nobody_clears_up_their_own_case(yard: Yard) -> None:
    """Nor under another account of the same human, nor who is no agent any more, nor unread."""
    await yard.freeze()
    tenant = yard.world.tenant
    subject, agent = tenant.accounts[SUBJECT], tenant.accounts[AGENT]
    assert isinstance(subject.person, Person)
    assert isinstance(agent.person, Person)
    twin = replace(agent.person, employee_id=subject.person.employee_id)
    tenant.accounts[AGENT] = replace(agent, person=twin)
    assert (await yard.sign()).refused == Reason.SAME_HUMAN
    tenant.accounts[AGENT] = replace(agent, groups=frozenset())
    finished = yard.world.finished()
    assert (await yard.takebacks.signed(finished)).refused == Reason.NOT_AN_AGENT
    tenant.accounts[AGENT] = agent
    tenant.accounts[SUBJECT] = replace(subject, groups=agent.groups)
    with pytest.raises(Refused, match=Reason.SELF.value):
        await yard.takebacks.begin(yard.world.session(SUBJECT), "browser", "case")
    tenant.accounts[SUBJECT] = subject
    tenant.blind = True
    assert (await yard.takebacks.signed(finished)).refused == Reason.FACTS_UNREADABLE
    assert yard.calls() == []


async def test_methods_added_since_are_listed_with_what_the_person_said(yard: Yard) -> None:
    """Read now, not from what a flow saw last; older ones are not."""
    await yard.freeze("suspicious")
    at = yard.world.clock.now()
    account = yard.world.tenant.accounts[SUBJECT]
    old = Method("m0", "fido2", "Old key", at - timedelta(days=90))
    new = Method("m9", "microsoftAuthenticator", "Thief's phone", at + timedelta(minutes=1))
    yard.world.tenant.accounts[SUBJECT] = replace(account, methods=(old, new))
    (view,) = await yard.takebacks.listed(yard.world.session())
    assert view.added is not None
    assert [(m.label, m.yours) for m in view.added] == [("Thief's phone", None)]
    assert (view.number, view.why, view.done) == ("471123", "suspicious", False)


async def test_nothing_is_asked_for_where_nothing_was_proved(yard: Yard) -> None:
    """A case that a stranger only opened has made nothing."""
    await yard.world.change(Case, "case", proven_at=None)
    await yard.freeze()
    assert await yard.world.all(Takeback) == []


async def test_only_agents_see_the_list(yard: Yard) -> None:
    with pytest.raises(Refused, match=Reason.NOT_AN_AGENT.value):
        await yard.takebacks.listed(yard.world.session(SUBJECT))
