"""Objections: somebody has a notice's code and says that this was not them.

No sign-in: who was robbed may have none. The code is worth 55 bits, so that no limit need close the way
to whoever has it; a wrong one is answered the same whatever is wrong with it, and counted. A right one
works in the transaction that reads it: the case is frozen before the page answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.core.audit import Tag, audit_row
from bot.core.model import Reason, Visitor
from bot.core.records import Case, Job, Limit, NoticeCode, Objection
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC
from bot.ports.objections import Stopped
from bot.ports.store import Over, Store, UnitOfWork
from bot.service import takeback_asks
from bot.service.alerts import ON_CALL
from bot.service.chance import new_id
from bot.service.notice_codes import NoticeCodes
from bot.service.stops import Stops

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)
WRONG_NETWORK = 30
"""Wrong tries of a network in an hour; then it is told so, and the log keeps no more of them. A right code
still works: a whole office, or everybody behind a proxy that is not set up, is one network."""
WRONG_NUMBER = 20
"""Wrong tries for one number in an hour; then security is told. A right code still works: a limit that
closed would let a thief who knows the number keep its owner silent."""

Stopper = Callable[[UnitOfWork, str, str, datetime], bool]
"""Makes something enrolled (subject, id) count no longer; False when there is nothing left of it."""


class ObjectionService:
    """Implements `ports.objections.Objections`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        codes: NoticeCodes,
        stops: Stops,
        stoppers: Mapping[str, Stopper],
    ) -> None:
        """*stoppers* by kind of what was enrolled, as `NoticeCode.stops` names it."""
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._codes = codes
        self._stops = stops
        self._stoppers = stoppers

    async def object(self, number: str, code: str, visitor: Visitor) -> Stopped:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> tuple[Stopped, str] | Reason:
            network = f"object/network/{visitor.network}/{at:%Y-%m-%dT%H}"
            row = self._codes.found(work, number, code, at)
            if row is None:
                over = _count(work, network) >= WRONG_NETWORK
                self._wrong(work, network, number, visitor, at, noted=not over)
                return Reason.TOO_MANY if over else Reason.WRONG_CODE
            known = work.get(Objection, row.id)
            made = known or self._take(work, row, visitor, at)
            return Stopped(made.result, row.number, made.at), row.case_id

        found = await self._store.transact(fn)
        if isinstance(found, Reason):
            raise Refused(found)
        stopped, case_id = found
        if case_id:
            self._store.notify(case_id)
        self._store.notify(TOPIC)
        return stopped

    def _wrong(
        self, work: UnitOfWork, network: str, number: str, visitor: Visitor, at: datetime, *, noted: bool
    ) -> None:
        """Counted before it is refused. Only a number that there is has a counter of its own. *noted*: in
        the audit log, too, which nobody may fill."""
        work.bump(network, until=at + HOUR)
        ident = new_id(self._entropy, at)
        case = work.first(Case, number=number) if number.isdecimal() else None
        case_id = case.id if case else ""
        if noted:
            work.audit(
                audit_row(
                    ident, at, Tag.OBJECTION_REFUSED, case_id=case_id, actor="person", network=visitor.network
                )
            )
        hour = f"{at:%Y-%m-%dT%H}"
        if case is not None and work.bump(f"object/case/{case_id}/{hour}", until=at + HOUR) == WRONG_NUMBER:
            self._alert(work, f"object/{case_id}/{hour}", "objection_guessed", case_id, case.subject_oid, at)

    def _take(self, work: UnitOfWork, row: NoticeCode, visitor: Visitor, at: datetime) -> Objection:
        # Read before this one is written; locked by its row's own key on a second press.
        before = work.count(Objection, subject_oid=row.subject_oid, at=Over(at - DAY))
        case = work.case(row.case_id) if row.stops == "case" else None
        if case is not None:
            result = self._freeze(work, case, row, at)
        elif row.stops and row.stops != "case":
            result = self._revoke(work, row, at)
        else:
            self._alert(work, f"objection/{row.id}", "objection", row.case_id, row.subject_oid, at)
            result = "told"
        made = Objection(row.id, row.case_id, row.subject_oid, at, visitor.network, result)
        work.add(made)
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.OBJECTION_MADE, case_id=row.case_id, actor="person",
                subject=row.subject_oid, notice=row.what, key=row.job, result=result,
                network=visitor.network, country=visitor.country, before=before,
            )
        )  # fmt: skip
        if before:
            self._alert(work, f"on_call/{row.id}", ON_CALL, row.case_id, row.subject_oid, at)
        return made

    def _freeze(self, work: UnitOfWork, case: Case, row: NoticeCode, at: datetime) -> str:
        if case.subject_oid and case.subject_oid != row.subject_oid:
            # The case is about somebody else by now; what was told then is over.
            self._alert(work, f"objection/{row.id}", "objection", case.id, row.subject_oid, at)
            return "told"
        if case.status == "frozen":
            takeback_asks.ask(work, self._entropy, case, "objection", at)
            self._alert(work, f"objection/{row.id}", "objection", case.id, row.subject_oid, at)
            return "frozen"
        return "frozen" if self._stops.object_to(work, case, None, "objection", at) else "counter"

    def _revoke(self, work: UnitOfWork, row: NoticeCode, at: datetime) -> str:
        kind, _, ident = row.stops.partition(":")
        stopper = self._stoppers.get(kind)
        done = stopper is not None and stopper(work, row.subject_oid, ident, at)
        if done:
            work.audit(
                audit_row(
                    new_id(self._entropy, at), at, Tag.ENROLMENT_STOPPED, actor="person",
                    subject=row.subject_oid, kind=kind, key=row.job,
                )
            )  # fmt: skip
        self._alert(work, f"objection/{row.id}", "enrolment_objection", "", row.subject_oid, at)
        return "stopped" if done else "told"

    def _alert(self, work: UnitOfWork, key: str, what: str, case_id: str, oid: str, at: datetime) -> None:
        body = {"what": what, "case": case_id, "oid": oid}
        work.enqueue([Job(f"{key}/alert", f"alert:{case_id or oid}", "alert", body, case_id, at, at)])


def _count(work: UnitOfWork, ident: str) -> int:
    found = work.get(Limit, ident)
    return found.count if found else 0
