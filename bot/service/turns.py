"""One event, one transaction: the event row, the new state, audit, outbox and timers together.

The core decides (`advance`), this module keeps the books. What an effect means to the rest of
the house is told by performers, given at the composition root; everything that needs the world
(words, chat, reads) becomes an outbox job and happens after the commit.

A turn that raises leaves nothing behind but its event, marked failed and shown to operators.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from bot.core import effects as fx
from bot.core.audit import Tag, audit_row
from bot.core.engine import advance
from bot.core.events import Answered, Event, Happening, Opened
from bot.core.flow import FlowState
from bot.core.model import CaseId, EventId
from bot.core.records import Case, EventRow, Job, Timer
from bot.errors import ConflictError, KeyturnError
from bot.ports.clock import Clock, Entropy
from bot.ports.flows import Flows
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Performer
from bot.service.chance import new_id

log = logging.getLogger(__name__)
_MOST_ANSWERS = 25  # of performers to one event; more means two steps answer each other for ever


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
        """Insert, deduplicate, advance, commit. A duplicate gets the stored reply."""

        def turn(work: UnitOfWork) -> dict[str, Any]:
            seen = work.reply_to(event.dedupe_key)
            if seen is not None:
                return seen
            case = work.case(event.case_id)
            if case is None:
                raise ConflictError(f"no case {event.case_id}")
            return self._run(work, case, event)

        try:
            reply = await self._store.transact(turn)
        except KeyturnError:
            raise
        except Exception as err:  # noqa: BLE001 - a bug in one turn must not lose the event
            return await self._failed(event, err)
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
        for _ in range(_MOST_ANSWERS):
            event = queue.popleft()
            if event is not first:
                case = work.case(case.id) or case  # a performer may have changed it
            case, answers, effects = self._advance(work, case, event)
            for n, effect in enumerate(effects):
                if isinstance(effect, fx.Refuse):
                    reply["refused"] = effect.reason.value
                elif isinstance(effect, fx.Say | fx.Tell):
                    reply["says"].append(f"{event.id}/{n}")
            work.add(
                EventRow(
                    event.id, event.dedupe_key, event.at, case.id, type(event.what).__name__,
                    kept(event.what), "done", reply if event is first else {},
                )
            )  # fmt: skip
            queue.extend(
                Event(EventId(new_id(self._entropy, event.at)), key, event.at, event.case_id, answer)
                for key, answer in answers
            )
            if not queue:
                return reply
        raise RuntimeError("performers keep answering each other")

    def _advance(
        self, work: UnitOfWork, case: Case, event: Event
    ) -> tuple[Case, list[tuple[str, Answered]], tuple[fx.Effect, ...]]:
        before = FlowState.from_json(case.state)
        turned = advance(self._flows.at(case.flow_hash), before, event)
        after = turned.state
        ended = next((e for e in turned.effects if isinstance(e, fx.EndCase)), None)
        spoken = next((e.locale for e in turned.effects if isinstance(e, fx.Speak)), case.locale)
        if after is not before or ended or spoken != case.locale:
            case = replace(
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
        answers = self._carry_out(work, case, event, turned.effects)
        return case, answers, turned.effects

    def _carry_out(
        self, work: UnitOfWork, case: Case, event: Event, effects: Sequence[fx.Effect]
    ) -> list[tuple[str, Answered]]:
        jobs: list[Job] = []
        answers: list[tuple[str, Answered]] = []
        for n, effect in enumerate(effects):
            key = f"{event.id}/{n}"
            match effect:
                case fx.Say() | fx.Tell() | fx.Refuse():
                    jobs.append(say_job(case, effect, key, event.at))
                case fx.Look():
                    jobs.append(
                        Job(key, f"look:{case.id}", "look", asdict(effect), case.id, event.at, event.at)
                    )
                case fx.StartTimer():
                    work.schedule(step_timer(case, effect, event.at))
                case fx.CancelTimers():
                    work.cancel_timers(timer_group(case.id, effect.step, effect.version))
                case _:
                    pass
            for performer in self._performers.get(type(effect), ()):
                for number, answer in enumerate(performer(work, case, effect, event, key)):
                    answers.append((f"{key}/{number}", answer))
        if jobs:
            work.enqueue(jobs)
        return answers

    async def _failed(self, event: Event, err: Exception) -> dict[str, Any]:
        log.error("turn failed", extra={"event": event.id, "case": event.case_id}, exc_info=True)
        at = self._clock.now()
        reply = {"case": event.case_id, "says": [], "refused": "", "failed": event.id[-8:]}

        def keep(work: UnitOfWork) -> dict[str, Any]:
            seen = work.reply_to(event.dedupe_key)
            if seen is not None:
                return seen
            work.add(
                EventRow(
                    event.id, event.dedupe_key, event.at, event.case_id, type(event.what).__name__,
                    kept(event.what), "failed", reply, type(err).__name__,
                )
            )  # fmt: skip
            work.audit(
                audit_row(event.id, at, Tag.EVENT_FAILED, case_id=event.case_id, error=type(err).__name__)
            )
            case = work.get(Case, event.case_id)
            if case is not None:
                tell = fx.Tell("failed", {"reference": event.id[-8:]})
                work.enqueue([say_job(case, tell, f"{event.id}/failed", at)])
            return reply

        return await self._store.transact(keep)


def kept(what: Happening) -> dict[str, Any]:
    """What is kept of a happening. Intake passes typed text on only to a step that asks for it."""
    return asdict(what)


def actor_of(what: Happening) -> str:
    match what:
        case Answered():
            return "bot"
        case _ if type(what).__name__ == "TimerFired":
            return "timer"
        case Opened() | _:
            return "person"


def say_job(case: Case, effect: fx.Say | fx.Tell | fx.Refuse, key: str, at: datetime) -> Job:
    """An outbox job that pins flow version and locale, so that words never change underneath."""
    return Job(
        key=key,
        lane=f"place:{case.place}",
        kind="say",
        body={
            "what": type(effect).__name__,
            "effect": asdict(effect),
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


def step_timer(case: Case, effect: fx.StartTimer, at: datetime) -> Timer:
    group = timer_group(case.id, effect.step, effect.version)
    body = {"step": effect.step, "version": effect.version, "name": effect.name, "number": effect.number}
    key = f"{group}/{effect.name}/{effect.number}"
    return Timer(key, "step", case.id, at + effect.after, body, group=group)
