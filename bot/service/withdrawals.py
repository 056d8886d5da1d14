"""Withdrawals: a pass nobody fetched, or an outcome nobody knows, reconciled by one fresh sign-in.

The token of an approval is gone the moment it was used (or the process died), so that taking a pass
back needs an agent's own sign-in. It deletes the pass named, or, where none is named, whatever pass
the account has that is not on its way to somebody. Doing it twice is safe.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.facts import LivePass
from bot.core.model import Oid, Reason
from bot.core.records import Execution, Handover, Job, Withdrawal
from bot.ports.acting import Acting, ActsRefused, ActsUnknown
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC
from bot.ports.directory import Directory
from bot.ports.sign_in import Finished, Landing
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id
from bot.service.handover import LIVE, Handovers
from bot.service.world import Agents


class Withdrawals:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        acting: Acting,
        directory: Directory,
        agents: Agents,
        handovers: Handovers,
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._acting = acting
        self._directory = directory
        self._agents = agents
        self._handovers = handovers

    async def signed(self, finished: Finished) -> Landing:
        """Handles Purpose.WITHDRAW."""
        ident, who = finished.signing.subject_ref, finished.who
        row = await self._store.read(lambda work: work.get(Withdrawal, ident))
        if row is None or finished.token is None:
            return Landing("/desk", refused=Reason.UNKNOWN_STATE)
        fault = await self._agents.fault(who.oid)
        if fault is None and who.oid == row.subject_oid:
            fault = Reason.SELF
        if fault is None and row.status == "open":
            fault = await self._withdraw(finished, row)
        if fault is not None:
            await self._note(row, Tag.WITHDRAWAL_REFUSED, who.oid, reason=fault.value)
            return Landing("/desk", refused=fault)
        return Landing("/desk")

    async def _withdraw(self, finished: Finished, row: Withdrawal) -> Reason | None:
        token, oid = finished.token, Oid(row.subject_oid)
        assert token is not None
        try:
            live = await self._acting.list_passes(token, oid)
            gone = "none"
            if live is not None and await self._store.read(lambda work: self._meant(work, row, live)):
                await self._acting.withdraw_pass(token, oid, live.id)
                gone = live.id
        except ActsRefused as err:
            return Reason.ROLE_NOT_COVERING if err.status in (401, 403) else Reason.UNAVAILABLE
        except ActsUnknown:
            return Reason.UNAVAILABLE
        await self._note(row, Tag.WITHDRAWAL_DONE, finished.who.oid, done=True, withdrew=gone)
        self._store.notify(TOPIC)
        return None

    def _meant(self, work: UnitOfWork, row: Withdrawal, live: LivePass) -> bool:
        """Whether the pass there is now is the one to withdraw, not a later approval's."""
        if row.pass_id:
            return live.id == row.pass_id
        later = (
            handover.pass_id
            for execution in work.find(Execution, subject_oid=row.subject_oid)
            for handover in work.find(Handover, case_id=execution.case_id)
            if handover.status in LIVE
        )
        return live.id not in set(later)

    async def _note(self, row: Withdrawal, tag: Tag, oid: str, *, done: bool = False, **body: Any) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            now = work.lock(Withdrawal, row.id)
            if done and now is not None and now.status == "open":
                work.put(replace(now, status="done", by_oid=oid, done_at=at))
                handover = work.first(Handover, case_id=row.case_id, pass_id=row.pass_id)
                if row.pass_id and handover is not None:
                    work.put(replace(handover, status="withdrawn", sealed=""))
            work.audit(
                audit_row(
                    new_id(self._entropy, at), at, tag, case_id=row.case_id, actor=oid,
                    actor_method="sign_in", subject=row.subject_oid, withdrawal=row.id, **body,
                )
            )  # fmt: skip

        await self._store.transact(fn)

    async def reconcile(self, job: Job) -> None:
        """Handles `reconcile` jobs, some minutes after an unknown outcome: a pass that turned up late
        and belongs to nobody goes to the desk."""
        oid, since = str(job.body["oid"]), datetime.fromisoformat(str(job.body["since"]))
        live = await self._directory.live_pass(Oid(oid))
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case = work.case(job.case_id)
            if case is None or live is None or not live.usable:
                return
            if live.created_at is not None and live.created_at < since:
                return
            row = Withdrawal("", case.id, str(job.body["execution"]), oid, "", "unknown", at, "open")
            asked = any(w.subject_oid == oid for w in work.find(Withdrawal, status="open"))
            if not asked and self._meant(work, row, live):
                self._handovers.ask_withdrawal(
                    work, case, live.id, "unknown", at, execution_id=row.execution_id
                )

        await self._store.transact(fn)
        self._store.notify(TOPIC)
