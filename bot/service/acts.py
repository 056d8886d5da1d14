"""Carrying out what was signed: facts, the decision, an intent as the lock, Graph once, the result.

Runs in the process that took the callback, in a task of its own, because the approver's token exists
nowhere else; a closed tab does not stop it. The order is the promise: nothing is asked of Graph
before the intent is durable, nothing is asked twice, and an outcome that is unknown is taken back and
called `void`. Whoever finds an execution without its process (a crash) ends it as `void`, too.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from bot.core.audit import Tag
from bot.core.effects import Tell
from bot.core.facts import Person
from bot.core.law import Law
from bot.core.model import ActKind, Reason, RequestOutcome
from bot.core.plan import Draft
from bot.core.records import Case, Decision, Evidence, Execution, Intent, Job, Request, Review, Timer
from bot.core.request import Allowed, Counted, Refusal
from bot.errors import ConflictError, Refused
from bot.ports.acting import ActToken
from bot.ports.clock import Clock
from bot.ports.desk import TOPIC
from bot.ports.sign_in import Finished, Landing
from bot.ports.store import Store, UnitOfWork
from bot.service import cards
from bot.service.drafts import judge
from bot.service.executions import WATCH, Executions
from bot.service.graph_acts import GraphActs
from bot.service.keys import Keys
from bot.service.requests import Requests
from bot.service.turns import say_job
from bot.service.world import Reader, World, opener_of, starter_of

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=15)
_RENEW = 5.0  # seconds; a third of the lease


class Pages(Protocol):
    """The subject's browser (`service.attempts`)."""

    async def summon(self, attempt_id: str, within: timedelta = ...) -> bool:
        """Challenge the page anew and wait for its answer: is it there now?"""
        ...


