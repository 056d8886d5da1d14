"""Carrying out effects after the commit: lane by lane, at least once, in order within a lane.

Only the head of a lane is leased. The lease is short and renewed while its handler works, so that a
killed process holds up its lanes for seconds. Handlers must bear being called twice with the same job:
its key is for life.

    TransientError   again later, waiting longer each time, or as long as the platform says
    PermanentError   given up at once
    anything else    a bug: logged, again later, given up after a few tries

What is given up becomes `dead`: audited, shown on the dead-letter list, and its lane goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.audit import Tag, audit_row
from bot.core.records import Job
from bot.errors import NotDueError, PermanentError, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id

log = logging.getLogger(__name__)

Handler = Callable[[Job], Awaitable[None]]
WhenDead = Callable[[UnitOfWork, Job], None]

TOPIC = "outbox"
LEASE = timedelta(seconds=10)
AT_ONCE = 32
MOST_ATTEMPTS = 12
MOST_BUGS = 3
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
IDLE = 1.0
"""Seconds until we look again although nothing was heard: another replica may have died."""
LONGEST_RUN = 60.0
"""Seconds a handler may take; after that it is as if the platform had not answered."""
GRACE = 10.0


class Outbox:
    """The runner. One per process; replicas share the work."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        handlers: Mapping[str, Handler],
        *,
        holder: str,
        when_dead: Mapping[str, WhenDead] | None = None,
    ) -> None:
        """*holder* names this process; one that starts again under the same name takes back its own
        leases at once. *when_dead*, by kind, is called in the transaction that gives a job up."""
        self._store, self._clock, self._entropy = store, clock, entropy
        self._handlers = handlers
        self._holder = holder
        self._when_dead = when_dead or {}
        self._working: dict[asyncio.Task[None], Job] = {}
        self._wake = asyncio.Event()
        self._next_try: datetime | None = None
        self._stopping = False

    async def run(self) -> None:
        """Deliver until `stop`; then let running handlers finish, for a while."""
        await self._take_back()
        listening = asyncio.create_task(self._listen())
        renewing = asyncio.create_task(self._renew())
        try:
            while not self._stopping:
                self._wake.clear()
                await self._start_some()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._patience()):
                        await self._wake.wait()
        finally:
            listening.cancel()
            await self._let_finish()
            renewing.cancel()
            await asyncio.gather(listening, renewing, return_exceptions=True)

    def stop(self) -> None:
        """Take nothing more; `run` returns when what is under way has ended."""
        self._stopping = True
        self._wake.set()

    async def drain(self) -> int:
        """Deliver everything that is due now, and what follows from it; how many handlers ran."""
        ran = 0
        while started := await self._start_some():
            ran += started
            await asyncio.gather(*self._working)
        return ran

    # --- the loop's parts

    async def _start_some(self) -> int:
        """Lease as many heads as there are free hands."""
        free = AT_ONCE - len(self._working)
        if free <= 0:
            return 0
        try:
            jobs = await self._store.take_jobs(self._holder, now=self._clock.now(), span=LEASE, limit=free)
        except TransientError:
            log.warning("the outbox cannot be read now")
            return 0
        for job in jobs:
            task = asyncio.create_task(self._work(job))
            self._working[task] = job
            task.add_done_callback(self._done)
        return len(jobs)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._working.pop(task, None)
        self._wake.set()  # the lane has a new head
        if not task.cancelled() and task.exception() is not None:
            log.error("an outcome could not be written; the job comes again", exc_info=task.exception())

    def _patience(self) -> float:
        """Seconds to sleep at most."""
        if self._next_try is None:
            return IDLE
        wait = (self._next_try - self._clock.now()).total_seconds()
        if wait <= IDLE:
            self._next_try = None
        return min(max(wait, 0.001), IDLE)

    async def _listen(self) -> None:
        seen = 0
        while True:
            seen = await self._store.changed(TOPIC, after=seen, timeout=60.0)
            self._wake.set()

    async def _renew(self) -> None:
        """Keep the leases of handlers that take their time."""
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            keys = [job.key for job in self._working.values()]
            until = self._clock.now() + LEASE

            def renew(work: UnitOfWork, keys: list[str] = keys, until: datetime = until) -> None:
                for key in keys:
                    job = work.lock(Job, key)
                    if job is not None and job.status == "waiting" and job.leased_by == self._holder:
                        work.put(replace(job, leased_until=until))

            if keys:
                with suppress(TransientError):
                    await self._store.transact(renew)

    async def _take_back(self) -> None:
        """Leases of an earlier life under the same name."""

        def release(work: UnitOfWork) -> None:
            for job in work.find(Job, status="waiting", leased_by=self._holder):
                work.put(replace(job, leased_until=None, leased_by=""))

        await self._store.transact(release)

    async def _let_finish(self) -> None:
        if self._working:
            await asyncio.wait(list(self._working), timeout=GRACE)
        unfinished = dict(self._working)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.gather(*unfinished, return_exceptions=True)
            await self._take_back()

    # --- one job

    async def _work(self, job: Job) -> None:
        handler = self._handlers.get(job.kind)
        try:
            if handler is None:
                raise PermanentError(f"nobody handles {job.kind}")
            async with asyncio.timeout(LONGEST_RUN):
                await handler(job)
        except NotDueError as err:
            at = self._clock.now() + timedelta(seconds=err.retry_after or FIRST_WAIT)
            await self._later(job, err.code, at, attempts=job.attempts - 1)
        except TransientError as err:
            await self._failed(job, err.code, MOST_ATTEMPTS, err.retry_after)
        except TimeoutError:
            await self._failed(job, "timeout", MOST_ATTEMPTS, None)
        except PermanentError as err:
            await self._give_up(job, f"{err.code} {err.reason or err.status or ''}".rstrip())
        except Exception as err:
            log.exception("handler failed", extra={"job": job.key, "kind": job.kind})
            await self._failed(job, type(err).__name__, MOST_BUGS, None)
        else:
            await self._settle(job, status="done", error="")

    async def _failed(self, job: Job, error: str, most: int, retry_after: float | None) -> None:
        if job.attempts >= most:
            await self._give_up(job, error)
            return
        wait = min(FIRST_WAIT * 2 ** (job.attempts - 1), LONGEST_WAIT)
        wait *= 1 + self._entropy.below(250) / 1000  # so that many failures do not return together
        at = self._clock.now() + timedelta(seconds=max(wait, retry_after or 0.0))
        await self._later(job, error, at, attempts=job.attempts)

    async def _later(self, job: Job, error: str, at: datetime, *, attempts: int) -> None:
        self._next_try = at if self._next_try is None else min(self._next_try, at)
        await self._settle(job, error=error, not_before=at, attempts=attempts)

    async def _give_up(self, job: Job, error: str) -> None:
        now = self._clock.now()
        ident = new_id(self._entropy, now)

        def bury(work: UnitOfWork) -> None:
            kept = work.lock(Job, job.key)
            if kept is None or kept.status != "waiting":
                return
            work.put(replace(kept, status="dead", error=error, leased_until=None, leased_by=""))
            work.audit(
                audit_row(
                    ident,
                    now,
                    Tag.EFFECT_DEAD,
                    case_id=job.case_id,
                    effect=job.key,
                    kind=job.kind,
                    attempts=job.attempts,
                    error=error,
                )
            )
            if mourn := self._when_dead.get(job.kind):
                mourn(work, kept)

        await self._store.transact(bury)

    async def _settle(
        self,
        job: Job,
        *,
        error: str,
        status: str = "waiting",
        not_before: datetime | None = None,
        attempts: int | None = None,
    ) -> None:
        def settle(work: UnitOfWork) -> None:
            kept = work.lock(Job, job.key)
            if kept is not None and kept.status == "waiting":
                work.put(
                    replace(
                        kept,
                        status=status,
                        error=error,
                        not_before=not_before or kept.not_before,
                        attempts=kept.attempts if attempts is None else attempts,
                        leased_until=None,
                        leased_by="",
                    )
                )

        await self._store.transact(settle)
