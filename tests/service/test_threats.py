"""The threat mode: one raises it, two humans lower it, and every decision reads it as it is then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.audit import Tag
from bot.core.facts import Person
from bot.core.model import ProofKind, Reason
from bot.core.policy import ThreatMode
from bot.core.records import AuditRow, Request, Threat
from bot.errors import Refused
from bot.ports.sign_in import Landing, Purpose
from bot.ports.store import Store
from bot.service.membership import Membership
from bot.service.threat_mode import threat_now
from bot.service.threats import TOGETHER, ThreatService
from bot.service.world import Agents
from tests.core.deciding import AGENT, AGENTS, CHECKER, SECOND, SECURITY, SUBJECT
from tests.fakes.approving import World
from tests.fakes.clock import FakeClock, FakeEntropy

COUNTER = ((ProofKind.SAVED_CODE, "", ""), (ProofKind.LIVE_CHECK, "counter", CHECKER))


class Yard:
    def __init__(self, world: World) -> None:
        self.world = world
        tenant, clock = world.tenant, world.clock
        self.threats = ThreatService(
            world.rows, clock, world.entropy, world.keys, world.law, tenant, Agents(tenant, AGENTS, SECURITY),
            Membership(tenant, clock, AGENTS), world.sign_ins,
        )  # fmt: skip

    async def sign(self, do: str, oid: str = AGENT) -> Landing:
        await self.threats.begin(self.world.session(oid), f"browser-{oid}", do)
        self.world.clock.go(seconds=1)
        return await self.threats.signed(self.world.finished())

    async def mode(self) -> ThreatMode:
        return await self.world.rows.read(lambda work: threat_now(work, self.world.keys))

    async def whats(self) -> list[str]:
        return [str(j.body["what"]) for j in await self.world.jobs("alert")]


@pytest.fixture
async def yard(store: Store, clock: FakeClock, entropy: FakeEntropy) -> Yard:
    return Yard(World(store, clock, entropy))


async def test_one_raises_it_and_two_lower_it(yard: Yard) -> None:
    """Each by a fresh sign-in; security hears of every step, and the audit log says who."""
    assert await yard.mode() is ThreatMode.NORMAL
    assert await yard.sign("raise") == Landing("/desk/threat")
    assert yard.world.sign_ins.asks[-1].purpose is Purpose.THREAT
    assert await yard.mode() is ThreatMode.ELEVATED
    await yard.sign("lower")
    assert await yard.mode() is ThreatMode.ELEVATED, "one is not enough"
    await yard.sign("lower", SECOND)
    assert await yard.mode() is ThreatMode.NORMAL
    assert sorted(await yard.whats()) == ["threat_lowered", "threat_lowering", "threat_raised"]
    rows = {r.tag: r.actor for r in await yard.world.all(AuditRow) if ":threat:" in r.tag}
    assert rows == {Tag.THREAT_RAISED: AGENT, Tag.THREAT_LOWERING: AGENT, Tag.THREAT_LOWERED: SECOND}


async def test_two_accounts_of_one_human_are_one(yard: Yard) -> None:
    """Neither the same account again nor a second one of theirs, nor one whose human nobody knows."""
    await yard.sign("raise")
    await yard.sign("lower")
    with pytest.raises(Refused, match=Reason.SAME_HUMAN.value):
        await yard.threats.begin(yard.world.session(), "b", "lower")
    accounts = yard.world.tenant.accounts
    first, twin = accounts[AGENT].person, accounts[SECOND].person
    assert isinstance(first, Person)
    assert isinstance(twin, Person)
    accounts[SECOND] = replace(accounts[SECOND], person=replace(twin, employee_id=first.employee_id))
    assert (await yard.sign("lower", SECOND)).refused == Reason.SAME_HUMAN
    accounts[SECOND] = replace(accounts[SECOND], person=replace(twin, employee_id=""))
    assert (await yard.sign("lower", SECOND)).refused == Reason.UNLINKED_HUMAN
    assert await yard.mode() is ThreatMode.ELEVATED


async def test_the_second_must_come_within_the_hour(yard: Yard) -> None:
    """A lowering begun yesterday is no lowering."""
    await yard.sign("raise")
    await yard.sign("lower")
    yard.world.clock.go(seconds=TOGETHER.total_seconds())
    await yard.sign("lower", SECOND)
    assert await yard.mode() is ThreatMode.ELEVATED
    await yard.sign("lower")
    assert await yard.mode() is ThreatMode.NORMAL


async def test_only_agents_change_it(yard: Yard) -> None:
    with pytest.raises(Refused, match=Reason.NOT_AN_AGENT.value):
        await yard.threats.begin(yard.world.session(SUBJECT), "b", "raise")
    await yard.threats.begin(yard.world.session(), "b", "raise")
    account = yard.world.tenant.accounts[AGENT]
    yard.world.tenant.accounts[AGENT] = replace(account, groups=frozenset())
    assert (await yard.threats.signed(yard.world.finished())).refused == Reason.NOT_AN_AGENT
    assert await yard.mode() is ThreatMode.NORMAL
    yard.world.tenant.accounts[AGENT] = account
    with pytest.raises(Refused, match=Reason.BAD_FORM.value):
        await yard.threats.begin(yard.world.session(), "b", "sideways")


@pytest.mark.parametrize("changed", [{"mode": "normal"}, {"mode": "nonsense"}, {"mac": ""}])
async def test_a_row_that_was_changed_in_the_database_is_elevated(
    yard: Yard, changed: dict[str, str]
) -> None:
    """Whoever writes the store gains more checks, never fewer; two people write it anew."""
    await yard.sign("raise")
    await yard.world.change(Threat, "mode", **changed)
    assert await yard.mode() is ThreatMode.ELEVATED
    view = await yard.threats.view(yard.world.session())
    assert (view.elevated, view.broken) == (True, True)
    await yard.sign("lower")
    assert await yard.mode() is ThreatMode.ELEVATED
    await yard.sign("lower", SECOND)
    assert await yard.mode() is ThreatMode.NORMAL


async def test_raised_in_between_nothing_that_was_asked_before_is_carried_out(yard: Yard) -> None:
    """A request of calmer times, a draft signed: the decision reads the mode in its own transaction."""
    await yard.world.case()
    await yard.world.ask()
    await yard.world.draft()
    ask = yard.world.sign_ins.asks[-1]
    await yard.sign("raise", SECOND)
    outcome = await yard.world.sign(ask)
    assert Reason.EVIDENCE_SHORT.value in outcome.reasons
    assert yard.world.tenant.made == []


async def test_elevated_a_request_takes_the_counter_and_two_approvers(yard: Yard) -> None:
    """What was enough is not asked for; what is enough waits for two."""
    await yard.sign("raise")
    await yard.world.case()
    answers = await yard.world.perform()
    assert [a.outcome for a in answers] == ["refused"]


async def test_elevated_a_check_at_the_counter_is_asked_of_two(yard: Yard) -> None:
    await yard.sign("raise")
    await yard.world.case(proofs=COUNTER)
    request = await yard.world.ask()
    assert request.approvals == 2
    assert [r.id for r in await yard.world.all(Request)] == [request.id]
    assert (await yard.world.approve()).status == "counted"
    assert yard.world.tenant.made == []
    assert (await yard.world.approve(SECOND)).status == "closed"
    assert len(yard.world.tenant.made) == 1
