"""What every proof entered on a case page shares: may it be tried, and what a wrong try leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.model import ProofKind, Reason
from bot.core.records import Attempt, Case, Check, Proving
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.store import Store, UnitOfWork
from bot.service.attempts import Attempts
from bot.service.chance import new_id
from bot.service.limits import Limits
from bot.service.proving import Provings
from bot.service.stops import Stops


class Trying:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        attempts: Attempts,
        limits: Limits,
        stops: Stops,
        provings: Provings,
    ) -> None:
        self._store, self._clock, self._entropy = store, clock, entropy
        self._attempts, self._limits, self._stops, self._provings = attempts, limits, stops, provings

    def _page(
        self, work: UnitOfWork, handle: str, browser: str, at: datetime, *, lock: bool = True
    ) -> tuple[Case, Attempt]:
        """The case and attempt of a page that may prove something now. Raises Refused."""
        case, attempt = self._attempts.proven_page(work, handle, browser, at, lock=lock)
        proving = work.get(Proving, case.id)
        if case.status != "open" or proving is None or proving.closed_at is not None:
            raise Refused(Reason.PROOF_CLOSED)
        return case, attempt

    def _try(
        self, work: UnitOfWork, handle: str, browser: str, at: datetime, *, lock: bool = True
    ) -> tuple[Case, Attempt]:
        case, attempt = self._page(work, handle, browser, at, lock=lock)
        if reason := self._limits.may_try(work, case, attempt, at):
            raise Refused(reason)
        return case, attempt

    def _wrong(self, work: UnitOfWork, case: Case, attempt: Attempt, kind: ProofKind, at: datetime) -> None:
        attempt = self._limits.wrong(work, case, attempt, kind.value, at)
        if attempt.status == "ended":
            self._stops.void(work, attempt.id, "tries", at)
            for each in (ProofKind.LIVE_CHECK, ProofKind.MANAGER, ProofKind.CONTACT):
                self._end_checks(work, attempt, each, "tries")

    def _end_checks(self, work: UnitOfWork, attempt: Attempt, kind: ProofKind, why: str) -> None:
        for check in work.find(Check, attempt_id=attempt.id):
            if check.kind == kind and check.status in ("asked", "signed"):
                work.put(replace(check, status="ended", ended_reason=why))

    async def _after(self, handle: str, reason: Reason | None) -> None:
        """Once committed: read the account where that is due, wake the page, or say what was wrong."""
        case = await self._store.read(lambda work: self._attempts.case_of(work, handle))
        if reason is None:
            await self._provings.assess(case.id)
        self._store.notify(case.id)
        if reason is not None:
            raise Refused(reason)

    def _audit(self, work: UnitOfWork, case: Case, at: datetime, tag: Tag, **body: Any) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor="person",
                subject=case.subject_oid, **body,
            )
        )  # fmt: skip
