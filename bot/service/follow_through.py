"""Follow-through: a case is not over when the pass is made, but when the new method exists.

While a flow waits for a method, the account's methods are read every few seconds with the small share
of the tenant's budget. Every method added since the pass is written down and shown to the person;
one they do not know freezes the case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.effects import Watch
from bot.core.events import Answered, Event
from bot.core.facts import STRONG_TYPES, Method
from bot.core.model import CaseId, EventId, Oid, Reason
from bot.core.records import Addition, Attempt, Case, Handover, Proving, Timer
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.case_page import AddedMethod
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service.chance import new_id
from bot.service.handover import Handovers
from bot.service.notices import notice_job
from bot.service.sightings import known, note
from bot.service.stops import Stops
from bot.service.turns import timer_group

EVERY = timedelta(seconds=5)
LATER = timedelta(seconds=15)
"""How often to look in the first ten minutes, and after."""
KEEN = timedelta(minutes=10)
SLACK = timedelta(seconds=60)
"""Clocks differ; a method this little older than the pass is still a new one."""
_NO_METHOD = frozenset({"password", "temporaryAccessPass"})


class FollowThrough:
    """Performs `Watch`, fires `watch` timers, and implements `ports.case_page.Added`."""

    def __init__(
        self,
        store: Store,
        turns: Turns,
        directory: Directory,
        clock: Clock,
        entropy: Entropy,
        handovers: Handovers,
        stops: Stops,
    ) -> None:
        self._store, self._turns, self._directory = store, turns, directory
        self._clock, self._entropy = clock, entropy
        self._handovers, self._stops = handovers, stops

    # --- watching --------------------------------------------------------------------------------

    def watch(
        self, work: UnitOfWork, case: Case, effect: Watch, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `Watch`. What a person tells by a button (`person_done`) needs no watching."""
        if effect.what in {"method_registered", "method_removed", "pass_used"}:
            body = {"step": effect.step, "version": effect.version, "what": effect.what, "number": 0,
                    "since": event.at.isoformat()}  # fmt: skip
            work.schedule(self._timer(case.id, body, event.at + EVERY))
        return ()

    def _timer(self, case_id: str, body: dict[str, Any], due: datetime) -> Timer:
        group = timer_group(case_id, body["step"], body["version"])
        return Timer(f"{group}/watch", "watch", case_id, due, body, group=group)

    async def fire(self, timer: Timer) -> None:
        """One look; answers the flow when what it waits for is there, else looks again later."""
        case = await self._store.read(lambda work: work.get(Case, timer.case_id))
        if case is None or not case.subject_oid or not _waits(case, timer):
            return
        at = self._clock.now()
        try:
            methods = await self._directory.methods(Oid(case.subject_oid))
        except (TransientError, PermanentError):
            await self._store.transact(lambda work: self._again(work, timer, at))
            return
        there = await self._store.transact(lambda work: self._seen(work, timer, methods, at))
        if there:
            body = timer.body
            await self._turns.receive(
                Event(
                    EventId(new_id(self._entropy, at)), f"{timer.group}/there", at, CaseId(case.id),
                    Answered(body["step"], body["version"], "ok"),
                )
            )  # fmt: skip
        self._store.notify(case.id)

    def _seen(self, work: UnitOfWork, timer: Timer, methods: Sequence[Method], at: datetime) -> bool:
        case = work.case(timer.case_id)
        if case is None or not _waits(case, timer):
            return False
        start, gone = self._start(work, case, timer)
        old = self._known_before(work, case, start)
        fresh = (m for m in methods if m.id not in old and m.type not in _NO_METHOD)
        new = [m for m in fresh if _after(m, start)]
        note(work, case.subject_oid, [(m.id, m.type, m.label, m.created_at) for m in new], at)
        for method in new:
            self._write_down(work, case, method, at)
        strong = [m for m in new if m.type in STRONG_TYPES]
        match timer.body["what"]:
            case "method_registered":
                there = bool(strong)
            case "method_removed":
                there = bool(gone) and not gone & {m.id for m in methods}
            case _:
                there = bool(strong)  # Graph tells of a used pass only by what was made with it
        if strong:
            self._handovers.used(work, case, at)
        if not there:
            self._again(work, timer, at)
        return there

    def _known_before(self, work: UnitOfWork, case: Case, start: datetime) -> set[str]:
        """Methods shown for ticking in this case, or seen on the account before the pass."""
        proving = work.get(Proving, case.id)
        shown = {str(m["id"]) for m in proving.methods} if proving else set[str]()
        return shown | {ident for ident, (since, _) in known(work, case.subject_oid).items() if since < start}

    def _start(self, work: UnitOfWork, case: Case, timer: Timer) -> tuple[datetime, set[str]]:
        """Since when a method counts as new, and the ids ticked as gone."""
        handover = work.first(Handover, order="-made_at", case_id=case.id)
        since = handover.made_at if handover else datetime.fromisoformat(timer.body["since"])
        attempt = work.get(Attempt, handover.attempt_id) if handover else None
        return since - SLACK, {str(m["id"]) for m in attempt.gone} if attempt else set()

    def _again(self, work: UnitOfWork, timer: Timer, at: datetime) -> None:
        body = {**timer.body, "number": timer.body["number"] + 1}
        keen = at - datetime.fromisoformat(body["since"]) < KEEN
        work.schedule(self._timer(timer.case_id, body, at + (EVERY if keen else LATER)))

    def _write_down(self, work: UnitOfWork, case: Case, method: Method, at: datetime) -> None:
        ident = f"{case.id}/{method.id}"
        if work.get(Addition, ident) is None:
            work.add(Addition(ident, case.id, method.id, method.type, method.label, method.created_at, at))
            self._audit(work, case, at, Tag.METHOD_SEEN, "bot", method=method.id, type=method.type)
            told = notice_job(f"added/{ident}", "method_added", oid=case.subject_oid, case=case, at=at)
            work.enqueue([told])

    # --- ports.case_page.Added ---------------------------------------------------------------------

    async def of_case(self, case_id: str) -> Sequence[AddedMethod]:
        rows = await self._store.read(lambda work: additions(work, case_id))
        return [AddedMethod(r.method_id, r.type, r.label, r.made_at or r.seen_at, _yours(r)) for r in rows]

    async def answer(self, case_id: str, method_id: str, *, yours: bool) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case = work.case(case_id)
            row = work.get(Addition, f"{case_id}/{method_id}")
            if case is None or row is None:
                raise Refused(Reason.BAD_FORM)
            work.put(replace(row, yours="yes" if yours else "no"))
            tag = Tag.METHOD_OWNED if yours else Tag.METHOD_DISOWNED
            self._audit(work, case, at, tag, "person", method=method_id, type=row.type)
            if not yours and case.status != "frozen":  # an ended case stays ended, and security hears of it
                handover = work.first(Handover, order="-made_at", case_id=case.id)
                attempt = work.get(Attempt, handover.attempt_id) if handover else None
                self._stops.freeze(work, case, attempt, "unknown_method", at)

        await self._store.transact(fn)
        self._store.notify(case_id)

    def _audit(self, work: UnitOfWork, case: Case, at: datetime, tag: Tag, actor: str, **body: Any) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor=actor,
                subject=case.subject_oid, **body,
            )
        )  # fmt: skip


def _waits(case: Case, timer: Timer) -> bool:
    """Whether the flow still stands where this watch was asked for."""
    return case.status != "ended" and case.version == timer.body["version"]


def additions(work: UnitOfWork, case_id: str) -> list[Addition]:
    """What was added to the account since the case's pass, oldest first."""
    return work.find(Addition, case_id=case_id, order="seen_at")


def _after(method: Method, start: datetime) -> bool:
    """A method without a date counts as new: better shown once too often."""
    return method.created_at is None or method.created_at >= start


def _yours(row: Addition) -> bool | None:
    return {"yes": True, "no": False}.get(row.yours)
