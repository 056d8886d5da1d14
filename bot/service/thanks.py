"""Implements `ports.thanks.Gratitude`.

Who helped is told by the audit log: the agents who made a check, approved, or ended a talk. Where the
last request was turned down nobody is asked to say thanks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.core.audit import Tag, audit_row
from bot.core.effects import EndCase, Tell
from bot.core.events import Answered, Event
from bot.core.model import Place, Reason, RequestOutcome
from bot.core.queue import first_name
from bot.core.records import AuditRow, Case, Request, Shift, Thanks
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC
from bot.ports.store import Among, Not, Store, UnitOfWork
from bot.ports.thanks import Helped
from bot.service.attempts import Attempts
from bot.service.chance import new_id
from bot.service.turns import say_job

HELPED = (Tag.CHECK_SIGNED, Tag.APPROVAL_COUNTED, Tag.EXECUTION_OPENED, Tag.HANDOFF_ANSWERED)
_FELT = frozenset({"", RequestOutcome.DONE.value, RequestOutcome.PARTIAL.value})


class ThanksBook:
    def __init__(self, store: Store, clock: Clock, entropy: Entropy, attempts: Attempts) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._attempts = attempts

    def offered(
        self, work: UnitOfWork, case: Case, effect: EndCase, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `EndCase`: offers the button in the chat, once for each case."""
        oids = helpers(work, case.id)
        if oids and case.status != "frozen":
            names = ", ".join(_names(work, oids))
            work.enqueue(
                [say_job(case, Tell("thanks_offer", {"names": names}), f"thanks/{case.id}", event.at)]
            )
        return ()

    def helped(self, work: UnitOfWork, case_id: str) -> Helped | None:
        case = work.get(Case, case_id)
        oids = helpers(work, case_id) if case is not None and case.status == "ended" else ()
        if not oids:
            return None
        return Helped(_names(work, oids), work.count(Thanks, case_id=case_id) > 0)

    def said(self, work: UnitOfWork, place: Place, case_id: str, at: datetime) -> Helped | Reason:
        case = work.case(case_id)
        if case is None or case.place != place.key:
            return Reason.NOT_YOURS
        return self._give(work, case, at)

    async def pressed(self, handle: str, browser: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Helped | Reason:
            case = self._attempts.case_of(work, handle, lock=True)
            if self._attempts.of_browser(work, case, browser) is None:
                return Reason.OTHER_BROWSER
            return self._give(work, case, at)

        given = await self._store.transact(fn)
        if isinstance(given, Reason):
            raise Refused(given)
        self._store.notify(TOPIC)

    def _give(self, work: UnitOfWork, case: Case, at: datetime) -> Helped | Reason:
        """*case* is locked, so that two presses thank once."""
        helped = self.helped(work, case.id)
        if helped is None:
            return Reason.NOT_EXPECTED
        if not helped.given:
            oids = helpers(work, case.id)
            for oid in oids:
                work.add(Thanks(f"{case.id}/{oid}", case.id, case.number, oid, at))
            work.audit(
                audit_row(
                    new_id(self._entropy, at), at, Tag.DESK_THANKED, case_id=case.id, actor="person",
                    subject=case.subject_oid, to=list(oids),
                )
            )  # fmt: skip
        return helped


def helpers(work: UnitOfWork, case_id: str) -> tuple[str, ...]:
    """Object ids of the agents who helped, in the order they came in."""
    last = work.first(Request, case_id=case_id, order="-asked_at")
    if last is not None and last.outcome not in _FELT:
        return ()
    tags = Among([tag.value for tag in HELPED])
    # Two reads, since the log is indexed in two halves: numbered rows, and the few that are not yet.
    rows = work.find(AuditRow, case_id=case_id, number=Not(None), tag=tags)
    rows += work.find(AuditRow, case_id=case_id, number=None, tag=tags)
    return tuple(dict.fromkeys(row.actor for row in sorted(rows, key=lambda row: row.id)))


def _names(work: UnitOfWork, oids: Sequence[str]) -> tuple[str, ...]:
    """First names, of those who ever started a shift."""
    shifts = [work.get(Shift, oid) for oid in oids]
    return tuple(dict.fromkeys(first_name(shift.name) for shift in shifts if shift is not None))
