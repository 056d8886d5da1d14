"""What the review page shows, read now: rows from the store, the account from Graph."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.facts import AccountFacts, LivePass, Person, Read, Unreadable
from bot.core.law import Law, Proof
from bot.core.model import Oid, ProofKind, Rank, Reason
from bot.core.plan import act_of, pass_allowed, timed
from bot.core.policy import ThreatMode, open_proofs
from bot.core.rank import Ranked, rank_of
from bot.core.records import (
    Attempt,
    Card,
    Case,
    Check,
    CounterBrowser,
    Evidence,
    Execution,
    Intent,
    Proving,
    Request,
    Review,
    Ticket,
)
from bot.core.sets import Passed
from bot.errors import KeyturnError
from bot.ports.directory import Directory
from bot.ports.helpers import HelperNamed
from bot.ports.reviews import ActView, LivePassView, PageSeen, ProofView, Pulse, RequestView, SubjectView, Why
from bot.ports.store import Over, Store, UnitOfWork
from bot.service import cards
from bot.service.attempts import present
from bot.service.helping import named
from bot.service.keys import Keys
from bot.service.on_record import on_record
from bot.service.threat_mode import threat_now
from bot.service.world import World

_RECENT = timedelta(days=30)
_BY_FLOW = {
    "new_phone": Why.NEW_DEVICE,
    "lost_phone": Why.LOST_DEVICE,
    "phone_not_with_me": Why.DEVICE_AWAY,
    "locked_out": Why.LOCKED_OUT,
    "laptop_locked": Why.LOCKED_OUT,
    "first_day": Why.NEW_STARTER,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of one case, as one snapshot."""

    case: Case
    card: Card | None
    request: Request | None  # the newest
    proving: Proving | None
    attempt: Attempt | None
    proofs: tuple[Proof, ...]
    check: Check | None
    approvals: int
    others: tuple[Case, ...]
    intents: tuple[Intent, ...] = ()
    helper: HelperNamed | None = None
    moved_from: str = ""
    threat: ThreatMode = ThreatMode.NORMAL
    ticket: str = ""

    @property
    def open_request(self) -> Request | None:
        return self.request if self.request and self.request.status in ("open", "executing") else None


def rows_of(work: UnitOfWork, case: Case, keys: Keys, at: datetime) -> Rows:
    noted = work.get(Ticket, case.id)
    request = work.first(Request, case_id=case.id, order="-asked_at")
    evidence = work.find(Evidence, case_id=case.id, order="at")
    attempts = work.find(Attempt, case_id=case.id, order="-claimed_at")
    live = request is not None and request.status in ("open", "executing")
    wanted = request.attempt_id if request and live else evidence[-1].attempt_id if evidence else ""
    attempt = next((a for a in attempts if a.id == wanted), attempts[0] if attempts else None)
    own = [e for e in evidence if attempt and e.attempt_id == attempt.id and e.voided_at is None]
    before = next((a for a in attempts if attempt and a.id == attempt.moved_from), None)
    checks = work.find(Check, case_id=case.id, order="-asked_at")
    reviews = work.find(Review, request_id=request.id, decision="approve") if request else []
    runs = work.find(Execution, request_id=request.id, order="-started_at") if request else []
    others = (
        work.find(
            Case, subject_oid=case.subject_oid, opened_at=Over(at - _RECENT), order="-opened_at", limit=20
        )
        if case.subject_oid
        else []
    )
    return Rows(
        case,
        work.get(Card, case.id),
        request,
        work.get(Proving, case.id),
        attempt,
        tuple(Proof(e, keys.row_mac_fits(e)) for e in own),
        next((c for c in checks if c.kind == ProofKind.LIVE_CHECK), None),
        len(reviews),
        tuple(c for c in others if c.id != case.id),
        tuple(work.find(Intent, execution_id=runs[0].id, order="n")) if runs else (),
        named(work, keys, case.id),
        before.device if before else "",
        threat_now(work, keys),
        noted.number if noted else "",
    )


def pulse_of(rows: Rows, at: datetime) -> Pulse:
    case, attempt, request, check = rows.case, rows.attempt, rows.request, rows.check
    there = attempt is not None and present(attempt, at)
    taken = rows.card.taken_name if rows.card and not cards.free(rows.card, at) else ""
    parts = (
        case.status,
        case.subject_oid,
        attempt.id if attempt else "",
        (request.id, request.status) if request else "",
        rows.approvals,
        (check.id, check.status, check.digits_until) if check else "",
        [p.row.id for p in rows.proofs],
        rows.helper,
        taken,
    )
    mark = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
    return Pulse(
        mark,
        there,
        attempt.answered_at if attempt else None,
        case.status,
        request.status if request else "",
        check.status if check else "",
        taken,
        rows.approvals,
    )