class Acts:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        keys: Keys,
        law: Law,
        reader: Reader,
        pages: Pages,
        requests: Requests,
        executions: Executions,
        graph: GraphActs,
        *,
        holder: str,
    ) -> None:
        """*holder* names this process, for the leases that say which executions are alive."""
        self._store = store
        self._clock = clock
        self._keys = keys
        self._law = law
        self._reader = reader
        self._pages = pages
        self._requests = requests
        self._executions = executions
        self._graph = graph
        self._holder = holder
        self._tasks: set[asyncio.Task[None]] = set()

    # --- in ----------------------------------------------------------------------------------------

    def outcome_path(self, case_id: str, signing_id: str) -> str:
        return f"/r/{self._keys.handle('review', case_id)}/signed/{signing_id}"

    async def signed(self, finished: Finished) -> Landing:
        """Handles Purpose.APPROVE: notes the signature, starts the work, sends the browser to the page
        that tells its outcome. Raises Refused for a draft that is not the one signed."""
        signing, who, token = finished.signing, finished.who, finished.token
        draft = Draft.from_json(signing.payload["draft"])
        if token is None or draft.digest != signing.digest or draft.approver_oid != who.oid:
            raise Refused(Reason.SUPERSEDED)
        at = self._clock.now()
        row = Decision(signing.id, draft.case_id, draft.request_id, who.oid, at, "working")
        await self._store.transact(lambda work: work.add(row))
        task = asyncio.create_task(self._run(signing.id, draft, token))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return Landing(self.outcome_path(draft.case_id, signing.id))

    async def close(self) -> None:
        """Let what is being carried out come to its end."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, signing_id: str, draft: Draft, token: ActToken) -> None:
        try:
            begun = await self._decided(signing_id, draft)
            if begun is not None:
                await self._carry_out(begun, draft, token)
        except Exception as err:  # noqa: BLE001 - texts of errors down here may hold anything
            log.error("approval %s stopped: %s", signing_id, type(err).__name__)
            await self._interrupted(signing_id)
        finally:
            self._store.notify(draft.case_id)
            self._store.notify(TOPIC)

    # --- (a) and (b): the facts, then one transaction -----------------------------------------------

    async def _decided(
        self, signing_id: str, draft: Draft
    ) -> tuple[Execution, tuple[Intent, ...], Request] | None:
        request = await self._store.read(lambda work: work.get(Request, draft.request_id))
        if request is None:
            await self._store.transact(lambda w: self._refuse(w, signing_id, draft, (Reason.REQUEST_ENDED,)))
            return None
        if any(a.kind is ActKind.ISSUE_PASS for a in draft.acts):
            there = await self._pages.summon(request.attempt_id, self._law.policy.times.page)
            if not there:
                await self._store.transact(lambda w: self._absent(w, signing_id, draft))
                return None
        world = await self._world(request, draft)
        if self._clock.now() - world.read_at > self._law.policy.times.facts:
            world = await self._world(request, draft)
        try:
            return await self._store.transact(lambda work: self._decide(work, signing_id, draft, world))
        except ConflictError:
            # Another approver's row came between: what they did decides.
            taken = (Reason.DECIDED_ALREADY,)
            await self._store.transact(lambda work: self._refuse(work, signing_id, draft, taken))
            return None

    async def _world(self, request: Request, draft: Draft) -> World:
        def involved(work: UnitOfWork) -> tuple[list[str], list[str]]:
            case = work.get(Case, request.case_id)
            earlier = [r.approver_oid for r in work.find(Review, request_id=request.id, decision="approve")]
            seen = [e.by_oid for i in request.evidence_ids if (e := work.get(Evidence, str(i)))]
            around = [opener_of(work, case, self._keys), starter_of(case)] if case else []
            return earlier, [*seen, *around]

        earlier, witnesses = await self._store.read(involved)
        return await self._reader.gather(
            request.subject_oid, [*earlier, draft.approver_oid], witnesses, helper=request.helper_oid
        )

    def _decide(
        self, work: UnitOfWork, signing_id: str, draft: Draft, world: World
    ) -> tuple[Execution, tuple[Intent, ...], Request] | None:
        now = self._clock.now()
        case, request = work.case(draft.case_id), work.lock(Request, draft.request_id)
        if case is None or request is None:
            self._refuse(work, signing_id, draft, (Reason.REQUEST_ENDED,))
            return None
        decision = judge(work, self._law, self._keys, world, case, request, draft, now)
        match decision:
            case Refusal():
                self._refuse(work, signing_id, draft, decision.reasons)
                if decision.ends and request.status == "open":
                    first = next(r for r in decision.reasons if Refusal((r,)).ends)
                    self._requests.end(work, case, request, RequestOutcome.REFUSED, now, refusal=first.value)
                return None
            case Counted():
                self._sign(work, signing_id, draft, world, now_missing=decision.missing)
                self._executions.audit(
                    work, case, Tag.APPROVAL_COUNTED, now, actor=draft.approver_oid, request=request.id,
                    missing=decision.missing, digest=draft.digest,
                )  # fmt: skip
                cards.touch(work, case.id, draft.approver_oid, now)
                cards.refresh(work, case.id, f"counted/{signing_id}", now)
                return None
            case Allowed():
                self._sign(work, signing_id, draft, world, now_missing=0)
                run, intents = self._executions.open(work, case, request, draft, decision.plan, now)
                known = work.get(Decision, signing_id)
                assert known is not None
                work.put(replace(known, status="executing", execution_id=run.id))
                work.lease(f"execution/{run.id}", self._holder, now=now, span=LEASE)
                if decision.busy or decision.solo:
                    self._tell_security(work, case, draft, run, busy=decision.busy)
                return run, intents, request

    def _sign(
        self, work: UnitOfWork, signing_id: str, draft: Draft, world: World, *, now_missing: int
    ) -> None:
        now = self._clock.now()
        person = world.people[draft.approver_oid].person
        assert isinstance(person, Person)
        self._executions.review(work, draft, signing_id, self._law.humans.human(person), now)
        known = work.get(Decision, signing_id)
        assert known is not None
        if now_missing:
            work.put(replace(known, status="counted", missing=now_missing, ended_at=now))

    def _tell_security(
        self, work: UnitOfWork, case: Case, draft: Draft, run: Execution, *, busy: bool
    ) -> None:
        now = self._clock.now()
        what = "busy_approver" if busy else "checker_approved"
        body = {"what": what, "case": case.id, "approver": draft.approver_oid}
        work.enqueue([Job(f"alert/{run.id}", f"alert:{case.id}", "alert", body, case.id, now, now)])

    def _refuse(self, work: UnitOfWork, signing_id: str, draft: Draft, reasons: tuple[Reason, ...]) -> None:
        now = self._clock.now()
        words = [r.value for r in reasons]
        known = work.get(Decision, signing_id)
        if known is not None:
            work.put(replace(known, status="refused", reasons=words, ended_at=now))
        case = work.get(Case, draft.case_id)
        if case is not None:
            self._executions.audit(
                work, case, Tag.APPROVAL_REFUSED, now, actor=draft.approver_oid, request=draft.request_id,
                signing=signing_id, reasons=words, digest=draft.digest,
            )  # fmt: skip

    def _absent(self, work: UnitOfWork, signing_id: str, draft: Draft) -> None:
        """The request stays open; the person is called back to the page in their own chat."""
        self._refuse(work, signing_id, draft, (Reason.PAGE_ABSENT,))
        case = work.case(draft.case_id)
        if case is not None and case.status == "open":
            key = f"come_back/{signing_id}"
            work.enqueue([say_job(case, Tell("come_back"), key, self._clock.now())])

    # --- (c) and (d): Graph, then the result --------------------------------------------------------

    async def _carry_out(
        self, begun: tuple[Execution, tuple[Intent, ...], Request], draft: Draft, token: ActToken
    ) -> None:
        run, intents, request = begun
        alive = asyncio.create_task(self._hold(run))
        try:
            reopen: Reason | None = None
            for intent in intents:
                step = await self._graph.carry_out(run, intent, request, draft, token)
                if not step.go_on:
                    reopen = step.reopen if intent.n == 0 else None
                    break
            await self._executions.close(run, reopen=reopen)
        finally:
            alive.cancel()
            with suppress(asyncio.CancelledError):
                await alive

    async def _hold(self, run: Execution) -> None:
        """Say again and again that this process is at it."""
        while True:
            await asyncio.sleep(_RENEW)
            now = self._clock.now()
            await self._store.transact(
                lambda work, now=now: work.lease(  # type: ignore[misc]
                    f"execution/{run.id}", self._holder, now=now, span=LEASE
                )
            )

    async def _interrupted(self, signing_id: str) -> None:
        """Something of ours failed. An execution that was opened is ended by the watch."""
        now = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            known = work.get(Decision, signing_id)
            if known is not None and known.status == "working":
                work.put(replace(known, status="interrupted", ended_at=now))

        with suppress(Exception):
            await self._store.transact(fn)

    # --- crashes ------------------------------------------------------------------------------------

    async def recover(self, *, alone: bool) -> int:
        """At start-up: end what a dead process left. *alone*: no other process uses this store, so
        every open execution and every signature at work is an orphan."""
        opened = await self._store.read(lambda work: work.find(Execution, status="open"))
        ended = [await self._orphan(run.id, ignore_lease=alone) for run in opened]
        if alone:
            working = await self._store.read(lambda work: work.find(Decision, status="working"))
            for row in working:
                await self._interrupted(row.id)
        return sum(ended)

    async def fire(self, timer: Timer) -> None:
        """Handles timers of kind `execution`: is anybody still at it?"""
        await self._orphan(str(timer.body["execution"]), ignore_lease=False)

    async def _orphan(self, execution_id: str, *, ignore_lease: bool) -> bool:
        now = self._clock.now()

        def fn(work: UnitOfWork) -> bool:
            run = work.get(Execution, execution_id)
            if run is None or run.status != "open":
                return False
            case, run = work.case(run.case_id), work.lock(Execution, execution_id)
            if case is None or run is None or run.status != "open":
                return False
            mine = f"{self._holder}/watch"
            if not work.lease(f"execution/{run.id}", mine, now=now, span=LEASE) and not ignore_lease:
                again = Timer(
                    f"execution/{run.id}/{int(now.timestamp())}", "execution", case.id, now + WATCH,
                    {"execution": run.id},
                )  # fmt: skip
                work.schedule(again)
                return False
            self._executions.crashed(work, case, run, now)
            return True

        ended = await self._store.transact(fn)
        if ended:
            log.warning("execution %s had lost its process: void", execution_id)
            self._store.notify(TOPIC)
        return ended
