"""Follow-through: the new method is noticed, everything added is shown, and a foreign one freezes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.audit import Tag
from bot.core.effects import Watch
from bot.core.events import Chose, Event
from bot.core.flow import FlowState
from bot.core.model import CaseId, EventId, Reason
from bot.core.records import Addition, Attempt, Case, Handover, Proving, Timer
from bot.errors import Refused
from bot.sandbox.faults import parse
from bot.service.follow_through import EVERY, LATER, FollowThrough
from bot.service.sightings import note
from tests.fakes.product import Whole


class Following:
    """A case that waits for its person to register a method, with a pass that was shown."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        found = whole.product.timers._handlers["watch"].__self__  # type: ignore[attr-defined]
        assert isinstance(found, FollowThrough)
        self.follow = found

    async def begin(self, what: str = "method_registered", person: str = "employee") -> None:
        whole, at = self.whole, self.whole.clock.now()
        await whole.press("start:new_phone", person)
        self.person = person
        opened = await whole.case(person)
        self.case = replace(
            opened, step="register", version=7, state=FlowState("new_phone", "register", 7).to_json(),
            proven_at=at,
        )  # fmt: skip
        methods = await self.follow._directory.methods(whole.sandbox.oid(person))  # type: ignore[arg-type]
        shown = [{"id": m.id, "type": m.type, "label": m.label} for m in methods]
        attempt = Attempt(
            "attempt1",
            opened.id,
            "browser1",
            at,
            at + timedelta(days=1),
            "open",
            "n",
            "DE",
            "d",
            gone=shown[:1],
        )
        proving = Proving(opened.id, "identity", 3, ["issue_pass"], at, methods=shown)
        handover = Handover(
            "handover1", opened.id, "request1", "attempt1", "thumb", "sealed", "pass1", at, at,
            at + timedelta(hours=1), "shown", at,
        )  # fmt: skip

        def fn(work: Any) -> None:
            work.put(self.case)
            for row in (attempt, proving, handover):
                work.add(row)
            event = Event(EventId("e"), "e", at, CaseId(opened.id), Chose("x", 1, "y"))
            self.follow.watch(work, self.case, Watch("register", 7, what), event, "e/0")

        await whole.store.transact(fn)
        whole.clock.go(seconds=30)

    async def timer(self) -> Timer:
        (timer,) = await self.whole.rows(Timer, kind="watch")
        return timer

    async def look(self) -> None:
        """One firing, as the runner would."""
        await self.follow.fire(await self.timer())
        await self.whole.settle()

    async def added(self) -> list[Addition]:
        return await self.whole.rows(Addition, order="seen_at")

    async def now(self) -> Case:
        return (await self.whole.rows(Case, id=self.case.id))[0]

    async def handover(self) -> Handover:
        return (await self.whole.rows(Handover))[0]


@pytest.fixture
async def following(whole: Whole) -> Following:
    made = Following(whole)
    await made.begin()
    return made


async def test_a_registered_method_is_noticed_and_the_flow_goes_on(following: Following) -> None:
    """And the pass is done with: its ciphertext goes, and the spacing of passes starts."""
    await following.look()
    assert (await following.now()).step == "register"
    new = following.whole.plant("employee", "fido2")
    await following.look()
    assert (await following.now()).step == "mine"
    assert [row.method_id for row in await following.added()] == [new]
    assert Tag.METHOD_SEEN.value in await following.whole.tags()
    assert (await following.handover()).status == "finished"
    assert (await following.handover()).sealed == ""


async def test_a_method_known_before_is_not_new(following: Following) -> None:
    """Those shown for ticking, whatever date Graph gives them now."""
    await following.look()
    assert await following.added() == []
    assert (await following.now()).step == "register"


async def test_a_method_seen_here_long_before_the_pass_is_not_new(following: Following) -> None:
    """Graph dates not every method; one we had seen is old even when nobody showed it for ticking."""
    whole = following.whole
    old = whole.plant("employee", "phone")
    past = whole.clock.now() - timedelta(days=30)
    oid = whole.sandbox.oid("employee")
    await whole.store.transact(lambda work: note(work, oid, [(old, "phone", "+49", None)], past))
    await following.look()
    assert await following.added() == []


async def test_a_weak_addition_is_shown_but_is_no_new_method(following: Following) -> None:
    """An address is no way to sign in; the person hears of it all the same."""
    following.whole.plant("employee", "email")
    await following.look()
    assert [row.type for row in await following.added()] == ["email"]
    assert (await following.now()).step == "register"


async def test_each_addition_is_written_down_once(following: Following) -> None:
    following.whole.plant("employee", "email")
    for _ in range(3):
        await following.look()
    assert len(await following.added()) == 1
    assert (await following.whole.tags()).count(Tag.METHOD_SEEN.value) == 1


