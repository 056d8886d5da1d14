"""The books of an execution: intents before, results after, each its own transaction.

The open execution is the lock on its subject; it closes when every intent has a result, and whoever
writes the last one also ends the request, which answers the flow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.law import Law
from bot.core.model import Act, ActKind, ActResult, PassShape, Reason, RequestOutcome
from bot.core.plan import Draft, act_json
from bot.core.records import Attempt, Case, Decision, Execution, Intent, Job, Request, Review, Timer
from bot.ports.clock import Clock, Entropy
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id
from bot.service.handover import Handovers, Sealed
from bot.service.keys import Keys
from bot.service.requests import Requests
from bot.service.spacing import note_day_pass, note_forgotten

WATCH = timedelta(seconds=20)
"""How often an open execution is looked at, should its process be gone."""
LATE = timedelta(minutes=2)
"""When an unknown outcome is looked at once more: a lost create may still arrive."""
_DAY = timedelta(days=1)


class Executions:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        law: Law,
        requests: Requests,
        handovers: Handovers,
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._law = law
        self._requests = requests
        self._handovers = handovers

    # --- before ------------------------------------------------------------------------------------

    def review(self, work: UnitOfWork, draft: Draft, signing_id: str, human: str, at: datetime) -> Review:
        """An approver's signature, under our MAC. Raises ConflictError for a second one by a human."""
        row = Review(
            new_id(self._entropy, at), draft.request_id, draft.approver_oid, human, "approve", draft.reason,
            signing_id, at, "", draft.plan_digest, draft.note,
        )  # fmt: skip
        row = replace(row, mac=self._keys.row_mac(row))
        work.add(row)
        return row

    def open(
        self, work: UnitOfWork, case: Case, request: Request, draft: Draft, plan: Sequence[Act], at: datetime
    ) -> tuple[Execution, tuple[Intent, ...]]:
        """The execution and an intent per act, durable before anything is asked of Graph; notices to
        the subject are queued in the same transaction."""
        run = Execution(
            new_id(self._entropy, at),
            request.id,
            case.id,
            request.subject_oid,
            draft.approver_oid,
            "open",
            at,
        )
        work.add(run)
        labels = {str(a["method_id"]): str(a["label"]) for a in request.acts}
        intents = tuple(
            Intent(new_id(self._entropy, at), run.id, n, act_json(act, labels.get(act.method_id, "")), at)
            for n, act in enumerate(plan)
        )
        for intent in intents:
            work.add(intent)
        work.put(replace(request, status="executing"))
        work.cancel_timers(f"request/{request.id}")
        self.audit(
            work, case, Tag.EXECUTION_OPENED, at, actor=draft.approver_oid, execution=run.id,
            request=request.id, digest=draft.digest, policy=draft.policy_version,
        )  # fmt: skip
        for intent in intents:
            self.audit(
                work, case, Tag.INTENT_WRITTEN, at, actor=draft.approver_oid, execution=run.id,
                intent=intent.id, act=str(intent.act["kind"]), method=str(intent.act["method_id"]),
            )  # fmt: skip
        passes = any(act.kind is ActKind.ISSUE_PASS for act in plan)
        soon = "act_soon" if passes else "change_soon"
        self._requests.notify_subject(work, case, soon, f"act_soon/{run.id}", at)
        work.schedule(Timer(f"execution/{run.id}", "execution", case.id, at + WATCH, {"execution": run.id}))
        return run, intents

    # --- after -------------------------------------------------------------------------------------

    async def record(
        self,
        run: Execution,
        intent: Intent,
        result: ActResult,
        detail: dict[str, Any],
        sealed: Sealed | None = None,
    ) -> bool:
        """Write one result. False when somebody else has written one meanwhile, or when the pass has
        nowhere to go any more (case frozen or over, key changed): then it must be withdrawn."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> bool:
            case = work.case(run.case_id)
            now = work.lock(Intent, intent.id)
            request = work.get(Request, run.request_id)
            if case is None or now is None or request is None or now.result:
                return False
            if sealed is not None:
                attempt = work.get(Attempt, request.attempt_id)
                if case.status != "open" or not _may_open(attempt, request):
                    return False
                assert attempt is not None
                self._handovers.add(work, case, request, attempt, sealed, at)
                day = intent.act.get("shape") == PassShape.DAY
                made = "day_pass_made" if day else "pass_made"
                self._requests.notify_subject(work, case, made, f"pass_made/{run.id}", at)
                if day:
                    note_day_pass(work, run.subject_oid, at)
                work.bump(f"passes/{run.approver_oid}/{at:%Y-%m-%d}", until=at + _DAY)
            if result is ActResult.DONE and intent.act["kind"] == ActKind.FORGET_DEVICES:
                note_forgotten(work, run.subject_oid, at)
            self._write(work, case, run, now, result, detail, at)
            return True

        done = await self._store.transact(fn)
        self._store.notify(run.case_id)
        return done

    async def close(self, run: Execution, *, reopen: Reason | None = None) -> RequestOutcome | None:
        """Skip what has no result, close the execution, end the request (or leave it open for another
        approver where *reopen* says why nothing was done). None when it was closed already."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> RequestOutcome | None:
            case, now = work.case(run.case_id), work.lock(Execution, run.id)
            if case is None or now is None or now.status != "open":
                return None
            for intent in self.intents(work, run.id):
                if not intent.result:
                    self._write(work, case, run, intent, ActResult.SKIPPED, {}, at)
            return self._close(work, case, now, reopen, at)

        outcome = await self._store.transact(fn)
        self._store.notify(run.case_id)
        return outcome

    def crashed(self, work: UnitOfWork, case: Case, run: Execution, at: datetime) -> None:
        """A process died in the middle: the first act without a result may have been done (`void`),
        the rest was not begun. The token is gone, so a pass that may exist goes to the desk."""
        open_intents = [i for i in self.intents(work, run.id) if not i.result]
        for n, intent in enumerate(open_intents):
            result = ActResult.SKIPPED if n else ActResult.VOID
            self._write(work, case, run, intent, result, {"why": "crashed"}, at)
            if not n and intent.act["kind"] == ActKind.ISSUE_PASS:
                self._handovers.ask_withdrawal(work, case, "", "crashed", at, execution_id=run.id)
        self._close(work, case, run, None, at)

    def _close(
        self, work: UnitOfWork, case: Case, run: Execution, reopen: Reason | None, at: datetime
    ) -> RequestOutcome:
        intents = self.intents(work, run.id)
        outcome = outcome_of([ActResult(i.result) for i in intents])
        work.put(replace(run, status="closed", closed_at=at, outcome=outcome.value))
        self.audit(
            work, case, Tag.EXECUTION_CLOSED, at, execution=run.id, outcome=outcome.value,
            results=[i.result for i in intents],
        )  # fmt: skip
        if any(i.result == ActResult.DONE and i.act["kind"] != ActKind.ISSUE_PASS for i in intents):
            self._requests.notify_subject(work, case, "act_done", f"act_done/{run.id}", at)
        if outcome is RequestOutcome.VOID and any(_may_be_late(i) for i in intents):
            self._look_again(work, case, run, at)
        decision = work.first(Decision, execution_id=run.id, request_id=run.request_id)
        if decision is not None:
            reasons = [reopen.value] if reopen else []
            status = "refused" if reopen else "closed"
            work.put(replace(decision, status=status, outcome=outcome.value, reasons=reasons, ended_at=at))
        request = work.lock(Request, run.request_id)
        if request is not None and request.status == "executing":
            if reopen is not None and outcome is RequestOutcome.REFUSED and at < request.expires_at:
                self._reopen(work, request)
            else:
                self._requests.end(work, case, request, outcome, at)
        return outcome

    def _reopen(self, work: UnitOfWork, request: Request) -> None:
        """Nothing was done, and another approver (or another answer) may: ask on."""
        for review in work.find(Review, request_id=request.id, decision="approve"):
            work.remove(Review, review.id)
        work.put(replace(request, status="open"))
        # A cancelled key stays cancelled, so the expiry runs under a new one.
        body = {"request": request.id, "name": "expire"}
        group = f"request/{request.id}"
        reopened = work.count(Execution, request_id=request.id)
        key = f"{group}/expire/{reopened}"
        work.schedule(Timer(key, "request", request.case_id, request.expires_at, body, group=group))

    def _look_again(self, work: UnitOfWork, case: Case, run: Execution, at: datetime) -> None:
        body = {"oid": run.subject_oid, "since": run.started_at.isoformat(), "execution": run.id}
        work.enqueue(
            [Job(f"reconcile/{run.id}", f"reconcile:{case.id}", "reconcile", body, case.id, at, at + LATE)]
        )

    def _write(
        self,
        work: UnitOfWork,
        case: Case,
        run: Execution,
        intent: Intent,
        result: ActResult,
        detail: dict[str, Any],
        at: datetime,
    ) -> None:
        work.put(replace(intent, result=result.value, result_at=at, detail=detail))
        self.audit(
            work, case, Tag.RESULT_WRITTEN, at, execution=run.id, intent=intent.id,
            act=str(intent.act["kind"]), result=result.value, **detail,
        )  # fmt: skip

    def now(self) -> datetime:
        return self._clock.now()

    def intents(self, work: UnitOfWork, execution_id: str) -> list[Intent]:
        return work.find(Intent, execution_id=execution_id, order="n")

    def audit(
        self, work: UnitOfWork, case: Case, tag: Tag, at: datetime, *, actor: str = "bot", **body: Any
    ) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor=actor,
                actor_method="sign_in" if actor != "bot" else "", subject=case.subject_oid, **body,
            )
        )  # fmt: skip


def outcome_of(results: Sequence[ActResult]) -> RequestOutcome:
    """`void` if any act is, else `done`, `partial` or `refused`."""
    if ActResult.VOID in results:
        return RequestOutcome.VOID
    done = results.count(ActResult.DONE)
    if done == len(results):
        return RequestOutcome.DONE
    return RequestOutcome.PARTIAL if done else RequestOutcome.REFUSED


def _may_open(attempt: Attempt | None, request: Request) -> bool:
    return attempt is not None and attempt.status == "open" and attempt.thumbprint == request.thumbprint


def _may_be_late(intent: Intent) -> bool:
    return intent.act["kind"] == ActKind.ISSUE_PASS and intent.result == ActResult.VOID
