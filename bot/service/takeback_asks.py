"""What a freeze puts on the stop page: a pass to take back, a subject to sign out everywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.core.audit import Tag, audit_row
from bot.core.records import Case, Takeback
from bot.ports.clock import Entropy
from bot.ports.store import UnitOfWork
from bot.service.chance import new_id


def ask(work: UnitOfWork, entropy: Entropy, case: Case, why: str, at: datetime) -> None:
    """Once a case; again after it was done, for another objection may tell of more. A case in which
    nothing was proved has made nothing that could be taken back."""
    if not case.subject_oid or case.proven_at is None:
        return
    known = work.lock(Takeback, case.id)
    if known is not None and known.status == "open":
        return
    if known is None:
        work.add(Takeback(case.id, case.subject_oid, why, at, "open"))
    else:
        work.put(replace(known, why=why, asked_at=at, status="open", passes="", sessions=""))
    work.audit(
        audit_row(
            new_id(entropy, at), at, Tag.TAKEBACK_ASKED, case_id=case.id, subject=case.subject_oid, why=why
        )
    )
