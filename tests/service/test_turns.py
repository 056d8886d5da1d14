"""Turns: one event, one transaction; and what is left of one that fails."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core import effects as fx
from bot.core.audit import Tag
from bot.core.events import Answered, Chose, Commanded, Event, Happening, TimerFired, Wrote
from bot.core.flow import FlowState
from bot.core.model import CaseId, Command, EventId
from bot.core.records import AuditRow, Card, Case, EventRow, FlowVersion, Timer
from bot.errors import ConflictError, PermanentError, TransientError
from bot.service.step_timers import StepTimers
from tests.fakes.product import Whole

CANARY = "canary text of an exception"


async def opened(whole: Whole) -> Case:
    await whole.press("start:new_phone")
    return await whole.case()


def event(case: Case, what: Happening, key: str, whole: Whole) -> Event:
    at = whole.clock.now()
    return Event(EventId(f"event-{key}"), key, at, CaseId(case.id), what)


async def take(whole: Whole, case: Case, what: Happening, key: str) -> dict[str, Any]:
    reply = await whole.product.turns.receive(event(case, what, key, whole))
    await whole.settle()
    return reply


def boom(*_: Any) -> tuple[Answered, ...]:
    raise ValueError(CANARY)


# --- once -------------------------------------------------------------------------------------------


async def test_a_duplicate_gets_the_stored_reply_and_does_nothing(whole: Whole) -> None:
    """A platform that delivers twice is answered twice and obeyed once."""
    case = await opened(whole)
    press = Chose("old_phone", case.version, "works")
    first = await take(whole, case, press, "k")
    before, shown = await whole.case(), len(await whole.shown())
    assert await take(whole, case, press, "k") == first
    assert await whole.case() == before
    assert len(await whole.shown()) == shown


async def test_the_stored_reply_is_the_whole_reply(whole: Whole) -> None:
    """Also where performers answered within the turn: a duplicate must not be told less."""
    case = await opened(whole)
    whole.product.turns._performers[fx.HandOff] = [closed_at_once]
    reply = await take(whole, case, Commanded(Command.PERSON), "k")
    row = (await whole.events(dedupe_key="k"))[0]
    assert row.reply == reply
    assert await take(whole, case, Commanded(Command.PERSON), "k") == reply
    assert (await whole.case()).status == "ended"


def closed_at_once(work: Any, case: Case, effect: fx.HandOff, event: Event, key: str) -> list[Answered]:
    return [Answered(effect.step, effect.version, "closed")]


async def test_two_deliveries_at_once_are_one_event(whole: Whole) -> None:
    case = await opened(whole)
    press = Chose("old_phone", case.version, "works")
    one, two = await asyncio.gather(
        *(whole.product.turns.receive(event(case, press, "k", whole)) for _ in range(2))
    )
    assert one == two
    assert len(await whole.events(dedupe_key="k")) == 1


async def test_another_worker_who_was_first_makes_us_decide_again(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conflict is no error to show anybody."""
    case = await opened(whole)
    real, tries = whole.store.transact, []

    async def transact(fn: Any) -> Any:
        tries.append(fn)
        if len(tries) == 1:
            raise ConflictError("another replica took this key")
        return await real(fn)

    monkeypatch.setattr(whole.store, "transact", transact)
    reply = await whole.product.turns.receive(event(case, Wrote(), "k", whole))
    assert reply["refused"] == "not_expected"
    assert len(tries) == 2


# --- everything of a turn is there, or nothing ------------------------------------------------------


async def test_a_turn_leaves_event_state_audit_outbox_and_timers_together(whole: Whole) -> None:
    case = await opened(whole)
    await take(whole, case, Chose("old_phone", case.version, "works"), "k")
    after = await whole.case()
    assert (after.step, after.version) == ("self_done", FlowState.from_json(after.state).version)
    assert [row.status for row in await whole.events(dedupe_key="k")] == ["done"]
    moved = (await whole.rows(AuditRow, tag=Tag.CASE_MOVED.value, order="-id"))[0]
    assert (moved.body["before"], moved.body["after"]) == ("old_phone", "self_done")
    assert moved.body["flow"] == case.flow_hash
    waiting = await whole.rows(Timer, case_id=case.id, status="waiting")
    assert {t.body["step"] for t in waiting} == {"self_done"}


