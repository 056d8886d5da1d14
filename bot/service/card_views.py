"""What a card shows, read now: rows from the store, names from the directory."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.core import policy as rules
from bot.core.engine import awaiting
from bot.core.facts import Person
from bot.core.flow import FlowState
from bot.core.model import ActKind, Oid, ProofKind, Rank
from bot.core.policy import Policy, ThreatMode
from bot.core.proofs.door import SET_UP
from bot.core.queue import urgency
from bot.core.records import Attempt, Card, Case, Evidence, Proving, Request, Talk, Ticket, Transfer
from bot.core.tables import Verb
from bot.errors import PermanentError, TransientError
from bot.ports.clock import Clock
from bot.ports.desk import CardView, ProofSeen
from bot.ports.directory import Directory
from bot.ports.flows import Flows
from bot.ports.store import Among, Store, UnitOfWork
from bot.service.attempts import present
from bot.service.cards import free, taken_until
from bot.service.case_views import asked_for
from bot.service.evidence import as_passed
from bot.service.keys import Keys
from bot.service.threat_mode import threat_now

_REMEMBERED = timedelta(seconds=60)
_SOON = timedelta(seconds=10)  # a name that could not be read is asked for again
_MOST_PEOPLE = 2000
_MOST_CARDS = 200
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Rows:
    """All rows of one card."""

    card: Card
    case: Case
    request: Request | None
    proving: Proving | None
    attempt: Attempt | None
    evidence: tuple[Evidence, ...]
    offer: Transfer | None
    words: int = 0
    ticket: str = ""
    threat: ThreatMode = ThreatMode.NORMAL


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
        ways: frozenset[ProofKind] = SET_UP,
    ) -> None:
        """*ways*: the proofs that can be given here."""
        self._ways = ways
        self._store = store
        self._directory = directory
        self._flows = flows
        self._clock = clock
        self._keys = keys
        self._policy = policy
        self._people: dict[str, tuple[datetime, Person | None]] = {}

    async def one(self, case_id: str) -> CardView | None:
        at = self._clock.now()
        rows = await self._store.read(lambda work: _rows(work, self._keys, [work.get(Card, case_id)]))
        return await self._view(rows[0], at) if rows else None

    async def open(self) -> tuple[CardView, ...]:
        """Every open card, the most urgent first."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> list[_Rows]:
            found = work.find(Card, status="open", order="asked_at", limit=_MOST_CARDS)
            return _rows(work, self._keys, found)

        found = await self._store.read(fn)
        await self._learn({rows.case.subject_oid for rows in found})
        return tuple(sorted([await self._view(rows, at) for rows in found], key=_urgency))

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
            ticket=rows.ticket,
            subject_oid=case.subject_oid,
            words_waiting=rows.words if card.status == "open" else 0,
            checkers=tuple({row.by_oid for row in rows.evidence if row.kind == ProofKind.LIVE_CHECK}),
            **_offered(card, rows.offer, at),
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
            threat=rows.threat,
        )
        needs = rules.open_proofs(
            row, as_passed(rows.evidence), remembered=rows.attempt.remembered, available=self._ways
        )
        return tuple(str(need) for need in needs)

    async def _learn(self, oids: set[str]) -> None:
        """Read names side by side, so that a long queue waits for a few reads and not for all in a row."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(oid: str) -> None:
            async with gate:
                await self._person(oid)

        await asyncio.gather(*(one(oid) for oid in oids))

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
            last = known[1] if known else None
            self._people[oid] = (at - _REMEMBERED + _SOON, last)
            return last
        if len(self._people) >= _MOST_PEOPLE:
            self._people.clear()
        self._people[oid] = (at, person)
        return person


def _rows(work: UnitOfWork, keys: Keys, cards: Sequence[Card | None]) -> list[_Rows]:
    """All rows of some cards, one read for each kind of row."""
    shown = [card for card in cards if card is not None]
    ids = Among([card.case_id for card in shown])
    if not shown:
        return []
    cases = {row.id: row for row in work.find(Case, id=ids)}
    live = Among(("open", "executing"))
    requests = {row.case_id: row for row in work.find(Request, case_id=ids, status=live, order="asked_at")}
    provings = {row.case_id: row for row in work.find(Proving, case_id=ids)}
    offers = {row.case_id: row for row in work.find(Transfer, case_id=ids)}
    evidence, attempts = defaultdict[str, list[Evidence]](list), defaultdict[str, list[Attempt]](list)
    for row in work.find(Evidence, case_id=ids, voided_at=None, order="at"):
        evidence[row.case_id].append(row)
    for attempt in work.find(Attempt, case_id=ids, order="-claimed_at"):
        attempts[attempt.case_id].append(attempt)
    words = {row.case_id: row.waiting for row in work.find(Talk, case_id=ids)}
    tickets = {row.case_id: row.number for row in work.find(Ticket, case_id=ids)}
    threat = threat_now(work, keys)
    return [
        _one(
            card, cases[card.case_id], requests.get(card.case_id), provings.get(card.case_id),
            attempts[card.case_id], evidence[card.case_id], offers.get(card.case_id),
            words.get(card.case_id, 0), tickets.get(card.case_id, ""), threat,
        )
        for card in shown
        if card.case_id in cases
    ]  # fmt: skip


def _one(
    card: Card,
    case: Case,
    request: Request | None,
    proving: Proving | None,
    attempts: list[Attempt],
    evidence: list[Evidence],
    offer: Transfer | None,
    words: int,
    ticket: str,
    threat: ThreatMode,
) -> _Rows:
    """The rows of one card: the attempt that was asked with, else the one with the newest evidence."""
    wanted = request.attempt_id if request else evidence[-1].attempt_id if evidence else ""
    attempt = next((a for a in attempts if a.id == wanted), attempts[0] if attempts else None)
    own = tuple(row for row in evidence if attempt and row.attempt_id == attempt.id)
    return _Rows(card, case, request, proving, attempt, own, offer, words, ticket, threat)


def _offered(card: Card, offer: Transfer | None, at: datetime) -> dict[str, Any]:
    """What an offer says of the card: while it waits for its answer, and to the agent who accepted it."""
    if offer is None:
        return {}
    known = {"offered_by": offer.from_oid, "offered_by_name": offer.from_name, "note": offer.note}
    if offer.status == "offered" and at < offer.until:
        to = {"offered_to": offer.to_oid, "offered_name": offer.to_name, "offered_until": offer.until}
        return known | to
    kept = offer.status == "accepted" and card.taken_by == offer.to_oid
    return known if kept and card.taken_at == offer.accepted_at else {}


def _urgency(view: CardView) -> tuple[Any, ...]:
    away = view.claimed and not view.present
    order = urgency(view.asked_at, view.deadline, away=away, escalated=view.escalated, frozen=view.frozen)
    return (*order, view.case_id)


def _rank(rows: _Rows) -> str:
    if rows.request:
        return rows.request.rank
    return rows.proving.rank if rows.proving else ""


def _acts(rows: _Rows) -> tuple[str, ...]:
    if rows.request:
        return asked_for(rows.request.acts)
    return tuple(str(act) for act in rows.proving.acts) if rows.proving else ()
