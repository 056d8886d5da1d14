"""Carrying out: one signature, one effect, and the truth about it whatever breaks."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest

from bot.core.facts import LivePass, Role, Roles
from bot.core.model import ActKind, Reason
from bot.core.policy_file import parse
from bot.core.records import (
    Attempt,
    AuditRow,
    Case,
    Decision,
    Evidence,
    Execution,
    Handover,
    Intent,
    Request,
    Review,
    Withdrawal,
)
from bot.errors import Refused
from bot.ports.sign_in import Purpose, SignInAsk
from bot.ports.store import Store
from tests.core.deciding import AGENT, ELIGIBLE, SECOND, SUBJECT, UNREADABLE
from tests.fakes.approving import World
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.tenant import CANARY, TOKEN, Died, Fault


@pytest.fixture
async def world(store: Store, clock: FakeClock, entropy: FakeEntropy) -> World:
    made = World(store, clock, entropy)
    await made.case()
    return made


async def results(world: World) -> list[tuple[str, str]]:
    rows = await world.rows.read(lambda work: work.find(Intent, order="n"))
    return [(str(r.act["kind"]), r.result) for r in rows]


# --- when all is well -----------------------------------------------------------------------------


async def test_a_signed_plan_is_carried_out_once_and_the_pass_is_sealed(world: World) -> None:
    """Pass first, method after, flow answered, and only the person's page can open what was made."""
    request = await world.ask()
    seen = await world.approve()
    assert (seen.status, seen.outcome) == ("closed", "done")
    assert await results(world) == [("issue_pass", "done"), ("remove_method", "done")]
    assert world.turns.outcomes == ["done"]
    [handover] = await world.all(Handover)
    opened = world.page_key.open(
        handover.sealed, case_id="case", request_id=request.id, act=ActKind.ISSUE_PASS.value
    )
    assert opened.decode() == f"{CANARY}1"
    assert [c for c, _ in world.tenant.calls] == ["list_passes", "issue_pass", "remove_method"]
    assert set(world.tenant.tokens) == {TOKEN}
    await world.invariants()