async def test_a_turn_that_raises_leaves_only_a_failed_event_and_a_friendly_line(
    whole: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing half done: no state, no timer, no card. The person reads a reference, the log has it, and
    neither has the text of the exception."""
    case = await opened(whole)
    whole.product.turns._performers[fx.HandOff] = [boom]
    before = {kind: await whole.rows(kind, case_id=case.id) for kind in (Timer,)}
    with caplog.at_level(logging.DEBUG):
        reply = await take(whole, case, Commanded(Command.PERSON), "k")
    assert await whole.case() == case
    assert {kind: await whole.rows(kind, case_id=case.id) for kind in (Timer,)} == before
    (row,) = await whole.events(dedupe_key="k")
    assert (row.status, row.error, row.reply) == ("failed", "ValueError", reply)
    assert Tag.EVENT_FAILED.value in await whole.tags()
    assert reply["failed"] in (await whole.last()).fallback
    assert "boom" in caplog.text
    assert CANARY not in caplog.text


async def test_a_failed_event_is_not_tried_again_by_its_duplicate(whole: Whole) -> None:
    """It is for an operator to retry; a platform's second delivery gets the stored reply."""
    case = await opened(whole)
    whole.product.turns._performers[fx.HandOff] = [boom]
    first = await take(whole, case, Commanded(Command.PERSON), "k")
    whole.product.turns._performers[fx.HandOff] = []
    assert await take(whole, case, Commanded(Command.PERSON), "k") == first
    assert await whole.case() == case


async def test_performers_that_answer_each_other_for_ever_are_a_failed_event(whole: Whole) -> None:
    """A turn always ends."""
    case = await opened(whole)
    await take(whole, case, Chose("old_phone", case.version, "gone"), "k")
    case = await whole.case()
    nonsense = Answered("identity", case.version, "nonsense")
    whole.product.turns._performers[fx.Refuse] = [lambda *_: [nonsense]]
    await take(whole, case, nonsense, "again")
    assert (await whole.events(dedupe_key="again"))[0].status == "failed"
    assert await whole.case() == case


async def test_an_event_of_no_case_is_refused_for_good(whole: Whole) -> None:
    """The outbox buries it; trying again cannot help."""
    case = replace(await opened(whole), id="nowhere")
    with pytest.raises(PermanentError):
        await take(whole, case, Wrote(), "k")
    assert await whole.events(dedupe_key="k") == []


async def test_a_store_that_is_away_is_said_to_the_caller(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only then may the channel deliver again; nothing is written down as failed."""
    case = await opened(whole)

    async def away(fn: Any) -> Any:
        raise TransientError("away")

    with monkeypatch.context() as patch:
        patch.setattr(whole.store, "transact", away)
        with pytest.raises(TransientError):
            await whole.product.turns.receive(event(case, Wrote(), "k", whole))
    assert await whole.events(dedupe_key="k") == []


async def test_a_version_that_another_replica_stored_is_read_when_it_is_needed(whole: Whole) -> None:
    """A rolling upgrade: the case was opened over there, its timer fires here."""
    case = await opened(whole)
    whole.product.published._versions.clear()
    await take(whole, case, Chose("old_phone", case.version, "works"), "k")
    assert (await whole.case()).step == "self_done"


async def test_a_case_of_a_tampered_version_goes_nowhere_but_answers_kindly(whole: Whole) -> None:
    """Files that do not have their hash are never run; the person hears whom to call."""
    case = await opened(whole)
    row = (await whole.rows(FlowVersion, hash=case.flow_hash))[0]
    files = {path: text.replace("gone: duty", "gone: approval") for path, text in row.files.items()}
    await whole.store.transact(lambda work: work.put(replace(row, files=files)))
    whole.product.published._versions.clear()
    reply = await take(whole, case, Chose("old_phone", case.version, "gone"), "k")
    assert await whole.case() == case
    assert reply["failed"] in (await whole.last()).fallback


# --- timers of steps --------------------------------------------------------------------------------


async def test_a_timer_that_fires_twice_is_one_event(whole: Whole) -> None:
    """At least once is once: the timer's key is the event's."""
    case = await opened(whole)
    timers = StepTimers(whole.product.store, whole.product.turns, whole.clock, whole.product.turns._entropy)
    (reminder,) = await whole.rows(Timer, case_id=case.id)
    await timers.fire(reminder)
    timer = next(t for t in await whole.rows(Timer, case_id=case.id) if t.body["name"] == "timeout")
    await timers.fire(timer)
    ended = await whole.case()
    assert (ended.status, ended.outcome) == ("ended", "abandoned")
    await timers.fire(timer)
    await timers.fire(reminder)
    assert sorted(row.body["name"] for row in await whole.events(kind="TimerFired")) == ["remind", "timeout"]


async def test_the_timers_of_a_step_are_set_one_after_the_other(whole: Whole) -> None:
    """A step costs one row while people answer at once; nothing comes late or is lost with what comes
    before it, and what was cancelled brings nothing more."""
    case = await opened(whole)
    await take(whole, case, Chose("old_phone", case.version, "works"), "k")
    entered = (await whole.case()).touched_at
    timers = StepTimers(whole.product.store, whole.product.turns, whole.clock, whole.product.turns._entropy)
    seen = []
    for _ in range(2):
        (timer,) = await whole.rows(Timer, case_id=case.id, status="waiting")
        seen.append((timer.body["name"], timer.body["number"], timer.due_at - entered))
        await timers.fire(timer)
        await timers.fire(timer)  # killed before it was recorded
        await whole.store.transact(lambda work, timer=timer: work.put(replace(timer, status="fired")))
    (last,) = await whole.rows(Timer, case_id=case.id, status="waiting")
    seen.append((last.body["name"], last.body["number"], last.due_at - entered))
    hour = timedelta(hours=1)
    assert seen == [("remind", 0, hour), ("remind", 1, 4 * hour), ("timeout", 0, 24 * hour)]
    before = await whole.case()
    await take(whole, before, Commanded(Command.BACK), "back")
    (timer,) = await whole.rows(Timer, case_id=case.id, status="waiting")
    await take(whole, before, Chose("old_phone", (await whole.case()).version, "works"), "again")
    await timers.fire(timer)  # was leased when the step was left
    (waiting,) = await whole.rows(Timer, case_id=case.id, status="waiting")
    assert waiting.body["step"] == "self_done"


async def test_nobody_hears_untaken_while_an_agent_talks_to_them(whole: Whole) -> None:
    """The end of a handoff waits while its card is taken, and comes once it is let go."""
    case = await opened(whole)
    await take(whole, case, Commanded(Command.PERSON), "k")
    card = (await whole.rows(Card, case_id=case.id))[0]
    taken = replace(card, taken_by="somebody", taken_at=whole.clock.now(), touched_at=whole.clock.now())
    await whole.store.transact(lambda work: work.put(taken))
    timers = StepTimers(whole.product.store, whole.product.turns, whole.clock, whole.product.turns._entropy)
    ours = [t for t in await whole.rows(Timer, case_id=case.id) if t.body["step"] == "@person"]
    await timers.fire(ours[0])
    assert not await whole.events(kind="TimerFired")
    later = [t for t in await whole.rows(Timer, case_id=case.id) if t.body["step"] == "@person"]
    assert len(later) == 2
    await whole.store.transact(lambda work: work.put(replace(taken, taken_by="")))
    await timers.fire(max(later, key=lambda t: t.due_at))
    assert len(await whole.events(kind="TimerFired")) == 1


async def test_a_timer_of_a_step_long_left_changes_nothing(whole: Whole) -> None:
    case = await opened(whole)
    await take(whole, case, Chose("old_phone", case.version, "works"), "k")
    now = await whole.case()
    await take(whole, case, TimerFired("old_phone", case.version, "timeout"), "late")
    assert replace(await whole.case(), touched_at=now.touched_at) == now


async def test_leaving_a_step_cancels_its_timers(whole: Whole) -> None:
    case = await opened(whole)
    await take(whole, case, Chose("old_phone", case.version, "works"), "k")
    left = [t for t in await whole.rows(Timer, case_id=case.id) if t.body["step"] == "old_phone"]
    assert left
    assert {t.status for t in left} == {"cancelled"}


# --- what is kept -----------------------------------------------------------------------------------


async def test_who_did_it_is_in_the_audit(whole: Whole) -> None:
    """The world's answers, the clock and the person are told apart."""
    case = await opened(whole)
    await take(whole, case, TimerFired("old_phone", case.version, "remind"), "r")
    await take(whole, case, Chose("old_phone", case.version, "gone"), "k")
    rows = await whole.rows(AuditRow, case_id=case.id, order="id")
    actors = {row.body["event"]: row.actor for row in rows if "event" in row.body}
    assert actors == {"Opened": "person", "TimerFired": "timer", "Chose": "person", "Answered": "bot"}


async def test_a_message_job_pins_version_and_language(whole: Whole) -> None:
    """Words that change meanwhile change nothing already promised."""
    case = await opened(whole)
    job = (await whole.jobs("say", case_id=case.id))[0]
    assert (job.body["flow_hash"], job.body["locale"]) == (case.flow_hash, "en")
    assert job.key in (await whole.events(kind="Opened"))[0].reply["says"]
    assert isinstance((await whole.events())[0], EventRow)
