"""The hand-over: a sealed pass on its way to the one page key that may open it.

Only ciphertext is here. A reload of the same browser gets it again until the pass is used, over or
taken back; another browser never does. What nobody fetches is destroyed, and an agent is asked to
withdraw the pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.model import PassShape, Reason
from bot.core.policy import Times
from bot.core.records import Attempt, Case, Execution, Handover, Intent, Limit, Request, Timer, Withdrawal
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC
from bot.ports.store import Over, Store, UnitOfWork
from bot.service.cards import refresh
from bot.service.chance import new_id

LIVE = ("waiting", "shown")
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A pass just made and sealed; no plaintext is left in here."""

    wire: str
    pass_id: str
    minutes: int


class Handovers:
    def __init__(self, store: Store, clock: Clock, entropy: Entropy, times: Times | None = None) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._times = times or Times()

    # --- in a transaction --------------------------------------------------------------------------

    def add(
        self, work: UnitOfWork, case: Case, request: Request, attempt: Attempt, sealed: Sealed, at: datetime
    ) -> Handover:
        """Put a sealed pass on its way. One it replaces is gone: a second pass deletes the first."""
        for old in work.find(Handover, case_id=case.id):
            if old.status in LIVE:
                self._destroy(work, case, old, "replaced", at)
        for row in work.find(Withdrawal, status="open"):
            if row.subject_oid == case.subject_oid:
                work.put(replace(row, status="done", done_at=at, by_oid="bot"))
        life = timedelta(minutes=sealed.minutes) if sealed.minutes else self._times.handover
        made = Handover(
            id=new_id(self._entropy, at),
            case_id=case.id,
            request_id=request.id,
            attempt_id=attempt.id,
            thumbprint=attempt.thumbprint,
            sealed=sealed.wire,
            pass_id=sealed.pass_id,
            made_at=at,
            ready_at=at + self._times.countdown,
            expires_at=at + life,
            status="waiting",
        )
        work.add(made)
        self._audit(
            work, case, Tag.PASS_SEALED, at, handover=made.id, pass_id=made.pass_id, minutes=sealed.minutes
        )
        group = _group(made)
        unclaimed = at + min(life, self._times.handover)
        for name, due in (("unclaimed", unclaimed), ("over", made.expires_at)):
            body = {"handover": made.id, "name": name}
            work.schedule(Timer(f"{group}/{name}", "handover", case.id, due, body, group=group))
        return made

    def of_attempt(self, work: UnitOfWork, attempt: Attempt) -> Handover | None:
        """The hand-over this attempt may open, newest first; for nobody else's eyes."""
        rows = work.find(Handover, case_id=attempt.case_id, order="-made_at")
        return next(
            (
                h
                for h in rows
                if h.status in LIVE and (h.attempt_id, h.thumbprint) == (attempt.id, attempt.thumbprint)
            ),
            None,
        )

    def claim(self, work: UnitOfWork, case: Case, attempt: Attempt, at: datetime) -> Handover:
        """Give the sealed pass to the attempt it was sealed for; again for a reload. *case* is locked.
        Raises Refused."""
        if case.status == "frozen" or attempt.status == "frozen":
            raise Refused(Reason.CASE_FROZEN)
        if attempt.status != "open" or attempt.case_id != case.id:
            raise Refused(Reason.OTHER_BROWSER)
        found = self.of_attempt(work, attempt)
        if found is None or not found.sealed:
            raise Refused(Reason.OTHER_BROWSER)
        if at >= found.expires_at:
            raise Refused(Reason.CASE_ENDED)
        if at < found.ready_at:
            raise Refused(Reason.TOO_SOON)
        if found.status == "waiting":
            found = replace(found, status="shown", shown_at=at)
            work.put(found)
            self._audit(work, case, Tag.PASS_SHOWN, at, handover=found.id, attempt=attempt.id)
        return found

    def used(self, work: UnitOfWork, case: Case, at: datetime) -> None:
        """The pass of this case was used (its new method exists): the ciphertext goes, and the spacing
        of passes starts to run. A day pass goes on until its time is over, and spaces nothing."""
        for found in work.find(Handover, case_id=case.id):
            if found.status == "shown" and not for_a_day(work.get(Request, found.request_id)):
                work.put(replace(found, status="finished", sealed=""))
                work.cancel_timers(_group(found))
                work.bump(f"used/{case.subject_oid}/{at.isoformat()}", until=at + _WEEK)
                self._audit(work, case, Tag.PASS_USED, at, handover=found.id)

    def take_back(self, work: UnitOfWork, case: Case, why: str, at: datetime) -> None:
        """Destroy what is on its way and ask for the pass to be withdrawn."""
        for found in work.find(Handover, case_id=case.id):
            if found.status in LIVE:
                self._destroy(work, case, found, why, at)
                self.ask_withdrawal(work, case, found.pass_id, why, at, execution_id=_execution(work, found))

    def ask_withdrawal(
        self, work: UnitOfWork, case: Case, pass_id: str, why: str, at: datetime, *, execution_id: str = ""
    ) -> Withdrawal:
        """Put "withdraw" on the desk."""
        row = Withdrawal(
            new_id(self._entropy, at), case.id, execution_id, case.subject_oid, pass_id, why, at, "open"
        )
        work.add(row)
        self._audit(work, case, Tag.WITHDRAWAL_ASKED, at, withdrawal=row.id, pass_id=pass_id, why=why)
        return row

    def _destroy(self, work: UnitOfWork, case: Case, found: Handover, why: str, at: datetime) -> None:
        work.put(replace(found, status="destroyed", sealed=""))
        work.cancel_timers(_group(found))
        self._audit(work, case, Tag.PASS_DESTROYED, at, handover=found.id, pass_id=found.pass_id, why=why)

    # --- timers ------------------------------------------------------------------------------------

    async def fire(self, timer: Timer) -> None:
        """Handles timers of kind `handover`: nobody fetched it, or the pass's life is over."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case = work.case(timer.case_id)
            found = work.lock(Handover, timer.body["handover"])
            if case is None or found is None or found.status not in LIVE:
                return
            if found.status == "waiting":
                self._destroy(work, case, found, "unclaimed", at)
                execution = _execution(work, found)
                self.ask_withdrawal(work, case, found.pass_id, "unclaimed", at, execution_id=execution)
            elif timer.body["name"] == "over":
                # Shown, and its life ended: Entra refuses the pass by itself now.
                self._destroy(work, case, found, "over", at)

        await self._store.transact(fn)
        self._store.notify(timer.case_id)
        self._store.notify(TOPIC)

    def _audit(self, work: UnitOfWork, case: Case, tag: Tag, at: datetime, **body: Any) -> None:
        ident = new_id(self._entropy, at)
        work.audit(audit_row(ident, at, tag, case_id=case.id, subject=case.subject_oid, **body))
        refresh(work, case.id, f"pass/{ident}", at)


def used_passes(work: UnitOfWork, oid: str, at: datetime) -> tuple[datetime, ...]:
    """When this account used passes of ours, within a week."""
    prefix = f"used/{oid}/"
    rows = work.find(Limit, id=Over(f"{prefix}{(at - _WEEK).isoformat()}"), order="id", limit=50)
    times = (datetime.fromisoformat(r.id.removeprefix(prefix)) for r in rows if r.id.startswith(prefix))
    return tuple(t for t in times if at - t < _WEEK)


def for_a_day(request: Request | None) -> bool:
    """Whether *request* asks for a day pass."""
    return request is not None and any(a.get("shape") == PassShape.DAY for a in request.acts)


def _execution(work: UnitOfWork, found: Handover) -> str:
    for execution in work.find(Execution, request_id=found.request_id):
        for intent in work.find(Intent, execution_id=execution.id):
            if intent.detail.get("pass_id") == found.pass_id:
                return execution.id
    return ""


def _group(found: Handover) -> str:
    return f"handover/{found.id}"
