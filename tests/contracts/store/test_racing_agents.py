"""Agents at two replicas of the product reach for the same case: one has it, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.model import Reason
from bot.core.policy import DEFAULT
from bot.core.records import AuditRow, Card, Session, Shift, Transfer
from bot.errors import Refused
from bot.ports.store import Store, UnitOfWork
from bot.service import cards
from bot.service.card_views import CardViews
from bot.service.holding import Holdings
from bot.service.membership import Membership
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.web.house import GROUP, KEYS, Members, OneFlow, a_case

AGENTS = [f"oid-agent{n}" for n in range(6)]


def desk(store: Store, clock: FakeClock, seed: int) -> Holdings:
    """The desk of one replica."""
    members = Members(*AGENTS)
    views = CardViews(store, members, OneFlow(), clock, KEYS, DEFAULT)  # type: ignore[arg-type]
    return Holdings(store, clock, FakeEntropy(seed), views, Membership(members, clock, GROUP), None)


def session(oid: str, clock: FakeClock) -> Session:
    at = clock.now()
    return Session(f"s-{oid}", "desk", oid, f"Agent {oid}", at, at, at, {})


async def fill(store: Store, clock: FakeClock, count: int) -> None:
    """So many cases that wait, and everybody on duty."""

    def fn(work: UnitOfWork) -> None:
        for n in range(count):
            case = a_case(f"c{n}", clock.now())
            work.add(case)
            cards.show(work, KEYS, case, "live_check", clock.now())
        for oid in AGENTS:
            work.add(Shift(oid, f"Agent {oid}", clock.now(), clock.now()))

    await store.transact(fn)


async def allowed(doing: Any) -> bool:
    """Whether it went through; any other no than the desk's own fails the test."""
    try:
        await doing
    except Refused as err:
        if err.reason not in (Reason.DECIDED_ALREADY, Reason.REQUEST_ENDED):
            raise
        return False
    return True


async def test_two_agents_never_both_have_a_case(replicas: tuple[Store, Store], clock: FakeClock) -> None:
    """Six reach at once, at two replicas: five are told no, and one take is on record."""
    await fill(replicas[0], clock, 1)
    desks = [desk(store, clock, seed) for seed, store in enumerate(replicas)]
    tries = [desks[n % 2].take(session(oid, clock), "c0") for n, oid in enumerate(AGENTS)]
    assert sum(await asyncio.gather(*map(allowed, tries))) == 1
    card = await replicas[1].read(lambda work: work.get(Card, "c0"))
    taken = await replicas[1].read(lambda work: work.find(AuditRow, tag="agent:case:taken"))
    assert card is not None
    assert [row.actor for row in taken] == [card.taken_by]


async def test_next_case_gives_each_agent_another(replicas: tuple[Store, Store], clock: FakeClock) -> None:
    """Six ask for the next case at once: six cases, none twice, none lost."""
    await fill(replicas[0], clock, 7)
    desks = [desk(store, clock, seed) for seed, store in enumerate(replicas)]
    got = await asyncio.gather(*(desks[n % 2].next(session(oid, clock)) for n, oid in enumerate(AGENTS)))
    ids = [view.case_id for view in got if view is not None]
    assert len(set(ids)) == len(AGENTS)
    rows = await replicas[1].read(lambda work: work.find(Card, status="open"))
    assert sorted(row.taken_by for row in rows) == ["", *AGENTS]


async def test_an_offer_is_accepted_or_back_in_the_queue_and_never_both(
    replicas: tuple[Store, Store], clock: FakeClock
) -> None:
    """The moment it lapses, one accepts at one replica while another takes it at the other."""
    await fill(replicas[0], clock, 1)
    here, there = (desk(store, clock, seed) for seed, store in enumerate(replicas))
    giver, wanted, other = (session(oid, clock) for oid in AGENTS[:3])
    await here.take(giver, "c0")
    await here.offer(giver, "c0", wanted.oid, "please")
    tries = [there.take(other, "c0"), here.take(wanted, "c0"), there.release(wanted, "c0")]
    went = await asyncio.gather(*map(allowed, tries))
    offer = await replicas[0].read(lambda work: work.get(Transfer, "c0"))
    card = await replicas[0].read(lambda work: work.get(Card, "c0"))
    assert offer is not None
    assert card is not None
    assert card.taken_by in ("", wanted.oid, other.oid)
    assert (card.taken_by == other.oid) == went[0]
    await replicas[1].transact(
        lambda work: work.put(
            replace(offer, status="offered", until=clock.now() + timedelta(minutes=5), at=clock.now())
        )
    )
    await replicas[1].transact(lambda work: work.put(cards.given_back(card)))
    clock.go(minutes=5)
    went = await asyncio.gather(allowed(there.take(other, "c0")), allowed(here.take(wanted, "c0")))
    assert sum(went) == 1
