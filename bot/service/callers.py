"""An agent and somebody on the telephone: a case found by its number, or opened for them.

The agent counts as a checker of a case they opened (`core.approver`), the caller is a hint and no more.
The flow begins when the caller comes to the front door with number and address; a case that nobody came
to within a day ends by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.audit import Tag, audit_row
from bot.core.model import LiveHow, ProofKind, Reason
from bot.core.records import Attempt, Card, Case, Check, EventRow, Proving, Session, Ticket, Timer
from bot.core.tickets import ticket as read_ticket
from bot.errors import PermanentError, Refused
from bot.ports.callers import CaseFound, CaseOpened
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC
from bot.ports.directory import Directory
from bot.ports.front_door import door_of
from bot.ports.store import Store, UnitOfWork
from bot.service import cards
from bot.service.arrivals import Arrivals
from bot.service.attempts import present
from bot.service.chance import new_id
from bot.service.helping import named
from bot.service.keys import Keys, hashed
from bot.service.membership import Membership
from bot.service.openings import Openings
from bot.service.published import PublishedFlows
from bot.service.ticketing import attach
from bot.service.words import WordService

UNCLAIMED = timedelta(hours=24)
TIMER = "arrival"
_LIVE = ("asked", "signed")
_MET = frozenset({LiveHow.CALL_BACK, LiveHow.VIDEO})


class CallerService:
    """Implements `ports.callers.Callers`; `fire` handles the timers `arrival`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        directory: Directory,
        published: PublishedFlows,
        words: WordService,
        openings: Openings,
        arrivals: Arrivals,
        *,
        agents: str,
        locales: Sequence[str],
        video: bool,
    ) -> None:
        """*agents* is the id of the agents' group."""
        self._store, self._clock, self._entropy, self._keys = store, clock, entropy, keys
        self._directory, self._published, self._words = directory, published, words
        self._openings, self._arrivals = openings, arrivals
        self._members = Membership(directory, clock, agents)
        self._locales, self._video = tuple(locales), video

    # --- opening ---------------------------------------------------------------------------------

    def flows(self, locale: str) -> Sequence[tuple[str, str]]:
        found = [(flow, self._published.live(flow)) for flow in self._published.names()]
        offered = [f for f, live in found if live and self._published.at(live).flows[f].in_menu]
        return [(flow, self._title(flow, locale)) for flow in offered]

    async def open(self, agent: Session, *, address: str, flow: str, ticket: str, once: str) -> CaseOpened:
        await self._members.demand(agent.oid)
        flow_hash = self._published.live(flow) if flow in self._published.names() else None
        if flow_hash is None or not once or (ticket and read_ticket(ticket) is None):
            raise Refused(Reason.BAD_FORM)
        try:
            person = await self._directory.find(address)
        except PermanentError:
            person = None
        if person is None:
            raise Refused(Reason.UNKNOWN_PERSON)
        if person.oid == agent.oid:
            raise Refused(Reason.SELF)
        at = self._clock.now()
        locale = person.locale if person.locale in self._locales else self._locales[0]
        key = f"desk/open/{agent.oid}/{once}"

        def fn(work: UnitOfWork) -> str:
            seen = work.reply_to(key)
            if seen is not None:
                return str(seen["case"])
            ident = new_id(self._entropy, at)
            case = self._openings.new_case(
                work, flow=flow, flow_hash=flow_hash, locale=locale, place=door_of(f"waits-{ident}"),
                opener={"channel": "desk", "tenant": "", "user": agent.oid}, subject_oid=str(person.oid),
                identified_by="hint", at=at, agent_started=True, ident=ident, actor=agent.oid,
            )  # fmt: skip
            reply = {"case": case.id}
            work.add(EventRow(new_id(self._entropy, at), key, at, case.id, "DeskOpened", {}, "done", reply))
            work.schedule(Timer(f"arrival/{ident}", TIMER, ident, at + UNCLAIMED, {}))
            if ticket:
                attach(work, case.id, ticket, at)
            return case.id

        case_id = await self._store.transact(fn)
        case, row = await self._store.read(lambda work: (work.get(Case, case_id), work.get(Ticket, case_id)))
        assert case is not None
        return CaseOpened(case.number, case.locale, row.number if row else "")

    async def fire(self, timer: Timer) -> None:
        """Nobody came: the case ends."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case = work.case(timer.case_id)
            if case is None or case.status != "open" or case.version:
                return
            work.put(replace(case, status="ended", outcome="unclaimed", ended_at=at, touched_at=at))
            cards.done(work, case.id, at)
            work.audit(
                audit_row(
                    new_id(self._entropy, at), at, Tag.CASE_ENDED, case_id=case.id, actor="timer",
                    subject=case.subject_oid, outcome="unclaimed",
                )
            )  # fmt: skip

        await self._store.transact(fn)

    # --- finding ---------------------------------------------------------------------------------

    async def find(self, agent: Session, number: str, locale: str) -> CaseFound:
        await self._members.demand(agent.oid)
        at = self._clock.now()
        found = await self._store.read(lambda work: self._found(work, _bare(number), locale, at))
        if found is None:
            raise Refused(Reason.UNKNOWN_CASE)
        return found

    def _found(self, work: UnitOfWork, number: str, locale: str, at: datetime) -> CaseFound | None:
        case = work.first(Case, number=number)
        if case is None:
            return None
        open_pages = work.find(Attempt, case_id=case.id, status="open")
        row = work.get(Ticket, case.id)
        return CaseFound(
            case.id, case.number, self._title(case.flow, locale), case.status, case.opened_at,
            str(case.opener.get("channel", "")), bool(open_pages), any(present(a, at) for a in open_pages),
            case.status == "open" and not open_pages and self._waits(case),
            self._review(case) if work.get(Card, case.id) else "", row.number if row else "",
            named(work, self._keys, case.id),
        )  # fmt: skip

    def _waits(self, case: Case) -> bool:
        try:
            return self._arrivals.waits(case) is not None
        except KeyError:  # of a version that this replica has not seen
            return False

    async def meet(self, agent: Session, number: str, how: str = LiveHow.CALL_BACK.value) -> str:
        await self._members.demand(agent.oid)
        at = self._clock.now()
        if how not in _MET or (how == LiveHow.VIDEO and not self._video):
            raise Refused(Reason.BAD_FORM)

        def fn(work: UnitOfWork) -> Case:
            found = work.first(Case, number=_bare(number))
            case = work.case(found.id) if found else None
            if case is None:
                raise Refused(Reason.UNKNOWN_CASE)
            if case.status in ("ended", "frozen"):
                raise Refused(Reason.CASE_ENDED if case.status == "ended" else Reason.CASE_FROZEN)
            self._ask(work, case, how, agent, at)
            return case

        case = await self._store.transact(fn)
        self._store.notify(case.id)
        self._store.notify(TOPIC)
        return self._review(case)

    def _ask(self, work: UnitOfWork, case: Case, how: str, agent: Session, at: datetime) -> None:
        """Ask for the live check in the person's stead: they cannot press anything wrong, and the check
        itself still wants the agent's sign-in and the digits typed into that page."""
        proving = work.get(Proving, case.id)
        pages = [a for a in work.find(Attempt, case_id=case.id, status="open") if a.expires_at > at]
        page = next((a for a in pages if present(a, at)), None)
        if page is None:
            raise Refused(Reason.PAGE_ABSENT)
        if proving is None or proving.closed_at is not None or not case.subject_oid:
            raise Refused(Reason.PROOF_CLOSED)
        checks = [c for c in work.find(Check, attempt_id=page.id) if c.kind == ProofKind.LIVE_CHECK]
        if any(c.status in _LIVE for c in checks):
            return
        ident = new_id(self._entropy, at)
        work.add(Check(ident, case.id, page.id, ProofKind.LIVE_CHECK.value, how, at, "asked", hashed(ident)))
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.CHECK_ASKED, case_id=case.id, actor=agent.oid,
                subject=case.subject_oid, check=ident, attempt=page.id, how=how,
            )
        )  # fmt: skip
        cards.show(work, self._keys, case, "live_check", at)

    # --- small -----------------------------------------------------------------------------------

    def _review(self, case: Case) -> str:
        return f"/r/{self._keys.handle('review', case.id)}"

    def _title(self, flow: str, locale: str) -> str:
        flow_hash = self._published.live(flow)
        return self._words.title(self._published.words(flow_hash), locale, flow) if flow_hash else flow


def _bare(number: str) -> str:
    return "".join(char for char in number if char.isdigit() and char.isascii())[:9]
