"""What a card shows, read now: rows from the store, names from the directory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core import policy as rules
from bot.core.engine import awaiting
from bot.core.facts import Person
from bot.core.flow import FlowState
from bot.core.model import ActKind, Oid, Rank
from bot.core.policy import Policy
from bot.core.proofs.door import SET_UP
from bot.core.records import Attempt, Card, Case, Evidence, Proving, Request
from bot.core.tables import Verb
from bot.errors import PermanentError, TransientError
from bot.ports.clock import Clock
from bot.ports.desk import CardView, ProofSeen
from bot.ports.directory import Directory
from bot.ports.flows import Flows
from bot.ports.store import Among, Store, UnitOfWork
from bot.service.attempts import present
from bot.service.cards import free, taken_until
from bot.service.evidence import as_passed
from bot.service.keys import Keys

_REMEMBERED = timedelta(seconds=60)
_MOST_PEOPLE = 2000


@dataclass(frozen=True, slots=True)
class _Rows:
    """All rows of one card."""

    card: Card
    case: Case
    request: Request | None
    proving: Proving | None
    attempt: Attempt | None
    evidence: tuple[Evidence, ...]


class CardViews:
    """Names are remembered for a minute: they label, they decide nothing."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        flows: Flows,
        clock: Clock,
        keys: Keys,
        policy: Policy,
    ) -> None:
        self._store = store
        self._directory = directory
        self._flows = flows
        self._clock = clock
        self._keys = keys
        self._policy = policy
        self._people: dict[str, tuple[datetime, Person | None]] = {}

    async def one(self, case_id: str) -> CardView | None:
        at = self._clock.now()
        rows = await self._store.read(lambda work: _rows(work, case_id))
        return await self._view(rows, at) if rows else None

    async def open(self) -> tuple[CardView, ...]:
        """Every open card, the longest waiting first."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> list[_Rows]:
            cards = work.find(Card, status="open", order="asked_at", limit=200)
            return [rows for card in cards if (rows := _rows(work, card.case_id))]

        return tuple([await self._view(rows, at) for rows in await self._store.read(fn)])

    async def name(self, oid: str) -> str:
        """A person's label; empty when it cannot be read now."""
        person = await self._person(oid)
        return person.name if person else ""

    async def _view(self, rows: _Rows, at: datetime) -> CardView:
        card, case = rows.card, rows.case
        person = await self._person(case.subject_oid)
        passed = tuple(ProofSeen(row.kind, str(row.how.get("how", "")), row.at) for row in rows.evidence)
        taken = bool(card.taken_by) and not free(card, at)
        waits = awaiting(self._flows.at(case.flow_hash), FlowState.from_json(case.state))
        return CardView(
            case_id=case.id,
            number=case.number,
            wants=card.wants,
            asked_at=card.asked_at,
            locale=case.locale,
            review=f"/r/{self._keys.handle('review', case.id)}",
            name=person.name if person else "",
            site=person.office if person else "",
            rank=_rank(rows),
            acts=_acts(rows),
            passed=passed,
            missing=self._missing(rows),
            claimed=rows.attempt is not None,
            present=rows.attempt is not None and present(rows.attempt, at),
            deadline=rows.request.expires_at if rows.request else None,
            taken_by=card.taken_by if taken else "",
            taken_name=card.taken_name if taken else "",
            taken_until=taken_until(card) if taken else None,
            escalated=card.escalated_at is not None,
            frozen=case.status == "frozen",
            queue=waits.what if waits and waits.verb is Verb.HANDOFF else "",
            done=card.status != "open",
        )

    def _missing(self, rows: _Rows) -> tuple[str, ...]:
        """Proofs that could still complete a set; nothing while the rank is not read."""
        if rows.request or not rows.proving or not rows.proving.rank or not rows.attempt:
            return ()
        row = rules.row(
            self._policy,
            [ActKind(act) for act in rows.proving.acts],
            Rank(rows.proving.rank),
            groups=frozenset(rows.proving.groups),
        )
        needs = rules.open_proofs(
            row, as_passed(rows.evidence), remembered=rows.attempt.remembered, available=SET_UP
        )
        return tuple(str(need) for need in needs)

    async def _person(self, oid: str) -> Person | None:
        if not oid:
            return None
        at = self._clock.now()
        known = self._people.get(oid)
        if known and at - known[0] < _REMEMBERED:
            return known[1]
        try:
            person = await self._directory.person(Oid(oid))
        except (TransientError, PermanentError):
            return known[1] if known else None
        if len(self._people) >= _MOST_PEOPLE:
            self._people.clear()
        self._people[oid] = (at, person)
        return person


def _rows(work: UnitOfWork, case_id: str) -> _Rows | None:
    card, case = work.get(Card, case_id), work.get(Case, case_id)
    if card is None or case is None:
        return None
    request = work.first(Request, case_id=case_id, status=Among(("open", "executing")), order="-asked_at")
    evidence = work.find(Evidence, case_id=case_id, voided_at=None, order="at")
    attempts = work.find(Attempt, case_id=case_id, order="-claimed_at")
    wanted = request.attempt_id if request else evidence[-1].attempt_id if evidence else ""
    attempt = next((a for a in attempts if a.id == wanted), attempts[0] if attempts else None)
    own = tuple(row for row in evidence if attempt and row.attempt_id == attempt.id)
    return _Rows(card, case, request, work.get(Proving, case_id), attempt, own)


def _rank(rows: _Rows) -> str:
    if rows.request:
        return rows.request.rank
    return rows.proving.rank if rows.proving else ""


def _acts(rows: _Rows) -> tuple[str, ...]:
    if rows.request:
        return tuple(dict.fromkeys(str(act["kind"]) for act in rows.request.acts))  # one per kind, in order
    return tuple(str(act) for act in rows.proving.acts) if rows.proving else ()
