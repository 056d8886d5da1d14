"""One event, one transaction: the event row, the new state, audit, outbox and timers together.

The core decides (`advance`), this module keeps the books. What an effect means to the rest of
the house is told by performers, given at the composition root; everything that needs the world
(words, chat, reads) becomes an outbox job and happens after the commit.

A turn that raises leaves nothing behind but its event, marked failed and shown to operators.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from bot.core import effects as fx
from bot.core.audit import Tag, audit_row
from bot.core.engine import advance
from bot.core.events import Answered, Commanded, Event, Happening, TimerFired
from bot.core.fields import moved, plain
from bot.core.flow import FlowState
from bot.core.model import CaseId, Command, EventId
from bot.core.records import Case, EventRow, Job, Timer
from bot.errors import ConflictError, PermanentError, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.flows import Flows
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Performer
from bot.service.chance import new_id
from bot.service.faults import origin

log = logging.getLogger(__name__)
T = TypeVar("T")
_MOST_ANSWERS = 25  # of performers to one event; more means two steps answer each other for ever
_MOST_TRIES = 3  # when another worker was first


class TurnService:
    """Implements `ports.turns.Turns`."""

    def __init__(
        self,
        store: Store,
        flows: Flows,
        clock: Clock,
        entropy: Entropy,
        performers: Mapping[type, Sequence[Performer[Any]]],
    ) -> None:
        self._store = store
        self._flows = flows
        self._clock = clock
        self._entropy = entropy
        self._performers = performers

    async def receive(self, event: Event) -> dict[str, Any]:
        """Insert, deduplicate, advance, commit. A duplicate gets the stored reply.

        Raises PermanentError where there is no such case, TransientError while the store is away."""

        def turn(work: UnitOfWork) -> dict[str, Any]:
            seen = work.reply_to(event.dedupe_key)
            if seen is not None:
                return seen
            case = work.case(event.case_id)
            if case is None:
                raise PermanentError("an event of no case", reason=event.case_id)
            return self._run(work, case, event)

        try:
            try:
                reply = await first_come(self._store, turn)
            except KeyError:  # perhaps of a version that another replica has just stored
                if not await self._flows.catch_up():
                    raise
                reply = await first_come(self._store, turn)
        except (TransientError, ConflictError, PermanentError):
            raise
        except Exception as err:  # noqa: BLE001 - a bug in one turn must not lose the event
            reply = await self._failed(event, err)
        self._store.notify(event.case_id)
        return reply

    def take(
        self, work: UnitOfWork, case: Case, what: Happening, *, dedupe_key: str, at: datetime
    ) -> dict[str, Any]:
        """`receive` inside a transaction already open; *case* must have been locked by it."""
        seen = work.reply_to(dedupe_key)
        if seen is not None:
            return seen
        ident = EventId(new_id(self._entropy, at))
        return self._run(work, case, Event(ident, dedupe_key, at, CaseId(case.id), what))

    def _run(self, work: UnitOfWork, case: Case, first: Event) -> dict[str, Any]:
        queue = deque([first])
        reply: dict[str, Any] = {"case": case.id, "says": [], "refused": ""}
        taken: list[Event] = []
        for _ in range(_MOST_ANSWERS):
            event = queue.popleft()
            taken.append(event)
            if event is not first:
                case = work.case(case.id) or case  # a performer may have changed it
            case, answers, effects = self._advance(work, case, event)
            for n, effect in enumerate(effects):
                if isinstance(effect, fx.Refuse):
                    reply["refused"] = effect.reason.value
                elif isinstance(effect, fx.Say | fx.Tell):
                    reply["says"].append(f"{event.id}/{n}")
            queue.extend(
                Event(EventId(new_id(self._entropy, event.at)), key, event.at, event.case_id, answer)
                for key, answer in answers
            )
            if not queue:
                break
        else:
            raise RuntimeError("performers keep answering each other")
        for event in taken:  # last, because the first is kept with the whole reply
            stored = reply if event is first else {}
            work.add(event_row(event, "done", stored))
        return reply

    def _advance(
        self, work: UnitOfWork, case: Case, event: Event
    ) -> tuple[Case, list[tuple[str, Answered]], tuple[fx.Effect, ...]]:
        before = FlowState.from_json(case.state)
        turned = advance(self._flows.at(case.flow_hash), before, event)
        after = turned.state
        ended = next((e for e in turned.effects if isinstance(e, fx.EndCase)), None)
        spoken = next((e.locale for e in turned.effects if isinstance(e, fx.Speak)), case.locale)
        if after is not before or ended or spoken != case.locale:
            case = moved(
                case,
                state=after.to_json(),
                step=after.step,
                version=after.version,
                locale=spoken,
                touched_at=event.at,
                status="ended" if ended else case.status,
                outcome=ended.outcome if ended else case.outcome,
                ended_at=event.at if ended else case.ended_at,
            )
            work.put(case)
        refusal = next((e.reason.value for e in turned.effects if isinstance(e, fx.Refuse)), "")
        more: dict[str, Any] = {"refused": refusal} if refusal else {}
        if ended:
            more["outcome"] = ended.outcome
        work.audit(
            audit_row(
                event.id, event.at,
                Tag.CASE_REFUSED if refusal else Tag.CASE_ENDED if ended else Tag.CASE_MOVED,
                case_id=case.id, actor=actor_of(event.what), subject=case.subject_oid,
                event=type(event.what).__name__, before=before.step, after=after.step,
                version=after.version, flow=case.flow_hash, **more,
            )
        )  # fmt: skip
        effects = turned.effects
        if refusal and not after.ended and not after.aside:
            effects += self._again(case, after, event)
        answers = self._carry_out(work, case, event, effects)
        return case, answers, effects

    def _again(self, case: Case, state: FlowState, event: Event) -> tuple[fx.Effect, ...]:
        """After a refusal the present step is shown once more, so that nobody is left without a
        button that works."""
        shown = advance(self._flows.at(case.flow_hash), state, replace(event, what=Commanded(Command.RESUME)))
        return tuple(effect for effect in shown.effects if isinstance(effect, fx.Say))

    def _carry_out(
        self, work: UnitOfWork, case: Case, event: Event, effects: Sequence[fx.Effect]
    ) -> list[tuple[str, Answered]]:
        jobs: list[Job] = []
        waits: dict[str, list[fx.StartTimer]] = {}
        answers: list[tuple[str, Answered]] = []
        for n, effect in enumerate(effects):
            key = f"{event.id}/{n}"
            match effect:
                case fx.Say() | fx.Tell() | fx.Refuse():
                    jobs.append(say_job(case, effect, key, event.at))
                case fx.Look():
                    jobs.append(
                        Job(key, f"look:{case.id}", "look", plain(effect), case.id, event.at, event.at)
                    )
                case fx.StartTimer():
                    group = timer_group(case.id, effect.step, effect.version)
                    waits.setdefault(group, []).append(effect)
                case fx.CancelTimers():
                    group = timer_group(case.id, effect.step, effect.version)
                    waits.pop(group, None)
                    work.cancel_timers(group)
                case _:
                    pass
        if jobs:
            work.enqueue(jobs)  # the flow speaks first, then whoever performs
        for n, effect in enumerate(effects):
            key = f"{event.id}/{n}"
            for performer in self._performers.get(type(effect), ()):
                for number, answer in enumerate(performer(work, case, effect, event, key)):
                    answers.append((f"{key}/{number}", answer))
        for performer in self._performers.get(type(event.what), ()):
            performer(work, case, event.what, event, f"{event.id}/told")
        for group, timers in waits.items():
            work.schedule(step_timer(case, group, timers, event.at))
        return answers

    async def _failed(self, event: Event, err: Exception) -> dict[str, Any]:
        log.error("turn %s of case %s failed: %s", event.id, event.case_id, origin(err))
        at = self._clock.now()
        reference = event.id[-8:]
        reply = {"case": event.case_id, "says": [f"{event.id}/failed"], "refused": "", "failed": reference}

        def keep(work: UnitOfWork) -> dict[str, Any]:
            seen = work.reply_to(event.dedupe_key)
            if seen is not None:
                return seen
            work.add(event_row(event, "failed", reply, type(err).__name__))
            work.audit(
                audit_row(event.id, at, Tag.EVENT_FAILED, case_id=event.case_id, error=type(err).__name__)
            )
            case = work.get(Case, event.case_id)
            if case is not None:
                tell = fx.Tell("failed", {"reference": reference})
                work.enqueue([say_job(case, tell, f"{event.id}/failed", at)])
            return reply

        return await self._store.transact(keep)


async def first_come(store: Store, fn: Callable[[UnitOfWork], T]) -> T:
    """`transact`, decided again where another worker was first."""
    for _ in range(_MOST_TRIES - 1):
        try:
            return await store.transact(fn)
        except ConflictError:
            continue
    return await store.transact(fn)


def event_row(event: Event, status: str, reply: dict[str, Any], error: str = "") -> EventRow:
    """What is kept of an event. Intake passes typed text on only to a step that asks for it."""
    what = event.what
    return EventRow(
        event.id, event.dedupe_key, event.at, event.case_id, type(what).__name__, plain(what), status,
        reply, error,
    )  # fmt: skip


def actor_of(what: Happening) -> str:
    match what:
        case Answered():
            return "bot"
        case TimerFired():
            return "timer"
        case _:
            return "person"


def say_job(case: Case, effect: fx.Say | fx.Tell | fx.Refuse, key: str, at: datetime) -> Job:
    """An outbox job that pins flow version and locale, so that words never change underneath."""
    return Job(
        key=key,
        lane=f"place:{case.place}",
        kind="say",
        body={
            "what": type(effect).__name__,
            "effect": plain(effect),
            "flow_hash": case.flow_hash,
            "locale": case.locale,
            "number": case.number,
            "place": case.place,
        },
        case_id=case.id,
        at=at,
        not_before=at,
    )


def timer_group(case_id: str, step: str, version: int) -> str:
    return f"{case_id}/{step}@{version}"


def step_timer(case: Case, group: str, timers: Sequence[fx.StartTimer], at: datetime) -> Timer:
    """The earliest of a step's timers; it carries the others, which `StepTimers` sets one by one. Most
    people answer before the first, so a step costs one row and not one for each reminder."""
    first, *others = sorted(timers, key=lambda timer: (timer.after, timer.name, timer.number))
    body: dict[str, Any] = {
        "step": first.step, "version": first.version, "name": first.name, "number": first.number
    }  # fmt: skip
    if others:
        body["then"] = [[other.name, other.number, (at + other.after).isoformat()] for other in others]
    return Timer(
        timer_key(group, first.name, first.number), "step", case.id, at + first.after, body, group=group
    )


def timer_key(group: str, name: str, number: int) -> str:
    return f"{group}/{name}/{number}"