class ReviewReader:
    """Names and countries beside the facts; a label that cannot be read is simply missing."""

    def __init__(self, store: Store, directory: Directory, law: Law) -> None:
        self._store = store
        self._directory = directory
        self._law = law

    async def subject(self, rows: Rows, world: World, ranked: Ranked, at: datetime) -> SubjectView | None:
        person = world.subject.person
        if not isinstance(person, Person):
            return None
        numbers, photo_since = await on_record(self._store, self._directory, rows.case, at)
        gone = {str(m["id"]) for m in rows.attempt.gone} if rows.attempt else set()
        methods = world.subject.methods
        listed = () if isinstance(methods, Unreadable) else methods
        return SubjectView(
            oid=person.oid,
            name=person.name,
            upn=person.upn,
            department=person.department,
            job_title=person.job_title,
            office=person.office,
            enabled=person.enabled,
            guest=person.guest,
            rank=ranked.rank.value,
            rank_why=ranked.why,
            hired_at=person.hired_at,
            photo_since=photo_since,
            numbers=numbers,
            methods=tuple((m.type, m.label, m.created_at, m.id in gone) for m in listed),
            methods_readable=not isinstance(methods, Unreadable),
        )

    async def page(self, rows: Rows, at: datetime) -> PageSeen | None:
        attempt = rows.attempt
        if attempt is None:
            return None
        return PageSeen(
            attempt.network,
            attempt.country,
            await self._usual(rows.case.subject_oid),
            attempt.device,
            attempt.claimed_at,
            attempt.shared,
            present(attempt, at),
            rows.moved_from,
        )

    async def _usual(self, oid: str) -> tuple[str, ...] | None:
        if not oid:
            return None
        try:
            found = await self._directory.sign_ins(Oid(oid))
        except KeyturnError:
            return None
        if isinstance(found, Unreadable):
            return None
        countries = (str(row.get("country") or "") for row in found)
        return tuple(sorted({c for c in countries if c}))

    async def proofs(self, rows: Rows) -> tuple[ProofView, ...]:
        return tuple(
            [
                ProofView(
                    p.row.kind,
                    str(p.row.how.get("how", "")),
                    p.row.at,
                    await self._name(p.row.by_oid),
                    p.intact,
                    str(p.row.how.get("mask", "")),
                    str(p.row.how.get("read_on", "")),
                    await self._counter(str(p.row.how.get("counter", ""))),
                    str(p.row.how.get("paper", "")),
                )
                for p in rows.proofs
            ]
        )

    async def _counter(self, ident: str) -> str:
        row = await self._store.read(lambda work: work.get(CounterBrowser, ident)) if ident else None
        return row.name if row else ""

    async def _name(self, oid: str) -> str:
        if not oid:
            return ""
        try:
            person = await self._directory.person(Oid(oid))
        except KeyturnError:
            return ""
        return person.name if person else ""

    # --- pure ------------------------------------------------------------------------------------

    def rank(self, facts: AccountFacts, at: datetime, *, had_methods: bool) -> Ranked:
        return rank_of(facts, self._law.ranks, at, had_methods=had_methods)

    def missing(self, rows: Rows, facts: AccountFacts, rank: Rank) -> tuple[str, ...]:
        """Proofs that could still complete a set; nothing once a request was asked."""
        if rows.open_request or rows.proving is None or rows.attempt is None:
            return ()
        from_acts = [act_of({"kind": a}) for a in rows.proving.acts]
        row = replace(self._law, threat=rows.threat).row_for(from_acts, rank, facts)
        passed = [
            Passed(ProofKind(p.row.kind), p.row.at, str(p.row.how.get("how", "")))
            for p in rows.proofs
            if p.intact
        ]
        needs = open_proofs(row, passed, remembered=rows.attempt.remembered, available=self._law.ways)
        return tuple(str(n) for n in needs)

    def pass_policy(self, world: World, request: Request | None) -> str:
        if request is None:
            return ""
        acts = timed([act_of(a) for a in request.acts], world.pass_policy)
        match pass_allowed(world.pass_policy, world.subject, acts):
            case None:
                return ""
            case Reason.FACTS_UNREADABLE:
                return "unreadable"
            case _:
                policy = world.pass_policy
                off = not isinstance(policy, Unreadable) and not policy.enabled
                return "off" if off else "out_of_scope"

    def request(self, rows: Rows, world: World) -> RequestView | None:
        request = rows.open_request
        if request is None:
            return None
        return RequestView(
            request.id,
            acts_view(request, world),
            request.asked_at,
            request.expires_at,
            request.approvals,
            rows.approvals,
            request.status,
        )


def acts_view(request: Request, world: World) -> tuple[ActView, ...]:
    labels = {str(a["method_id"]): str(a["label"]) for a in request.acts}
    return tuple(
        ActView(
            a.kind.value, labels.get(a.method_id, "") if a.method_id else "", a.minutes, a.once, shape=a.shape
        )
        for a in timed([act_of(a) for a in request.acts], world.pass_policy)
    )


def live_pass_view(live: Read[LivePass | None], own: frozenset[str]) -> LivePassView | None:
    """A usable pass that this case did not make."""
    if isinstance(live, LivePass) and live.usable and live.id not in own:
        return LivePassView(live.id, live.created_at, live.lifetime_minutes)
    return None


def prefilled(case: Case) -> str:
    """What the flow is about, and of flows that call each other the innermost that says so."""
    callers = [str(frame[0]) for frame in reversed(case.state.get("calls", []))]
    flows = [str(case.state.get("flow", "")), *callers, case.flow]
    return next((_BY_FLOW[flow] for flow in flows if flow in _BY_FLOW), Why.NEW_DEVICE).value
