"""Implements `ports.history.Histories`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.audit import Tag
from bot.core.model import Reason
from bot.core.records import (
    AuditRow,
    Card,
    Case,
    Evidence,
    Execution,
    Intent,
    Objection,
    Request,
    Session,
)
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.history import History, PastCase
from bot.ports.store import Among, Not, Over, Store, UnitOfWork
from bot.service.card_views import CardViews
from bot.service.chance import new_id
from bot.service.holding import desk_row
from bot.service.keys import Keys
from bot.service.membership import Membership
from bot.service.thanks import HELPED

RECENT = timedelta(days=30)
MOST = 30
_OBJECTED = (Tag.ATTEMPT_REPORTED, Tag.REVIEW_SUSPICIOUS)


@dataclass(frozen=True, slots=True)
class _Found:
    """A case of the past, with the object ids of who helped."""

    past: PastCase
    helped: tuple[str, ...]


class HistoryService:
    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, members: Membership, views: CardViews, keys: Keys
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._members = members
        self._views = views
        self._keys = keys

    async def of_case(self, case_id: str, agent: Session) -> History:
        await self._members.demand(agent.oid)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> tuple[Case, list[_Found]]:
            case = work.get(Case, case_id)
            if case is None or work.get(Card, case_id) is None:
                raise Refused(Reason.UNKNOWN_CASE)
            work.audit(
                desk_row(
                    new_id(self._entropy, at), at, Tag.HISTORY_READ, agent, case_id, subject=case.subject_oid
                )
            )
            return case, [self._found(work, one, case_id) for one in _cases(work, case, at)]

        case, found = await self._store.transact(fn)
        return History(
            case.number,
            await self._views.name(case.subject_oid),
            bool(case.subject_oid),
            self._review(case.id),
            tuple([replace(one.past, helped=await self._names(one.helped)) for one in found]),
        )

    async def _names(self, oids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple([await self._views.name(oid) or oid[-6:] for oid in oids])

    def _review(self, case_id: str) -> str:
        return f"/r/{self._keys.handle('review', case_id)}"

    def _found(self, work: UnitOfWork, case: Case, asked_from: str) -> _Found:
        requests = work.find(Request, case_id=case.id, order="asked_at")
        runs = [run for one in requests for run in work.find(Execution, request_id=one.id)]
        intents = [row for run in runs for row in work.find(Intent, execution_id=run.id, order="n")]
        told = _told(work, case.id)
        objections = [row.at for row in work.find(Objection, case_id=case.id)]
        objections += [row.at for row in told if row.tag in _OBJECTED]
        past = PastCase(
            number=case.number,
            opened_at=case.opened_at,
            ended_at=case.ended_at,
            flow=case.flow,
            status=case.status,
            outcome=case.outcome,
            here=case.id == asked_from,
            evidence=tuple(
                (row.kind, str(row.how.get("how", "")), row.voided_at is None)
                for row in work.find(Evidence, case_id=case.id, order="at")
            ),
            acts=tuple((str(row.act["kind"]), row.result) for row in intents),
            requests=tuple(one.outcome for one in requests if one.outcome),
            objections=tuple(sorted(objections)),
            review=self._review(case.id) if work.get(Card, case.id) else "",
        )
        return _Found(past, tuple(dict.fromkeys(row.actor for row in told if row.tag in HELPED)))


def _cases(work: UnitOfWork, case: Case, at: datetime) -> list[Case]:
    """Of a case without an account: only itself."""
    if not case.subject_oid:
        return [case]
    since = Over(at - RECENT)
    found = work.find(Case, subject_oid=case.subject_oid, opened_at=since, order="-opened_at", limit=MOST)
    return found if any(one.id == case.id for one in found) else [case, *found]


def _told(work: UnitOfWork, case_id: str) -> list[AuditRow]:
    tags = Among([tag.value for tag in (*HELPED, *_OBJECTED)])
    # Two reads, since the log is indexed in two halves: numbered rows, and the few that are not yet.
    rows = work.find(AuditRow, case_id=case_id, number=Not(None), tag=tags)
    rows += work.find(AuditRow, case_id=case_id, number=None, tag=tags)
    return sorted({row.id: row for row in rows}.values(), key=lambda row: row.id)
