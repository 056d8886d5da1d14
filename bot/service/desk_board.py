"""The desk's board as one agent sees it: everything on it read now, and a mark that tells of changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.model import RequestOutcome
from bot.core.policy import ThreatMode
from bot.core.records import (
    Card,
    Case,
    Execution,
    Intent,
    Request,
    Session,
    Shift,
    Thanks,
    Threat,
    Withdrawal,
)
from bot.ports.clock import Clock
from bot.ports.desk import Agent, Board, DeadLetters, ThanksView, VoidView, WithdrawalView
from bot.ports.store import Over, Store, UnitOfWork
from bot.service.card_views import CardViews
from bot.service.dead_letters import DEAD
from bot.service.keys import Keys
from bot.service.threat_mode import threat_now

_VOIDS = timedelta(hours=24)
_WEEK = timedelta(days=7)
_MOST = 50


@dataclass(frozen=True, slots=True)
class _Void:
    """An outcome that nobody knows, with what is to be done about it."""

    request: Request
    number: str
    acts: tuple[tuple[str, str, str], ...]
    next: str


class Boards:
    def __init__(self, store: Store, clock: Clock, views: CardViews, dead: DeadLetters, keys: Keys) -> None:
        self._store = store
        self._clock = clock
        self._views = views
        self._dead = dead
        self._keys = keys

    async def of(self, agent: Session) -> Board:
        at = self._clock.now()

        def fn(
            work: UnitOfWork,
        ) -> tuple[str, list[tuple[Withdrawal, str]], list[Shift], list[_Void], list[Thanks], bool]:
            open_ones = work.find(Withdrawal, status="open", order="asked_at", limit=_MOST)
            return (
                mark(work),
                [(row, _number(work, row.case_id)) for row in open_ones],
                work.find(Shift, ended_at=None, order="started_at"),
                _voids(work, at),
                work.find(Thanks, oid=agent.oid, at=Over(at - _WEEK), order="-at", limit=_MOST),
                threat_now(work, self._keys) is ThreatMode.ELEVATED,
            )

        now, withdrawals, shifts, voids, thanks, elevated = await self._store.read(fn)
        cards = await self._views.open()
        return Board(
            at=at,
            mark=now,
            cards=tuple(sorted(cards, key=lambda card: card.offered_to != agent.oid)),
            withdrawals=tuple(
                [
                    WithdrawalView(
                        row.id,
                        number,
                        await self._views.name(row.subject_oid),
                        row.why,
                        row.asked_at,
                        self._review(row.case_id),
                    )
                    for row, number in withdrawals
                ]
            ),
            dead=await self._dead.listed(),
            on_duty=tuple(Agent(s.oid, s.name, s.started_at) for s in shifts),
            my_shift=any(s.oid == agent.oid for s in shifts),
            elevated=elevated,
            voids=tuple(
                [
                    VoidView(
                        void.number,
                        await self._views.name(void.request.subject_oid),
                        void.request.ended_at or void.request.asked_at,
                        self._review(void.request.case_id),
                        void.acts,
                        void.next,
                    )
                    for void in voids
                ]
            ),
            thanks=tuple(ThanksView(row.number, row.at) for row in thanks),
        )

    async def mark(self) -> str:
        return await self._store.read(mark)

    def _review(self, case_id: str) -> str:
        return f"/r/{self._keys.handle('review', case_id)}"


def mark(work: UnitOfWork) -> str:
    """Changes whenever anything on the board does, save ages and who is on their page."""
    open_cards = [(c.case_id, c.version) for c in work.find(Card, status="open", order="case_id")]
    rest = (
        work.count(Withdrawal, status="open"),
        [work.count(row, status=status) for row, status in DEAD],
        [s.oid for s in work.find(Shift, ended_at=None, order="oid")],
        work.count(Thanks),
        [(row.mode, row.at) for row in work.find(Threat)],
    )
    return hashlib.sha256(repr((open_cards, rest)).encode()).hexdigest()[:16]


def _voids(work: UnitOfWork, at: datetime) -> list[_Void]:
    """Requests of the last day whose outcome is unknown, but for those that a later one has settled."""
    rows = work.find(
        Request, status="ended", expires_at=Over(at - _VOIDS), outcome=RequestOutcome.VOID.value,
        order="expires_at", limit=_MOST,
    )  # fmt: skip
    newest = {row.case_id: row for row in rows}
    return [
        _Void(row, _number(work, row.case_id), _acts(work, row), what)
        for row in newest.values()
        if (what := _next(work, row))
    ]


def _next(work: UnitOfWork, void: Request) -> str:
    """What is to be done; empty when nothing is."""
    case = work.get(Case, void.case_id)
    later = work.first(Request, case_id=void.case_id, order="-asked_at")
    if case is None or (later is not None and later.outcome in (RequestOutcome.DONE, RequestOutcome.PARTIAL)):
        return ""
    if work.count(Withdrawal, case_id=void.case_id, status="open"):
        return "withdraw"
    if later is not None and later.status in ("open", "executing"):
        return "again"
    return "over" if case.status == "ended" else "ask"


def _acts(work: UnitOfWork, request: Request) -> tuple[tuple[str, str, str], ...]:
    """(kind, label, result) of each act; the label is the method's, as the request named it."""
    run = work.first(Execution, request_id=request.id, order="-started_at")
    intents = work.find(Intent, execution_id=run.id, order="n") if run else []
    labels = {str(act.get("method_id", "")): str(act.get("label", "")) for act in request.acts}
    return tuple(
        (
            str(row.act["kind"]),
            labels.get(str(row.act.get("method_id", "")), "") if row.act.get("method_id") else "",
            row.result or "void",
        )
        for row in intents
    )


def _number(work: UnitOfWork, case_id: str) -> str:
    case = work.get(Case, case_id)
    return case.number if case else ""
