"""Requests: asked with what was proven, ended once, and the timers between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.effects import CloseRequest
from bot.core.events import Answered, Event
from bot.core.model import ActKind, CaseId, EventId, ProofKind, Rank, Reason
from bot.core.policy_file import parse
from bot.core.records import Attempt, AuditRow, Card, Case, Evidence, Proving, Request
from bot.ports.store import Store, UnitOfWork
from tests.core.deciding import SECOND
from tests.fakes.approving import World
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.tenant import Fault


@pytest.fixture
async def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> World:
    made = World(store, clock, entropy)
    await made.case()
    return made


async def refusal(world: World) -> str:
    """Nothing is asked; the reason as audited."""
    assert [a.outcome for a in await world.perform()] == ["refused"]
    assert await world.all(Request) == []
    rows = [r for r in await world.all(AuditRow) if r.tag == "bot:request:refused"]
    return str(rows[-1].body["reason"])


async def test_a_request_pins_what_it_was_asked_with(world: World) -> None:
    """Evidence, rank, policy, key and the ticked methods; a card and three timers."""
    made = await world.ask()
    assert made.evidence_ids == ["e0", "e1"]
    assert (made.rank, made.policy_version, made.approvals) == ("standard", world.policy.version, 1)
    assert [(a["kind"], a["method_id"], a["label"]) for a in made.acts] == [
        ("issue_pass", "", ""),
        ("remove_method", "m1", "Pixel"),
    ]
    assert (await world.all(Card))[0].wants == "approval"
    now = world.clock.now()
    assert {t.body["name"]: t.due_at - now for t in await world.timers("request")} == {
        "remind": timedelta(minutes=5),
        "escalate": timedelta(minutes=15),
        "expire": timedelta(minutes=60),
    }


async def test_no_proof_no_request(world: World) -> None:
    """Checked again at run time, whatever the flow says."""
    await world.rows.transact(lambda work: work.remove(Evidence, "e1"))
    assert await refusal(world) == Reason.EVIDENCE_SHORT


@pytest.mark.parametrize(
    ("kind", "key", "change"),
    [
        (Evidence, "e1", {"attempt_id": "other"}),
        (Evidence, "e1", {"mac": "planted"}),
        (Attempt, "attempt", {"status": "frozen"}),
        (Attempt, "attempt", {"gone_at": None}),
        (Attempt, "attempt", {"thumbprint": "other"}),
        (Proving, "case", {"rank": ""}),
        (Proving, "case", {"rank": Rank.SENSITIVE.value}),
        (Case, "case", {"status": "with_person"}),
    ],
)
async def test_what_does_not_stand_now_is_not_pinned(
    world: World, kind: type, key: str, change: dict[str, object]
) -> None:
    """Another attempt's proof, a planted row, a frozen browser, an unread account: nothing is asked."""
    if change == {"rank": Rank.SENSITIVE.value}:  # a manager's word is no code
        await world.change(Evidence, "e0", kind=ProofKind.MANAGER.value, by_oid="m-oid")
        row = (await world.all(Evidence, id="e0"))[0]
        await world.change(Evidence, "e0", mac=world.keys.row_mac(row))
    await world.change(kind, key, **change)
    assert await refusal(world) == Reason.EVIDENCE_SHORT


@pytest.mark.parametrize("rank", [Rank.PRIVILEGED, Rank.EXCLUDED])
async def test_ranks_that_nobody_may_ask_for_are_refused_at_once(world: World, rank: Rank) -> None:
    """No agent is bothered with them."""
    await world.change(Proving, "case", rank=rank.value)
    assert await refusal(world) == Reason.RANK_REFUSED


async def test_evidence_older_than_an_hour_is_not_enough_to_ask(world: World) -> None:
    """The person proves again."""
    world.clock.go(minutes=56)
    assert await refusal(world) == Reason.EVIDENCE_SHORT


async def test_after_void_the_same_evidence_asks_again_for_two_hours(world: World) -> None:
    """Nobody proves twice because Graph was silent; but not for ever."""
    world.tenant.faults = [Fault("issue_pass", "after", times=9)]
    first = await world.ask()
    await world.approve()
    world.clock.go(minutes=100)
    again = await world.ask(version=6)
    assert (again.first_asked_at, again.evidence_ids) == (first.asked_at, first.evidence_ids)
    await world.summon("attempt")
    await world.approve(SECOND)
    world.clock.go(minutes=21)
    assert [a.outcome for a in await world.perform(version=7)] == ["refused"]


async def test_a_changed_row_is_not_pinned_again(world: World) -> None:
    """The two hours are for evidence, not for whatever stands in its row now."""
    world.tenant.faults = [Fault("issue_pass", "after")]
    await world.ask()
    await world.approve()
    world.clock.go(minutes=100)
    await world.change(Evidence, "e1", mac="planted")
    assert [a.outcome for a in await world.perform(version=6)] == ["refused"]


async def test_when_nothing_is_left_to_do_the_answer_is_done(world: World) -> None:
    """Everything asked for was carried out by an earlier request."""
    await world.change(Attempt, "attempt", gone=[])
    assert [a.outcome for a in await world.perform((ActKind.REMOVE_METHOD,))] == ["done"]


async def test_resetting_all_methods_names_each_of_them(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """ "All" is what was there when it was asked, said one by one."""
    policy, _ = parse({"reset_methods": True})
    world = World(store, clock, entropy, policy)
    await world.case()
    made = await world.ask((ActKind.RESET_METHODS, ActKind.ISSUE_PASS))
    assert [a["kind"] for a in made.acts] == ["issue_pass", "remove_method"]


async def test_it_reminds_escalates_and_expires(world: World) -> None:
    """The card says so; the flow hears `expired`, once."""
    await world.ask()
    timers = {t.body["name"]: t for t in await world.timers("request")}
    before = (await world.all(Card))[0].version
    await world.requests.fire(timers["remind"])
    await world.requests.fire(timers["escalate"])
    card = (await world.all(Card))[0]
    assert card.escalated_at is not None
    assert card.version == before + 2
    await world.requests.fire(timers["expire"])
    await world.requests.fire(timers["expire"])
    assert world.turns.outcomes == ["expired"]
    assert (await world.all(Card))[0].status == "done"
    assert await world.timers("request") == []


async def test_a_step_that_was_left_withdraws_its_request(world: World) -> None:
    """Cancel, restart, back: nobody approves what nobody waits for any more."""
    await world.ask()
    await world.draft()
    event = Event(EventId("e"), "e", world.clock.now(), CaseId("case"), Answered("x", 1, "ok"))

    def leave(work: UnitOfWork) -> None:
        case = work.case("case")
        assert case is not None
        world.requests.close(work, case, CloseRequest("approval"), event, "e/1")

    await world.rows.transact(leave)
    assert (await world.sign()).reasons == (Reason.REQUEST_ENDED,)
    assert world.turns.outcomes == []


async def test_terminal_states_are_final(world: World) -> None:
    """I8: an ended request is never changed by anything that comes later."""
    request = await world.ask()
    await world.draft()
    late = world.finished()
    await world.approve()
    [ended] = await world.all(Request, id=request.id)
    for timer in await world.timers("request"):
        await world.requests.fire(timer)
    await world.acts.signed(late)
    await world.acts.close()
    assert await world.all(Request, id=request.id) == [ended]
    assert world.turns.outcomes == ["done"]
    assert replace(ended, status="open") != ended