async def test_watching_is_one_row_that_moves(following: Following) -> None:
    """Every five seconds for ten minutes, then every fifteen; no row for each look."""
    timer = await following.timer()
    for _ in range(3):
        at = following.whole.clock.now()
        await following.look()
        assert (await following.timer()).due_at == at + EVERY
    assert (await following.timer()).key == timer.key
    at = following.whole.clock.go(minutes=11)
    await following.look()
    assert (await following.timer()).due_at == at + LATER


async def test_an_unreadable_graph_is_asked_again_later(following: Following) -> None:
    faults = following.whole.sandbox.state.faults
    following.whole.plant("employee", "fido2")
    faults.add(parse({"match": "GET */authentication/*", "kind": "html502", "times": 50}))
    await following.look()
    assert (await following.now()).step == "register"
    faults.clear()
    await following.look()
    assert (await following.now()).step == "mine"


async def test_the_watch_stops_when_the_step_is_left(following: Following) -> None:
    """Neither Graph is asked nor anything written for a flow that went on."""
    timer = await following.timer()
    await following.whole.say("stop")
    assert (await following.timer()).status == "cancelled"
    following.whole.plant("employee", "fido2")
    before = following.whole.ledger()
    await following.follow.fire(timer)  # it was on its way just then
    assert following.whole.ledger() == before
    assert await following.added() == []


async def test_a_look_that_comes_back_after_the_step_was_left_writes_nothing(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the read of Graph and the transaction, the person said stop."""
    real = following.follow._directory.methods
    following.whole.plant("employee", "fido2")

    async def slow(oid: Any) -> Any:
        found = await real(oid)
        await following.whole.say("stop")
        return found

    monkeypatch.setattr(following.follow._directory, "methods", slow)
    await following.follow.fire(await following.timer())
    assert await following.added() == []
    assert (await following.now()).status == "ended"
    assert (await following.timer()).status == "cancelled"


async def test_the_flow_is_answered_once_however_often_the_timer_fires(following: Following) -> None:
    following.whole.plant("employee", "fido2")
    timer = await following.timer()
    await following.follow.fire(timer)
    await following.follow.fire(timer)
    assert len(await following.whole.events(dedupe_key=f"{timer.group}/there")) == 1


@pytest.mark.parametrize(("gone", "there"), [(True, True), (False, False)])
async def test_waiting_for_a_removal_ends_when_what_was_ticked_is_gone(
    whole: Whole, gone: bool, there: bool
) -> None:
    made = Following(whole)
    await made.begin("method_removed")
    attempt = (await whole.rows(Attempt))[0]
    if gone:
        row = next(
            r for r in whole.sandbox.state.methods.rows("employee") if r["id"] == attempt.gone[0]["id"]
        )
        whole.sandbox.state.methods.remove("employee", row["type"], row["id"])
    await made.look()
    assert ((await made.now()).step != "register") == there


# --- mine, or not mine ------------------------------------------------------------------------------


async def test_a_foreign_method_freezes_the_case(following: Following) -> None:
    """What passed is void, security hears of it, and nothing more passes here."""
    new = following.whole.plant("employee", "fido2")
    await following.look()
    await following.follow.answer(following.case.id, new, yours=False)
    await following.whole.settle()
    assert (await following.now()).status == "frozen"
    assert (await following.added())[0].yours == "no"
    tags = await following.whole.tags()
    assert {Tag.METHOD_DISOWNED.value, Tag.CASE_FROZEN.value, Tag.ALERT_RAISED.value} <= set(tags)
    assert (await following.whole.rows(Attempt))[0].status == "frozen"


async def test_an_own_method_freezes_nothing(following: Following) -> None:
    new = following.whole.plant("employee", "fido2")
    await following.look()
    await following.follow.answer(following.case.id, new, yours=True)
    assert (await following.now()).status == "open"
    (told,) = await following.follow.of_case(following.case.id)
    assert (told.yours, told.type) == (True, "fido2")


async def test_disowning_after_the_end_alerts_but_leaves_the_chat_free(following: Following) -> None:
    """An objection never touches the person's next case."""
    new = following.whole.plant("employee", "fido2")
    await following.look()
    await following.whole.say("stop")
    await following.follow.answer(following.case.id, new, yours=False)
    await following.whole.settle()
    assert (await following.now()).status == "ended"
    assert Tag.ALERT_RAISED.value in await following.whole.tags()
    assert (await following.whole.press("start:new_phone"))["refused"] == ""
    assert (await following.whole.case()).id != following.case.id


async def test_a_method_that_was_never_seen_cannot_be_answered_for(following: Following) -> None:
    with pytest.raises(Refused) as refused:
        await following.follow.answer(following.case.id, "made-up", yours=False)
    assert refused.value.reason is Reason.BAD_FORM
    assert (await following.now()).status == "open"