async def test_the_secret_is_nowhere_but_sealed(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Neither pass nor token in any row, log line or repr."""
    with caplog.at_level(logging.DEBUG):
        await world.ask()
        await world.approve()
    for place in (await world.everything(), caplog.text, repr(world.finished())):
        assert CANARY not in place
        assert TOKEN not in place


async def test_nothing_is_asked_of_graph_before_the_intent_is_durable(world: World) -> None:
    """The process dies right before the first write: an open execution with intents is already there."""
    await world.ask()
    await world.draft()
    world.tenant.faults = [Fault("issue_pass", "die_before")]
    await world.acts.signed(world.finished())
    await world.acts.close()
    assert [e.status for e in await world.all(Execution)] == ["open"]
    assert await results(world) == [("issue_pass", ""), ("remove_method", "")]


async def test_every_step_is_in_the_audit(world: World) -> None:
    """Asked, opened, intents, results, sealed, closed, ended: each a row."""
    await world.ask()
    await world.approve()
    tags = [r.tag for r in await world.all(AuditRow)]
    for tag in (
        "bot:request:asked",
        "agent:execution:opened",
        "bot:intent:written",
        "bot:pass:sealed",
        "bot:result:written",
        "bot:execution:closed",
        "bot:request:ended",
    ):
        assert tag in tags


# --- refusals at the last moment ------------------------------------------------------------------


async def refused(world: World) -> tuple[str, ...]:
    seen = await world.sign()
    assert seen.status == "refused"
    assert world.tenant.count("issue_pass") == 0
    rows = [r for r in await world.all(AuditRow) if r.tag == "agent:approval:refused"]
    assert list(rows[-1].body["reasons"]) == list(seen.reasons)
    await world.invariants()
    return seen.reasons


async def test_a_subject_who_became_privileged_a_second_ago_gets_nothing(world: World) -> None:
    """The rank is read again after the signature; the request ends."""
    await world.ask()
    await world.draft()
    subject = world.tenant.accounts[SUBJECT]
    world.tenant.accounts[SUBJECT] = replace(subject, roles=Roles((Role("x", "Admin", "/"),), (), ()))
    assert Reason.RANK_REFUSED in await refused(world)
    assert world.turns.outcomes == ["refused"]


async def test_an_agent_who_left_the_group_meanwhile_gets_nothing_and_the_request_stays(world: World) -> None:
    """A refusal about the approver leaves the request to another one."""
    await world.ask()
    await world.draft()
    world.tenant.accounts[AGENT] = replace(world.tenant.accounts[AGENT], groups=frozenset({ELIGIBLE}))
    assert await refused(world) == (Reason.NOT_AN_AGENT,)
    assert world.turns.outcomes == []
    assert (await world.approve(SECOND)).outcome == "done"


async def test_a_changed_evidence_row_ends_it(world: World) -> None:
    """Whoever can write the database but has no key cannot make evidence."""
    await world.ask()
    await world.draft()
    await world.change(Evidence, "e0", kind="verified_id")
    assert Reason.EVIDENCE_CHANGED in await refused(world)
    assert world.turns.outcomes == ["refused"]


async def test_a_planted_evidence_row_never_reaches_a_request(world: World) -> None:
    """With the only code gone and another planted in its place, there is nothing to ask with."""
    await world.change(Evidence, "e0", kind="contact")
    assert [a.outcome for a in await world.perform()] == ["refused"]


async def test_another_browser_key_ends_it(world: World) -> None:
    """The pass would be sealed to a key that passed no proof."""
    await world.ask()
    await world.draft()
    await world.change(Attempt, "attempt", thumbprint="other")
    assert Reason.KEY_CHANGED in await refused(world)


async def test_an_absent_page_leaves_the_request_open_and_calls_the_person_back(world: World) -> None:
    """Nobody would be there to open the pass."""
    await world.ask()
    await world.draft()
    world.answering = False
    assert await refused(world) == (Reason.PAGE_ABSENT,)
    said = [j for j in await world.jobs("say") if j.key.startswith("come_back/")]
    assert len(said) == 1
    world.answering = True
    assert (await world.approve(SECOND)).outcome == "done"


async def test_unreadable_facts_refuse_and_leave_it_open(world: World) -> None:
    """What cannot be read is a no, not a yes."""
    await world.ask()
    await world.draft()
    world.tenant.policy = UNREADABLE
    assert Reason.FACTS_UNREADABLE in await refused(world)
    assert [r.status for r in await world.all(Request)] == ["open"]


async def test_old_facts_are_read_again_once(world: World) -> None:
    """Reading took too long the first time; the second reading is the one that counts."""
    await world.ask()
    await world.draft()
    slow = world.tenant.pass_policy
    waits = [40.0, 1.0]

    async def policy() -> object:
        found = await slow()
        world.clock.go(seconds=waits.pop(0) if waits else 0)
        return found

    world.tenant.pass_policy = policy  # type: ignore[method-assign, assignment]
    assert (await world.sign()).outcome == "done"
    assert waits == []


async def test_a_draft_that_is_not_the_one_signed_is_refused(world: World) -> None:
    """The digest is under the signature: a payload swapped in the database does not pass."""
    await world.ask()
    await world.draft()
    finished = world.finished()
    payload = {**finished.signing.payload, "draft": {**finished.signing.payload["draft"], "subject_oid": "x"}}
    with pytest.raises(Refused):
        await world.acts.signed(world.finished(payload=payload))
    with pytest.raises(Refused):
        await world.acts.signed(world.finished(oid=SECOND))
    assert world.tenant.calls == []


async def test_an_expired_request_is_over(world: World) -> None:
    """An hour, and not a second more."""
    await world.ask()
    await world.draft()
    world.clock.go(minutes=60)
    assert Reason.REQUEST_ENDED in await refused(world)


# --- races ----------------------------------------------------------------------------------------


async def test_fifty_signatures_at_once_make_one_effect(world: World) -> None:
    """Two approvers, many tabs, callbacks that come again: the first one carries it out."""
    await world.ask()
    asks = []
    for oid in (AGENT, SECOND):
        await world.draft(oid)
        asks.append(world.sign_ins.asks[-1])
    finished = [world.finished(asks[n % 2]) for n in range(50)]
    await asyncio.gather(*(world.acts.signed(f) for f in finished))
    await world.acts.close()
    seen = [await world.outcome(f) for f in finished]
    assert [s.outcome for s in seen].count("done") == 1
    assert [s.status for s in seen].count("refused") == 49
    assert world.tenant.count("issue_pass") == 1
    assert world.turns.outcomes == ["done"]
    assert len(await world.all(Handover)) == 1
    await world.invariants()


async def test_approve_and_deny_at_once_end_in_one_of_the_two(world: World) -> None:
    """Whoever is second finds it decided; nothing is half done."""
    await world.ask()
    await world.draft()
    deny = world.reviews.deny(world.handle, world.session(SECOND), why="not_convinced", note="")
    await asyncio.gather(world.acts.signed(world.finished()), deny, return_exceptions=True)
    await world.acts.close()
    [outcome] = world.turns.outcomes
    assert (outcome == "done") == (world.tenant.count("issue_pass") == 1)
    assert outcome in ("done", "denied")


async def test_two_cases_of_one_subject_cannot_run_at_once(world: World) -> None:
    """The open execution is the lock on the subject, whatever case it belongs to."""
    await world.ask()
    await world.draft()
    run = Execution("x", "r", "other", SUBJECT, SECOND, "open", world.clock.now())
    await world.rows.transact(lambda work: work.add(run))
    assert (await world.sign()).reasons == (Reason.EXECUTION_OPEN,)
    assert world.tenant.calls == []


async def test_a_case_cancelled_meanwhile_gets_its_pass_taken_back(world: World) -> None:
    """Made, but nowhere to go: withdrawn with the same token, and void."""
    await world.ask()
    await world.draft()
    issue = world.tenant.issue_pass

    async def cancelled(*args: object, **more: object) -> object:
        made = await issue(*args, **more)  # type: ignore[arg-type]
        await world.change(Case, "case", status="frozen")
        return made

    world.tenant.issue_pass = cancelled  # type: ignore[method-assign, assignment]
    seen = await world.sign()
    assert seen.outcome == "void"
    assert world.tenant.passes == {}
    assert await world.all(Handover) == []


# --- quorum ---------------------------------------------------------------------------------------


async def test_two_approvers_are_two_humans_and_the_second_carries_out(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """The first signature counts and makes nothing; the same human again is refused; the second acts."""
    policy, _ = parse({"rules": {"standard": {"approvers": 2}}})
    world = World(store, clock, entropy, policy)
    await world.case()
    await world.ask()
    first = await world.approve()
    assert (first.status, first.missing) == ("counted", 1)
    assert world.tenant.count("issue_pass") == 0
    assert await world.draft() == (Reason.DECIDED_ALREADY,)
    second = await world.approve(SECOND)
    assert second.outcome == "done"
    assert len(await world.all(Review, decision="approve")) == 2


async def test_a_planted_approval_is_no_approval(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """Sign-offs carry a MAC: a row somebody wrote into the database does not make a quorum."""
    policy, _ = parse({"rules": {"standard": {"approvers": 2}}})
    world = World(store, clock, entropy, policy)
    await world.case()
    request = await world.ask()
    await world.draft(SECOND)
    digest = world.sign_ins.asks[-1].digest
    row = Review("x", request.id, SECOND, SECOND, "approve", "", "", clock.now(), digest, digest)
    await world.rows.transact(lambda work: work.add(row))
    assert (await world.approve()).status == "counted"
    assert world.tenant.count("issue_pass") == 0


# --- what Graph answers ---------------------------------------------------------------------------


async def test_a_time_out_after_success_is_undone_and_void(world: World) -> None:
    """The pass was made and its value lost: it is deleted, and a new approval is needed."""
    await world.ask()
    world.tenant.faults = [Fault("issue_pass", "after")]
    seen = await world.approve()
    assert seen.outcome == "void"
    assert [(a.kind, a.result) for a in seen.acts] == [("issue_pass", "void"), ("remove_method", "skipped")]
    assert world.tenant.passes == {}
    assert world.turns.outcomes == ["void"]
    again = await world.ask(version=6)
    assert again.evidence_ids == ["e0", "e1"]
    assert (await world.approve(SECOND)).outcome == "done"
    assert len(world.tenant.made) == 2
    await world.invariants()


async def test_a_time_out_before_anything_is_void_too(world: World) -> None:
    """Nobody can tell the two apart, so nobody pretends to; Graph is not asked twice."""
    await world.ask()
    world.tenant.faults = [Fault("issue_pass", "before")]
    assert (await world.approve()).outcome == "void"
    assert world.tenant.count("issue_pass") == 1


async def test_what_cannot_be_undone_goes_to_the_desk(world: World) -> None:
    """The listing after the time-out fails as well: an agent must withdraw."""
    await world.ask()
    world.tenant.faults = [Fault("issue_pass", "after"), Fault("list_passes", "before", number=2)]
    assert (await world.approve()).outcome == "void"
    [open_one] = await world.all(Withdrawal, status="open")
    assert open_one.why == "unknown"
    await world.invariants()


async def test_a_pass_that_turns_up_late_goes_to_the_desk(world: World) -> None:
    """The create was still under way when nothing was found; two minutes later it is looked for again."""
    await world.ask()
    world.tenant.faults = [Fault("issue_pass", "before")]
    await world.approve()
    [job] = await world.jobs("reconcile")
    await world.withdrawals.reconcile(job)
    assert await world.all(Withdrawal) == []
    world.tenant.passes[SUBJECT] = LivePass("late", world.clock.now(), True, 15)
    await world.withdrawals.reconcile(job)
    await world.withdrawals.reconcile(job)
    [row] = await world.all(Withdrawal)
    assert (row.pass_id, row.why) == ("late", "unknown")


async def test_a_clear_no_about_the_role_leaves_it_to_another_approver(world: World) -> None:
    """403: nothing was changed, and it was about who asked."""
    await world.ask()
    world.tenant.faults = [Fault("issue_pass", "refuse:403")]
    seen = await world.approve()
    assert (seen.status, seen.reasons, seen.open) == ("refused", (Reason.ROLE_NOT_COVERING,), True)
    assert world.turns.outcomes == []
    assert (await world.approve(SECOND)).outcome == "done"
    await world.invariants()


async def test_the_same_approver_may_sign_again_after_a_clear_no(world: World) -> None:
    """A throttled call used up nothing."""
    await world.ask()
    world.tenant.faults = [Fault("list_passes", "before")]
    assert (await world.approve()).reasons == (Reason.UNAVAILABLE,)
    assert (await world.approve()).outcome == "done"


async def test_a_reopened_request_still_expires(world: World) -> None:
    """Its expiry is set again under a key of its own."""
    request = await world.ask()
    world.tenant.faults = [Fault("issue_pass", "refuse:403")]
    await world.approve()
    timers = [t for t in await world.timers("request") if t.body["name"] == "expire"]
    assert [t.due_at for t in timers] == [request.expires_at]


async def test_any_other_clear_no_ends_it(world: World) -> None:
    """400: the tenant says no to this pass, whoever asks."""
    await world.ask()
    world.tenant.faults = [Fault("issue_pass", "refuse:400")]
    assert (await world.approve()).outcome == "refused"
    assert world.turns.outcomes == ["refused"]


async def test_the_rest_is_repeated_not_the_whole(world: World) -> None:
    """The pass was made, the method was not removed: asking again asks for the method alone."""
    await world.ask()
    world.tenant.faults = [Fault("remove_method", "refuse:400")]
    assert (await world.approve()).outcome == "partial"
    again = await world.ask(version=6)
    assert [a["kind"] for a in again.acts] == ["remove_method"]


async def test_a_lost_answer_to_a_removal_is_looked_up(world: World) -> None:
    """The method is gone: done. It is still there: void."""
    await world.ask()
    world.tenant.faults = [Fault("remove_method", "after")]
    assert (await world.approve()).outcome == "done"


async def test_a_pass_somebody_made_in_between_is_not_overwritten(world: World) -> None:
    """Listed right before the write: a foreign pass stops with a question, and nothing is changed."""
    await world.ask()
    await world.draft()
    gather = world.tenant.facts

    async def facts(oid: str, *, groups: tuple[str, ...], methods: bool = True) -> object:
        found = await gather(oid, groups=groups, methods=methods)  # type: ignore[arg-type]
        return replace(found, live_pass=None)

    world.tenant.facts = facts  # type: ignore[method-assign, assignment]
    world.tenant.passes[SUBJECT] = LivePass("foreign", world.clock.now(), True, 60)
    seen = await world.sign()
    assert (seen.status, seen.reasons) == ("refused", (Reason.LIVE_PASS,))
    assert world.tenant.passes[SUBJECT].id == "foreign"
    assert [r.status for r in await world.all(Request)] == ["open"]


async def test_a_foreign_pass_is_replaced_when_the_approver_signed_that(world: World) -> None:
    """The question answered on the page is part of what is signed."""
    await world.ask()
    world.tenant.passes[SUBJECT] = LivePass("foreign", world.clock.now(), True, 60)
    assert await world.draft() == (Reason.LIVE_PASS,)
    assert (await world.approve(replaces="foreign")).outcome == "done"


# --- crashes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_every_transaction_nothing_is_made_twice_and_nothing_is_lost(
    stores: object, clock: FakeClock, after: bool
) -> None:
    """Every durable write of an approval is a place to die; after a restart the truth is on the desk."""
    n, died = 0, True
    while died:
        n += 1
        store = stores.fresh()  # type: ignore[attr-defined]
        world = World(store, clock, FakeEntropy(n))
        await world.case()
        await world.ask()
        await world.draft()
        world.store.seen, world.store.at, world.store.after = 0, n, after
        died = await run(world)
        await settled(world)
        await store.close()
    assert n > 5


@pytest.mark.parametrize("kind", ["die_before", "die_after"])
async def test_killed_at_every_call_to_graph_it_ends_void_and_the_desk_is_asked(
    stores: object, clock: FakeClock, kind: str
) -> None:
    """Between intent and result: `void`, a withdrawal on the desk, at most one pass made."""
    for n in range(1, 4):
        store = stores.fresh()  # type: ignore[attr-defined]
        world = World(store, clock, FakeEntropy(n))
        await world.case()
        await world.ask()
        await world.draft()
        world.tenant.faults = [Fault("*", kind, number=n)]
        assert await run(world)
        [before] = await world.all(Execution)
        assert before.status == "open"
        await settled(world)
        assert [e.outcome for e in await world.all(Execution)] == ["void"]
        assert world.turns.outcomes == ["void"]
        await store.close()


async def run(world: World) -> bool:
    """Sign; True when the process died of it."""
    try:
        await world.acts.signed(world.finished())
    except Died:
        return True
    tasks = list(world.acts._tasks)
    await asyncio.gather(*tasks, return_exceptions=True)
    return any(isinstance(t.exception(), Died) for t in tasks if t.done() and not t.cancelled())


async def settled(world: World) -> None:
    """A restart: recovery, then an agent reconciles what is on the desk."""
    world.restart()
    world.tenant.faults = []
    await world.acts.recover(alone=True)
    assert await world.all(Execution, status="open") == []
    assert await world.all(Decision, status="working") == []
    await world.invariants()
    assert len(world.tenant.made) <= 1
    for row in await world.all(Withdrawal, status="open"):
        ask = SignInAsk(Purpose.WITHDRAW, "b", row.id, SECOND)
        await world.withdrawals.signed(world.finished(ask))
    assert await world.all(Withdrawal, status="open") == []
    sealed = {h.pass_id for h in await world.all(Handover) if h.sealed}
    assert {p.id for p in world.tenant.passes.values()} <= sealed


async def test_an_execution_of_a_living_process_is_left_alone(world: World) -> None:
    """Another replica's lease says that somebody is at it; without it, the watch ends it."""
    await world.ask()
    await world.draft()
    world.tenant.faults = [Fault("issue_pass", "die_after")]
    await run(world)
    [timer] = await world.timers("execution")
    await world.acts.fire(timer)
    assert [e.status for e in await world.all(Execution)] == ["open"]
    world.clock.go(seconds=20)
    await world.acts.fire(timer)
    assert [e.outcome for e in await world.all(Execution)] == ["void"]


async def test_a_process_that_was_only_slow_takes_back_what_it_made(world: World) -> None:
    """Declared dead, it finds its intent answered: its pass is withdrawn, nothing is sealed."""
    await world.ask()
    await world.draft()
    issue = world.tenant.issue_pass

    async def slow(*args: object, **more: object) -> object:
        made = await issue(*args, **more)  # type: ignore[arg-type]
        world.clock.go(seconds=60)
        [timer] = await world.timers("execution")
        await world.acts.fire(timer)
        return made

    world.tenant.issue_pass = slow  # type: ignore[method-assign, assignment]
    await world.sign()
    assert world.tenant.passes == {}
    assert await world.all(Handover) == []
    assert world.turns.outcomes == ["void"]


async def test_no_durable_result_no_pass(world: World) -> None:
    """The result cannot be written: the pass is taken back while the token is still there."""
    await world.ask()
    await world.draft()
    transact, seen = world.store.transact, [0]

    async def failing(fn: object) -> object:
        if world.tenant.count("issue_pass") and not seen[0]:
            seen[0] = 1
            raise OSError("disk full")
        return await transact(fn)  # type: ignore[arg-type]

    world.store.transact = failing  # type: ignore[method-assign, assignment]
    await world.acts.signed(world.finished())
    await world.acts.close()
    assert world.tenant.passes == {}
