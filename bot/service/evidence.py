"""Evidence: proofs passed, each in one attempt, each under a MAC that is checked at every use.

`pass_proof` is the only door by which evidence comes into being. It holds while the attempt's own key
answers, at most 60 minutes; what happens at the first of a case (subject identified, notices queued)
and at the first of a second attempt (the case stops for a person) is decided here, in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.model import ProofKind, Reason
from bot.core.records import Attempt, Case, Evidence, Helping, Job, Proving
from bot.core.sets import Passed
from bot.errors import Refused
from bot.ports.clock import Entropy
from bot.ports.store import UnitOfWork
from bot.service.attempts import closed
from bot.service.cards import refresh
from bot.service.chance import new_id
from bot.service.keys import Keys
from bot.service.limits import Limits
from bot.service.notices import notice_job
from bot.service.returning import return_job
from bot.service.stops import Stops

MAX_AGE = timedelta(minutes=60)
GIVEN_AWAY = frozenset({"helper", "moved"})
"""Why proofs of a page were made void by its own person, who goes on elsewhere with new ones."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What passing a proof led to; *stopped* names why a person must look now."""

    case: Case
    evidence: Evidence
    stopped: str = ""


class EvidenceBook:
    def __init__(self, keys: Keys, entropy: Entropy, limits: Limits, stops: Stops) -> None:
        self.keys = self._keys = keys
        self._entropy = entropy
        self._limits = limits
        self._stops = stops

    def pass_proof(
        self,
        work: UnitOfWork,
        case: Case,
        attempt: Attempt,
        kind: ProofKind,
        how: Mapping[str, Any],
        by_oid: str,
        at: datetime,
    ) -> Recorded:
        """Record a proof that was passed. *case* is locked, *how* holds closed words and ids only
        (``how["how"]`` is what policy looks at). Raises Refused when none can pass here now."""
        proving = work.get(Proving, case.id)
        if reason := closed(case, attempt, at):
            raise Refused(reason)
        if attempt.case_id != case.id:
            raise Refused(Reason.OTHER_BROWSER)
        if proving is None or proving.closed_at is not None or case.status != "open":
            raise Refused(Reason.PROOF_CLOSED)
        if not attempt.key_tested_at or not attempt.thumbprint:
            raise Refused(Reason.KEY_MISSING)
        if not case.subject_oid:
            raise Refused(Reason.WRONG_CODE, detail="no subject")
        if attempt.helper_oid:
            how = {**how, "helper": attempt.helper_oid}
        row = self._row(case, attempt, kind, how, by_oid, at)
        work.add(row)
        self._limits.passed(work, case, attempt)
        self._audit(work, row, at)
        first = case.proven_at is None
        if first:
            case = self._identify(work, case, at)
        if attempt.helper_oid:
            self._tell_of_helper(work, case, attempt, at)
        if stopped := self._doubt(work, case, attempt):
            case = self._stops.stop(work, case, stopped, at)
        return Recorded(case, row, stopped)

    def _row(
        self, case: Case, attempt: Attempt, kind: ProofKind, how: Mapping[str, Any], by_oid: str, at: datetime
    ) -> Evidence:
        row = Evidence(
            new_id(self._entropy, at), case.id, attempt.id, case.subject_oid, kind.value, at, by_oid,
            attempt.thumbprint, dict(how), "",
        )  # fmt: skip
        return replace(row, mac=self._keys.row_mac(row))

    def _identify(self, work: UnitOfWork, case: Case, at: datetime) -> Case:
        """The first evidence of a case: looks may answer, and the account's addresses are told."""
        case = replace(case, proven_at=at, touched_at=at)
        work.put(case)
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.SUBJECT_IDENTIFIED, case_id=case.id,
                subject=case.subject_oid, identified_by=case.identified_by,
            )
        )  # fmt: skip
        work.enqueue(
            [
                notice_job(f"started/{case.id}", "help_started", oid=case.subject_oid, case=case, at=at),
                *return_job(case, at),
            ]
        )
        return case

    def _tell_of_helper(self, work: UnitOfWork, case: Case, attempt: Attempt, at: datetime) -> None:
        """The person's addresses hear who lends the browser; once, whatever passes there."""
        rows = work.find(Helping, case_id=case.id)
        name = next((r.helper_name for r in rows if r.attempt_id == attempt.id), "")
        key = f"helper/{attempt.id}"
        if work.get(Job, key) is None:
            job = notice_job(key, "helper_stands_in", oid=case.subject_oid, case=case, at=at, helper=name)
            work.enqueue([job])

    def _doubt(self, work: UnitOfWork, case: Case, attempt: Attempt) -> str:
        """Why a person must look although a proof passed; "" when none."""
        rows = work.find(Evidence, case_id=case.id)  # void or not: somebody else got that far
        if any(row.attempt_id != attempt.id and row.void_reason not in GIVEN_AWAY for row in rows):
            return "second_attempt"
        others = [c for c in work.find(Case, subject_oid=case.subject_oid, status="open") if c.id != case.id]
        if any(c.proven_at for c in others):
            return "second_case"
        return ""

    # --- use -----------------------------------------------------------------------------------

    def fault(self, row: Evidence, attempt: Attempt, at: datetime) -> Reason | None:
        """Why a row does not count for *attempt* now, or None."""
        if not self._keys.row_mac_fits(row):
            return Reason.EVIDENCE_CHANGED
        if row.voided_at is not None or row.attempt_id != attempt.id or row.case_id != attempt.case_id:
            return Reason.EVIDENCE_SHORT
        if row.thumbprint != attempt.thumbprint:
            return Reason.KEY_CHANGED
        if not timedelta(0) <= at - row.at <= MAX_AGE:
            return Reason.EVIDENCE_OLD
        return None

    def standing(self, work: UnitOfWork, case: Case, attempt: Attempt, at: datetime) -> tuple[Evidence, ...]:
        """What counts in this attempt now, oldest first; a planted or changed row never does."""
        rows = work.find(Evidence, attempt_id=attempt.id, order="at")
        return tuple(
            r for r in rows if r.subject_oid == case.subject_oid and self.fault(r, attempt, at) is None
        )

    def _audit(self, work: UnitOfWork, row: Evidence, at: datetime) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.EVIDENCE_PASSED, case_id=row.case_id,
                actor=row.by_oid or "person", subject=row.subject_oid, evidence=row.id,
                attempt=row.attempt_id, kind=row.kind, how=str(row.how.get("how", "")),
            )
        )  # fmt: skip
        refresh(work, row.case_id, f"evidence/{row.id}", at)


def passed_here(work: UnitOfWork, attempt: Attempt) -> bool:
    """Whether this browser ever passed a proof: what is personal shows to nobody else, whatever passed
    in another browser of the case."""
    return work.first(Evidence, attempt_id=attempt.id) is not None


def as_passed(rows: tuple[Evidence, ...]) -> list[Passed]:
    """The rows as policy looks at them."""
    return [Passed(ProofKind(r.kind), r.at, str(r.how.get("how", ""))) for r in rows]
