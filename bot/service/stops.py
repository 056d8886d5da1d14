"""What halts a case: a doubt stops it for a person, an objection freezes it.

Stopped, the talk goes on with a person (the flow's `refused` way, and the status says so). Frozen,
nothing more passes: the reporting attempt's evidence and its sealed pass are void, a pass already
made is to be withdrawn, security hears of it outside chat. The person's next case is untouched, and a
case whose person an agent saw at the counter goes on: then security hears of it, and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.effects import Report
from bot.core.events import Answered, Event
from bot.core.model import LiveHow, ProofKind
from bot.core.records import Attempt, Case, Evidence, Job, Proving
from bot.ports.clock import Entropy
from bot.ports.store import UnitOfWork
from bot.ports.turns import Turns
from bot.service import cards, takeback_asks
from bot.service.chance import new_id
from bot.service.handover import Handovers
from bot.service.keys import Keys
from bot.service.notices import notice_job

Halt = Callable[[UnitOfWork, Case, datetime, str], None]
"""What else must end with a frozen or stopped case: its open request, for one."""


class Stops:
    def __init__(
        self, turns: Turns, keys: Keys, entropy: Entropy, handovers: Handovers, halts: Sequence[Halt] = ()
    ) -> None:
        self._turns = turns
        self._keys = keys
        self._entropy = entropy
        self._handovers = handovers
        self._halts = halts  # read when needed: requests are made after the stops they obey

    def stop(self, work: UnitOfWork, case: Case, why: str, at: datetime) -> Case:
        """A person must look before anything goes on. *case* is locked; the changed one returns."""
        self._audit(work, case, at, Tag.CASE_STOPPED, why=why)
        for halt in self._halts:
            halt(work, case, at, why)
        self.answer(work, case, "refused", at)
        case = replace(_again(work, case), status="with_person")
        work.put(case)
        self.card(work, case, "person", at)
        return case

    def object_to(
        self, work: UnitOfWork, case: Case, attempt: Attempt | None, why: str, at: datetime
    ) -> bool:
        """Somebody says that this case is not what it seems. It freezes, unless an agent saw the person at
        the counter: whoever objects then may be the thief, and security looks. False when it was spared."""
        if not self._at_counter(work, case):
            self.freeze(work, case, attempt, why, at)
            return True
        self._audit(work, case, at, Tag.CASE_SPARED, why=why)
        key = f"spared/{case.id}/{why}"
        told = {"what": "counter_case", "case": case.id, "oid": case.subject_oid}
        work.enqueue([Job(key, f"alert:{case.id}", "alert", told, case.id, at, at)])
        return False

    def _at_counter(self, work: UnitOfWork, case: Case) -> bool:
        rows = work.find(Evidence, case_id=case.id, voided_at=None, kind=ProofKind.LIVE_CHECK.value)
        return any(
            row.how.get("how") == LiveHow.COUNTER
            and row.subject_oid == case.subject_oid
            and self._keys.row_mac_fits(row)
            for row in rows
        )

    def freeze(self, work: UnitOfWork, case: Case, attempt: Attempt | None, why: str, at: datetime) -> Case:
        """Nothing more passes in this case. *attempt* is the browser it was reported about; without one,
        every browser of the case loses what passed in it."""
        for halt in self._halts:
            halt(work, case, at, why)
        for one in [attempt] if attempt is not None else work.find(Attempt, case_id=case.id):
            if attempt is not None or one.status == "open":
                work.put(replace(one, status="frozen", ended_reason=why, challenge="", challenge_wire=""))
            self.void(work, one.id, why, at)
        self._handovers.take_back(work, case, "objection", at)
        case = _again(work, case)
        # A case that is over stays over: its chat must be free for the person's next one.
        case = replace(case, status="ended" if case.status == "ended" else "frozen", touched_at=at)
        work.put(case)
        self._audit(work, case, at, Tag.CASE_FROZEN, why=why, attempt=attempt.id if attempt else "")
        key = f"frozen/{case.id}"
        work.enqueue([Job(key, f"alert:{case.id}", "alert", {"what": why, "case": case.id}, case.id, at, at)])
        takeback_asks.ask(work, self._entropy, case, why, at)
        if case.subject_oid and case.proven_at:
            work.enqueue([notice_job(f"{key}/notice", "case_frozen", oid=case.subject_oid, case=case, at=at)])
        self.card(work, case, "person", at)
        return case

    def report(
        self, work: UnitOfWork, case: Case, effect: Report, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `Report`: the person said in chat that it was not them."""
        self.object_to(work, case, None, "not_me", event.at)
        return ()

    def withdraw(self, work: UnitOfWork, case: Case, attempt: Attempt, at: datetime) -> None:
        """Somebody who came by number and address says that the case is none of theirs, and another
        browser has it: theirs ends, and security hears of it. It stops nobody else."""
        work.put(replace(attempt, status="ended", ended_reason="finished", challenge="", challenge_wire=""))
        key = f"reported/{attempt.id}"
        told = {"what": "not_opened_by_me", "case": case.id}
        work.enqueue([Job(key, f"alert:{case.id}", "alert", told, case.id, at, at)])

    def void(self, work: UnitOfWork, attempt_id: str, why: str, at: datetime) -> None:
        """What passed in an attempt no longer counts. The MAC is made again: it covers this, too."""
        for row in work.find(Evidence, attempt_id=attempt_id, voided_at=None):
            self.void_row(work, row, why, at)

    def void_row(self, work: UnitOfWork, row: Evidence, why: str, at: datetime) -> None:
        voided = replace(row, voided_at=at, void_reason=why)
        work.put(replace(voided, mac=self._keys.row_mac(voided)))
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.EVIDENCE_VOIDED, case_id=row.case_id,
                subject=row.subject_oid, evidence=row.id, attempt=row.attempt_id, why=why,
            )
        )  # fmt: skip

    def answer(self, work: UnitOfWork, case: Case, outcome: str, at: datetime) -> bool:
        """Answer the flow's `prove` step, once. False when it is not waiting for one."""
        proving = work.get(Proving, case.id)
        if proving is None or proving.closed_at is not None:
            return False
        work.put(replace(proving, closed_at=at, answered=outcome))
        self._audit(work, case, at, Tag.PROOF_ANSWERED, step=proving.step, outcome=outcome)
        self._turns.take(
            work, _again(work, case), Answered(proving.step, proving.version, outcome),
            dedupe_key=f"prove/{case.id}/{proving.step}@{proving.version}", at=at,
        )  # fmt: skip
        return True

    def card(self, work: UnitOfWork, case: Case, wants: str, at: datetime) -> None:
        """Put the case before the agents, or say on its card what it wants now."""
        cards.show(work, self._keys, case, wants, at)

    def _audit(self, work: UnitOfWork, case: Case, at: datetime, tag: Tag, **body: Any) -> None:
        work.audit(
            audit_row(new_id(self._entropy, at), at, tag, case_id=case.id, subject=case.subject_oid, **body)
        )


def _again(work: UnitOfWork, case: Case) -> Case:
    """The case as the turn left it."""
    return work.case(case.id) or case
